"""What uvicorn does not limit in connections, below the requests that it makes of them.

Their number, and how long one may stand still: over a head, over a refused body that goes on
coming, over an answer that nobody takes. All are looked at once a second, so no request needs a
clock of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from dataclasses import dataclass
from multiprocessing import parent_process
from typing import Any
from weakref import WeakKeyDictionary, ref

from uvicorn import Server

from ..config import Settings
from ..errors import RefusedError
from ..limits import body_too_slow

__all__ = ["install", "sweep"]

_SPARE_FILES = 256
_LATER = 2
_AT_ONCE = 16
"""Connections that are looked at, and perhaps cut, before requests get their turn again."""


def install(server: Server, settings: Settings) -> None:
    """Have the server keep the limits in the connections to come."""
    config = server.config
    most = _allow_files(settings.MAX_CONNECTIONS)
    # The other protocol, h11, which serves where httptools is not installed, limits a head itself.
    if config.http_protocol_class.__name__ == "HttpToolsProtocol":
        from .protocol import LimitedProtocol, Received

        room = settings.room
        limits = {
            "longest": settings.MAX_BODY_BYTES,
            "waiting": room // 8,
            "heads": room // 16,
            "most": most,
            "received": Received(room // 16),
            "unread": {},
            "heavy": {},
        }
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
    # Weak, or what has been sent over a connection would outlive it here.
    seen: WeakKeyDictionary[Any, _State] = WeakKeyDictionary()
    stopping = False
    while True:
        await asyncio.sleep(1)
        if not stopping and _is_orphan():
            stopping = True
            signal.raise_signal(signal.SIGTERM)
        now = clock()
        before, seen = seen, WeakKeyDictionary()
        for number, known in enumerate([*map(ref, server.server_state.connections)], start=1):
            if not number % _AT_ONCE:
                await asyncio.sleep(0)
            connection = known()
            at = None if connection is None else _is_at(connection)
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
    ahead = len(getattr(connection, "pipeline", ()))
    return (cycle and ref(cycle), cycle and cycle.response_started, ahead, closing)


def _running(connection: Any) -> Any:
    """The request at work: with h11, which has no pipeline, the newest."""
    return getattr(connection, "running", None) or connection.cycle


def _allowed(connection: Any, settings: Settings) -> float:
    cycle = _running(connection)
    if cycle is None or cycle.response_started:
        return settings.RECEIVE_SECONDS
    # The application has the request, and clocks of its own, which are to go off first.
    seconds = settings.RECEIVE_SECONDS + _LATER
    return seconds if cycle.more_body else seconds + settings.REQUEST_SECONDS


def _cut(connection: Any, settings: Settings) -> None:
    seconds = settings.RECEIVE_SECONDS
    cycle = _running(connection)
    waits_for_head = connection.cycle is None or connection.cycle.response_complete
    if connection.transport.is_closing() or not hasattr(connection, "refuse"):
        getattr(connection, "reset", connection.transport.abort)()
    elif waits_for_head:
        connection.refuse(RefusedError(408, f"No request came within {seconds:g} seconds."))
    elif cycle.more_body and not cycle.response_started:
        connection.refuse(body_too_slow(seconds))
    else:
        connection.reset()


def _is_orphan() -> bool:
    """Whether the process that started this worker is gone, so that nobody would stop it."""
    parent = parent_process()
    return parent is not None and parent.pid != os.getppid()
