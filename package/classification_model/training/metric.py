"""What ``metric:`` in config.yml may say, each as something to lower."""

from __future__ import annotations

import numpy as np
from sklearn.metrics import balanced_accuracy_score, f1_score, roc_auc_score

from classification_model.errors import ConfigError
from classification_model.learners.blend import softmax
from classification_model.processing.arrays import Floats
from classification_model.training.vote import Metric
from classification_model.training.walk import Positions, Scores, log_losses

__all__ = ["METRICS", "metric_named"]

METRICS = ("log_loss", "roc_auc", "f1", "balanced_accuracy")


def metric_named(name: str, classes: int, weights: Floats | None = None) -> Metric:
    """A metric as a function of classes and margins; the lower the better.

    ``f1`` is the mean of each class's, and with more than two classes ``roc_auc`` is the mean
    over one class against the rest, as on the card. ``weights`` say what each row counts.

    Raises:
        ConfigError: there is no such metric.
    """

    def answers(margins: Scores) -> Positions:
        found: Positions = softmax(margins).argmax(axis=1)
        return found

    def roc_auc(truth: Positions, margins: Scores) -> float:
        if classes == 2:
            return -float(roc_auc_score(truth, margins[:, 0], sample_weight=weights))
        labels = np.arange(classes)
        shares = softmax(margins)
        return -float(
            roc_auc_score(truth, shares, multi_class="ovr", labels=labels, sample_weight=weights)
        )

    def f1(truth: Positions, margins: Scores) -> float:
        found = answers(margins)
        return -float(
            f1_score(truth, found, average="macro", zero_division=0, sample_weight=weights)
        )

    def balanced(truth: Positions, margins: Scores) -> float:
        return -float(balanced_accuracy_score(truth, answers(margins), sample_weight=weights))

    def log_loss(truth: Positions, margins: Scores) -> float:
        return round(float(np.average(log_losses(truth, margins), weights=weights)), 9)

    known = {"log_loss": log_loss, "roc_auc": roc_auc, "f1": f1, "balanced_accuracy": balanced}
    if name not in known:
        raise ConfigError(f"metric: unknown name {name!r}; choose one of {', '.join(known)}")
    return known[name]
