"""Stopping without losing a request.

uvicorn closes its door as soon as SIGTERM comes, and loses what is on its way. So whoever
routes requests to this process is told first, and has time to send them elsewhere.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from types import FrameType
from typing import Protocol

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn import Server

__all__ = ["Drain", "running_server"]

_CLOSE = (b"connection", b"close")

# How long it takes to accept who has connected, and how often to look whether all have left.
_LOOK = 0.1
_LOOKS = 10


class Stoppable(Protocol):
    """An application that requests enter at one place, and that says whether it is stopping."""

    entry: ASGIApp | None
    stopping: bool


def running_server() -> Server | None:
    """The uvicorn that runs this process, if one does: it is who handles SIGTERM."""
    owner = getattr(signal.getsignal(signal.SIGTERM), "__self__", None)
    return owner if isinstance(owner, Server) else None


class Drain:
    """From SIGTERM until the server may stop.

    Args:
        app: whose /health turns 503, and whose every answer is its connection's last.
        server: that is told to stop in the end.
        seconds: for which it goes on accepting.
    """

    def __init__(self, app: Stoppable, server: Server, seconds: float) -> None:
        self._app = app
        self._server = server
        self._seconds = seconds
        self._loop = asyncio.get_running_loop()

    def install(self) -> None:
        """Stand between SIGTERM and the server."""
        signal.signal(signal.SIGTERM, self._on_signal)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self._app.stopping:  # whoever asks twice is in a hurry
            self._server.handle_exit(number, frame)
            return
        self._app.stopping = True
        self._loop.call_soon_threadsafe(self._begin)

    def _begin(self) -> None:
        if self._app.entry is not None:
            self._app.entry = _Closing(self._app.entry)
        self._loop.call_later(self._seconds, self._refuse_connections)

    def _refuse_connections(self) -> None:
        """Take in who has connected already, and nobody else: to close the door resets those."""
        if self._server.config.workers == 1:  # or the others still listen at the same socket
            for server in self._server.servers:
                for listener in server.sockets:
                    with socket.socket(fileno=os.dup(listener.fileno())) as copy:
                        copy.listen(0)
        self._loop.call_later(_LOOK, self._close_door)

    def _close_door(self) -> None:
        for server in self._server.servers:
            server.close()
        self._stop_once_quiet(_LOOKS)

    def _stop_once_quiet(self, looks: int) -> None:
        if self._server.server_state.connections and looks:
            self._loop.call_later(_LOOK, self._stop_once_quiet, looks - 1)
        else:
            self._server.handle_exit(signal.SIGTERM, None)


class _Closing:
    """Answers each request, and closes its connection after that."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def last(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", ()), _CLOSE]}
            await send(message)

        await self._app(scope, receive, last)
