"""Find files by name, pattern or URL, tell their format, and open their bytes."""

from __future__ import annotations

import glob
import gzip
import os
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Literal

from classification_model.config.conflicts import CONFLICT, is_mark
from classification_model.errors import DataError, MissingExtraError
from classification_model.processing.reading.packed import PACKED, SHEET, unpacked

__all__ = [
    "BLANK",
    "HEADER_AGAIN",
    "TOTAL",
    "Block",
    "Format",
    "Record",
    "Source",
    "expand",
    "filesystem",
    "format_of",
    "is_remote",
    "opened",
    "parquet",
    "position",
    "refuse_marks",
    "size_of",
    "unreadable",
]

Format = Literal["csv", "jsonl", "parquet"]

_SHOWN = 5
_SUFFIXES: dict[str, Format] = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
    ".pq": "parquet",
    SHEET: "csv",
}


@dataclass(frozen=True, slots=True)
class Source:
    """A file whose head was read: its columns, and how it is written.

    Of a CSV, ``above`` counts the lines in front of the header, ``header`` is its text, and
    ``spaced`` says that blanks stand between a delimiter and a quote. Rows at its end that sum up
    the others are rows where ``keep_total`` says so; else ``totals`` has their lines once its last
    block is read.
    """

    name: str
    format: Format
    columns: tuple[str, ...]
    delimiter: str = ","
    encoding: str = "utf-8"
    above: int = 0
    header: str = ""
    spaced: bool = False
    keep_total: bool = True
    totals: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Block:
    """Some whole rows of a source, in order.

    ``content`` is UTF-8 text of whole lines, or an Arrow table. ``line`` is where the first of
    them starts, from 1; in Parquet it counts rows. ``plain`` says that every quote opens or
    closes a cell. ``done`` is how much of the source was read by then, in bytes as stored.
    """

    source: Source
    line: int
    content: Any
    plain: bool
    done: int


@dataclass(frozen=True, slots=True)
class Record:
    """One row as it was read: the line it starts on, its text and its cells by column.

    With ``fault`` it could not be read, for that reason; ``column`` says in which cell, if in
    one. The text is that of a CSV, without the line's end. Training leaves out what is ``no_row``.
    """

    line: int
    text: str = ""
    cells: Sequence[str] = ()
    row: Mapping[str, object] | None = None
    fault: str | None = None
    column: str | None = None

    @property
    def no_row(self) -> bool:
        """Whether it is nothing but delimiters, the header once more, or sums up the rows."""
        return self.fault in (BLANK, HEADER_AGAIN, TOTAL)


BLANK = "holds nothing but delimiters"
HEADER_AGAIN = "is the header once more"
TOTAL = "sums up the rows above; `keep_total: yes` in config.yml keeps it"


def format_of(name: str) -> Format:
    """The format that a file's name says; CSV where it says none.

    Raises:
        DataError: the name says a format that is not read.
    """
    for ending in PACKED:
        name = name.removesuffix(ending)
    suffix = os.path.splitext(_stored(name))[1].lower()  # noqa: PTH122 - or a URL
    if suffix and suffix not in _SUFFIXES:
        known = ", ".join(_SUFFIXES)
        raise DataError(f"{name}: cannot tell what {suffix!r} is; a table ends in {known}")
    return _SUFFIXES.get(suffix, "csv")


def is_remote(name: str) -> bool:
    """Whether a name is a URL, for fsspec."""
    return "://" in name


def expand(names: Sequence[str]) -> list[str]:
    """The files that names and patterns stand for: in the order given, a pattern's by name.

    Raises:
        DataError: a pattern matches nothing, or a file is named twice.
    """
    found: list[str] = []
    for name in names:
        files = _matches(name)
        if not files:
            raise DataError(f"{name}: no such file")
        found += files
    if twice := [name for name, count in Counter(found).items() if count > 1]:
        raise DataError(f"{twice[0]}: named twice, and each row is scored once; name it once")
    return found


def _matches(name: str) -> list[str]:
    if is_remote(name):
        if not glob.has_magic(name):
            return [name]
        system, path = filesystem(name)
        return sorted(system.unstrip_protocol(match) for match in system.glob(path))
    if glob.has_magic(name) and not Path(name).exists():
        matches = glob.glob(name, recursive=True)  # noqa: PTH207 - a path's own needs a folder
        return sorted(match for match in matches if Path(match).is_file())
    return [name]


@contextmanager
def opened(name: str) -> Iterator[IO[bytes]]:
    """The bytes of a file, unpacked where its name says that it is packed.

    Raises:
        DataError: it cannot be read, or is damaged.
    """
    try:
        with _open(name) as stream, unpacked(name, stream) as content:
            yield content
    except FileNotFoundError:
        raise DataError(f"{name}: no such file") from None
    except (EOFError, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile) as error:
        raise DataError(f"{name}: damaged: {error}") from None
    except OSError as error:
        raise DataError(f"{name}: cannot be read: {error.strerror or error}") from None


def _open(name: str) -> Any:
    if is_remote(name):
        system, path = filesystem(name)
        return system.open(path, "rb")
    return Path(_stored(name)).open("rb")


def _stored(name: str) -> str:
    """The file in which a sheet is."""
    path, mark, _ = name.partition(f"{SHEET}#")
    return path + mark.removesuffix("#")


def position(stream: IO[bytes]) -> int:
    """How much was read of a file, as it is stored."""
    return int(getattr(stream, "fileobj", stream).tell())


def size_of(name: str) -> int:
    """The size of a file in bytes, as it is stored; 0 where there is none."""
    if is_remote(name):
        system, path = filesystem(name)
        return int(system.size(path) or 0)
    try:
        return Path(_stored(name)).stat().st_size
    except OSError:
        return 0


def filesystem(name: str) -> tuple[Any, str]:
    """What opens a path or URL, and the path by which it does.

    Raises:
        MissingExtraError: fsspec is not installed.
    """
    try:
        from fsspec.core import url_to_fs
    except ImportError:
        raise MissingExtraError(purpose="a URL", extra="cluster", module="fsspec") from None
    system, path = url_to_fs(name)
    return system, path.rstrip("/")


def parquet() -> Any:
    """The module that reads and writes Parquet.

    Raises:
        MissingExtraError: it is not installed.
    """
    try:
        import pyarrow.parquet
    except ImportError:
        raise MissingExtraError(purpose="Parquet", extra="batch", module="pyarrow") from None
    return pyarrow.parquet


def unreadable(name: str, faults: Sequence[Record]) -> DataError:
    """The error that names the first of the lines that could not be read."""
    for record in faults:
        if is_mark(record.text):
            return DataError(f"{name}, line {record.line}: {CONFLICT}")
    shown = "; ".join(f"line {record.line}: {record.fault}" for record in faults[:_SHOWN])
    more = f"; and {len(faults) - _SHOWN} lines more" if len(faults) > _SHOWN else ""
    encoded = any("is not utf-8" in (record.fault or "").lower() for record in faults)
    cure = "mend the lines, or save the file as UTF-8" if encoded else "mend the lines"
    return DataError(f"{name}, {shown}{more}; {cure}")


def refuse_marks(name: str, lines: Iterable[str]) -> None:
    """See that git marked no conflict in the first lines of a file: they are no title.

    Raises:
        DataError: it did.
    """
    for number, line in enumerate(lines, start=1):
        if is_mark(line):
            raise DataError(f"{name}, line {number}: {CONFLICT}")
