"""A CSV of any size as blocks of whole records, and the records of a block.

A record starts on a line and goes on over further lines only within a quoted cell. One that
breaks the rules of quoting, or has more or fewer cells than the header, costs its first line
alone: reading goes on with the next line. So a quote that is never closed loses no other row.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from typing import IO

import numpy as np
import numpy.typing as npt

from classification_model.errors import DataError
from classification_model.processing.reading.charsets import Unsure
from classification_model.processing.reading.delimiters import cells_of
from classification_model.processing.reading.encodings import decided, utf8
from classification_model.processing.reading.heads import read_head
from classification_model.processing.reading.sources import (
    BLANK,
    HEADER_AGAIN,
    Block,
    Record,
    Source,
    opened,
    position,
)

__all__ = ["BLOCK", "blocks", "body", "head", "head_of", "quotes", "records", "refuse_binary"]

BLOCK = 4 * 2**20
"""Bytes of a block: some ten thousand rows."""

_SAMPLE = 2**20
_LONGEST = 32 * 2**20  # a line beyond it is none
_LF, _CR, _QUOTE = b'\n\r"'
_BINARY = frozenset("\0\1\2\3\4\5\6\7")  # no text has these; pictures and archives have many


def head(name: str, known_columns: Collection[str], encoding: str | None = None) -> Source:
    """Find out how a CSV is written, and read its header.

    Raises:
        DataError: it cannot be read, is empty, or is no text.
    """
    with opened(name) as stream:
        return head_of(name, stream, known_columns, encoding)


def head_of(
    name: str, stream: IO[bytes], known_columns: Collection[str], encoding: str | None = None
) -> Source:
    """The same, of the bytes of a file called ``name``."""
    try:
        encoding, sample = decided(stream, encoding)
    except Unsure as error:
        raise DataError(
            f"{name}: is not UTF-8, and it is not sure what it is ({error}); say it with --encoding"
        ) from None
    text = sample.decode(encoding, "replace")
    if not text.strip():
        raise DataError(f"{name}: empty; the first line must name the columns")
    source = _with_header(name, text, encoding, known_columns)
    if source is None or _BINARY.intersection("".join(source.columns)):
        raise DataError(
            f"{name}, line 1: is no header of a CSV; save the file as text, as CSV, with the "
            "names of the columns on its first line"
        )
    return source


def refuse_binary(name: str, stream: IO[bytes], encoding: str) -> None:
    """See that the beginning of a file is text: a picture, an archive or a spreadsheet is not.

    Raises:
        DataError: it is not; the line is named.
    """
    text = stream.read(_SAMPLE).decode(encoding, "replace")
    position = next((i for i, character in enumerate(text) if character in _BINARY), None)
    if position is not None:
        line = text.count("\n", 0, position) + 1
        raise DataError(
            f"{name}, line {line}: holds {text[position]!r}, so it is a binary file and no CSV; "
            "save it as text, as CSV"
        )


def _with_header(
    name: str, text: str, encoding: str, known_columns: Collection[str]
) -> Source | None:
    head = read_head(text, known_columns)
    if head is None:
        return None
    source = Source(
        name, "csv", head.columns, head.delimiter, encoding, head.above, spaced=head.spaced
    )
    lines = io.StringIO(text, newline="").readlines()[head.above :]
    found, used = _read(lines, 1, source, most=1)
    if not found or found[0].fault not in (None, BLANK):
        return None
    return replace(source, header="".join(lines[:used]).rstrip("\r\n"))


def blocks(source: Source, size: int = BLOCK) -> Iterator[Block]:
    """The records of a CSV, its header left out, in blocks of about ``size`` bytes.

    Raises:
        DataError: the file cannot be read, or a line is longer than any row.
    """
    with opened(source.name) as stream:
        chunks = utf8(stream, source.encoding, stream.read(_SAMPLE), size)
        rest, line = b"", 0
        for chunk, last in _with_last(chunks):
            rest += chunk
            if not line:
                rest, line = _without_header(source, rest)
            if len(rest) < size and not last:
                continue
            end, lines, plain = _whole_records(source, rest, last=last)
            if end:
                yield Block(source, line, rest[:end], plain, position(stream))
                line += lines
                rest = rest[end:]
            elif len(rest) > _LONGEST:
                raise DataError(
                    f"{source.name}, line {line}: is longer than {_LONGEST // 2**20} MB; is the "
                    "file a CSV?"
                )


def body(source: Source, content: bytes) -> Iterator[Record]:
    """Every record of a CSV whose bytes are at hand, its header left out."""
    text = b"".join(utf8(io.BytesIO(), source.encoding, content, 1))
    text, line = _without_header(source, text)
    return records(source, text, line)


def _with_last(chunks: Iterator[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Each chunk, and whether it is the last."""
    before: bytes | None = None
    for chunk in chunks:
        if before is not None:
            yield before, False
        before = chunk
    yield before or b"", True


def _without_header(source: Source, text: bytes) -> tuple[bytes, int]:
    """What follows the header, and the line on which it starts."""
    lines = _lines(text)
    _, used = _read(lines[source.above :], 1, source, most=1)
    taken = source.above + used
    return text[_size(lines[:taken]) :], 1 + taken


def _whole_records(source: Source, text: bytes, *, last: bool) -> tuple[int, int, bool]:
    """Where the last whole record of a text ends, how many lines those are, and if all is plain."""
    found = quotes(text, source.delimiter)
    if found is not None and not (last and len(found) % 2):
        end = len(text) if last else text.rfind(b"\n") + 1
        while end and np.searchsorted(found, end) % 2:
            end = text.rfind(b"\n", 0, end - 1) + 1
        if end or last:
            return end, _count_lines(text[:end]), True
    lines = _lines(text)
    if not last:
        lines.pop()  # it may go on
    _, used = _read(lines, 1, source, last=last)
    return _size(lines[:used]), used, False


def _count_lines(text: bytes) -> int:
    return int(np.count_nonzero(np.frombuffer(text, np.uint8) == _LF))  # quicker than bytes.count


def _lines(text: bytes) -> list[str]:
    """Lines with their ends; what is no UTF-8 can be found out later."""
    return io.StringIO(text.decode("utf-8", "surrogateescape"), newline="").readlines()


def _size(lines: Sequence[str]) -> int:
    return sum(len(line.encode("utf-8", "surrogateescape")) for line in lines)


def quotes(text: bytes, delimiter: str) -> npt.NDArray[np.int64] | None:
    """Where the quotes of a text are, if each opens a cell, closes one, or is doubled in one.

    Then every other one opens, and what stands after an odd number of them is quoted. Nothing
    where that is not so, or a line ends as on no system of today.
    """
    characters = np.frombuffer(text, np.uint8)
    found = np.flatnonzero(characters == _QUOTE)
    if b"\r" in text and text.count(b"\r") != text.count(b"\r\n"):
        return None
    at_ends = np.zeros(256, np.bool_)
    at_ends[[ord(delimiter), _LF, _CR, _QUOTE]] = True
    opens, closes = found[::2], found[1::2]
    before = characters[opens[opens > 0] - 1]
    after = characters[closes[closes < len(text) - 1] + 1]
    if at_ends[before].all() and at_ends[after].all():
        return found
    return None


def records(source: Source, content: bytes, line: int) -> Iterator[Record]:
    """The records of a text, which starts on a line; the faulty ones among them."""
    found, _ = _read(_lines(content), line, source)
    return (_checked(source, record) for record in found)


def _checked(source: Source, record: Record) -> Record:
    """A record with its cells by column, unless it has a character that is none."""
    if record.fault is not None:
        return record
    if "\0" in record.text or not _is_text(record.text):
        columns = zip(source.columns, record.cells, strict=True)
        column = next((name for name, cell in columns if "\0" in cell or not _is_text(cell)), None)
        what = "holds a NUL character" if _is_text(record.text) else f"is not {source.encoding}"
        return replace(record, fault=what, column=column)
    return replace(record, row=dict(zip(source.columns, record.cells, strict=True)))


def _is_text(text: str) -> bool:
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _read(
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
                    record = _record(lines[start:end], cells, source)
                    found.append(replace(record, line=first + start))
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


def _record(lines: Sequence[str], cells: Sequence[str], source: Source) -> Record:
    text = "".join(lines).rstrip("\r\n")
    width = len(source.columns)
    if len(cells) > 1 and not text.strip(source.delimiter):
        return Record(0, text, fault=BLANK)
    if text == source.header:
        return Record(0, text, fault=HEADER_AGAIN)
    if len(cells) > width and not "".join(cells[width:]).strip():  # the line ends in delimiters
        return Record(0, source.delimiter.join(map(_quoted, cells[:width])), cells[:width])
    if len(cells) == width:
        return Record(0, text, cells)
    fault = f"has {len(cells)} cells, and the header has {width}"
    if len(lines) > 1:
        raise csv.Error(fault)
    return Record(0, text, fault=fault)


def _quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"' if re.search('[",;|\\s]', cell) else cell


def _reason(error: csv.Error) -> str:
    if "expected after" in str(error) or "end of data" in str(error):
        return "a quote opens a cell and is not closed, or closes it too early"
    return str(error)
