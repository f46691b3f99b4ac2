"""Limit how many requests are at work at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable

from starlette.types import ASGIApp, Receive, Scope, Send

from ..errors import RefusedError
from ..limits import is_health
from ..observability import Observer

__all__ = ["Admission"]


class Admission:
    """Refuses the requests beyond so many that wait for the processor at the same time.

    All that have come while the event loop was busy start in its next turn, one after another.
    So whoever starts as the last of too many in one turn has waited too long already. Requests
    that wait for their client do not count: they cost no time.
    """

    def __init__(self, app: ASGIApp, *, most: int, observer: Observer) -> None:
        self._app = app
        self._most = most
        self._observer = observer
        self._started = 0

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if not self._started:
            asyncio.get_running_loop().call_soon(self._next_turn)
        self._started += 1
        admitted = self._started <= self._most or scope["type"] != "http" or is_health(scope)
        answer = self._app if admitted else self._refuse
        return answer(scope, receive, send)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        refused = RefusedError(
            503, "More requests at once than this service takes: try again.", retry_after=1
        )
        # Counted, and not logged: that would take longer than to refuse.
        with self._observer.request(scope, send, logged=False) as observed:
            await refused.send(scope, observed)

    def _next_turn(self) -> None:
        self._started = 0
