"""Files that are written whole or not at all: scored rows, and beside them the rejected."""

from __future__ import annotations

import contextlib
import gzip
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any, Protocol, cast

from classification_model.batch.answers import Rejected
from classification_model.batch.layouts import Target
from classification_model.errors import DataError
from classification_model.processing.reading.csv_cells import csv_line
from classification_model.processing.reading.sources import parquet

__all__ = [
    "CsvSink",
    "ParquetSink",
    "RejectedSink",
    "Sink",
    "lines_of_rejected",
    "rejected_beside",
    "target_of",
    "whole",
]

_REJECTED = ("file", "line", "column", "value", "reason")


class Sink(Protocol):
    """Takes the contents of answers, in order."""

    def write(self, content: Any) -> None:
        """Add some rows."""

    def close(self) -> None:
        """Write what must stand at the end."""


class CsvSink:
    """A CSV from lines that are each led by a newline."""

    def __init__(self, stream: IO[bytes], header: Sequence[str]) -> None:
        self._stream = stream
        stream.write(csv_line(header).encode())

    def write(self, content: bytes) -> None:
        self._stream.write(content)

    def close(self) -> None:
        self._stream.write(b"\n")


class ParquetSink:
    """A Parquet file from Arrow tables of one schema.

    ``facts`` are kept with the schema, for whoever reads the file's footer alone.
    """

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._writer: Any = None
        self._arrow = parquet()
        self.facts: dict[str, str] = {}

    def write(self, content: Any) -> None:
        if self._writer is None:
            self._writer = self._arrow.ParquetWriter(self._stream, content.schema)
        self._writer.write_table(content)

    def close(self) -> None:
        if self.facts:
            self._writer.add_key_value_metadata(self.facts)
        self._writer.close()


class RejectedSink:
    """A CSV of rejected rows, which begins with the first of them."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._stack = contextlib.ExitStack()
        self._stream: IO[bytes] | None = None
        self.count = 0

    def __enter__(self) -> RejectedSink:
        return self

    def __exit__(self, *error: Any) -> None:
        self._stack.__exit__(*error)
        if error[0] is None and not self.count:
            self.file.unlink(missing_ok=True)  # of an earlier run, which this one replaces

    def write(self, rejected: Sequence[Rejected]) -> None:
        if not rejected:
            return
        header = self._stream is None
        if self._stream is None:
            self._stream = self._stack.enter_context(whole(self.file))
        self._stream.write(lines_of_rejected(rejected, header=header))
        self.count += len(rejected)


def lines_of_rejected(rejected: Iterable[Rejected], *, header: bool) -> bytes:
    """Rejected rows as lines of CSV, under a header if it is the file's beginning."""
    rows: list[Sequence[object]] = [_REJECTED] if header else []
    rows += [(row.file, row.line, row.column, row.value, row.reason) for row in rejected]
    return "".join(csv_line(cells) + "\n" for cells in rows).encode()


def target_of(output: Path) -> Target:
    """What an output's name asks for.

    Raises:
        DataError: nothing that can be written.
        MissingExtraError: Parquet, and pyarrow is not installed.
    """
    if output.name.lower().endswith((".csv", ".csv.gz")):
        return "csv"
    if output.name.lower().endswith((".parquet", ".pq")):
        parquet()
        return "parquet"
    raise DataError(f"{output}: can write .csv, .csv.gz and .parquet; give it such a name")


def rejected_beside(output: Path) -> Path:
    """Where the rows go that are not in an output: ``scored.csv`` has ``scored.rejected.csv``."""
    name = output.name.removesuffix(".gz")
    return output.with_name(f"{Path(name).stem}.rejected.csv")


@contextlib.contextmanager
def whole(file: Path) -> Iterator[IO[bytes]]:
    """A file to write, which is in its place only once all was written; packed where it ends in .gz.

    Raises:
        DataError: it cannot be written.
    """
    temporary = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        with temporary.open("wb") as stream:
            if file.name.endswith(".gz"):
                with gzip.GzipFile("", "wb", fileobj=stream, compresslevel=6, mtime=0) as packed:
                    yield cast("IO[bytes]", packed)
            else:
                yield stream
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(file)
    except OSError as error:
        raise DataError(f"{file}: cannot be written: {error.strerror or error}") from None
    finally:
        temporary.unlink(missing_ok=True)
