"""Any source as blocks: CSV, JSON Lines and Parquet, all of them a few megabytes at a time."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from classification_model.errors import DataError
from classification_model.processing.reading import csv_blocks
from classification_model.processing.reading.sources import (
    Block,
    Source,
    format_of,
    opened,
    parquet,
    position,
    size_of,
)

__all__ = ["blocks", "head"]

_PARQUET_ROWS = 32768


def head(
    name: str,
    known_columns: Sequence[str],
    encoding: str | None = None,
    hint: str | None = None,
) -> Source:
    """Read how a file is written, and its columns.

    Args:
        name: a path, or a URL for fsspec.
        known_columns: those of the model.
        encoding: of a CSV; else its beginning says it.
        hint: what it may be where it is not UTF-8.

    Raises:
        DataError: the file cannot be read, or is not what its name says.
    """
    kind = format_of(name)
    if kind == "csv":
        return csv_blocks.head(name, known_columns, encoding, hint)
    if kind == "jsonl":
        return _json_head(name, known_columns)
    with opened(name) as stream:
        return Source(name, "parquet", tuple(_parquet_file(name, stream).schema_arrow.names))


def blocks(source: Source) -> Iterator[Block]:
    """The rows of a source, in order, in blocks.

    Raises:
        DataError: the file cannot be read to its end.
    """
    if source.format == "csv":
        return csv_blocks.blocks(source)
    return _json_blocks(source) if source.format == "jsonl" else _parquet_blocks(source)


def _json_head(name: str, known_columns: Sequence[str]) -> Source:
    with opened(name) as stream:
        line = next((line for line in stream if line.strip()), None)
    if line is None:
        raise DataError(f"{name}: empty; each line must be a JSON object")
    try:
        row = json.loads(line)
    except ValueError:
        row = None
    if not isinstance(row, dict):
        raise DataError(
            f"{name}, line 1: is no JSON object, and its keys would name the columns; each line "
            'must be one, such as {"column": 1}'
        )
    return Source(name, "jsonl", tuple(dict.fromkeys((*row, *known_columns))))


def _json_blocks(source: Source) -> Iterator[Block]:
    line = 1
    with opened(source.name) as stream:
        while lines := stream.readlines(csv_blocks.BLOCK // 4):
            yield Block(source, line, b"".join(lines), plain=False, done=position(stream))
            line += len(lines)


def _parquet_file(name: str, stream: object) -> Any:
    arrow = parquet()
    try:
        return arrow.ParquetFile(stream)
    except (OSError, ValueError) as error:  # Arrow's own are these, too
        raise DataError(f"{name}: is no Parquet file that can be read: {error}") from None


def _parquet_blocks(source: Source) -> Iterator[Block]:
    import pyarrow as pa

    row, size = 1, size_of(source.name)
    with opened(source.name) as stream:
        file = _parquet_file(source.name, stream)
        try:
            for batch in file.iter_batches(_PARQUET_ROWS, use_threads=False):
                done = size * (row + batch.num_rows) // file.metadata.num_rows
                table = pa.Table.from_batches([batch])
                yield Block(source, row, table, plain=False, done=done)
                row += batch.num_rows
            if row == 1:  # the columns, at least
                table = file.schema_arrow.empty_table()
                yield Block(source, row, table, plain=False, done=0)
        except (OSError, pa.ArrowException) as error:
            raise DataError(f"{source.name}, after row {row - 1}: damaged: {error}") from None
