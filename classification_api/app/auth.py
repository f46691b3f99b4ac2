"""Who may come in."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable, Sequence
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

from .errors import RefusedError
from .limits import HEALTH, is_health
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
        self._digests = [_digest(key.encode()) for key in keys]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not self._may_enter(scope):
            with self._observer.request(scope, send) as observed:
                await _UNKNOWN.send(observed)
            return
        await self._app(scope, receive, send)

    def _may_enter(self, scope: Scope) -> bool:
        if is_health(scope):
            return True
        given = _digest(_key(scope["headers"]))
        # All are compared, so that the time does not say which one it was.
        return any([hmac.compare_digest(given, digest) for digest in self._digests])  # noqa: C419


def _digest(key: bytes) -> bytes:
    return hashlib.sha256(key).digest()


def _key(headers: Sequence[tuple[bytes, bytes]]) -> bytes:
    """The key that a request has: in a header of its own, or as a password."""
    for name, value in headers:
        if name == b"x-api-key":
            return value
        if name == b"authorization" and value[:6].lower() == b"basic ":
            try:
                return base64.b64decode(value[6:], validate=True).partition(b":")[2]
            except binascii.Error:
                return b""
    return b""


def add_keys_to(document: dict[str, Any]) -> None:
    """Say in an OpenAPI document that a key is asked for."""
    schemes = {
        "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
        "password": {"type": "http", "scheme": "basic", "description": "The key, as password."},
    }
    document.setdefault("components", {})["securitySchemes"] = schemes
    document["security"] = [{name: []} for name in schemes]
    for operation in document["paths"].get(HEALTH, {}).values():
        operation["security"] = []
