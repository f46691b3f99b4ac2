"""One row after the other: the reference for whole columns, and what every odd row goes through."""

from __future__ import annotations

import json
from codecs import BOM_UTF8
from collections.abc import Iterable, Iterator, Sequence
from typing import cast

from classification_model.batch import csv_blocks
from classification_model.batch.answers import Rejected, ScoredRow, text_of
from classification_model.batch.sources import Block, Record, Source
from classification_model.config.schema import Label
from classification_model.errors import RowError
from classification_model.predict import Model

__all__ = ["known", "records", "score"]

_SHOWN = 200


def records(block: Block) -> Iterator[Record]:
    """The rows of a block, in order."""
    source = block.source
    if source.format == "csv":
        yield from csv_blocks.records(source, block.content, block.line)
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


def score(model: Model, source: Source, found: Iterable[Record]) -> Iterator[ScoredRow | Rejected]:
    """Validate and score records; each is answered or rejected, in order."""
    schema = model.manifest.row_schema
    wanted = frozenset((*schema.columns, *schema.ignored))
    every = [*found]
    readable = [record for record in every if record.fault is None and record.row is not None]
    checked = model.validator.validate(
        [{name: cell for name, cell in (r.row or {}).items() if name in wanted} for r in readable]
    )
    faults: dict[int, list[RowError]] = {}
    for error in checked.errors:
        faults.setdefault(error.row, []).append(error)
    good = [row for row in checked.rows if row is not None]
    result = model.answer(good)
    answers = iter(zip(good, result["predictions"], result["probabilities"], strict=True))
    position = -1
    for record in every:
        if record.fault is not None or record.row is None:
            yield _unreadable(source, record)
            continue
        position += 1
        if position in faults:
            yield _refused(source, record, faults[position])
            continue
        typed, label, shares = next(answers)
        yield ScoredRow(record, typed, cast("Label", label), cast("list[float]", shares))


def _unreadable(source: Source, record: Record) -> Rejected:
    value: object = record.text
    if record.column is not None:
        cells = record.row or dict(zip(source.columns, record.cells, strict=False))
        value = cells.get(record.column)
    return Rejected(source.name, record.line, record.column, _shown(value), record.fault or "")


def _refused(source: Source, record: Record, faults: Sequence[RowError]) -> Rejected:
    """The first fault, and the names of the others' columns."""
    first, *others = faults
    reason = first.message
    if others:
        reason += "; and " + "; ".join(f"{e.column!r} {e.message}" for e in others)
    return Rejected(source.name, record.line, first.column, _shown(first.value), reason)


def _shown(value: object) -> str:
    """A value as it can be written and read: text, cut to length."""
    text = text_of(value)[:_SHOWN]
    text = text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return text.replace("\0", "\\x00")
