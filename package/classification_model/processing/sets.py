"""Sets of classes that hold the true one as often as was asked: conformal prediction.

A class is in the set where its probability reaches a threshold of its own, below which the true
class of few enough training rows fell (Sadinle, Lei and Wasserman 2019, "Least ambiguous set-valued
classifiers"; by class as Vovk 2012, "Conditional validity").
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from classification_model.config.schema import FrozenModel

__all__ = ["PredictionSets"]


class PredictionSets(FrozenModel):
    """From probabilities to sets. It is data, which the manifest holds.

    ``coverage`` is the share of rows whose true class is to be in its set. ``thresholds`` has one
    for each class.
    """

    coverage: float
    thresholds: tuple[float, ...]

    def of_row(self, shares: Sequence[float]) -> list[int]:
        """The positions of the classes in a row's set: perhaps none, perhaps all."""
        pairs = zip(shares, self.thresholds, strict=True)
        return [i for i, (share, threshold) in enumerate(pairs) if share >= threshold]

    def of_rows(self, shares: npt.NDArray[np.floating]) -> npt.NDArray[np.bool_]:
        """Whether each class is in each row's set, shape ``(rows, classes)``; to the bit alike."""
        inside: npt.NDArray[np.bool_] = shares.astype(np.float64) >= np.array(self.thresholds)
        return inside
