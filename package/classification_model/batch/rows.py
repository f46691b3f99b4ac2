"""Score rows one by one: the reference for whole columns, and the road of every odd row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, cast

from classification_model.batch.answers import Rejected, ScoredRow
from classification_model.errors import RowError
from classification_model.predict import Model
from classification_model.processing.reading.csv_cells import text_of
from classification_model.processing.reading.sources import Record, Source
from classification_model.processing.validation import Validated

__all__ = ["score"]

_SHOWN = 200


def score(
    model: Model, source: Source, found: Iterable[Record], explain: int = 0
) -> Iterator[ScoredRow | Rejected]:
    """Validate and score records; each is answered or rejected, in order.

    With ``explain`` the answer names so many columns that moved the probability most.
    """
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
    told: list[Any] = [None] * len(good)
    if explain:
        told = model.explain(Validated([*good], []), result, explain)
    answers = iter(zip(good, result["predictions"], result["probabilities"], told, strict=True))
    position = -1
    for record in every:
        if record.fault is not None or record.row is None:
            yield _unreadable(source, record)
            continue
        position += 1
        if position in faults:
            yield _refused(source, record, faults[position])
            continue
        typed, label, shares, why = next(answers)
        yield ScoredRow(record, typed, label, cast("list[float]", shares), why)


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
