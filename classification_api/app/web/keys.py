"""A page that asks for a key, where the browser's own dialog would."""

from __future__ import annotations

from html import escape
from string import Template

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..errors import local_path
from .files import STATIC, PageFiles
from .headers import PAGE, PAGE_POLICY

__all__ = ["KeyPage"]

_FILES = "/static/page"


class KeyPage:
    """Answers a browser that may not see the page with a field for the key, in its 401.

    A script of that page asks for / again with the key, and keeps it until the tab is closed. The
    files of the page say nothing of a model, so they are open. All others are refused as ever.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._open = {f"{_FILES}/{file.name}" for file in STATIC.iterdir()}
        self._files = PageFiles()
        self._template = Template(STATIC.with_name("key.html").read_text(encoding="utf-8"))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] in ("GET", "HEAD"):
            root, path = scope.get("root_path", ""), local_path(scope)
            if path in self._open:
                await self._files({**scope, "root_path": root + _FILES}, receive, send)
                return
            if path == "/" and "text/html" in Headers(scope=scope).get("accept", ""):
                send = self._asking(send, root.rstrip("/"))
        await self._app(scope, receive, send)

    def _asking(self, send: Send, root: str) -> Send:
        """Sends what it is told to, but for a refusal: that becomes the page with the field."""
        refused = False
        page = self._template.substitute(root=escape(root)).encode()

        async def ask(message: Message) -> None:
            nonlocal refused
            if message["type"] == "http.response.start" and message["status"] == 401:
                refused = True
                headers = MutableHeaders(raw=[*message["headers"]])
                del headers["www-authenticate"]
                headers.update({**PAGE, "content-security-policy": PAGE_POLICY})
                headers.update({"content-type": "text/html; charset=utf-8"})
                headers.update({"content-length": str(len(page)), "cache-control": "no-store"})
                message = {**message, "headers": headers.raw}
            elif refused:
                message = {**message, "body": page}
            await send(message)

        return ask
