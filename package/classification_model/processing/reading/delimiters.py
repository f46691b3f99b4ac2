"""What stands between the cells of a CSV, and around them."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _csv import Reader

__all__ = ["cells_of", "find_delimiter", "plain_line"]

_DELIMITERS = (",", ";", "\t", "|")
_SAMPLED = 100
_LONGEST_CELL = 2**31 - 1


def cells_of(
    lines: Iterable[str], delimiter: str, *, spaced: bool = False, strict: bool = False
) -> Reader:
    """What reads records of CSV, however long a cell is.

    ``spaced`` leaves out blanks behind delimiters, ``strict`` raises where quoting is broken.
    """
    csv.field_size_limit(_LONGEST_CELL)  # of the whole process; by default 131,072 characters
    return csv.reader(lines, delimiter=delimiter, skipinitialspace=spaced, strict=strict)


def plain_line(cells: Iterable[str]) -> str:
    """Texts as a line of CSV, without its end."""
    stream = io.StringIO()
    # The writer quotes what has a character of its line end, so that must be both of them.
    csv.writer(stream, lineterminator="\r\n").writerow([*cells])
    return stream.getvalue().removesuffix("\r\n")


def find_delimiter(text: str, known_columns: Collection[str]) -> str:
    """The delimiter that finds the most known columns, else the most even table."""
    known = set(known_columns)

    def merit(delimiter: str) -> tuple[int, float, int]:
        widths: list[int] = []
        found = 0
        try:
            for cells in cells_of(io.StringIO(text, newline=""), delimiter):
                if not widths:
                    found = len(known.intersection(cell.strip() for cell in cells))
                widths.append(len(cells))
                if len(widths) > _SAMPLED:
                    break
        except csv.Error:
            return found, 0.0, 0
        if not widths or widths[0] < 2:
            return found, 0.0, 0
        return found, widths.count(widths[0]) / len(widths), widths[0]

    return max(_DELIMITERS, key=merit)
