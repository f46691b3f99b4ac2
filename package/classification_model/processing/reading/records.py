"""Read the rows of a block one by one: the reference for whole columns."""

from __future__ import annotations

import json
from codecs import BOM_UTF8
from collections.abc import Iterator

from classification_model.processing.reading import csv_records
from classification_model.processing.reading.sources import Block, Record, Source

__all__ = ["known", "records"]


def records(block: Block) -> Iterator[Record]:
    """The rows of a block, in order."""
    source = block.source
    if source.format == "csv":
        yield from csv_records.records(source, block.content, block.line)
    elif source.format == "jsonl":
        for number, line in enumerate(block.content.split(b"\n"), start=block.line):
            if line.strip():
                yield _json_record(source, number, line)
    else:
        columns = [known(column.to_pylist()) for column in block.content.columns]
        for number, cells in enumerate(zip(*columns, strict=True), start=block.line):
            yield Record(number, row=dict(zip(source.columns, cells, strict=True)))


def _json_record(source: Source, number: int, line: bytes) -> Record:
    """One line of JSON Lines as a row."""
    line = line.removeprefix(BOM_UTF8)
    shown = line.decode("utf-8", "backslashreplace")
    try:
        text = line.decode()
        row = json.loads(text, parse_constant=_no_number, object_pairs_hook=_once)
        text.encode()
    except UnicodeDecodeError:
        return Record(number, shown, fault="is not UTF-8")
    except RecursionError:
        return Record(number, shown, fault="is nested too deep")
    except ValueError as error:
        return Record(number, shown, fault=f"is no JSON: {error}")
    if not isinstance(row, dict):
        return Record(number, shown, fault="is no JSON object, such as {" + '"column": 1}')
    if more := [name for name in row if name not in source.columns]:
        return Record(
            number, fault="is not on the first line, which names the columns", column=more[0],
            row={more[0]: row[more[0]]},
        )  # fmt: skip
    return Record(number, shown, row=row)


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is no number in JSON")


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    row = dict(pairs)
    if len(row) < len(pairs):
        raise ValueError("a name comes twice in one object")
    return row


def known(column: list[object]) -> list[object]:
    """A column of a table, where NaN means missing, as it does in a DataFrame."""
    return [None if isinstance(v, float) and v != v else v for v in column]  # noqa: PLR0124 - NaN
