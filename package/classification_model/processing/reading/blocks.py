"""Any source as blocks: CSV, JSON Lines and Parquet, all of them a few megabytes at a time."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from classification_model.errors import DataError
from classification_model.processing.reading import csv_blocks, csv_records
from classification_model.processing.reading.sources import (
    Block,
    Source,
    format_of,
    opened,
    parquet,
    position,
    size_of,
)
from classification_model.processing.reading.totals import MOST_TOTALS, may_be_total, totals_at_end

__all__ = ["blocks", "head"]

_PARQUET_ROWS = 32768
_LAST_LINES = 30  # blank ones may follow a total


def head(
    name: str,
    known_columns: Sequence[str],
    encoding: str | None = None,
    hint: str | None = None,
    *,
    keep_total: bool = True,
) -> Source:
    """Read how a file is written, and its columns.

    Args:
        name: a path, or a URL for fsspec.
        known_columns: those of the model.
        encoding: of a CSV; else its beginning says it.
        hint: what it may be where it is not UTF-8.
        keep_total: whether rows at the end of a CSV that sum up the others are rows.

    Raises:
        DataError: the file cannot be read, or is not what its name says.
    """
    kind = format_of(name)
    if kind == "csv":
        source = csv_blocks.head(name, known_columns, encoding, hint)
        return replace(source, keep_total=keep_total)
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
        found = csv_blocks.blocks(source)
        return found if source.keep_total else _with_totals(found)
    return _json_blocks(source) if source.format == "jsonl" else _parquet_blocks(source)


def _with_totals(found: Iterator[Block]) -> Iterator[Block]:
    """The blocks; the source of the last one knows which of its lines sum up the others."""
    before: Block | None = None
    for block in found:
        if before is not None:
            yield before
        before = block
    if before is not None:
        yield replace(before, source=replace(before.source, totals=_totals(before)))


def _totals(last: Block) -> tuple[int, ...]:
    """The lines of the rows that sum up the others, where the last rows look like it."""
    lines = csv_records.lines_of(last.content)[-_LAST_LINES:]
    end = "".join(lines).encode("utf-8", "surrogateescape")
    rows = [record for record in csv_records.records(last.source, end, 1) if record.row]
    if not any(may_be_total(row.cells) for row in rows[-MOST_TOTALS:]):
        return ()
    # Whether it is one is known from all rows, so they are read again.
    every = [
        record
        for block in csv_blocks.blocks(last.source)
        for record in csv_records.records(block.source, block.content, block.line)
        if record.row
    ]
    count = totals_at_end([record.cells for record in every])
    return tuple(record.line for record in every[len(every) - count :])


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
