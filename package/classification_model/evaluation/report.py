"""What a judgement says, as frozen data.

Numbers are kept to six significant digits: more is noise here, and less text is easier to
keep and to compare.
"""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import AfterValidator

from classification_model.config.schema import FrozenModel, Label
from classification_model.evaluation.abstained import Abstained
from classification_model.evaluation.coverage import Coverage
from classification_model.evaluation.decided import Decided
from classification_model.evaluation.metrics import Metrics

__all__ = [
    "Baseline",
    "Bin",
    "Curve",
    "Estimate",
    "Group",
    "Histogram",
    "Importance",
    "Report",
    "Rounded",
    "Series",
    "Slice",
    "Step",
]


Rounded = Annotated[float, AfterValidator(lambda value: float(f"{value:.6g}"))]


class Estimate(FrozenModel):
    """A metric with the interval that 95 of 100 resamples of the held-out rows fall into."""

    value: Rounded
    low: Rounded
    high: Rounded

    def as_share_of(self, rows: int | None) -> Self:
        """Within 0 and 1; of no mistake, or nothing but mistakes, what so many rows can say.

        No resample of eight right answers has a wrong one, and yet each tenth may be. The bound
        is the exact one of the binomial distribution (Clopper and Pearson 1934).
        """
        if not rows:
            return self
        low, high = max(self.low, 0.0), min(self.high, 1.0)
        if low == high and low in (0.0, 1.0):
            beyond = 0.025 ** (1 / rows)
            low, high = (beyond, 1.0) if low else (0.0, 1 - beyond)
        return type(self)(value=self.value, low=low, high=high)


class Baseline(FrozenModel):
    """What a model that takes no effort scores on the same held-out rows."""

    name: str
    metrics: Metrics


class Slice(FrozenModel):
    """The held-out rows that have one value, or one range of values, in one column.

    ``log_loss`` is the mean over the slice, in nats, and ``others`` that of all other rows.
    ``weaker`` says that the difference is larger than chance explains, with all slices that
    were looked at taken into account.
    """

    column: str
    value: str
    rows: int
    accuracy: Rounded
    log_loss: Rounded
    others: Rounded
    weaker: bool


class Group(FrozenModel):
    """The held-out rows of a group: by the class that is true (rows) and answered (columns)."""

    column: str
    value: str
    confusion: tuple[tuple[int, ...], ...]

    @property
    def rows(self) -> int:
        return sum(map(sum, self.confusion))


class Importance(FrozenModel):
    """By how much the log loss grows, in nats, when a raw column is shuffled among the rows.

    ``mean`` over the repeats, and ``spread``, their standard deviation: 0 where there was one.
    """

    column: str
    mean: Rounded
    spread: Rounded


class Bin(FrozenModel):
    """Rows whose probability is alike: the mean that was predicted, the share that came true.

    ``low`` and ``high`` bound the share: the 95% interval of Wilson (1927).
    """

    rows: int
    predicted: Rounded
    observed: Rounded
    low: Rounded
    high: Rounded


class Curve(FrozenModel):
    """The points of one class against all others, and the area that sums them up."""

    label: Label
    area: Rounded
    x: tuple[Rounded, ...]
    y: tuple[Rounded, ...]


class Step(FrozenModel):
    """What a threshold would do: rows of the positive class at or above it, and other rows."""

    threshold: Rounded
    found: int
    false_alarms: int


class Series(FrozenModel):
    """How many rows of one kind fall into each bin of a histogram."""

    name: str
    counts: tuple[int, ...]


class Histogram(FrozenModel):
    """Counts between ``edges``, of which there is one more than there are counts."""

    edges: tuple[Rounded, ...]
    series: tuple[Series, ...]


class Report(FrozenModel):
    """All that was found on the held-out rows; see :func:`evaluate`.

    What there is for each class is in the order of ``classes``, and so are the rows (truth)
    and columns (answer) of ``confusion``. ``class_rows`` and ``missing``, a share for each
    column, count the training rows. ``slices`` starts with the weakest, ``importance`` with
    the most important column, ``baselines`` with the commonest class.

    ``positive`` is the one of two classes that curves, calibration and histogram are about. Of
    more there is none: each has a curve, and the others look at the class that was answered.
    ``decided`` judges the decision, ``coverage`` the sets, and ``abstained`` what is left without
    a decision, where config.yml asks for them. ``steps`` are, for two classes, what other
    thresholds would do, the highest first. ``groups`` are those that ``fairness`` asks about.
    """

    metrics: Metrics
    classes: tuple[Label, ...]
    positive: Label | None
    class_rows: tuple[int, ...]
    missing: dict[str, Rounded]
    accuracy: Estimate
    balanced_accuracy: Estimate
    roc_auc: Estimate
    log_loss: Estimate
    brier: Estimate
    f1: tuple[Estimate, ...]
    baselines: tuple[Baseline, ...]
    slices: tuple[Slice, ...]
    importance: tuple[Importance, ...]
    calibration: tuple[Bin, ...]
    calibration_error: Rounded
    confusion: tuple[tuple[int, ...], ...]
    roc: tuple[Curve, ...]
    precision_recall: tuple[Curve, ...]
    histogram: Histogram
    decided: Decided | None = None
    coverage: Coverage | None = None
    abstained: Abstained | None = None
    steps: tuple[Step, ...] = ()
    groups: tuple[Group, ...] = ()

    @property
    def rows(self) -> int:
        """How many rows were held out."""
        return self.metrics.rows

    @property
    def training_rows(self) -> int:
        return sum(self.class_rows)
