"""How often prediction sets hold the true class of held-out rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from classification_model.config.schema import FrozenModel
from classification_model.evaluation.metrics import Outcomes
from classification_model.processing.sets import PredictionSets

__all__ = ["Coverage", "covered"]


class Coverage(FrozenModel):
    """What is said of sets: the share of rows whose true class is in theirs, and their size.

    ``by_class`` has the share for the rows of each class, ``None`` where there are none. ``empty``
    and ``full`` are the shares of sets that hold no class, and all.
    """

    share: float
    by_class: tuple[float | None, ...]
    size: float
    empty: float
    full: float


def covered(judged: Outcomes, sets: PredictionSets | None) -> Coverage | None:
    """Judge the sets of rows that had no part in choosing them."""
    if sets is None:
        return None
    inside = sets.of_rows(judged.scores)
    holds, sizes = inside[np.arange(len(judged.truth)), judged.truth], inside.sum(axis=1)
    of_class = [holds[judged.truth == k] for k in range(judged.classes)]
    return Coverage(
        share=_mean(holds),
        by_class=tuple(_mean(part) if len(part) else None for part in of_class),
        size=_mean(sizes),
        empty=_mean(sizes == 0),
        full=_mean(sizes == judged.classes),
    )


def _mean(values: npt.NDArray[Any]) -> float:
    return float(f"{values.mean():.9g}")
