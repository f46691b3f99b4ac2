"""Refuse requests without a key, where keys are set."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from hashlib import sha256
from hmac import compare_digest
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

from .errors import RefusedError
from .limits import is_health
from .observability import Observer

__all__ = ["ApiKeys", "add_keys_to"]

_UNKNOWN = RefusedError(
    401,
    "This service asks for a key: send it in the header X-API-Key.",
    # So a browser asks for it, as a password, and the pages can be used, too.
    headers=[(b"www-authenticate", b'Basic realm="classification_api"')],
)


class ApiKeys:
    """Lets in who sends a key, and everybody to /health."""

    def __init__(self, app: ASGIApp, keys: Iterable[str], observer: Observer) -> None:
        self._app = app
        self._observer = observer
        # Digests have one length, and comparing them says nothing about the keys.
        self._digests = [sha256(key.encode()).digest() for key in keys]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" or self._may_enter(scope):
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":  # closed before it is accepted: the server says 403
            await send({"type": "websocket.close", "code": 1008})
        else:
            with self._observer.request(scope, send) as observed:
                await _UNKNOWN.send(scope, observed)

    def _may_enter(self, scope: Scope) -> bool:
        if is_health(scope):
            return True
        given = [sha256(key).digest() for key in _keys(scope["headers"])]
        # All are compared, so that the time does not say which one it was.
        return any([compare_digest(one, known) for one in given for known in self._digests])  # noqa: C419


def _keys(headers: Sequence[tuple[bytes, bytes]]) -> Iterator[bytes]:
    """The keys that a request has: in a header of its own, and as a password."""
    for name, value in headers:
        if name == b"x-api-key":
            yield value
        elif name == b"authorization" and value[:6].lower() == b"basic ":
            with suppress(binascii.Error):
                yield base64.b64decode(value[6:], validate=True).partition(b":")[2]


def add_keys_to(document: dict[str, Any]) -> None:
    """Say in an OpenAPI document that a key is asked for."""
    schemes = {
        "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
        "password": {"type": "http", "scheme": "basic", "description": "The key, as password."},
    }
    document.setdefault("components", {})["securitySchemes"] = schemes
    document["security"] = [{name: []} for name in schemes]
    for operation in document["paths"].get("/health", {}).values():
        operation["security"] = []
