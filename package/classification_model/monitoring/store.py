"""A database of answers and of what turned out to be true of them.

What is written is there once it is said to be: killed, restarted or cut off, nothing of it is
lost, and writing it again changes nothing. Whoever calls decides when: nothing here is quick.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from operator import attrgetter
from typing import Any, NamedTuple, Self

from classification_model.config.schema import Label as ClassLabel
from classification_model.monitoring.answers import Answer, Label, Record
from classification_model.monitoring.store_tables import (
    ANSWERS,
    EXPORTED,
    LABELS,
    MODELS,
    insert_into,
    meaning,
    opened,
    sql,
    write_records,
)

__all__ = ["Given", "Store", "Truth"]

_MANY = 500
"""Keys in one statement, below what every database takes."""


@dataclass(frozen=True, slots=True)
class Truth:
    """An answer beside what turned out to be true of it.

    ``exported_as`` is the label that it was exported with before, where that was another one.
    """

    answer: Answer
    label: str
    exported_as: str | None = None


class Given(NamedTuple):
    """An answer that is there: how many rows it has, and the probabilities of those asked about."""

    version: str
    size: int
    shares: Mapping[int, Sequence[float]]


class Store:
    """An open database of answers and labels. Threads may share it, and processes may not.

    Every method raises StoreError where the database does not do what it is asked.

    Args:
        address: ``sqlite:///file`` or ``postgresql://user@host/database``.
        new: whether a file that is not there is made.

    Raises:
        ConfigError: the address is none.
        MissingExtraError: the extra ``store`` is not installed.
        StoreError: the database cannot be opened.
    """

    def __init__(self, address: str, *, new: bool = True) -> None:
        self._engine, self.name = opened(address, new=new)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    def meet(self, version: str, classes: Sequence[ClassLabel]) -> None:
        """Keep the classes of a model, in the order of the probabilities that it answers."""
        said = insert_into(MODELS, self._engine)
        newest = said.on_conflict_do_update(
            index_elements=["version"], set_={"classes": said.excluded.classes}
        )
        with meaning(self.name), self._engine.begin() as connection:
            connection.execute(newest, {"version": version, "classes": json.dumps(classes)})

    def write(self, records: Sequence[Record], labels: Sequence[Label] = ()) -> None:
        """Write all of them or none. An answer stays as it came first, a label as it came last."""
        with meaning(self.name), self._engine.begin() as connection:
            if records:
                write_records(connection, records)
            if labels:
                said = insert_into(LABELS, self._engine)
                last = said.on_conflict_do_update(
                    index_elements=["id", "row"],
                    set_={"label": said.excluded.label, "at": said.excluded.at},
                )
                connection.execute(last, [asdict(one) for one in labels])

    def given(self, rows: Mapping[str, Collection[int]]) -> dict[str, Given]:
        """What was answered to some rows of answers; an answer that is not there is left out."""
        found, ids = {}, [*rows]
        with meaning(self.name), self._engine.connect() as connection:
            for start in range(0, len(ids), _MANY):
                some = ANSWERS.c.id.in_(ids[start : start + _MANY])
                query = sql.select(ANSWERS.c.id, ANSWERS.c.version, ANSWERS.c.probabilities)
                for identity, version, probabilities in connection.execute(query.where(some)):
                    shares = json.loads(probabilities)
                    asked = [row for row in rows[identity] if row < len(shares) and shares[row]]
                    wanted = {row: shares[row] for row in asked}
                    found[identity] = Given(version, len(shares), wanted)
        return found

    def unknown(self) -> int:
        """How many labels there are whose answer is not there."""
        answered = sql.exists().where(ANSWERS.c.id == LABELS.c.id)
        query = sql.select(sql.func.count()).select_from(LABELS).where(~answered)
        with meaning(self.name), self._engine.connect() as connection:
            return connection.scalar(query) or 0

    def forget(self, before: float) -> int:
        """Delete what is from before a time, in seconds since 1970; return how many answers."""
        with meaning(self.name), self._engine.begin() as connection:
            old = sql.select(ANSWERS.c.id).where(ANSWERS.c.at < before)
            for table in (LABELS, EXPORTED):
                too_old = (table.c.at < before) | table.c.id.in_(old)
                connection.execute(table.delete().where(too_old))
            return connection.execute(ANSWERS.delete().where(ANSWERS.c.at < before)).rowcount

    def classes(self) -> dict[str, list[ClassLabel]]:
        """The classes of each version that was met."""
        with meaning(self.name), self._engine.connect() as connection:
            return {
                one.version: json.loads(one.classes)
                for one in connection.execute(sql.select(MODELS))
            }

    def truths(self, *, new: bool = False) -> Iterator[Truth]:
        """Every answer whose truth is known, the oldest first.

        Those that were exported with another label come last. With ``new`` those are left out that
        were exported with the label that they have.
        """
        corrected = EXPORTED.c.label != LABELS.c.label
        marked = (EXPORTED.c.id == LABELS.c.id) & (EXPORTED.c.row == LABELS.c.row)
        query = (
            sql.select(ANSWERS, LABELS.c.row, LABELS.c.label, EXPORTED.c.label.label("before"))
            .join(LABELS, ANSWERS.c.id == LABELS.c.id)
            .outerjoin(EXPORTED, marked)
            .order_by(sql.case((corrected, 1), else_=0), ANSWERS.c.at, ANSWERS.c.id, LABELS.c.row)
        )
        if new:
            query = query.where(EXPORTED.c.id.is_(None) | corrected)
        with meaning(self.name), self._engine.connect() as connection:
            streamed = connection.execution_options(yield_per=1000).execute(query)
            for _, of_request in groupby(streamed, key=attrgetter("id")):
                yield from _truths([*of_request])

    def mark(self, truths: Iterable[Truth]) -> None:
        """Keep that these answers were exported, and with which labels."""
        rows = [
            {"id": one.answer.id, "row": one.answer.row, "at": one.answer.at, "label": one.label}
            for one in truths
        ]
        said = insert_into(EXPORTED, self._engine)
        last = said.on_conflict_do_update(
            index_elements=["id", "row"], set_={"label": said.excluded.label}
        )
        with meaning(self.name), self._engine.begin() as connection:
            if rows:
                connection.execute(last, rows)


def _truths(lines: Sequence[Any]) -> Iterator[Truth]:
    """The truths about one request, whose JSON is read once."""
    record = lines[0]
    shares = json.loads(record.probabilities)
    rows = None if record.inputs is None else json.loads(record.inputs)["inputs"]
    for one in lines:
        if one.row < len(shares) and shares[one.row] is not None:
            inputs = None if rows is None else rows[one.row]
            said = (record.version, tuple(shares[one.row]), inputs)
            before = one.before if one.before != one.label else None
            yield Truth(Answer(record.id, one.row, record.at, *said), one.label, before)
