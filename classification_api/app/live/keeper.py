"""Answers and labels on their way into a store: a queue, and one thread that writes in batches."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from itertools import repeat
from threading import Condition, Event, Thread
from time import time
from typing import TYPE_CHECKING, NamedTuple

from classification_model.errors import StoreError
from classification_model.monitoring.answers import Label, Record
from classification_model.predict import Model

from ..config import Settings
from .ids import ID_BYTES
from .served import Served

if TYPE_CHECKING:
    from classification_model.monitoring.store import Given, Store

__all__ = ["Keeper", "Kept", "Known", "NotKeptError", "keeper_of", "may_be"]

_log = logging.getLogger(__name__)

_MOST_UNKNOWN = 100_000
"""Labels that are kept though nobody knows their answers: whoever may send labels makes up ids."""

_ROOM = 2**24
"""Bytes of answers that may wait; of more, the oldest are dropped, and counted."""

_MOST_LABELS = 10_000
"""Labels that may wait, whose senders wait, too."""

_WRITTEN = 2**22
"""Bytes that are written together, or what has come in _GATHER_SECONDS: few large batches cost less."""

_GATHER_SECONDS = 1.0
_DAY, _TIDY_SECONDS = 86_400, 600
_PAUSE_SECONDS, _CLOSE_SECONDS = 1.0, 5.0

_BUSY = "The store takes no label now, and what was sent is not kept: try again."
_FULL = (
    f"The store holds {_MOST_UNKNOWN:,} labels whose answers it does not know, and takes no more of "
    "them: see that X-Answer-ID is what you send."
)

Known = Mapping[str, "Given"]
"""The answers that the store knows, by id, with the rows that labels are about."""
Asked = Sequence[tuple[Sequence[Label], "Future[Known]"]]


class NotKeptError(Exception):
    """Labels are not kept; the message says why."""


@dataclass(slots=True)
class Kept:
    """Rows and labels since the start; ``fault`` is why the store fails now, if it does."""

    rows: int = 0
    dropped: int = 0
    labels: int = 0
    fault: str | None = None


class _Waiting(NamedTuple):
    """Answers that wait, their rows, and the bytes that are kept of them."""

    at: float
    served: Served
    rows: int
    length: int

    def records(self, version: str) -> Iterator[Record]:
        """A microsecond apart, to be told in their order."""
        served = self.served
        texts = [text.decode() for text in served.texts]
        digits = served.ids.hex()
        ids = [digits[i : i + 2 * ID_BYTES] for i in range(0, len(digits), 2 * ID_BYTES)]
        times = [self.at + i * 1e-6 for i in range(len(ids))]
        inputs = [body.decode() for body in served.bodies] or repeat(None)
        return map(Record, ids, times, repeat(version), texts, inputs)


class Keeper:
    """Keeps answers and labels. However slow the store is, or gone, no answer waits for it.

    Args:
        address: of the store.
        model: whose answers are kept.
        inputs: whether rows are kept with their answers.
        days: after which everything is deleted.
        seconds: that a label's sender waits at most.

    Raises:
        ConfigError: the address is none.
        MissingExtraError: what the store needs is not installed.
    """

    def __init__(
        self, address: str, model: Model, *, inputs: bool, days: float, seconds: float
    ) -> None:
        self.kept = Kept()
        self._address, self._model = address, model
        self.inputs, self._days, self._seconds = inputs, days, seconds
        self._store: Store | None = None
        self._answers: deque[_Waiting] = deque()
        self._asked: list[tuple[Sequence[Label], Future[Known]]] = []
        self._waiting, self._unknown, self._tidied = 0, 0, 0.0
        self._more, self._closed = Condition(), Event()
        try:
            self._open()
        except StoreError as error:
            self._fails(error)
        self._thread = Thread(target=self._work, name="store", daemon=True)
        self._thread.start()

    def answers(self, served: Served) -> None:
        """Keep them soon. To be called by the event loop."""
        bodies = served.bodies if self.inputs else []  # a shadow wants them, too
        length = sum(map(len, served.texts)) + sum(map(len, bodies))
        kept = Served(ids=served.ids, texts=served.texts, bodies=bodies)
        with self._more:
            self._answers.append(_Waiting(time(), kept, sum(served.sizes), length))
            self._waiting += length
            while self._waiting > _ROOM:
                self.kept.dropped += self._take().rows
            self._more.notify()

    async def labels(self, batch: Sequence[Label]) -> Known:
        """Keep labels: once this returns they are written, but for rows that an answer has not.

        Raises:
            NotKeptError: they are not.
        """
        future: Future[Known] = Future()
        with self._more:
            if sum(len(labels) for labels, _ in self._asked) + len(batch) > _MOST_LABELS:
                raise NotKeptError(_BUSY)
            self._asked.append((batch, future))
            self._more.notify()
        try:
            return await asyncio.wait_for(asyncio.wrap_future(future), self._seconds)
        except TimeoutError:
            raise NotKeptError(_BUSY) from None

    def close(self) -> None:
        """Write what waits, as far as the store takes it in some seconds."""
        with self._more:
            self._closed.set()
            self._more.notify()
        self._thread.join(_CLOSE_SECONDS)
        if lost := sum(one.rows for one in [*self._answers]):
            _log.warning("The store did not take the answers about the last %d row(s)", lost)

    def _work(self) -> None:
        while self._wait():
            with self._more:
                answers = [*self._some()]
                asked = [one for one in self._asked if one[1].set_running_or_notify_cancel()]
                self._asked = []
            try:
                self._write(answers, asked)
            except Exception as error:  # noqa: BLE001 - whatever it is, the next one may be written
                self._fails(error)
                self._give_back(answers, asked)
                self._closed.wait(_PAUSE_SECONDS)
        if self._store:
            self._store.close()

    def _wait(self) -> bool:
        """Whether there is something to write; once closed, nothing that a failing store refused."""
        with self._more:
            self._more.wait_for(lambda: self._answers or self._is_urgent())
            self._more.wait_for(self._is_urgent, _GATHER_SECONDS)
            if self._closed.is_set() and self.kept.fault:
                return bool(self._asked)
            return bool(self._answers or self._asked)

    def _is_urgent(self) -> bool:
        return bool(self._asked) or self._closed.is_set() or self._waiting > _WRITTEN

    def _some(self) -> Iterator[_Waiting]:
        """The oldest answers that wait; all of them where labels are to be written after them."""
        taken = 0
        while self._answers and (taken < _WRITTEN or self._asked):
            one = self._take()
            taken += one.length
            yield one

    def _write(self, answers: list[_Waiting], asked: Asked) -> None:
        store = self._store or self._open()
        if time() - self._tidied > _TIDY_SECONDS:
            self._tidy(store)
        version = self._model.manifest.version
        store.write([record for one in answers for record in one.records(version)])
        self.kept.rows += sum(one.rows for one in answers)
        answers.clear()
        if self.kept.fault:
            _log.warning("The store is back; %d row(s) were dropped so far", self.kept.dropped)
            self.kept.fault = None
        if asked:
            self._write_labels(store, asked)

    def _write_labels(self, store: Store, asked: Asked) -> None:
        rows = defaultdict[str, list[int]](list)
        for labels, _ in asked:
            for one in labels:
                rows[one.id].append(one.row)
        known, written = store.given(rows), list[Label]()
        taken = []
        for labels, future in asked:
            unknown = sum(one.id not in known for one in labels)
            if unknown and self._unknown + unknown > _MOST_UNKNOWN:
                future.set_exception(NotKeptError(_FULL))
                continue
            self._unknown += unknown
            written += [one for one in labels if may_be(one, known)]
            taken.append(future)
        store.write([], written)
        self.kept.labels += len(written)
        for future in taken:
            future.set_result(known)

    def _open(self) -> Store:
        from classification_model.monitoring.store import Store

        store = Store(self._address)
        manifest = self._model.manifest
        store.meet(manifest.version, manifest.classes)
        self._tidy(store)
        self._store = store
        return store

    def _tidy(self, store: Store) -> None:
        store.forget(time() - self._days * _DAY)
        self._unknown, self._tidied = store.unknown(), time()

    def _take(self) -> _Waiting:
        """The oldest answers that wait."""
        one = self._answers.popleft()
        self._waiting -= one.length
        return one

    def _fails(self, error: Exception) -> None:
        if self.kept.fault is None:
            _log.warning("%s; requests are answered, and their answers wait for it", error)
        self.kept.fault = str(error) or type(error).__name__

    def _give_back(self, answers: Sequence[_Waiting], asked: Asked) -> None:
        with self._more:
            self._answers.extendleft(reversed(answers))
            self._waiting += sum(one.length for one in answers)
        for _, future in asked:
            if not future.done():
                future.set_exception(NotKeptError(_BUSY))


def may_be(label: Label, known: Known) -> bool:
    """Whether there may be such a row: all but those that a known answer has not."""
    return label.id not in known or label.row < known[label.id].size


def keeper_of(model: Model, settings: Settings) -> Keeper | None:
    """What keeps a service's answers, where it has a store.

    Raises:
        ConfigError: STORE names none.
        MissingExtraError: what it needs is not installed.
    """
    if settings.STORE is None:
        return None
    if not settings.OPERATOR_KEYS:
        _log.warning("STORE is set and OPERATOR_KEYS is not: nobody can say what became true")
    return Keeper(
        settings.STORE.get_secret_value(),
        model,
        inputs=settings.STORE_INPUTS == "yes",
        days=settings.STORE_DAYS,
        seconds=settings.REQUEST_SECONDS * 0.8,
    )
