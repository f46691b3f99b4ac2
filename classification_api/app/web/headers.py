"""Headers that say what a page may do in a browser."""

from __future__ import annotations

import base64
import hashlib

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["PAGE", "PAGE_POLICY", "PageHeaders", "script_policy"]

_POLICY = (
    "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)

# Of the page: scripts and styles are files of this service; nothing is asked of, or sent to,
# anybody else.
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)

PAGE = {
    "content-security-policy": _POLICY,
    "cross-origin-opener-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}


class PageHeaders:
    """Tells a browser to load nothing for a page from elsewhere, nor show it in another's frame.

    A page may have a policy of its own.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def add(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if headers.get("content-type", "").startswith("text/html"):
                    for name, value in PAGE.items():
                        headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, add)


def script_policy(script: str) -> dict[str, str]:
    """The header with which a page may run this script, which stands in it, and no other."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return {"content-security-policy": f"{_POLICY}; script-src 'self' 'sha256-{digest}'"}
