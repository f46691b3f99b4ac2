"""What HTTP expects and FastAPI does not do: HEAD on every path, redirects on the same host."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["Conventions"]


class Conventions:
    """Answers HEAD as GET without the body, and redirects to paths alone.

    A redirect for a slash too many names the scheme by which the request reached this process.
    Behind an edge that ends TLS this is http, so the path alone is what the caller can follow.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        is_head = scope["method"] == "HEAD"

        async def adapted(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == 307:
                _make_relative(MutableHeaders(scope=message), scope)
            elif message["type"] == "http.response.body" and is_head:
                message = {**message, "body": b""}
            await send(message)

        if not is_head:
            await self._app(scope, receive, adapted)
            return
        # A copy: the server goes by its own scope when it leaves the body away.
        asked = {**scope, "method": "GET"}
        await self._app(asked, receive, adapted)
        scope.update({**asked, "method": "HEAD"})  # which route it was is counted


def _make_relative(headers: MutableHeaders, scope: Scope) -> None:
    target = urlsplit(headers.get("location", ""))
    host = dict(scope["headers"]).get(b"host", b"").decode("latin-1")
    if target.netloc == host:
        # One slash: with two the path would begin with the name of a host.
        path = "/" + target.path.lstrip("/")
        headers["location"] = f"{path}?{target.query}" if target.query else path
