"""Facts that a bundle keeps about how its model came to be. Data alone: serving reads them too."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from classification_model.config.fitting_rules import Candidates, ClassWeight, Direction, Weight
from classification_model.config.schema import (
    Column,
    DerivedFeature,
    EstimatorConfig,
    FrozenModel,
    Label,
    Publish,
    SplitRule,
)

__all__ = [
    "Choice",
    "Compared",
    "Comparison",
    "Difference",
    "Flip",
    "Gate",
    "HeldOut",
    "Judged",
    "Recipe",
    "Reference",
    "SliceChange",
    "Verdict",
]

Verdict = Literal["better", "level", "unclear", "worse"]
"""Better and worse are sure, level is surely within the margin, unclear may be beyond it."""


class Compared(FrozenModel):
    """A candidate, its cross-validated log loss, and its weight in what was chosen."""

    name: str
    log_loss: float
    weight: float = 0.0


class Choice(FrozenModel):
    """The estimator that was trained, and the comparison that it won, if there was one.

    ``cut_short`` says that the time budget ended before every candidate was compared.
    """

    estimator: EstimatorConfig
    compared: tuple[Compared, ...] = ()
    log_loss: float | None = None
    cut_short: bool = False


class Recipe(FrozenModel):
    """All that shapes a model, without the rows.

    ``estimator`` is what config.yml says, which may be ``auto``, and ``chosen`` what was trained.
    How values are written, ranges and categories belong to the table: of the columns only the
    kinds tell two recipes apart.
    """

    target: str
    columns: dict[str, Column]
    derived: dict[str, DerivedFeature]
    features: str = ""
    seed: int
    estimator: EstimatorConfig
    chosen: EstimatorConfig
    publish: Publish = Publish()
    metric: str = "log_loss"
    max_model_mb: float = 20.0
    weight: Weight | None = None
    class_weight: ClassWeight | None = None
    monotonic: dict[str, Direction] = Field(default_factory=dict)
    candidates: Candidates = Candidates()

    def asks_for(self, other: Recipe) -> bool:
        """Whether both ask for the same, whatever was chosen."""
        return self._shape() == other._shape()

    def is_same(self, other: Recipe) -> bool:
        """Whether both give the same model on the same rows."""
        return self.asks_for(other) and self.chosen == other.chosen

    def _shape(self) -> tuple[object, ...]:
        kinds = {
            name: (column.kind, column.order, column.max_chars)
            for name, column in self.columns.items()
        }
        return (
            self.target,
            kinds,
            self.derived,
            self.features,
            self.seed,
            self.estimator,
            self.publish,
            self.metric,
            self.max_model_mb,
            self.weight,
            self.class_weight,
            self.monotonic,
            self.candidates,
        )


class HeldOut(FrozenModel):
    """Which rows were held out: the rule, the seed and the size, and what was found.

    ``repeats`` counts rows that repeat another; ``copies`` says whether such rows stay together.
    """

    rule: SplitRule
    seed: int
    size: float
    rows: int
    repeats: int
    copies: Literal["together", "apart"]


class Judged(FrozenModel):
    """The log loss, in nats, of a recipe on held-out rows that it had not seen.

    ``error`` is the standard error, ``guess`` the loss of answering the class shares, and
    ``learned`` whether the recipe is surely better than that.
    """

    rows: int
    log_loss: float
    error: float
    guess: float
    learned: bool


class Reference(FrozenModel):
    """The recipe that new ones are held against, and the version that it came with."""

    version: str
    recipe: Recipe


class Difference(FrozenModel):
    """A metric of two models on the same rows, and new minus old with its 95% interval."""

    metric: str
    old: float
    new: float
    low: float
    high: float


class Flip(FrozenModel):
    """A held-out row that two models label differently.

    ``line`` is that of the CSV; the probabilities are those that each gives to its own label.
    """

    line: int
    old: Label
    old_probability: float
    new: Label
    new_probability: float
    truth: Label


class SliceChange(FrozenModel):
    """Rows with one value, or range of values, in a column: how their log loss has changed.

    ``difference`` is the mean, new minus old, with its 95% interval; ``worse`` says that it is more
    than chance explains, with all slices that were looked at taken into account.
    """

    column: str
    value: str
    rows: int
    difference: float
    low: float
    high: float
    worse: bool


class Comparison(FrozenModel):
    """A new model against another one on rows that neither has seen.

    ``margin`` is how much worse in log loss is allowed, and ``seen`` the smallest loss that would
    be seen nine times of ten on so many rows. ``slices`` has the parts of the rows, the one that
    got worst first. ``of_truth`` has, for rows among them, the old and the new probability of the
    class that is true.
    """

    verdict: Verdict
    rows: int
    margin: float
    seen: float
    differences: tuple[Difference, ...]
    flips: tuple[Flip, ...]
    slices: tuple[SliceChange, ...] = ()
    of_truth: tuple[tuple[float, float], ...] = ()


class Gate(FrozenModel):
    """How a model passed the gate: what it was compared with, and what was overruled.

    ``against`` is the version of the reference, where it was compared; ``note`` says what was
    found otherwise. ``suspicion`` is why a better one may be too good. ``data_changed`` holds what
    a person said is so with the table, and ``overruled`` the reasons for which the model would
    have been refused without ``--force``.
    """

    against: str | None = None
    verdict: Verdict | None = None
    difference: float | None = None
    margin: float | None = None
    seen: float | None = None
    note: str | None = None
    suspicion: str | None = None
    data_changed: tuple[str, ...] = ()
    overruled: tuple[str, ...] = ()
    judged: Judged
    reference: Reference
