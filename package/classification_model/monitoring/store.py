"""A database of answers and of what turned out to be true of them.

What is written is there once it is said to be: killed, restarted or cut off, nothing of it is
lost, and writing it again changes nothing. Whoever calls decides when: nothing here is quick.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

from pydantic_core import PydanticSerializationError, to_json

from classification_model.config.schema import Label as ClassLabel
from classification_model.monitoring.answers import Answer, Label
from classification_model.monitoring.store_tables import (
    ANSWERS,
    EXPORTED,
    LABELS,
    MODELS,
    insert_into,
    meaning,
    opened,
    sql,
    write_answers,
)

__all__ = ["Store", "Truth"]

_MANY = 500
"""Keys in one statement, below what every database takes."""


@dataclass(frozen=True, slots=True)
class Truth:
    """An answer beside what turned out to be true of it."""

    answer: Answer
    label: str


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

    def write(self, answers: Sequence[Answer], labels: Sequence[Label] = ()) -> None:
        """Write all of them or none. An answer stays as it came first, a label as it came last."""
        with meaning(self.name), self._engine.begin() as connection:
            if answers:
                connection.execute(write_answers(self._engine), {"rows": _together(answers)})
            if labels:
                said = insert_into(LABELS, self._engine)
                last = said.on_conflict_do_update(
                    index_elements=["id", "row"],
                    set_={"label": said.excluded.label, "at": said.excluded.at},
                )
                connection.execute(last, [asdict(one) for one in labels])

    def answers_to(self, keys: Sequence[tuple[str, int]]) -> dict[tuple[str, int], Answer]:
        """The answers of these ids and rows that are there."""
        found = {}
        with meaning(self.name), self._engine.connect() as connection:
            for start in range(0, len(keys), _MANY):
                some = sql.tuple_(ANSWERS.c.id, ANSWERS.c.row).in_(keys[start : start + _MANY])
                for one in connection.execute(sql.select(ANSWERS).where(some)):
                    found[one.id, one.row] = _answer_of_row(one)
        return found

    def unknown(self) -> int:
        """How many labels there are whose answer is not there."""
        answered = sql.exists().where(_same_row(ANSWERS, LABELS))
        query = sql.select(sql.func.count()).select_from(LABELS).where(~answered)
        with meaning(self.name), self._engine.connect() as connection:
            return connection.scalar(query) or 0

    def forget(self, before: float) -> int:
        """Delete what is from before a time, in seconds since 1970; return how many answers."""
        with meaning(self.name), self._engine.begin() as connection:
            old = sql.select(ANSWERS.c.id, ANSWERS.c.row).where(ANSWERS.c.at < before)
            for table in (LABELS, EXPORTED):
                key = sql.tuple_(table.c.id, table.c.row)
                connection.execute(table.delete().where((table.c.at < before) | key.in_(old)))
            return connection.execute(ANSWERS.delete().where(ANSWERS.c.at < before)).rowcount

    def classes(self) -> dict[str, list[ClassLabel]]:
        """The classes of each version that was met."""
        with meaning(self.name), self._engine.connect() as connection:
            return {
                one.version: json.loads(one.classes)
                for one in connection.execute(sql.select(MODELS))
            }

    def truths(self, *, new: bool = False) -> Iterator[Truth]:
        """Every answer whose truth is known, the oldest first; ``new``: that was not exported."""
        query = (
            sql.select(ANSWERS, LABELS.c.label)
            .join(LABELS, _same_row(ANSWERS, LABELS))
            .order_by(ANSWERS.c.at, ANSWERS.c.id, ANSWERS.c.row)
        )
        if new:
            query = query.where(~sql.exists().where(_same_row(ANSWERS, EXPORTED)))
        with meaning(self.name), self._engine.connect() as connection:
            streamed = connection.execution_options(yield_per=1000)
            for one in streamed.execute(query):
                yield Truth(_answer_of_row(one), one.label)

    def mark(self, answers: Iterable[Answer]) -> None:
        """Keep that these answers were exported."""
        rows = [{"id": one.id, "row": one.row, "at": one.at} for one in answers]
        with meaning(self.name), self._engine.begin() as connection:
            if rows:
                first = insert_into(EXPORTED, self._engine).on_conflict_do_nothing()
                connection.execute(first, rows)


def _same_row(one: Any, other: Any) -> Any:
    return (one.c.id == other.c.id) & (one.c.row == other.c.row)


def _together(answers: Sequence[Answer]) -> str:
    """Answers as one JSON array, of an array with the columns' values each."""
    rows = [
        (one.id, one.row, one.at, one.version, _text(one.probabilities), _text(one.inputs))
        for one in answers
    ]
    return to_json(rows).decode()


def _text(value: object) -> str | None:
    """JSON as text: what it may hold is nothing for a database to understand, or to refuse."""
    if value is None:
        return None
    try:
        return to_json(value).decode()
    except PydanticSerializationError:  # half a character, which JSON can escape
        return json.dumps(value, default=str)


def _answer_of_row(one: Any) -> Answer:
    return Answer(
        id=one.id,
        row=one.row,
        at=one.at,
        version=one.version,
        probabilities=tuple(json.loads(one.probabilities)),
        inputs=None if one.inputs is None else json.loads(one.inputs),
    )
