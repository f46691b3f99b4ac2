"""How the text of a file is encoded, and its bytes as UTF-8: for training and for files to score."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator
from typing import IO, cast

from classification_model.errors import DataError
from classification_model.processing.reading.charsets import recognised

__all__ = ["decided", "is_utf8", "known_encoding", "utf8"]

_ERRORS = {"cp1252": "latin-1", "utf-16": "surrogatepass"}
_WIDE = ("utf-16", "utf-32")
_PART, _MOST_PARTS = 2**20, 64
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def decided(
    stream: IO[bytes], told: str | None = None, hint: str | None = None
) -> tuple[str, bytes]:
    """How the text of a file is encoded, and its beginning.

    What a person told is so. Else the first part that is not all ASCII decides. Text that is
    mostly UTF-8 is UTF-8, and its other lines are faulty. Other text is in the encoding of the
    ``hint``, such as that of the table that was trained on, if it can be; else it is recognised.

    Raises:
        DataError: there is no such encoding.
        Unsure: it is not UTF-8, and more than one encoding is likely.
    """
    head = part = stream.read(_PART)
    if told:
        return known_encoding(told), head
    parts = 1
    while part.isascii() and len(part) == _PART and parts < _MOST_PARTS:
        part = stream.read(_PART)
        parts += 1
    return _encoding_of(part, hint, whole=len(part) < _PART), head


def _encoding_of(sample: bytes, hint: str | None, *, whole: bool) -> str:
    for mark, encoding in _MARKS:
        if sample.startswith(mark):
            return encoding
    if b"\0" in sample and (
        wide := _wide(sample) or (hint if hint and hint.startswith(_WIDE) else None)
    ):
        return wide
    if b"\0" in sample:
        return "utf-8"  # no text at all: who reads it finds the zero, and names its line
    lines = sample.split(b"\n")
    lines = [line for line in (lines if whole else lines[:-1] or lines) if not line.isascii()]
    faulty = sum(not is_utf8(line) for line in lines)
    if 2 * faulty <= len(lines):
        return "utf-8"
    return hint if hint and _reads(hint, lines) else recognised(lines)


def _wide(sample: bytes) -> str | None:
    """UTF-16 without a mark: nearly every second byte of a CSV is then zero."""
    zeros = [sample[place::2].count(0) for place in (0, 1)]
    for empty, full, encoding in ((0, 1, "utf-16-le"), (1, 0, "utf-16-be")):
        if 4 * zeros[full] > len(sample) and 50 * zeros[empty] < zeros[full]:
            return encoding
    return None


def _reads(encoding: str, lines: Iterable[bytes]) -> bool:
    codecs.register_error("latin-1", _as_latin_1)
    try:
        b"\n".join(lines).decode(encoding, _ERRORS.get(encoding, "strict"))
    except UnicodeDecodeError:
        return False
    return True


def known_encoding(name: str) -> str:
    """The one name of an encoding that has many.

    Raises:
        DataError: there is no such encoding.
    """
    try:
        return codecs.lookup(name).name
    except LookupError:
        raise DataError(
            f"--encoding {name}: no such encoding; name one such as utf-8, cp1252 or utf-16"
        ) from None


def is_utf8(line: bytes) -> bool:
    """Whether bytes are UTF-8."""
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def utf8(stream: IO[bytes], encoding: str, head: bytes, size: int) -> Iterator[bytes]:
    """The text of a stream as UTF-8, ``size`` bytes at a time, ``head`` first.

    What is no text in its encoding becomes what is no UTF-8, so that its row is found out.
    """
    if encoding == "utf-8":
        yield head
        while chunk := stream.read(size):
            yield chunk
        return
    codecs.register_error("latin-1", _as_latin_1)
    errors = _ERRORS.get(encoding, "surrogateescape")
    back = "surrogateescape" if errors == "surrogateescape" else "surrogatepass"
    decoder = codecs.getincrementaldecoder(encoding)(errors)
    yield decoder.decode(head).encode("utf-8", back)
    while chunk := stream.read(size):
        yield decoder.decode(chunk).encode("utf-8", back)
    try:
        yield decoder.decode(b"", final=True).encode("utf-8", back)
    except UnicodeDecodeError:
        yield b"\xff"


def _as_latin_1(error: UnicodeError) -> tuple[str, int]:
    """The five bytes that are nothing in cp1252 are control characters in Latin-1."""
    faulty = cast("UnicodeDecodeError", error)
    return faulty.object[faulty.start : faulty.end].decode("latin-1"), faulty.end
