"""Target encoding: many categories as a few numbers, for each class its share within a category.

Shares are smoothed towards that of all rows by empirical Bayes: as
if each category had ``m`` rows more, of all classes as they are in the table, where ``m`` is the
variance within categories over that between them, estimated by analysis of variance.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
from pydantic import ConfigDict

from classification_model.config.schema import FrozenModel
from classification_model.processing.arrays import Floats, Indices
from classification_model.processing.text.encoder import scored

__all__ = ["MISSING_CODE", "CodeStatistics", "fit"]


MISSING_CODE = ""
"""What a missing value is called; no category is an empty text."""

_LEAST_SHARE = 1e-6


class CodeStatistics(FrozenModel):
    """What was learned of a column's categories: data alone, as the bundle has it.

    Attributes:
        column: its name.
        classes: there is a score for each; of two, for the second one alone.
        codes: the categories that enough rows hold, sorted.
        rows: how many rows hold each.
        scores: the logit of each smoothed share, one row for each of ``codes``, float32.
        others: the same of all rarer ones together, and so of any that training has not seen.
    """

    model_config = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")

    kind: Literal["codes"] = "codes"
    column: str
    classes: tuple[str, ...]
    codes: tuple[str, ...]
    rows: tuple[int, ...]
    scores: bytes
    others: tuple[float, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """What each number that it gives is."""
        shares = (f"{self.column}: share of {label}" for label in scored(self.classes))
        return (*shares, f"{self.column}: rows")

    def reader(self) -> Callable[[object], tuple[float, ...]]:
        """The function from a category to one number for each of ``names``.

        The last one is the logarithm of one more than the number of rows.
        """
        scores = np.frombuffer(self.scores, "<f4").astype(np.float64)
        each = scores.reshape(len(self.codes), len(self.others)).tolist()
        known = {
            code: (*of_classes, math.log1p(rows))
            for code, of_classes, rows in zip(self.codes, each, self.rows, strict=True)
        }
        others = (*self.others, 0.0)
        return lambda value: known.get(MISSING_CODE if value is None else str(value), others)


def fit(
    column: str,
    codes: Sequence[str],
    labels: Indices,
    classes: Sequence[str],
    *,
    min_rows: int,
    who: Sequence[int] | Indices | None = None,
    weights: Floats | None = None,
) -> CodeStatistics:
    """Learn from the category and the class of each row.

    The result has seen the labels of these rows, so it may serve but not encode training rows: see
    :class:`CrossFit`.

    Args:
        column: its name.
        codes: the category of each row; :data:`MISSING_CODE` where there is none.
        labels: the position of each row's class in ``classes``.
        classes: their names.
        min_rows: categories that fewer rows hold are taken together.
        who: a number for each row's group; then so many groups must hold a category.
        weights: how much each row counts; by default 1.
    """
    holders = Counter(codes) if who is None else Counter(c for c, _ in {*zip(codes, who)})  # noqa: B905
    kept = sorted(code for code, count in holders.items() if count >= min_rows)
    place = {code: i for i, code in enumerate(kept)}
    of_row = np.array([place.get(code, len(kept)) for code in codes], np.int64)
    counts = np.zeros((len(kept) + 1, len(classes)))
    np.add.at(counts, (of_row, labels), 1.0 if weights is None else weights)
    scores = _logits(_smoothed(counts))[:, -len(scored(classes)) :]
    rounded = scores.astype("<f4")
    return CodeStatistics(
        column=column,
        classes=tuple(classes),
        codes=tuple(kept),
        rows=tuple(np.bincount(of_row, minlength=len(kept) + 1)[:-1].tolist()),
        scores=rounded[:-1].tobytes(),
        others=tuple(rounded[-1].tolist()),
    )


def _smoothed(counts: Floats) -> Floats:
    """Counts by category and class to shares of classes, smoothed."""
    rows = counts.sum(axis=1)
    overall = counts.sum(axis=0) / rows.sum()
    within = float((overall * (1 - overall)).sum())
    m = within / max(_between(counts[:-1], within), 1e-9 * within) if within else 1.0
    shares: Floats = (counts + m * overall) / (rows + m)[:, None]
    return shares


def _between(counts: Floats, within: float) -> float:
    """The variance of the categories' true shares, added up over the classes.

    By the moments of a one-way analysis of variance, as DerSimonian and Laird's.
    """
    rows = counts.sum(axis=1)
    total = rows.sum()
    if len(rows) < 2 or not total:
        return 0.0
    shares = counts / rows[:, None]
    overall = counts.sum(axis=0) / total
    spread = float((rows * ((shares - overall) ** 2).sum(axis=1)).sum())
    held = float(total - (rows**2).sum() / total)
    return max(0.0, (spread - (len(rows) - 1) * within) / held)


def _logits(shares: Floats) -> Floats:
    clipped = np.clip(shares, _LEAST_SHARE, 1 - _LEAST_SHARE)
    logits: Floats = np.log(clipped / (1 - clipped))
    return logits
