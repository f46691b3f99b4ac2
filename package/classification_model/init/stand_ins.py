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


def stand_in(values: Values, counts: Mapping[str, int]) -> Sequence[str]:
    """What to say of a value that lies further from all others than they lie apart.

    Nines alone, and the first or last day of a year, are what people and programs write there.

    Args:
        values: of each text.
        counts: each text with its number of cells, in the same order.
    """
    if (numbers := values.numbers) is None:
        return ()
    known = numbers[np.isfinite(numbers)]
    low, high = known.min(initial=np.inf), known.max(initial=-np.inf)
    between = known[(known > low) & (known < high)]
    if not len(between) or (first := between.min()) == (last := between.max()):
        return ()  # fewer than four different ones
    for end, apart, others in ((low, first - low, high - first), (high, high - last, last - low)):
        if apart <= others:
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
