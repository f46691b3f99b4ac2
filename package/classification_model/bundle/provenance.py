"""Facts that a bundle keeps about how its model came to be. Data alone: serving reads them too."""

from __future__ import annotations

from typing import Literal

from classification_model.config.schema import EstimatorConfig, FrozenModel, Label

__all__ = ["Choice", "Compared", "Comparison", "Difference", "Flip", "Gate", "Verdict"]

Verdict = Literal["better", "level", "worse"]


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


class Difference(FrozenModel):
    """A metric of two models on the same rows, and new minus old with its 95% interval."""

    metric: str
    old: float
    new: float
    low: float
    high: float


class Flip(FrozenModel):
    """A held-out row, by its position among them, that the models label differently."""

    row: int
    old: Label
    new: Label
    truth: Label


class Comparison(FrozenModel):
    """A new model against an old one on the same held-out rows."""

    verdict: Verdict
    rows: int
    differences: tuple[Difference, ...]
    flips: tuple[Flip, ...]


class Gate(FrozenModel):
    """How a model passed: against which bundle, and what it was let off.

    ``overruled`` holds the reasons for which it would have been refused without ``--force``.
    """

    old_version: str | None = None
    old_digest: str | None = None
    verdict: Verdict | None = None
    note: str | None = None
    overruled: tuple[str, ...] = ()
