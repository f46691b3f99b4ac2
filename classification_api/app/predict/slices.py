"""A long body, cut between its rows.

Read at once, JSON takes several times its own size, and a single emoji makes a text take four
bytes for each character. So a long body is cut into slices that are read one after another. Here
they are only found: brackets, commas and texts are told apart, and each slice is JSON if and only
if what stands in it is, so a parser of JSON has the last word on every byte.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["MisshapenError", "RowTooLongError", "Slice", "TooManyRowsError", "slices"]

_CLOSE = ord("]")
_SPACE = rb"[ \t\n\r]*+"
_BEGIN = re.compile(rb'%s\{%s"inputs"%s:%s\[' % (_SPACE, _SPACE, _SPACE, _SPACE))
_END = re.compile(rb"\]%s\}%s\Z" % (_SPACE, _SPACE))
_BLANK = re.compile(rb"%s\Z" % _SPACE)
_TEXT = rb'"(?:[^"\\]++|\\.)*+"'
# What has no bracket: up to the comma behind an item, and with the commas within one.
_BETWEEN = re.compile(rb'(?:[^"\[\]{},]++|%s)*+' % _TEXT, re.DOTALL)
_WITHIN = re.compile(rb'(?:[^"\[\]{}]++|%s)*+' % _TEXT, re.DOTALL)

# A slice holds up other requests for as long as it takes to answer it: some milliseconds.
_BYTES = 2**14


@dataclass(frozen=True, slots=True)
class Slice:
    """Some rows: JSON with commas between them. ``first`` counts rows, ``start`` bytes."""

    first: int
    start: int
    content: bytes


class MisshapenError(ValueError):
    """The byte at ``position`` has no place in ``{"inputs": [...]}``."""

    def __init__(self, position: int) -> None:
        super().__init__(position)
        self.position = position


class RowTooLongError(ValueError):
    """The row of this number is longer than a row may be."""

    def __init__(self, row: int) -> None:
        super().__init__(row)
        self.row = row


class TooManyRowsError(ValueError):
    """There are more rows than there may be."""


def slices(body: bytes | bytearray, *, at_once: int, most: int, longest: int) -> Iterator[Slice]:
    """The rows of ``{"inputs": [...]}``, some at a time, as far as the body has that shape.

    Args:
        body: in UTF-8.
        at_once: rows that a slice may have.
        most: rows that there may be.
        longest: bytes that a row may have.

    Raises:
        MisshapenError, RowTooLongError, TooManyRowsError: at the place where it is found.
    """
    start = at = _end_of(_BEGIN, body, 0, len(body))
    if not start:
        raise MisshapenError(0)
    first = row = 0
    while True:
        end = _end_of_row(body, at, longest, row)
        is_last = body[end] == _CLOSE
        if is_last and not row and _BLANK.match(body, at, end):
            return
        row += 1
        if row > most:
            raise TooManyRowsError
        if is_last or end - start >= _BYTES or row - first >= at_once:
            yield Slice(first, start, bytes(body[start:end]))
            first, start = row, end + 1
        if is_last:
            return
        at = end + 1


def _end_of_row(body: bytes | bytearray, start: int, longest: int, row: int) -> int:
    """Where the comma behind a row is, or the end of the list."""
    limit = min(len(body), start + longest)
    at, depth = start, 0
    while True:
        at = _end_of(_WITHIN if depth else _BETWEEN, body, at, limit)
        mark = body[at : at + 1] if at < limit else b""
        if mark in (b"[", b"{"):
            depth += 1
        elif depth and mark in (b"]", b"}"):
            depth -= 1
        elif mark == b"," or (mark == b"]" and _END.match(body, at)):
            return at
        elif limit < len(body) and mark in (b"", b'"'):
            raise RowTooLongError(row)
        else:
            raise MisshapenError(at)
        at += 1


def _end_of(pattern: re.Pattern[bytes], body: bytes | bytearray, start: int, limit: int) -> int:
    found = pattern.match(body, start, limit)
    return found.end() if found else start
