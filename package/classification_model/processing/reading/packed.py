"""Files within files: what a name ends in says how its rows are packed."""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, time
from typing import IO, Any, cast

from classification_model.errors import DataError, MissingExtraError
from classification_model.processing.reading.delimiters import plain_line

__all__ = ["PACKED", "SHEET", "unpacked"]

PACKED = (".gz", ".zip")
_RENAME = "and its name does not say so; rename it to end in"
_EXPORT = "and no table; save the table as CSV"
_UNPACK = "and only .gz and .zip are read; unpack it"
# What a file begins with where it is no CSV, what that is, and the cure.
_MARKS = (
    (b"\x1f\x8b", "packed by gzip", f"{_RENAME} .gz"),
    (b"PK\x03\x04", "a workbook, or packed by zip", f"{_RENAME} .xlsx or .zip"),
    (b"PAR1", "Parquet", f"{_RENAME} .parquet"),
    (b"\xd0\xcf\x11\xe0", "a workbook of old Excel (.xls)", "not read; save it as .xlsx or CSV"),
    (b"BZh91AY", "packed by bzip2", _UNPACK),
    (b"\xfd7zXZ", "packed by xz", _UNPACK),
    (b"7z\xbc\xaf", "packed by 7-Zip", _UNPACK),
    (b"\x89PNG", "a picture (PNG)", _EXPORT),
    (b"\xff\xd8\xff", "a picture (JPEG)", _EXPORT),
    (b"%PDF-", "a PDF", _EXPORT),
    (b"SQLite format 3\0", "a database (SQLite)", _EXPORT),
)
_LONGEST = max(len(mark) for mark, _, _ in _MARKS)
SHEET = ".xlsx"
"""A workbook; ``book.xlsx#2024`` is its sheet 2024, and else the first."""


@contextmanager
def unpacked(name: str, stream: IO[bytes]) -> Iterator[IO[bytes]]:
    """The bytes of the file that is packed in a stream, or the stream as it is.

    A sheet becomes a CSV whose lines are its rows.

    Raises:
        DataError: there is no such sheet, or an archive holds more than one file.
        MissingExtraError: a workbook is to be read, and openpyxl is not installed.
    """
    path, _, sheet = name.partition(SHEET + "#")
    if name.endswith(".gz"):
        with gzip.GzipFile(fileobj=stream) as content:
            yield cast("IO[bytes]", content)
    elif name.endswith(".zip"):
        with zipfile.ZipFile(stream) as archive, archive.open(_only(name, archive)) as content:
            yield content
    elif sheet or path.endswith(SHEET):
        yield io.BytesIO(_sheet(name, stream, sheet))
    else:
        _check_beginning(name, stream)
        yield stream


def _check_beginning(name: str, stream: IO[bytes]) -> None:
    """See that a file is what its name says, by what it begins with."""
    peek = getattr(stream, "peek", None)
    beginning = peek(_LONGEST) if peek else b""
    for mark, what, cure in _MARKS:
        if beginning.startswith(mark) and not name.endswith((".parquet", ".pq")):
            raise DataError(f"{name}: is {what}, {cure}")


def _only(name: str, archive: zipfile.ZipFile) -> str:
    # macOS adds a folder of its own.
    files = [f for f in archive.namelist() if not f.startswith("__MACOSX/") and f[-1:] != "/"]
    if len(files) != 1:
        raise DataError(f"{name}: holds {len(files)} files, and must hold one; unpack it first")
    return files[0]


def _sheet(name: str, stream: IO[bytes], sheet: str) -> bytes:
    try:
        import openpyxl
    except ImportError:
        raise MissingExtraError(purpose="Excel", extra="excel", module="openpyxl") from None
    try:
        book = openpyxl.load_workbook(stream, read_only=True, data_only=True)
    except (zipfile.BadZipFile, KeyError, ValueError) as error:
        raise DataError(f"{name}: is no workbook that can be read: {error}") from None
    if sheet and sheet not in book.sheetnames:
        shown = ", ".join(map(repr, book.sheetnames))
        raise DataError(f"{name}: has no sheet {sheet!r}; it has {shown}")
    rows = (book[sheet] if sheet else book.worksheets[0]).iter_rows(values_only=True)
    return "".join(plain_line(map(_text, row)) + "\n" for row in rows).encode()


def _text(value: Any) -> str:
    """A cell as a CSV has it: what Excel shows as a day or a whole number is one."""
    if value is None:
        return ""
    if isinstance(value, datetime) and value.time() == time():
        return value.date().isoformat()
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    return str(value)
