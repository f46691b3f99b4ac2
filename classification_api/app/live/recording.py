"""What is noted of each answer, and counted and kept in batches after the answers have left."""

from __future__ import annotations

import asyncio
import sys
from collections import deque
from collections.abc import Sequence
from datetime import UTC, datetime
from time import thread_time, time
from typing import TYPE_CHECKING

import numpy as np
from pydantic_core import to_json

from classification_model.monitoring.answered import Answered
from classification_model.monitoring.counting import Counting, bins_of
from classification_model.monitoring.reference import CONFIDENCE, PREDICTION
from classification_model.monitoring.truth import decided
from classification_model.predict import Model, PredictionResult
from classification_model.processing.arrays import Floats

from ..config import Settings
from ..observability import Metrics
from .ids import HEADER, ID_BYTES, QUOTED, new_ids
from .keeper import Keeper, Known
from .served import Raw, Served, TypedRows, body_of, columns_of, scores_of
from .shadow import Shadow

if TYPE_CHECKING:
    from classification_model.monitoring.store import Given

__all__ = ["Live"]

_SECONDS = 0.25
"""How long an answer waits at most until it is counted and kept."""

_MOST_NUMBERS = 2**14
"""Probabilities that may wait."""

_ROOM = 2**22
"""Bytes of bodies and of texts that may wait beside them."""

_MOST_COUNTED = 512
"""Rows that are counted together: a request that comes meanwhile waits for no more."""

SHARE = 0.002
"""Of a core's time, which counting may take in the long run: rows beyond are left out, and said."""

_BURST = 0.03
"""Seconds of counting that may come at once."""


class Live:
    """What one process knows of its answers.

    Without operators nobody could read it, so nothing is counted or kept then: answers get ids.

    Args:
        model: that is served.
        metrics: which are told of each answer, too.
        settings: of the service.
        shadow: the second model, where there is one.
        keeper: what keeps answers in a store, where there is one.
    """

    def __init__(
        self,
        model: Model,
        metrics: Metrics,
        settings: Settings,
        shadow: Shadow | None = None,
        keeper: Keeper | None = None,
    ) -> None:
        self.model, self.metrics, self.shadow, self.keeper = model, metrics, shadow, keeper
        classes = model.manifest.classes
        self.answered = Answered(len(classes), second=shadow is not None)
        watched = bool(settings.OPERATOR_KEYS)
        counts = watched and settings.COUNTING == "on"
        self.counting = Counting(bins_of(model) if counts else (), classes)
        self.began, self.left_out = time(), 0
        self.labels = dict.fromkeys(("accepted", "repeated", "unknown"), 0)
        self._noted = watched or shadow is not None or keeper is not None
        self._wants_bodies = shadow is not None or (keeper is not None and keeper.inputs)
        self._names = [
            one.name for one in self.counting.bins if one.name not in (PREDICTION, CONFIDENCE)
        ]
        self._bits = deque[bytes](maxlen=None if self._noted else 1)
        self._ids = new_ids(self._bits).__next__
        self._refused = [np.nan] * len(classes)
        self._served = Served()
        self._budget, self._refilled = _BURST, self.began
        self._counted = self._wants_more = False
        self._most = self._room = 0
        self._timer: asyncio.Handle | None = None
        self._loop = asyncio.get_running_loop()

    def scored(self, result: PredictionResult, rows: TypedRows, raw: Raw) -> None:
        """Take note of an answer that is about to be sent, which gets its id."""
        self.metrics.scored(result)
        identity = self._ids()
        if (said := QUOTED.get(None)) is not None:
            said.append((HEADER, identity))
        if not self._noted:
            return
        if self._timer is None:
            self._begin()
        served, shares = self._served, result["probabilities"]
        served.sizes.append(len(shares))
        numbers = served.shares
        for share in shares:
            numbers.fromlist(share or self._refused)
        if self._wants_more:
            self._keep(served, rows, raw, shares)
        if len(numbers) >= self._most or self._room <= 0:
            self._soon()

    def flush(self) -> None:
        """Count and keep what has been answered by now. To be called by the event loop."""
        if self._timer:
            self._timer.cancel()
        self._timer = None
        if self.shadow:
            self.shadow.collect(self.answered)
        served, self._served = self._served, Served()
        if not served.sizes:
            return
        served.ids = self._bits_of(len(served.sizes))
        scores = served.scores(len(self.model.manifest.classes))
        first = self.answered.rows
        self.answered.add(served.ids, served.sizes, scores)
        if self._counted:
            self._count(served, scores)
        elif self.counting.bins:
            self.left_out += len(scores)
        if self.shadow:
            self.shadow.offer(first, served, scores)
        if self.keeper:
            self.keeper.answers(served)

    def second(self) -> dict[str, str]:
        """What /health says of the second model, where there is one."""
        if self.shadow is None:
            return {}
        second = self.shadow.model
        return {"shadow_version": second.manifest.version, "shadow_digest": second.digest}

    def learn(self, labels: Sequence[tuple[str, int, int]], stored: Known) -> dict[str, int]:
        """Note what turned out to be true: the id of an answer, a row of it, the class's position.

        Answers that this process does not know are taken from ``stored``: a label may come after a
        restart, and to another replica.

        Returns:
            How many labels were accepted, repeated what was known, or were of unknown answers.
        """
        self.flush()
        found = dict.fromkeys(self.labels, 0)
        for identity, row, truth in labels:
            is_new = self._learn(identity, row, truth, stored.get(identity.lower()))
            outcome = "unknown" if is_new is None else "accepted" if is_new else "repeated"
            found[outcome] += 1
        for outcome, count in found.items():
            self.labels[outcome] += count
        return found

    def close(self) -> None:
        """Count and keep what is left, and let the second model go."""
        self.flush()
        if self.shadow:
            self.shadow.close()
        if self.keeper:
            self.keeper.close()

    def _learn(self, identity: str, row: int, truth: int, stored: Given | None) -> bool | None:
        """Whether a label says something new; nothing where its answer is not known."""
        number = self._number(identity, row)
        if number is not None:
            return self.answered.learn(number, truth)
        if stored is None or stored.version != self.model.manifest.version:
            return None
        shares = stored.shares.get(row)
        return (
            None if shares is None else self.answered.recall((identity.lower(), row), truth, shares)
        )

    def _number(self, identity: str, row: int) -> int | None:
        try:
            digest = bytes.fromhex(identity)
        except ValueError:
            return None
        return self.answered.find(digest, row) if len(digest) == len(identity) / 2 == 16 else None

    def _bits_of(self, answers: int) -> bytes:
        """Those of the ids of so many answers, the oldest that were not asked for."""
        bits, end = b"".join(self._bits), ID_BYTES * answers
        self._bits.clear()
        self._bits.append(bits[end:])
        return bits[:end]

    def _keep(self, served: Served, rows: TypedRows, raw: Raw, shares: Sequence[object]) -> None:
        """Take note of what not everybody wants of an answer."""
        if self._counted:
            served.rows.append(rows)
        if self._wants_bodies:
            served.bodies.append(body_of(raw))
            self._room -= len(served.bodies[-1])
        if self.keeper:
            served.texts.append(to_json(shares))
            self._room -= len(served.texts[-1])

    def _begin(self) -> None:
        """Wait for answers, and count their rows while there is time for it.

        That is decided before they come, so what is left out does not depend on its values.
        """
        self._timer = self._loop.call_later(_SECONDS, self.flush)
        now = time()
        self._budget = min(_BURST, self._budget + SHARE * max(0.0, now - self._refilled))
        self._refilled = now
        self._counted = bool(self.counting.bins) and self._budget > 0
        self._wants_more = self._counted or self._wants_bodies or self.keeper is not None
        most = _MOST_COUNTED * len(self._refused) if self._counted else _MOST_NUMBERS
        self._most, self._room = min(most, _MOST_NUMBERS), _ROOM

    def _soon(self) -> None:
        """Count and keep what there is once the next turn of the loop begins."""
        if self._timer:
            self._timer.cancel()
        self._timer, self._room = self._loop.call_soon(self.flush), _ROOM
        self._most = sys.maxsize

    def _count(self, served: Served, scores: Floats) -> None:
        begin = thread_time()
        good = scores_of(served, scores)
        self.counting.add(
            columns_of(served.rows, self._names),
            good,
            decided(self.model.manifest, good),
            datetime.now(UTC).date(),
        )
        self._budget -= thread_time() - begin
