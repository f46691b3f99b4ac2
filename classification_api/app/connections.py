"""What uvicorn does not limit in a connection, below the requests that it makes of it.

A head that never ends, in bytes or in time; requests that are sent ahead without end; a refused
body that goes on coming; an answer that nobody takes. Sizes are looked at as bytes come, and
only while a request is not whole. Times are looked at once a second, for all connections, so no
request needs a clock of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import struct
from dataclasses import dataclass
from multiprocessing import parent_process
from socket import SO_LINGER, SOL_SOCKET
from typing import Any

from uvicorn import Server
from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

from app.config import Settings
from app.errors import RefusedError

__all__ = ["LimitedProtocol", "install", "sweep", "watch_parent"]

# What uvicorn sets at first, whatever its annotations say.
_NONE: Any = None

_HEAD = 2**16
_HEADERS = 1000
_AHEAD = 4
_UNREAD = 2**14
_SPARE_FILES = 256


class LimitedProtocol(HttpToolsProtocol):
    """uvicorn's protocol, with an end to what it takes from one connection.

    ``longest`` is the limit of a body, ``waiting`` that of all bytes that wait for clients to read
    them, and ``most`` that of connections. Those in ``unread`` have more waiting than they should.
    """

    longest: int
    waiting: int
    most: int
    unread: dict[LimitedProtocol, None]
    running: RequestResponseCycle | None = None
    _part: object = None
    _size = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        transport.set_write_buffer_limits(high=_UNREAD)
        if len(self.connections) > self.most:
            self.refuse(RefusedError(503, "Too many connections: try again.", retry_after=1))

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self.running = cycle
        super()._start_asgi_task(cycle, app)

    def connection_lost(self, exc: Exception | None) -> None:
        self.unread.pop(self, None)
        # uvicorn tells the newest request only, though one before it may still be at work.
        self.pipeline.clear()
        if self.running is not None:
            self.running.disconnected = True
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        cycle, scope = self.cycle, self.scope
        if cycle is _NONE or cycle.more_body or self.pipeline or "path" not in scope:
            self._look_at_part(len(data))

    def pause_writing(self) -> None:
        super().pause_writing()
        self.unread[self] = None
        for connection in [*self.unread][:-1]:  # the one that has waited for longest comes first
            if sum(c.transport.get_write_buffer_size() for c in self.unread) <= self.waiting:
                break
            reset(connection)

    def resume_writing(self) -> None:
        super().resume_writing()
        self.unread.pop(self, None)

    def _look_at_part(self, size: int) -> None:
        """Count what has come of a request that is not whole yet."""
        if self.transport.is_closing():
            return
        if len(self.pipeline) > _AHEAD:
            reset(self)
            return
        in_head = self.scope is _NONE or "path" not in self.scope
        part = self.scope if in_head else self.cycle
        if part is not self._part:
            self._part, self._size = part, 0
        self._size += size
        if (in_head and self._size > _HEAD) or len(self.headers) > _HEADERS:
            self.refuse(RefusedError(431, f"The head of the request is longer than {_HEAD} bytes."))
        elif not in_head and self._size > self.longest + _HEAD and not self.cycle.response_started:
            # With what stands around its chunks. The body alone is counted where it is received.
            self.refuse(RefusedError(413, f"The body is longer than {self.longest} bytes."))

    def refuse(self, refused: RefusedError) -> None:
        """Answer what is no request yet, and close."""
        lines = [name + b": " + value + b"\r\n" for name, value in refused.headers]
        head = [STATUS_LINE[refused.status], *lines, b"connection: close\r\n\r\n"]
        self.transport.write(b"".join([*head, refused.body]))
        self.transport.close()


def install(server: Server, settings: Settings) -> None:
    """Have the server use it for the connections to come; h11, the other one, has its limits."""
    config = server.config
    most = _allow_files(settings.MAX_CONNECTIONS)
    if config.http_protocol_class is HttpToolsProtocol:
        longest = settings.MAX_BODY_BYTES
        limits = {"longest": longest, "waiting": longest // 2, "most": most, "unread": {}}
        config.http_protocol_class = type("Protocol", (LimitedProtocol,), limits)
    if config.timeout_graceful_shutdown is None:
        config.timeout_graceful_shutdown = settings.GRACE_SECONDS  # type: ignore[assignment]


def _allow_files(connections: int) -> int:
    """Let the process open so many connections, and say how many it may."""
    try:
        import resource
    except ImportError:  # Windows, which has no such limit
        return connections
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + _SPARE_FILES
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            soft = wanted
    if soft == resource.RLIM_INFINITY:
        return connections
    return max(1, min(connections, soft - _SPARE_FILES))


@dataclass(slots=True)
class _State:
    """What a connection is at, and since when."""

    at: tuple[Any, ...]
    since: float


async def sweep(server: Server, settings: Settings) -> None:
    """Once a second, cut the connections that have stood still for too long."""
    clock = asyncio.get_running_loop().time
    seen: dict[Any, _State] = {}
    while True:
        await asyncio.sleep(1)
        watch_parent()
        now = clock()
        before, seen = seen, {}
        for connection in list(server.server_state.connections):
            at = _is_at(connection)
            if at is None:
                continue
            state = before.get(connection)
            if state is None or state.at != at:
                state = _State(at, now)
            seen[connection] = state
            if now - state.since > _allowed(connection, settings):
                _cut(connection, settings)


def _is_at(connection: Any) -> tuple[Any, ...] | None:
    """Something that changes when the connection gets on; nothing while it may be idle."""
    closing = connection.transport.is_closing()
    if connection.timeout_keep_alive_task is not None and not closing:
        return None
    cycle = _running(connection)
    return (cycle, cycle and cycle.response_started, len(connection.pipeline), closing)


def _running(connection: Any) -> Any:
    """The request at work: with h11, which has no pipeline, the newest."""
    return getattr(connection, "running", None) or connection.cycle


def _in_hand(connection: Any) -> bool:
    """Whether the application has the request; it has clocks of its own."""
    cycle = _running(connection)
    return cycle is not None and not cycle.response_started


def _allowed(connection: Any, settings: Settings) -> float:
    if _in_hand(connection):
        return settings.RECEIVE_SECONDS + settings.REQUEST_SECONDS + 2
    return settings.RECEIVE_SECONDS


def _cut(connection: Any, settings: Settings) -> None:
    waits_for_head = connection.cycle is None or connection.cycle.response_complete
    if waits_for_head and not connection.transport.is_closing() and hasattr(connection, "refuse"):
        connection.refuse(
            RefusedError(408, f"No request came within {settings.RECEIVE_SECONDS:g} seconds.")
        )
    else:
        reset(connection)


def reset(connection: Any) -> None:
    """Close at once, and drop what was not sent: whoever does not read would keep it."""
    socket = connection.transport.get_extra_info("socket")
    with contextlib.suppress(OSError):
        socket.setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
    connection.transport.abort()
    if isinstance(connection, LimitedProtocol):
        connection.unread.pop(connection, None)


def watch_parent() -> None:
    """Stop where the process that started this worker is gone, and nobody would stop it."""
    parent = parent_process()
    if parent is not None and parent.pid != os.getppid():
        signal.raise_signal(signal.SIGTERM)
