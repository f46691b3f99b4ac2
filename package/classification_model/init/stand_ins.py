"""Values that stand for "nothing is known": -999 among ages, 9999-12-31 among dates."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date

import numpy as np

from classification_model.init.cells import Values
from classification_model.processing.value_rules import TypedValue

__all__ = ["stand_in"]

_NINES = re.compile(r"[-\u2212]9+([.,]0+)?|99+([.,]0+)?")
_ENDS = frozenset(((1, 1), (12, 30), (12, 31)))  # of a year, as 1900-01-01 and 9999-12-31 are
_FEWEST = 4


def stand_in(values: Values, counts: Mapping[str, int]) -> Sequence[str]:
    """What to say of a value that lies further from all others than they lie apart.

    Nines alone, and the first or last day of a year, are what people and programs write there.

    Args:
        values: of each text.
        counts: each text with its number of cells, in the same order.
    """
    if (numbers := values.numbers) is None:
        return ()
    different = np.unique(numbers[np.isfinite(numbers)])
    if len(different) < _FEWEST:
        return ()
    for end, nearest, rest in (
        (different[0], different[1], different[1:]),
        (different[-1], different[-2], different[:-1]),
    ):
        if abs(nearest - end) <= rest[-1] - rest[0]:
            continue
        texts, each = [*counts], values.each()
        found = np.flatnonzero(numbers == end).tolist()
        if all(_is_usual(texts[i], each[i]) for i in found):
            texts = [texts[i] for i in found]
            cells = sum(counts[text] for text in texts)
            said = f"{texts[0]!r} stands in {cells} cell{'s' if cells > 1 else ''}"
            cure = "where it means that nothing is known, put it into missing_markers"
            return (f"{said}, far from all others: {cure}",)
    return ()


def _is_usual(text: str, value: TypedValue) -> bool:
    if isinstance(value, date):
        return (value.month, value.day) in _ENDS
    return bool(_NINES.fullmatch(text))
