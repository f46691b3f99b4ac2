"""Judge a model on rows that it was not trained on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    brier_score_loss,
    log_loss,
    roc_auc_score,
)

from classification_model.config.schema import Label

__all__ = ["Report", "evaluate"]


class Report(BaseModel):
    """Metrics on held-out rows.

    ``majority_accuracy`` is the baseline: the accuracy of always answering the commonest
    class. For more than two classes the ROC AUC is the mean over one class against the
    rest, and the Brier score is that of Brier (1950) halved, so that 0 is best and 1 worst
    for any number of classes.
    """

    model_config = ConfigDict(frozen=True)

    rows: int
    accuracy: float
    balanced_accuracy: float
    roc_auc: float
    log_loss: float
    brier: float
    majority_accuracy: float


def evaluate(
    labels: Sequence[Label], probabilities: npt.NDArray[np.floating], classes: Sequence[Label]
) -> Report:
    """Compare probabilities of shape ``(rows, classes)`` with the labels of those rows."""
    position = {label: i for i, label in enumerate(classes)}
    truth = np.array([position[label] for label in labels])
    scores = probabilities.astype(np.float64)
    scores /= scores.sum(axis=1, keepdims=True)  # float32 rows add up to 1 only nearly
    predicted = scores.argmax(axis=1)
    everything = list(range(len(classes)))
    return Report(
        rows=len(truth),
        accuracy=float(accuracy_score(truth, predicted)),
        balanced_accuracy=float(balanced_accuracy_score(truth, predicted)),
        roc_auc=float(
            roc_auc_score(truth, scores[:, 1])
            if len(classes) == 2
            else roc_auc_score(truth, scores, multi_class="ovr", labels=everything)
        ),
        log_loss=float(log_loss(truth, scores, labels=everything)),
        brier=float(brier_score_loss(truth, scores, labels=everything, scale_by_half=True)),
        majority_accuracy=max(Counter(labels).values()) / len(labels),
    )
