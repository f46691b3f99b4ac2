"""What is answered about rows, on every road."""

from __future__ import annotations

from typing import Any, NotRequired, TypedDict

from classification_model.config.schema import Label

__all__ = ["PredictionResult"]


class PredictionResult(TypedDict):
    """What is said of a list of rows; each list but the last two has one item for each row.

    ``probabilities`` holds one number for each of ``classes``, in their order. Where a bad
    row was skipped, its prediction and probabilities are ``None``. ``sets`` are there where
    config.yml asks for them: each holds the true class as often as was asked.
    """

    predictions: list[Label | None]
    probabilities: list[list[float] | None]
    classes: list[Label]
    warnings: list[dict[str, Any]]
    errors: list[dict[str, Any]] | None
    version: str
    sets: NotRequired[list[list[Label] | None]]
    explanations: NotRequired[list[dict[str, Any] | None]]
