"""The bytes of a CSV, however it is delimited and encoded, to a table of text.

Nothing here knows what the cells mean: that is the row schema's.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from classification_model.errors import DataError

__all__ = ["Table", "find_delimiter", "parse"]

_DELIMITERS = (",", ";", "\t", "|")
_SAMPLED = 100
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of text under named columns, each with the line of the file that it starts on."""

    columns: tuple[str, ...]
    rows: list[tuple[str, ...]]
    lines: list[int]
    delimiter: str
    encoding: str

    def column(self, name: str) -> list[str]:
        """The cells of one column, in order."""
        position = self.columns.index(name)
        return [row[position] for row in self.rows]

    def records(self) -> list[dict[str, str]]:
        """Each row as a dict of column to cell."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]


def parse(name: str, source: bytes, known_columns: Collection[str] = ()) -> Table:
    """Find out encoding and delimiter, and read the table.

    Args:
        name: the file's name, for messages.
        source: the file's content.
        known_columns: columns that the file is expected to have; with them the delimiter is
            certain even in a file of one row.

    Raises:
        DataError: the content is no text, has no header or no rows, has two columns of one
            name, or rows with more or fewer cells than there are columns.
    """
    text, encoding = _decode(name, source)
    if not text.strip():
        raise DataError(f"{name}: empty; the first line must name the columns")
    delimiter = find_delimiter(text, known_columns)
    records = _records(name, text, delimiter)
    if not records:
        raise DataError(f"{name}: empty; the first line must name the columns")
    (_, header), *body = records
    columns = tuple(cell.strip() for cell in header)
    if twice := [column for column, count in Counter(columns).items() if count > 1]:
        raise DataError(f"{name}: two columns have the name {twice[0]!r}; rename one")
    if ragged := [(line, cells) for line, cells in body if len(cells) != len(columns)]:
        shown = ", ".join(f"line {line} has {len(cells)}" for line, cells in ragged[:_SHOWN])
        more = f", and {len(ragged) - _SHOWN} lines more" if len(ragged) > _SHOWN else ""
        raise DataError(
            f"{name}: the header has {len(columns)} cells, but {shown}{more}; quote the cells "
            f"that hold a {delimiter!r}, or mend the lines"
        )
    if not body:
        raise DataError(f"{name}: has a header and no rows")
    return Table(
        columns=columns,
        rows=[tuple(cells) for _, cells in body],
        lines=[line for line, _ in body],
        delimiter=delimiter,
        encoding=encoding,
    )


def _decode(name: str, source: bytes) -> tuple[str, str]:
    for mark, encoding in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
        (b"", "utf-8"),
        (b"", "cp1252"),  # what most call Latin-1, with the euro sign and typographic quotes
        (b"", "latin-1"),
    ):
        if source.startswith(mark):
            try:
                text = source.decode(encoding)
            except UnicodeDecodeError:
                continue
            break
    # Text has none of these; a picture, an archive or a spreadsheet has many.
    if any(character in text for character in "\0\1\2\3\4\5\6\7"):
        position = min(text.index(c) for c in "\0\1\2\3\4\5\6\7" if c in text)
        line = text.count("\n", 0, position) + 1
        raise DataError(
            f"{name}, line {line}: holds {text[position]!r}, so it is a binary file and no CSV; "
            "save it as text, as CSV"
        )
    return text, encoding


def find_delimiter(text: str, known_columns: Collection[str]) -> str:
    """The delimiter that finds the most known columns, else the most even table."""
    known = set(known_columns)

    def merit(delimiter: str) -> tuple[int, float, int]:
        widths: list[int] = []
        found = 0
        try:
            for cells in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
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


def _records(name: str, text: str, delimiter: str) -> Sequence[tuple[int, list[str]]]:
    """Every record that is not a blank line, with the line it starts on; the header first."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    records: list[tuple[int, list[str]]] = []
    start = 1
    try:
        for cells in reader:
            if cells:
                records.append((start, cells))
            start = reader.line_num + 1
    except csv.Error as error:
        raise DataError(
            f"{name}, line {start}: {error}; a quote that opens here is never closed, or closes "
            "too early"
        ) from None
    return records
