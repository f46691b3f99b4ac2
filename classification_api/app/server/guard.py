"""Have uvicorn keep the limits that only a server can keep, and stop without losing requests."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from uvicorn import Server

from ..config import Settings
from .connections import sweep
from .drain import Drain, Stoppable

__all__ = ["guard"]

_log = logging.getLogger(__name__)

_OF_ANY = {"cycle", "transport", "timeout_keep_alive_task"}
_OF_HTTPTOOLS = {*_OF_ANY, "connections", "scope", "headers"}
_OF_CYCLE = {"response_started", "response_complete", "more_body"}


def guard(app: Stoppable, settings: Settings) -> asyncio.Task[None] | None:
    """Install all of it in the server that runs this process; the task that looks for slow ones."""
    server = running_server()
    if server is None:
        _log.warning(
            "NOT GUARDED: not run by uvicorn, so MAX_CONNECTIONS, slow clients and SIGTERM are left "
            "to the server that is"
        )
        return None
    Drain(app, server, settings.DRAIN_SECONDS).install()
    if server.config.timeout_graceful_shutdown is None:
        server.config.timeout_graceful_shutdown = settings.GRACE_SECONDS  # type: ignore[assignment]
    for what in _missing(server, settings):
        _log.warning("NOT GUARDED: %s", what)
    if not hasattr(server.server_state, "connections"):
        return None
    return asyncio.create_task(sweep(server.server_state.connections, settings))


def running_server() -> Server | None:
    """The uvicorn that runs this process, if one does: it is who handles SIGTERM."""
    owner = getattr(signal.getsignal(signal.SIGTERM), "__self__", None)
    return owner if isinstance(owner, Server) else None


def _missing(server: Server, settings: Settings) -> Iterator[str]:
    """What cannot be guarded; what can is by now."""
    protocol: Any = server.config.http_protocol_class
    if lacking := _OF_ANY - _names(protocol):
        yield f"slow clients: {protocol.__name__} has no {sorted(lacking)}"
    if not _limit_connections(server, settings):
        yield (
            f"MAX_CONNECTIONS and the limits of heads: {protocol.__name__} serves, not the "
            "HttpToolsProtocol that they were made for; install httptools, start uvicorn with --http "
            "httptools, or let an edge limit them"
        )


def _limit_connections(server: Server, settings: Settings) -> bool:
    """Have the connections to come limited; False where the protocol is not the one expected."""
    try:
        from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

        from .protocol import LimitedProtocol
    except ImportError:
        return False
    known = _names(HttpToolsProtocol) >= _OF_HTTPTOOLS and _names(RequestResponseCycle) >= _OF_CYCLE
    if not known or server.config.http_protocol_class is not HttpToolsProtocol:
        return False
    _allow_files()
    most = {"most": settings.MAX_CONNECTIONS}
    server.config.http_protocol_class = type("LimitedProtocol", (LimitedProtocol,), most)
    return True


def _names(made: Any) -> set[str]:
    """The attributes that a class gives its instances when it makes them."""
    return set(getattr(made.__init__, "__code__", _names.__code__).co_names)


def _allow_files() -> None:
    """Let the process open as many connections as the system has for it."""
    with suppress(ImportError, ValueError, OSError):  # Windows has no such limit
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
