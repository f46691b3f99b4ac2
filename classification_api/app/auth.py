"""Refuse requests without a key, where keys are set, and tell operators from others."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from hmac import compare_digest
from typing import Any

from fastapi import HTTPException, Request
from starlette.types import ASGIApp, Receive, Scope, Send

from .config import EVERYBODY, Settings
from .errors import RefusedError
from .limits import is_health
from .observability import Observer

__all__ = ["ApiKeys", "add_keys_to", "is_operator", "operators_only"]

_OPERATOR = "app.operator"
_ASK = "Basic realm=\"classification_api\""

_UNKNOWN = RefusedError(
    401,
    "This service asks for a key: send it in the header X-API-Key.",
    # So a browser asks for it, as a password, and the pages can be used, too.
    headers=[(b"www-authenticate", _ASK.encode())],
)


class ApiKeys:
    """Lets in who sends a key, and everybody to /health; without ``keys``, everybody to all.

    Who sends one of ``operators``, or anybody where it is :data:`EVERYBODY`, is let in, too, and
    is an operator from here on: see :func:`is_operator`.
    """

    def __init__(
        self, app: ASGIApp, keys: Iterable[str], observer: Observer, operators: Sequence[str] = ()
    ) -> None:
        self._app = app
        self._observer = observer
        # Digests have one length, and comparing them says nothing about the keys.
        self._keys = [_digest(key.encode()) for key in keys]
        self._operators = [_digest(key.encode()) for key in operators if key != EVERYBODY]
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
        given = [_digest(key) for key in _keys(scope["headers"])]
        operates = _any_is(given, self._operators)
        enters = _any_is(given, self._keys) or operates or not self._keys
        scope[_OPERATOR] = operates or self._everybody
        return enters


def is_operator(scope: Scope) -> bool:
    """Whether an operator asks, as :class:`ApiKeys` found out."""
    return bool(scope.get(_OPERATOR))


def operators_only(settings: Settings) -> Callable[[Request], None]:
    """What a route depends on that is for operators alone."""

    def check(request: Request) -> None:
        if not settings.OPERATOR_KEYS:
            raise HTTPException(
                403,
                "This is for operators, and the service has none: set OPERATOR_KEYS to keys of at "
                "least 16 characters, or to * where everybody may see and send labels.",
            )
        if is_operator(request.scope):
            return
        if settings.API_KEYS:
            raise HTTPException(403, "This is for operators: send one of OPERATOR_KEYS.")
        sentence = "This asks for an operator's key: send it in the header X-API-Key."
        raise HTTPException(401, sentence, headers={"www-authenticate": _ASK})

    return check


def _any_is(given: Sequence[bytes], known: Sequence[bytes]) -> bool:
    # All are compared, so that the time does not say which one it was.
    return any([compare_digest(one, key) for one in given for key in known])  # noqa: C419


def _digest(key: bytes) -> bytes:
    return hashlib.sha256(key).digest()


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
