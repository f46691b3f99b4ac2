"""Stopping without losing a request.

uvicorn closes its door as soon as SIGTERM comes, and loses what is on its way. So whoever
routes requests to this process is told first, and has time to send them elsewhere.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import struct
import sys
from types import FrameType
from typing import Any, Protocol

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn import Server

__all__ = ["Drain", "drop_newcomers", "running_server"]

_CLOSE = (b"connection", b"close")

_SO_ATTACH_FILTER = 26
# For the kernel's packet filter, as linux/filter.h has it: code, where to go if so, if not, operand.
_NO_SYN = (
    (0x30, 0, 0, 13),  # load the byte of the TCP header that holds its flags
    (0x45, 0, 1, 0x02),  # is SYN set?
    (0x06, 0, 0, 0),  # drop
    (0x06, 0, 0, 0xFFFFFFFF),  # keep
)

# How long the event loop takes to get round to what is to be done, and how often to look whether
# all have left.
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
        self._task = self._loop.create_task(self._drain())

    async def _drain(self) -> None:
        if self._app.entry is not None:
            self._app.entry = _Closing(self._app.entry)
        await asyncio.sleep(self._seconds)
        # With more workers others still listen at the same socket.
        if self._server.config.workers == 1:
            await self._close_door()
        for _ in range(_LOOKS):
            if not self._server.server_state.connections:
                break
            await asyncio.sleep(_LOOK)
        self._server.handle_exit(signal.SIGTERM, None)

    async def _close_door(self) -> None:
        """Let nobody new in, and everybody who has connected: to close a socket resets those."""
        listeners = [
            socket.socket(fileno=os.dup(listener.fileno()))
            for server in self._server.servers
            for listener in server.sockets
        ]
        for listener in listeners:
            drop_newcomers(listener)
        await asyncio.sleep(_LOOK)
        for server in self._server.servers:
            server.close()
        await asyncio.sleep(_LOOK)  # until the event loop has let go of them
        last: list[socket.socket] = []
        for listener in listeners:
            listener.settimeout(0)
            with listener, contextlib.suppress(BlockingIOError):
                while True:
                    last.append(listener.accept()[0])
        for connection in last:
            await self._loop.connect_accepted_socket(
                self._protocol, connection, ssl=self._server.config.ssl
            )

    def _protocol(self) -> asyncio.Protocol:
        """What the server makes for each connection."""
        protocol: Any = self._server.config.http_protocol_class
        made: asyncio.Protocol = protocol(
            config=self._server.config,
            server_state=self._server.server_state,
            app_state=self._server.lifespan.state,
            _loop=self._loop,
        )
        return made


def drop_newcomers(listener: socket.socket) -> None:
    """Have the kernel drop what asks for a connection, while those half made still come about.

    A client whose connection is dropped so has sent no request yet: it asks again, after a
    second, and is refused or meets another server. Without this one would always get in between
    the last that is accepted and the closing of the socket, and be reset.
    """
    if sys.platform == "linux":
        import ctypes

        program = ctypes.create_string_buffer(
            b"".join(struct.pack("HBBI", *step) for step in _NO_SYN)
        )
        steps = struct.pack("HP", len(_NO_SYN), ctypes.addressof(program))
        with contextlib.suppress(OSError):  # a sandbox may forbid it
            listener.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, steps)
            return
    listener.listen(0)  # the next best: let nearly nobody wait


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
