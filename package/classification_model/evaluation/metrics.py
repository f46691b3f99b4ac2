"""The numbers that a model is judged by, as scikit-learn defines them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
import numpy.typing as npt
from pydantic import AfterValidator
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    brier_score_loss,
    f1_score,
    roc_auc_score,
)

from classification_model.config.schema import FrozenModel, Label
from classification_model.processing.arrays import Floats
from classification_model.processing.decisions import Decision, likeliest_of_rows
from classification_model.processing.losses import log_losses

__all__ = ["NAMES", "Metrics", "Outcomes", "align", "positions", "score"]


# The digits that are the same on every machine: sums are rounded otherwise here and there.
_Stable = Annotated[float, AfterValidator(lambda value: float(f"{value:.9g}"))]

NAMES = {
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "roc_auc": "ROC AUC",
    "log_loss": "log loss (0 is best)",
    "brier": "Brier score (0 is best)",
}
"""The metrics that are shown, as people call them, in the order they are shown."""


class Metrics(FrozenModel):
    """Metrics on held-out rows.

    ``majority_accuracy`` is the baseline: the accuracy of always answering the commonest
    class. ``f1`` is the mean of each class's. For more than two classes the ROC AUC is the
    mean over one class against the rest, and the Brier score is that of Brier (1950) halved,
    so that 0 is best and 1 worst for any number of classes. The log loss is in nats.
    """

    rows: int
    accuracy: _Stable
    balanced_accuracy: _Stable
    f1: _Stable
    roc_auc: _Stable
    log_loss: _Stable
    brier: _Stable
    majority_accuracy: _Stable


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Answers beside the truth, for ``n`` rows and ``k`` classes.

    Attributes:
        truth: the position of each row's class, shape ``(n,)``.
        scores: probabilities, shape ``(n, k)``, each row adding up to 1.
        decided: the position of the class that was answered, where a decision says so.
    """

    truth: npt.NDArray[np.intp]
    scores: Floats
    decided: npt.NDArray[np.intp] | None = None

    @property
    def classes(self) -> int:
        return int(self.scores.shape[1])

    @property
    def predicted(self) -> npt.NDArray[np.intp]:
        """The position of the class that was answered; without a decision, the most probable."""
        return likeliest_of_rows(self.scores) if self.decided is None else self.decided

    @property
    def correct(self) -> npt.NDArray[np.bool_]:
        right: npt.NDArray[np.bool_] = self.predicted == self.truth
        return right

    @property
    def losses(self) -> Floats:
        """The log loss of each row; see :func:`log_losses`."""
        return log_losses(self.scores, self.truth)

    @property
    def squares(self) -> Floats:
        """The Brier score of each row, halved: from 0 to 1."""
        distance = (self.scores - np.eye(self.classes)[self.truth]) ** 2
        squares: Floats = distance.sum(axis=1) / 2
        return squares


def align(
    labels: Sequence[Label],
    probabilities: npt.NDArray[np.floating],
    classes: Sequence[Label],
    decision: Decision | None = None,
) -> Outcomes:
    """Put labels and probabilities of shape ``(rows, classes)`` side by side."""
    decided = None if decision is None else decision.of_rows(probabilities)
    scores = probabilities.astype(np.float64)
    scores /= scores.sum(axis=1, keepdims=True)  # float32 rows add up to 1 only nearly
    return Outcomes(positions(labels, classes), scores, decided)


def positions(labels: Sequence[Label], classes: Sequence[Label]) -> npt.NDArray[np.intp]:
    """The position of each label among the classes."""
    position = {label: i for i, label in enumerate(classes)}
    return np.array([position[label] for label in labels], dtype=np.intp)


def score(
    labels: Sequence[Label],
    probabilities: npt.NDArray[np.floating],
    classes: Sequence[Label],
    decision: Decision | None = None,
) -> Metrics:
    """Compare probabilities of shape ``(rows, classes)`` with the labels of those rows."""
    judged = align(labels, probabilities, classes, decision)
    truth, scores, predicted = judged.truth, judged.scores, judged.predicted
    everything = list(range(len(classes)))
    return Metrics(
        rows=len(truth),
        accuracy=accuracy_score(truth, predicted),
        balanced_accuracy=balanced_accuracy_score(truth, predicted),
        f1=f1_score(truth, predicted, labels=everything, average="macro", zero_division=0),
        roc_auc=(
            roc_auc_score(truth, scores[:, 1])
            if len(classes) == 2
            else roc_auc_score(truth, scores, multi_class="ovr", labels=everything)
        ),
        log_loss=judged.losses.mean(),
        brier=brier_score_loss(truth, scores, labels=everything, scale_by_half=True),
        majority_accuracy=max(Counter(labels).values()) / len(labels),
    )
