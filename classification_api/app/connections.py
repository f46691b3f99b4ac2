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
from dataclasses import dataclass
from multiprocessing import parent_process
from typing import Any

from uvicorn import Server
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from app.config import Settings
from app.errors import RefusedError

__all__ = ["LimitedProtocol", "install", "sweep", "watch_parent"]

# What uvicorn sets at first, whatever its annotations say.
_NONE: Any = None

_HEAD = 2**16
_HEADERS = 1000
_AHEAD = 64
_SPARE_FILES = 256


class LimitedProtocol(HttpToolsProtocol):
    """uvicorn's protocol, with an end to what it takes from one connection.

    ``longest`` is the limit of a body, and ``most`` that of connections.
    """

    longest: int
    most: int
    _part: object = None
    _size = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > self.most:
            self.refuse(RefusedError(503, "Too many connections: try again.", retry_after=1))

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        cycle, scope = self.cycle, self.scope
        if cycle is _NONE or cycle.more_body or self.pipeline or "path" not in scope:
            self._look_at_part(len(data))

    def _look_at_part(self, size: int) -> None:
        """Count what has come of a request that is not whole yet."""
        if self.transport.is_closing():
            return
        if len(self.pipeline) > _AHEAD:
            self.transport.abort()
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
        limits = {"longest": settings.MAX_BODY_BYTES, "most": most}
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
    cycle = connection.cycle
    return (cycle, cycle and cycle.response_started, len(connection.pipeline), closing)


def _in_hand(connection: Any) -> bool:
    """Whether the application has the request; it has clocks of its own."""
    cycle = connection.cycle
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
        connection.transport.abort()


def watch_parent() -> None:
    """Stop where the process that started this worker is gone, and nobody would stop it."""
    parent = parent_process()
    if parent is not None and parent.pid != os.getppid():
        signal.raise_signal(signal.SIGTERM)
