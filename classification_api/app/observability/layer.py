"""Give each request an id, count it, and log it where that is wanted."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Awaitable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from time import perf_counter
from urllib.parse import quote

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .. import __name__ as application_name
from ..config import AccessLog
from .logs import REQUEST_ID
from .metrics import Metrics, Requests, add_time

__all__ = ["BEGUN", "HEADER", "Observed", "Observer"]

HEADER = b"x-request-id"

BEGUN = "app.begun"
"""In a scope: when the request came, if somebody has tried to answer it before."""

_log = logging.getLogger(f"{application_name}.access")

_SANE = re.compile(rb"[A-Za-z0-9._~:/+=@-]{1,128}").fullmatch
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_LOWEST_LOGGED = {"off": 1000, "errors": 400, "all": 0}
_LEFT = 499  # no answer was sent, because the client had gone; proxies use this number
_LONGEST_PATH = 200


class Observer:
    """Gives ids and takes notes.

    Args:
        metrics: the counts.
        access_log: which answers get a line in the log; ``errors`` are those from 400 on.
    """

    def __init__(self, metrics: Metrics, access_log: AccessLog) -> None:
        self.metrics = metrics
        self.lowest_logged = _LOWEST_LOGGED[access_log]
        # Unlike those of any other process, and cheaper than a random one for each request.
        self._new = map((os.urandom(8).hex().encode() + b"-%x").__mod__, count(1)).__next__

    def identity(self, headers: Sequence[tuple[bytes, bytes]]) -> bytes:
        """The id that a request brings, where it can stand in a log; else a new one."""
        for name, value in headers:
            if name == HEADER and _SANE(value):
                return value
        return self._new()

    @contextmanager
    def request(self, scope: Scope, send: Send, *, logged: bool = True) -> Iterator[Send]:
        """A request, until the block ends. What is sent by what this gives has its id."""
        begin = scope.get(BEGUN) or perf_counter()
        root = scope.get("root_path", "")
        identity = self.identity(scope["headers"])
        REQUEST_ID.set(identity)
        status = _LEFT

        def answer(message: Message) -> Awaitable[None]:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = [*message.get("headers", ()), (HEADER, identity)]
                message = {**message, "headers": headers}
            return send(message)

        try:
            yield answer
        except BaseException:
            status = 500
            raise
        finally:
            seconds = perf_counter() - begin
            add_time(self.metrics.times(_kind(scope, root, status)), seconds)
            if logged and status >= self.lowest_logged:
                self.write(scope, status, seconds)

    def write(
        self, scope: Scope, status: int, seconds: float, identity: bytes | None = None
    ) -> None:
        """Write a request's line in the log; ``identity`` where nobody has set it yet."""
        if identity is not None:
            REQUEST_ID.set(identity)
        # Without what follows a question mark; quoted, for a line of the log to stay one.
        path = quote(scope["path"])[:_LONGEST_PATH]
        milliseconds = round(seconds * 1000, 2)
        fields = {
            "method": scope["method"],
            "path": path,
            "status": status,
            "milliseconds": milliseconds,
        }
        _log.info("%s %s %d in %s ms", *fields.values(), extra={"fields": fields})


class Observed:
    """Names, times and counts the requests that an application answers."""

    def __init__(self, app: ASGIApp, observer: Observer) -> None:
        self._app = app
        self._observer = observer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        with self._observer.request(scope, send) as observed:
            await self._app(scope, receive, observed)


def _kind(scope: Scope, root: str, status: int) -> Requests:
    """What a request is counted under: nothing that only a client has chosen."""
    method = scope["method"] if scope["method"] in _METHODS else "(other)"
    return method, _route(scope, root), status


def _route(scope: Scope, root: str) -> str:
    """The path of the route that answered, as far as FastAPI and Starlette leave it in a scope."""
    if path := getattr(scope.get("route"), "path", None):
        return str(path)
    if mount := scope.get("root_path", "").removeprefix(root):  # the root has grown by it
        return str(mount)
    if "endpoint" in scope and not scope.get("path_params"):
        return str(scope["path"].removeprefix(root))
    return "(none)"
