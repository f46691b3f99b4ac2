"""Refuse requests without a key, where keys are set, and tell operators from others."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from hashlib import sha256
from hmac import compare_digest
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

from .config import EVERYBODY
from .errors import RefusedError
from .limits import is_health
from .observability import Observer

__all__ = ["ASK", "ApiKeys", "add_keys_to", "is_operator"]

_OPERATOR = "app.operator"

ASK = 'Basic realm="classification_api"'
"""The header WWW-Authenticate of who asks for a key: browsers know what to do then."""

_UNKNOWN = RefusedError(
    401,
    "This service asks for a key: send it in the header X-API-Key.",
    headers=[(b"www-authenticate", ASK.encode())],
)


class ApiKeys:
    """Lets in who sends a key, and everybody to /health; without ``keys``, everybody to all.

    Who sends one of ``operators`` is let in, too, and is known as an operator from here on.
    """

    def __init__(
        self, app: ASGIApp, keys: Iterable[str], observer: Observer, operators: Sequence[str] = ()
    ) -> None:
        self._app = app
        self._observer = observer
        # Digests have one length, and comparing them says nothing about the keys.
        self._keys, self._operators = (
            [sha256(key.encode()).digest() for key in known] for known in (keys, operators)
        )
        self._everybody = EVERYBODY in operators

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
        operates = _has(given, self._operators)
        scope[_OPERATOR] = operates or self._everybody
        return operates or _has(given, self._keys) or not self._keys


def is_operator(scope: Scope) -> bool:
    """Whether an operator asks: without OPERATOR_KEYS nobody is one."""
    return bool(scope.get(_OPERATOR))


def _has(given: Sequence[bytes], known: Sequence[bytes]) -> bool:
    # All are compared, so that the time does not say which one it was.
    return any([compare_digest(one, key) for one in given for key in known])  # noqa: C419


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
