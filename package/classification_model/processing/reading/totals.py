"""Rows at the end of a table that sum up those above, as spreadsheets have them."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from classification_model.processing.number_format import DECIMALS, THOUSANDS, NumberFormat

__all__ = ["MOST_TOTALS", "may_be_total", "totals_at_end"]

MOST_TOTALS = 3
"""How many such rows may stand at the end, as ``Total`` and ``Grand total`` do."""

_WORDS = frozenset(
    (
        *("total", "totals", "grand total", "sum", "sums", "subtotal", "all", "overall"),
        *("summe", "gesamt", "gesamtsumme", "insgesamt", "total general", "totale", "totaal"),
        *("somme", "suma", "soma", "итого", "всего", "合計", "合计", "总计"),
    )
)
_CLOSE = 1e-3  # sums are rounded
_FORMATS = [NumberFormat(d, t) for t in THOUSANDS for d in DECIMALS if d != t]
_AROUND = re.compile(r"^[^\d.,(+-]+|[^\d.,)]+$", re.ASCII)


def may_be_total(row: Sequence[str]) -> bool:
    """Whether the first cell that is filled says so."""
    return _word(next((cell for cell in row if cell.strip()), "")) in _WORDS


def totals_at_end(rows: Sequence[Sequence[str]]) -> int:
    """How many rows at the end sum up those above.

    Such a row begins with a word such as ``Total``, which stands nowhere else in its column. Of
    its other cells most are empty, where those of the rows are not, or most of its numbers are
    sums of their columns.
    """
    count = 0
    while count < min(MOST_TOTALS, len(rows) - 1) and may_be_total(rows[-1 - count]):
        count += 1
    above = rows[: len(rows) - count]
    while count and not all(_is_total(row, above) for row in rows[len(above) :]):
        count, above = count - 1, rows[: len(above) + 1]
    return count


def _is_total(row: Sequence[str], above: Sequence[Sequence[str]]) -> bool:
    at = next(place for place, cell in enumerate(row) if cell.strip())
    word = _word(row[at])
    if any(_word(other[at]) == word for other in above):
        return False
    filled = [place for place, cell in enumerate(row) if cell.strip() and place != at]
    usual = sum(bool(cell.strip()) for other in above for cell in other) / len(above) - 1
    if 2 * len(filled) <= usual:
        return True
    sums = [_is_sum(row[place], [other[place] for other in above]) for place in filled]
    return bool(sums) and 2 * sum(sums) > len(sums)


def _is_sum(total: str, cells: Sequence[str]) -> bool:
    """Whether a cell is the sum of others, in any way to write numbers."""
    told, plain = _bare(total), [_bare(cell) for cell in cells if cell.strip()]
    for form in _FORMATS:
        if (expected := form.read(told)) is None:
            continue
        numbers = [number for cell in plain if (number := form.read(cell)) is not None]
        if 2 * len(numbers) > len(plain) and math.isclose(
            math.fsum(numbers), expected, rel_tol=_CLOSE
        ):
            return True
    return False


def _bare(text: str) -> str:
    return _AROUND.sub("", text.strip())


def _word(cell: str) -> str:
    return " ".join(cell.casefold().strip(" \t:*=").split())
