"""Who is an operator: who may see what is known after the deployment, and send labels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any

from fastapi import HTTPException, Request
from pydantic import AfterValidator, BeforeValidator, SecretStr
from starlette.types import ASGIApp, Receive, Scope, Send

__all__ = ["OperatorKeys", "Operators", "is_operator", "operators_only", "secrets"]

_EVERYBODY = "*"
"""In the place of operators' keys: who may ask at all is an operator."""

_SHORTEST = 16
_OPERATOR = "app.operator"


def _listed(value: Any) -> Any:
    keys = [key.strip() for key in value.split(",")] if isinstance(value, str) else value
    if _EVERYBODY in keys and len(keys) > 1:
        raise ValueError(f"{_EVERYBODY} opens to everybody, so it stands alone")
    return keys


def _long_enough(key: SecretStr) -> SecretStr:
    if key.get_secret_value() != _EVERYBODY and len(key) < _SHORTEST:
        raise ValueError(
            f"a key has at least {_SHORTEST} characters; {_EVERYBODY} alone opens to everybody"
        )
    return key


OperatorKeys = Annotated[
    tuple[Annotated[SecretStr, AfterValidator(_long_enough)], ...], BeforeValidator(_listed)
]
"""The setting: keys with commas between them, or ``*``; none shuts what is for operators."""


def secrets(keys: Sequence[SecretStr]) -> list[str]:
    """The keys themselves: none where everybody is an operator."""
    return [key.get_secret_value() for key in keys if key.get_secret_value() != _EVERYBODY]


class Operators:
    """Notes in a request's scope whether an operator sends it; refuses nothing.

    Args:
        has_key: whether a request has an operator's key, where not everybody is one.
    """

    def __init__(self, app: ASGIApp, has_key: Callable[[Scope], bool]) -> None:
        self._app = app
        self._has_key = has_key

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            scope[_OPERATOR] = self._has_key(scope)
        await self._app(scope, receive, send)


def is_operator(scope: Scope) -> bool:
    """Whether an operator asks: without OPERATOR_KEYS nobody is one."""
    return bool(scope.get(_OPERATOR))


def operators_only(keys: Sequence[SecretStr]) -> Any:
    """What a route depends on that is for operators alone, who have these keys."""

    def check(request: Request) -> None:
        if not keys:
            raise HTTPException(
                403,
                "This is for operators, and this service has none: set OPERATOR_KEYS to keys of at "
                "least 16 characters, or to * where everybody may see it and send labels.",
            )
        if not is_operator(request.scope):
            sentence = "This is for operators: send one of their keys in the header X-API-Key."
            # So a browser asks for it.
            headers = {"www-authenticate": 'Basic realm="classification_api"'}
            raise HTTPException(401, sentence, headers)

    return check
