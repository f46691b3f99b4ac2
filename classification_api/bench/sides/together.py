"""Two services in one process, which take the requests in turns, and what each turn took.

Two processes differ by several percent for their whole life, be they of the same code, and a
machine is faster in one second than in the next: here neither comes between the two.
"""

from __future__ import annotations

import asyncio
import json
import os
from contextlib import AsyncExitStack
from time import perf_counter, process_time

from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from app.config import Settings
from app.main import create_app
from app.service import Service
from bench.sides.table import FOUND

__all__ = ["app"]

_ORDER = (0, 1, 1, 0)


class Together:
    """Hands each request on to the service whose turn it is.

    A turn ends once everything is counted and kept that was answered in it.

    Args:
        services: the two.
        seconds: that a turn takes.
    """

    def __init__(self, services: list[Service], seconds: float) -> None:
        self._services, self._seconds = services, seconds
        self._turns: list[tuple[int, float]] = []
        self._requests, self._end, self._begun = 0, 0.0, process_time()
        self._ending = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["path"] == FOUND:
            await JSONResponse(self._turns)(scope, receive, send)
        else:
            if perf_counter() > self._end:
                await self._next()
            self._requests += 1
            await self._services[self._turn](scope, receive, send)

    @property
    def _turn(self) -> int:
        return _ORDER[len(self._turns) % len(_ORDER)]

    async def _next(self) -> None:
        async with self._ending:
            if perf_counter() < self._end:  # another request came first
                return
            live = self._services[self._turn].state.live
            live.flush()
            if live.keeper:
                await live.keeper.labels([])
            if self._requests:
                took = (process_time() - self._begun) / self._requests
                self._turns.append((self._turn, took))
            self._requests, self._begun = 0, process_time()
            self._end = perf_counter() + self._seconds

    async def _live(self, receive: Receive, send: Send) -> None:
        async with AsyncExitStack() as stack:
            for service in self._services:
                await stack.enter_async_context(service.router.lifespan_context(service))
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})


app = Together(
    [create_app(Settings.read(each)) for each in json.loads(os.environ["SIDES"])],
    float(os.environ["TURN_SECONDS"]),
)
