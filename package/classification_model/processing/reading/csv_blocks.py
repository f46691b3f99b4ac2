"""The head of a CSV, and a CSV of any size as blocks of whole records."""

from __future__ import annotations

import io
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from typing import IO

import numpy as np
import numpy.typing as npt

from classification_model.errors import DataError
from classification_model.processing.reading.charsets import Unsure
from classification_model.processing.reading.csv_records import UNCLOSED, lines_of, read, records
from classification_model.processing.reading.encodings import decided, utf8
from classification_model.processing.reading.heads import read_head
from classification_model.processing.reading.sources import (
    BLANK,
    Block,
    Record,
    Source,
    opened,
    position,
    refuse_marks,
)

__all__ = ["BLOCK", "blocks", "body", "head", "head_of", "quotes", "refuse_binary"]

BLOCK = 4 * 2**20
"""Bytes of a block: some ten thousand rows."""

_SAMPLE = 2**20
_LONGEST = 32 * 2**20  # a line beyond it is none
_PAGE = re.compile(r"\s*<(!doctype|html|head|\?xml)\b", re.IGNORECASE)
_JSON = re.compile(r'\s*\[?\s*\{\s*"')
_LF, _CR, _QUOTE = b'\n\r"'
_BINARY = frozenset("\0\1\2\3\4\5\6\7")  # no text has these; pictures and archives have many


def head(
    name: str,
    known_columns: Collection[str],
    encoding: str | None = None,
    hint: str | None = None,
) -> Source:
    """Find out how a CSV is written, and read its header.

    Raises:
        DataError: it cannot be read, is empty, or is no text.
    """
    with opened(name) as stream:
        return head_of(name, stream, known_columns, encoding, hint)


def head_of(
    name: str,
    stream: IO[bytes],
    known_columns: Collection[str],
    encoding: str | None = None,
    hint: str | None = None,
) -> Source:
    """The same, of the bytes of a file called ``name``."""
    try:
        encoding, sample = decided(stream, encoding, hint)
    except Unsure as error:
        raise DataError(
            f"{name}: is not UTF-8, and it is not sure what it is ({error}); say it with --encoding"
        ) from None
    text = sample.decode(encoding, "replace")
    if not text.strip():
        raise DataError(f"{name}: empty; the first line must name the columns")
    _refuse_other_texts(name, text)
    source = _with_header(name, text, encoding, known_columns)
    if source is None or _BINARY.intersection("".join(source.columns)):
        raise DataError(
            f"{name}, line 1: is no header of a CSV; save the file as text, as CSV, with the "
            "names of the columns on its first line"
        )
    return source


def _refuse_other_texts(name: str, text: str) -> None:
    if _PAGE.match(text):
        raise DataError(f"{name}: is a web page and no table; fetch the file that it leads to")
    if _JSON.match(text):
        raise DataError(
            f"{name}: is JSON and no CSV; a table of JSON has one object on each line, and its name "
            "ends in .jsonl"
        )


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
    lines = io.StringIO(text, newline="").readlines()
    refuse_marks(name, lines[: head.above + 1])
    lines = lines[head.above :]
    found, used = read(lines, 1, source, most=1)
    if found and found[0].fault == UNCLOSED:
        raise DataError(f"{name}, line {1 + head.above}: {UNCLOSED}; mend the header")
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
    lines = lines_of(text)
    _, used = read(lines[source.above :], 1, source, most=1)
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
    lines = lines_of(text)
    if not last:
        lines.pop()  # it may go on
    _, used = read(lines, 1, source, last=last)
    return _size(lines[:used]), used, False


def _count_lines(text: bytes) -> int:
    return int(np.count_nonzero(np.frombuffer(text, np.uint8) == _LF))  # quicker than bytes.count


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
