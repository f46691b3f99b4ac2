"""How wrong a probability was, for training and for what is known after the deployment."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from classification_model.processing.arrays import Floats

__all__ = ["log_losses"]


def log_losses(probabilities: Floats, truth: npt.NDArray[np.intp]) -> Floats:
    """The log loss of each row, in nats: the one definition of it.

    A probability of 0 counts as the smallest step of a float64, as in scikit-learn.
    """
    smallest = np.finfo(np.float64).eps
    of_truth = probabilities[np.arange(len(truth)), truth]
    losses: Floats = -np.log(np.clip(of_truth, smallest, 1 - smallest))
    return losses
