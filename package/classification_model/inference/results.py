"""What is answered about rows, on every road."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NotRequired, TypedDict

from classification_model.config.schema import Label
from classification_model.processing.decisions import likeliest

__all__ = ["PredictionResult", "among_refused", "labelled"]


class PredictionResult(TypedDict):
    """What is said of a list of rows; each list but the last two has one item for each row.

    ``probabilities`` holds one number for each of ``classes``, in their order. Where a bad
    row was skipped, its prediction and probabilities are ``None``. ``sets`` are there where
    config.yml asks for them: each holds the true class as often as was asked. ``abstained`` is
    there where the model may give no decision: the positions of the rows where it gave none.
    """

    predictions: list[Label | None]
    probabilities: list[list[float] | None]
    classes: list[Label]
    warnings: list[dict[str, Any]]
    errors: list[dict[str, Any]] | None
    version: str
    sets: NotRequired[list[list[Label] | None]]
    abstained: NotRequired[list[int]]
    explanations: NotRequired[list[dict[str, Any] | None]]


def labelled(result: PredictionResult) -> list[Label | None]:
    """The class that each row is explained by: the prediction, or the most probable one."""
    labels, classes, shares = result["predictions"], result["classes"], result["probabilities"]
    return [
        classes[likeliest(row)] if label is None and row is not None else label
        for label, row in zip(labels, shares, strict=True)
    ]


def among_refused(
    result: PredictionResult, places: Sequence[int], size: int, errors: list[dict[str, Any]]
) -> PredictionResult:
    """The result of good rows, with each at its place among ``size`` rows, and nothing elsewhere."""
    spread = result.copy()
    spread["predictions"] = _spread(result["predictions"], places, size)
    spread["probabilities"] = _spread(result["probabilities"], places, size)
    spread["warnings"] = [{**one, "row": places[one["row"]]} for one in result["warnings"]]
    spread["errors"] = errors
    if "sets" in result:
        spread["sets"] = _spread(result["sets"], places, size)
    if "abstained" in result:
        spread["abstained"] = [places[i] for i in result["abstained"]]
    return spread


def _spread(values: Iterable[Any], places: Iterable[int], size: int) -> list[Any]:
    found = dict(zip(places, values, strict=True))
    return [found.get(i) for i in range(size)]
