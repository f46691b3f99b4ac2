"""What is noted of each answer, and counted and kept in batches after the answers have left."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from time import thread_time, time

import numpy as np

from classification_model.monitoring.answered import Answered
from classification_model.monitoring.counting import Counting, bins_of
from classification_model.monitoring.reference import CONFIDENCE, PREDICTION
from classification_model.monitoring.truth import decided
from classification_model.predict import Model, PredictionResult
from classification_model.processing.arrays import Floats

from ..config import Settings
from ..observability import Metrics
from .ids import HEADER, QUOTED, new_ids
from .keeper import Keeper
from .served import Raw, Served, TypedRows, by_column, columns_of, scores_of
from .shadow import Shadow

__all__ = ["Live"]

_BATCH = 512
"""Rows that are counted together; fewer wait for others for _SECONDS."""

_SECONDS = 0.1

SHARE = 0.01
"""Of a core's time, which counting may take in the long run: rows beyond are left out, and said."""

_BURST = 0.1
"""Seconds of counting that may come at once."""


class Live:
    """What one process knows of its answers.

    Without operators nobody could read it, so nothing is counted or kept then: answers get ids.

    Args:
        model: that is served.
        metrics: which are told of each answer, too.
        settings: of the service.
        shadow: the second model, where there is one.
    """

    def __init__(
        self, model: Model, metrics: Metrics, settings: Settings, shadow: Shadow | None = None
    ) -> None:
        self.model, self.metrics, self.shadow = model, metrics, shadow
        self.keeper: Keeper | None = None
        classes = model.manifest.classes
        self.answered = Answered(len(classes), second=shadow is not None)
        watched = bool(settings.OPERATOR_KEYS)
        counts = watched and settings.COUNTING == "on"
        self.counting = Counting(bins_of(model) if counts else (), classes)
        self.began, self.left_out = time(), 0
        self.labels = dict.fromkeys(("accepted", "repeated", "unknown"), 0)
        self._watched = watched or shadow is not None
        self._names = [
            one.name for one in self.counting.bins if one.name not in (PREDICTION, CONFIDENCE)
        ]
        self._ids = new_ids().__next__
        self._pending: list[Served] = []
        self._rows = 0
        self._budget, self._refilled = _BURST, self.began
        self._timer: asyncio.Handle | None = None
        self._soon = False
        self._loop = asyncio.get_running_loop()

    def scored(self, result: PredictionResult, rows: TypedRows, raw: Raw) -> None:
        """Take note of an answer that is about to be sent, which gets its id."""
        self.metrics.scored(result)
        identity = self._ids()
        if (said := QUOTED.get(None)) is not None:
            said.append((HEADER, identity))
        if not (self._watched or self.keeper):
            return
        shares = result["probabilities"]
        self._pending.append(Served(identity, shares, rows, raw))
        self._rows += len(shares)
        if self._timer is None:
            self._timer = self._loop.call_later(_SECONDS, self.flush)
        elif self._rows >= _BATCH and not self._soon:
            self._soon = True
            self._loop.call_soon(self.flush)

    def flush(self) -> None:
        """Count and keep what has been answered by now. To be called by the event loop."""
        if self._timer:
            self._timer.cancel()
        self._timer, self._soon = None, False
        if self.shadow:
            self.shadow.collect(self.answered)
        served, self._pending, self._rows = self._pending, [], 0
        if not served:
            return
        served.sort(key=by_column)  # as columns_of has them
        scores = scores_of(served, len(self.model.manifest.classes))
        first = self.answered.rows
        ids = bytes.fromhex(b"".join([one.identity for one in served]).decode())
        self.answered.add(ids, [one.size for one in served], scores)
        if self.counting.bins:
            self._count(served, scores)
        if self.shadow:
            self.shadow.offer(first, served)
        if keeper := self.keeper:
            keeper.answers(served)

    def second(self) -> dict[str, str]:
        """What /health says of the second model, where there is one."""
        if self.shadow is None:
            return {}
        second = self.shadow.model
        return {"shadow_version": second.manifest.version, "shadow_digest": second.digest}

    def learn(self, labels: Sequence[tuple[str, int, int]]) -> dict[str, int]:
        """Note what turned out to be true: the id of an answer, a row of it, the class's position.

        Returns:
            How many labels were accepted, repeated what was known, or were of unknown answers.
        """
        self.flush()
        found = dict.fromkeys(self.labels, 0)
        for identity, row, truth in labels:
            number = self._number(identity, row)
            if number is None:
                found["unknown"] += 1
            else:
                found["accepted" if self.answered.learn(number, truth) else "repeated"] += 1
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

    def _number(self, identity: str, row: int) -> int | None:
        try:
            digest = bytes.fromhex(identity)
        except ValueError:
            return None
        return self.answered.find(digest, row) if len(digest) == len(identity) / 2 == 16 else None

    def _count(self, served: Sequence[Served], scores: Floats) -> None:
        """Count rows while there is time for it: what is left out does not depend on its values."""
        now = time()
        self._budget = min(_BURST, self._budget + SHARE * max(0.0, now - self._refilled))
        self._refilled = now
        if self._budget <= 0:
            self.left_out += len(scores)
            return
        begin = thread_time()
        good = scores[~np.isnan(scores[:, 0])]
        self.counting.add(
            columns_of(served, self._names),
            good,
            decided(self.model.manifest, good),
            datetime.fromtimestamp(now, UTC).date(),
        )
        self._budget -= thread_time() - begin
