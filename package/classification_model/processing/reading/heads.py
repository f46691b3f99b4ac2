"""The first lines of a CSV: what stands above its header, and what the header names.

Spreadsheets put a line ``sep=;`` in front, people a title; exports end each line with a delimiter.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from statistics import mode

from classification_model.processing.reading.delimiters import cells_of, find_delimiter

__all__ = ["Head", "looks_like_data", "read_head"]

_SEPARATOR = re.compile(r'"?sep=(?P<delimiter>[,;|\t])"?\s*', re.IGNORECASE)
_SAMPLED = 100
_TITLES = 20


@dataclass(frozen=True, slots=True)
class Head:
    """How a CSV begins.

    ``above`` counts the lines in front of the header. ``spaced`` says that blanks stand between a
    delimiter and a quote.
    """

    columns: tuple[str, ...]
    delimiter: str
    above: int
    spaced: bool


def read_head(text: str, known_columns: Collection[str]) -> Head | None:
    """Find the header in the beginning of a CSV; nothing where there is none.

    Args:
        text: some whole lines at least.
        known_columns: those that the file is expected to have.
    """
    lines = io.StringIO(text, newline="").readlines()
    marked = _SEPARATOR.fullmatch(lines[0]) if lines else None
    above = 1 if marked else 0
    rest = "".join(lines[above:])
    delimiter = marked["delimiter"] if marked else find_delimiter(rest, known_columns)
    spaced = bool(re.search(rf'[{delimiter}] +"[^"\n]*"\s*(?:[{delimiter}]|$)', rest, re.MULTILINE))
    found = [*_beginning(lines[above:], delimiter, spaced=spaced)]
    if not found:
        return None
    at = _header_among([cells for _, cells in found], frozenset(known_columns))
    line, header = found[at]
    return Head(_names(header, [c for _, c in found[at + 1 :]]), delimiter, above + line, spaced)


def _beginning(
    lines: Sequence[str], delimiter: str, *, spaced: bool
) -> Iterator[tuple[int, list[str]]]:
    """The first records that are not blank, each with the number of lines in front of it."""
    reader = cells_of(lines, delimiter, spaced=spaced)
    start = 0
    try:
        for count, cells in enumerate(reader):
            if cells:
                yield start, cells
            start = reader.line_num
            if count == _SAMPLED:
                return
    except csv.Error:
        return


def _header_among(found: Sequence[Sequence[str]], known: frozenset[str]) -> int:
    """Which record names the columns: the first that names all that are known, or is no title.

    A title has one cell where the rows have more.
    """
    if known:
        for i, cells in enumerate(found[:_TITLES]):
            if known.issubset(cell.strip() for cell in cells):
                return i
    usual = mode(len(cells) for cells in found)
    for i, cells in enumerate(found[:_TITLES]):
        filled = sum(bool(cell.strip()) for cell in cells)
        if len(cells) == usual and (filled > 1 or usual < 3):
            return i
        if len(cells) > 1 and filled > 1:
            return i
    return 0


def _names(header: Sequence[str], rows: Iterable[Sequence[str]]) -> tuple[str, ...]:
    """The header's cells, without those at its end that name and hold nothing."""
    names = [cell.strip() for cell in header]
    width = len(names)
    while width > 1 and not names[width - 1]:
        width -= 1
    if any(cell.strip() for row in rows for cell in row[width:]):
        width = len(names)
    return tuple(names[:width])


def looks_like_data(header: Sequence[str], columns: Sequence[Collection[str]]) -> bool:
    """Whether a first line seems to be a row: numbers above numbers, or what its columns hold.

    Args:
        header: its cells.
        columns: the texts of each column.
    """
    if [*header] == [str(i) for i in range(len(header))]:
        return False  # as pandas names what has no names
    numbers = [_is_number(cell) for cell in header]
    return any(numbers) and all(
        cell in column or (number and all(map(_is_number, [*column][:_SAMPLED])))
        for cell, number, column in zip(header, numbers, columns, strict=True)
    )


def _is_number(text: str) -> bool:
    return bool(re.fullmatch(r"[+-]?\d+([.,]\d+)?", text.strip(), re.ASCII))
