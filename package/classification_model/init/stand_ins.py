"""Values that stand for "nothing is known": -999 among ages, 9999-12-31 among dates."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date

import numpy as np

from classification_model.processing.arrays import Floats
from classification_model.processing.value_rules import TypedValue

__all__ = ["stand_in"]

_NINES = re.compile(r"[-\u2212]9+([.,]0+)?|99+([.,]0+)?")
_ENDS = frozenset(((1, 1), (12, 30), (12, 31)))  # of a year, as 1900-01-01 and 9999-12-31 are
_FEWEST = 4


def stand_in(
    typed: Mapping[str, TypedValue], numbers: Floats, counts: Mapping[str, int]
) -> Sequence[str]:
    """What to say of a value that lies further from all others than they lie apart.

    Nines alone, and the first or last day of a year, are what people and programs write there.

    Args:
        typed: each text with its value.
        numbers: the values as numbers, in the same order; NaN where there is none.
        counts: each text with its number of cells.
    """
    different = np.unique(numbers[np.isfinite(numbers)])
    if len(different) < _FEWEST:
        return ()
    for end, nearest, rest in (
        (different[0], different[1], different[1:]),
        (different[-1], different[-2], different[:-1]),
    ):
        if abs(nearest - end) <= rest[-1] - rest[0]:
            continue
        texts = [text for text, n in zip(typed, numbers.tolist(), strict=True) if n == end]
        if all(_is_usual(text, typed[text]) for text in texts):
            cells = sum(counts[text] for text in texts)
            said = f"{texts[0]!r} stands in {cells} cell{'s' if cells > 1 else ''}"
            cure = "where it means that nothing is known, put it into missing_markers"
            return (f"{said}, far from all others: {cure}",)
    return ()


def _is_usual(text: str, value: TypedValue) -> bool:
    if isinstance(value, date):
        return (value.month, value.day) in _ENDS
    return bool(_NINES.fullmatch(text))
