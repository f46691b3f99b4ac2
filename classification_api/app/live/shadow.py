"""A second model that answers the same rows after the first one's answers have left."""

from __future__ import annotations

import logging
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from queue import SimpleQueue
from threading import Thread
from time import perf_counter, sleep
from typing import Any

import numpy as np
from pydantic_core import from_json

from classification_model.config.home import Home
from classification_model.monitoring.answered import Answered, Known
from classification_model.monitoring.truth import decided
from classification_model.predict import Model, load_model
from classification_model.processing.arrays import Floats

from ..config import Settings
from .served import Served

__all__ = ["Compared", "Shadow", "shadow_of"]

_log = logging.getLogger(__name__)

_MOST_WAITING = 4_096
"""Rows that may wait for the second model; those beyond are dropped, and counted."""

_PIECE = 32
"""Rows that it answers without a pause: requests wait for no more."""

_PAUSE = 3.0
"""Times as long as a piece took: so it takes a quarter of a core at most."""

_LONGEST_PAUSE = 1.0


@dataclass(slots=True)
class Compared:
    """How the second model's answers differ from the first's.

    ``flips`` counts rows by the class that the first answered and the one that the second did.
    ``moved`` and ``distance`` are sums over rows, for each class, of the difference of the
    probabilities, second less first, and of its size. ``refused`` rows break a rule of the second
    model alone, in ``failed`` ones it failed, and ``dropped`` ones came while too many waited.
    """

    moved: Floats
    distance: Floats
    rows: int = 0
    agreed: int = 0
    refused: int = 0
    failed: int = 0
    dropped: int = 0
    flips: Counter[tuple[str, str]] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class _Answers:
    """Of some rows of a request, whose first one has this number; NaN where it gave none.

    ``pairs`` has what both answered, ``before`` what the first model gave as probabilities.
    """

    first: int
    scores: Floats
    before: Floats
    pairs: Sequence[tuple[str, str]] = ()
    failed: bool = False


class Shadow:
    """Answers in a thread of its own, so that however slow it is no answer waits for it.

    Args:
        model: the second model.
        served: the first one.
    """

    def __init__(self, model: Model, served: Model) -> None:
        self.model = model
        first, second = served.manifest, model.manifest
        self._first = first
        self.same_classes = {*map(str, first.classes)} == {*map(str, second.classes)}
        self._columns = [*second.row_schema.columns]
        known = {str(label): i for i, label in enumerate(second.classes)}
        # From its classes to the first's; -1 where it has none of that name.
        self._order = np.array([known.get(str(label), -1) for label in first.classes])
        self.counts = Compared(*np.zeros((2, len(first.classes))))
        self._queue: SimpleQueue[tuple[int, Floats, bytes] | None] = SimpleQueue()
        self._done: deque[_Answers] = deque()
        self._waiting = 0
        self._closed = False
        self._thread = Thread(target=self._work, name="shadow", daemon=True)
        self._thread.start()

    def offer(self, number: int, served: Served, scores: Floats) -> None:
        """Let it answer requests too, the first row of which has this number."""
        start = 0
        for size, body in zip(served.sizes, served.bodies, strict=True):
            if self._waiting + size > _MOST_WAITING:
                self.counts.dropped += size
            else:
                self._waiting += size
                self._queue.put((number + start, scores[start : start + size], body))
            start += size

    def collect(self, answered: Answered) -> None:
        """Count what it has answered by now, and keep it beside the first model's answers."""
        counts = self.counts
        while self._done:
            done = self._done.popleft()
            self._waiting -= len(done.scores)
            if done.failed:
                counts.failed += len(done.scores)
                continue
            answered.compare(done.first, done.scores)
            scored = int((~np.isnan(done.before[:, 0])).sum())
            counts.refused += scored - len(done.pairs)
            counts.rows += len(done.pairs)
            flips = [pair for pair in done.pairs if pair[0] != pair[1]]
            counts.agreed += len(done.pairs) - len(flips)
            counts.flips.update(flips)
            moved = np.nan_to_num(done.scores - done.before)
            counts.moved += moved.sum(axis=0)
            counts.distance += np.abs(moved).sum(axis=0)

    def by_own_classes(self, known: Known) -> Known:
        """Its answers as it orders the classes itself, where they are the first model's."""
        scores = known.others[:, np.argsort(self._order)]
        return Known(self._order[known.truth], scores, known.scores)

    def close(self) -> None:
        """Answer no more; what waits is left."""
        self._closed = True
        self._queue.put(None)

    def _work(self) -> None:
        while (item := self._queue.get()) is not None:
            for done in self._answers(*item):
                self._done.append(done)
                if self._closed:
                    return

    def _answers(self, number: int, scores: Floats, body: bytes) -> Iterator[_Answers]:
        try:
            inputs: Sequence[Mapping[str, Any]] = from_json(body)["inputs"]
        except Exception:  # noqa: BLE001 - as below
            inputs = [{}] * len(scores)
        for start in range(0, len(scores), _PIECE):
            begin = perf_counter()
            part, first = slice(start, start + _PIECE), number + start
            before = scores[part]
            try:
                yield self._compared(first, inputs[part], before)
            except Exception as error:  # noqa: BLE001 - whatever it is, the first model answers on
                if not self.counts.failed:
                    _log.warning("The model of SHADOW_HOME fails: %s", type(error).__name__)
                yield _Answers(first, np.full_like(before, np.nan), before, failed=True)
            sleep(min(_LONGEST_PAUSE, _PAUSE * (perf_counter() - begin)))

    def _compared(
        self, number: int, inputs: Sequence[Mapping[str, Any]], before: Floats
    ) -> _Answers:
        rows = [{name: row[name] for name in self._columns if name in row} for row in inputs]
        second = self.model.score(self.model.validator.validate(rows))
        none = [np.nan] * len(self.model.manifest.classes)
        own = np.array([share or none for share in second["probabilities"]], np.float64)
        absent = np.where(np.isnan(own[:, :1]), np.nan, 0.0)
        scores = np.hstack([own, absent])[:, self._order]  # -1 is the last one
        both = ~np.isnan(own[:, 0] + before[:, 0])
        pairs = [
            (str(self._first.classes[a]), str(self.model.manifest.classes[b]))
            for a, b in zip(
                decided(self._first, before[both]).tolist(),
                decided(self.model.manifest, own[both]).tolist(),
                strict=True,
            )
        ]
        return _Answers(number, scores, before, pairs)


def shadow_of(served: Model, settings: Settings) -> Shadow | None:
    """The second model that the settings name, verified like the first.

    Raises:
        BundleError: it is missing or damaged.
    """
    if settings.SHADOW_HOME is None:
        return None
    model = load_model(Home.find(settings.SHADOW_HOME), settings.ENGINE)
    _log.info("Shadow model %s, bundle %s", model.manifest.version, model.digest)
    for difference in _differences(served, model):
        _log.warning("The model of SHADOW_HOME is another one: %s", difference)
    return Shadow(model, served)


def _differences(first: Model, second: Model) -> list[str]:
    """In what two models differ that a comparison of their answers does not show."""
    found = []
    ours, theirs = ({*map(str, model.manifest.classes)} for model in (first, second))
    if ours != theirs:
        found.append(f"other classes: {_listed(theirs)}, and {_listed(ours)} are served")
    columns, others = (
        {name: column.kind for name, column in model.manifest.row_schema.columns.items()}
        for model in (first, second)
    )
    if more := others.keys() - columns.keys():
        found.append(f"columns that are sent only by chance: {_listed(more)}")
    if less := columns.keys() - others.keys():
        found.append(f"it does not look at {_listed(less)}")
    if changed := {name for name in columns.keys() & others if columns[name] != others[name]}:
        found.append(f"columns of another kind: {_listed(changed)}")
    return found


def _listed(names: set[str]) -> str:
    return ", ".join(sorted(map(repr, names)))
