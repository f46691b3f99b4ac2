"""The records of a CSV's lines, each with its cells or with what is wrong with it.

A record starts on a line and goes on over further lines only within a quoted cell. One that
breaks the rules of quoting, or has more or fewer cells than the header, costs its first line
alone: reading goes on with the next line. So a quote that is never closed loses no other row.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from classification_model.processing.reading.delimiters import cells_of
from classification_model.processing.reading.sources import (
    BLANK,
    HEADER_AGAIN,
    TOTAL,
    Record,
    Source,
)

__all__ = ["UNCLOSED", "checked", "is_row", "lines_of", "read", "records"]

UNCLOSED = "a quote opens a cell and is not closed, or closes it too early"


def lines_of(text: bytes) -> list[str]:
    """Lines with their ends; what is no UTF-8 can be found out later."""
    return io.StringIO(text.decode("utf-8", "surrogateescape"), newline="").readlines()


def records(source: Source, content: bytes, line: int) -> Iterator[Record]:
    """The records of a text, which starts on a line; the faulty ones among them."""
    found, _ = read(lines_of(content), line, source)
    return (checked(source, record) for record in found)


def checked(source: Source, record: Record) -> Record:
    """A record with its cells by column, unless it has a character that is none."""
    if record.fault is not None:
        return record
    if record.line in source.totals:
        return replace(record, fault=TOTAL)
    if not _is_clean(record.text):
        columns = zip(source.columns, record.cells, strict=True)
        column = next((name for name, cell in columns if "\0" in cell or not _is_text(cell)), None)
        what = "holds a NUL character" if _is_text(record.text) else f"is not {source.encoding}"
        return replace(record, fault=what, column=column)
    row = dict(zip(source.columns, record.cells, strict=True))
    return Record(record.line, record.text, record.cells, row)


def is_row(source: Source, record: Record) -> bool:
    """Whether a record is a row, as :func:`checked` would find it."""
    return record.fault is None and record.line not in source.totals and _is_clean(record.text)


def _is_clean(text: str) -> bool:
    return "\0" not in text and _is_text(text)


def _is_text(text: str) -> bool:
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def read(
    lines: Sequence[str],
    first: int,
    source: Source,
    *,
    last: bool = True,
    most: int | None = None,
) -> tuple[list[Record], int]:
    """The records of a source's lines, and how many lines they take.

    Where more lines may follow (not ``last``), a record that is not closed is left to them.
    """
    found: list[Record] = []
    start = 0
    while start < len(lines) and len(found) != most:
        began = start
        rest = _from(lines, start)
        reader = cells_of(rest, source.delimiter, spaced=source.spaced, strict=True)
        try:
            for cells in reader:
                end = began + reader.line_num
                if cells:
                    found.append(_record(lines[start:end], cells, source, first + start))
                start = end
                if len(found) == most:
                    break
        except csv.Error as error:
            if not last and began + reader.line_num >= len(lines) and "end of data" in str(error):
                return found, start
            found.append(Record(first + start, lines[start].rstrip("\r\n"), fault=_reason(error)))
            start += 1
    return found, start


def _from(lines: Sequence[str], start: int) -> Iterator[str]:
    return (lines[i] for i in range(start, len(lines)))


def _record(lines: Sequence[str], cells: Sequence[str], source: Source, line: int) -> Record:
    text = (lines[0] if len(lines) == 1 else "".join(lines)).rstrip("\r\n")
    width = len(source.columns)
    if len(cells) > 1 and not text.strip(source.delimiter):
        return Record(line, text, fault=BLANK)
    if text == source.header:
        return Record(line, text, fault=HEADER_AGAIN)
    if len(cells) > width and not "".join(cells[width:]).strip():  # the line ends in delimiters
        return Record(line, source.delimiter.join(map(_quoted, cells[:width])), cells[:width])
    if len(cells) == width:
        return Record(line, text, cells)
    fault = f"has {len(cells)} cells, and the header has {width}"
    if len(lines) > 1:
        raise csv.Error(fault)
    return Record(line, text, fault=fault)


def _quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"' if re.search('[",;|\\s]', cell) else cell


def _reason(error: csv.Error) -> str:
    if "expected after" in str(error) or "end of data" in str(error):
        return UNCLOSED
    return str(error)
