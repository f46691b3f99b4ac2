"""POST /predict without what the framework does around it.

FastAPI's middleware, routing and dependencies take longer than the model. So a request that is
plainly one to /predict is read, checked, scored and answered here. The route in api.py stays
what it is: the document shows it, and it answers all else. Any body that is not accepted here
is handed on to it as it came, so whatever is wrong with a request, FastAPI says so.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from pydantic_core import SchemaValidator, core_schema, to_json
from starlette.routing import Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from classification_model.predict import Model
from classification_model.processing.json_rows import row_schema

__all__ = ["PATH", "FastPredict", "answerer", "passes_nothing_by"]

PATH = "/predict"

# The spellings that clients use. For any other FastAPI decides whether it means JSON.
_JSON = frozenset(
    {b"application/json", b"application/json; charset=utf-8", b"application/json;charset=utf-8"}
)


def answerer(model: Model) -> Callable[[bytes], bytes]:
    """The function from the body of a request to that of its answer.

    It raises ``ValidationError`` where the body is not accepted as it is.
    """
    rows = core_schema.list_schema(row_schema(model.manifest.row_schema), min_length=1)
    fields = {"inputs": core_schema.typed_dict_field(rows)}
    read = SchemaValidator(
        core_schema.typed_dict_schema(fields, extra_behavior="forbid")
    ).validate_json
    predict = model.answer

    def answer(body: bytes) -> bytes:
        return to_json(predict(read(body)["inputs"]))

    return answer


def passes_nothing_by(app: FastAPI, router: APIRouter) -> bool:
    """Whether a request that is answered here misses nothing that it would meet on its way.

    Middleware, a dependency, or a route of the application's own may refuse a request or answer
    it otherwise. Where there is one, FastAPI answers everything.

    Args:
        app: without the router.
        router: that of /predict, as it will be included.
    """
    if app.user_middleware or app.router.dependencies or router.dependencies:
        return False
    request = {"type": "http", "method": "POST", "path": PATH, "headers": []}
    if any(route.matches({**request})[0] is Match.FULL for route in app.routes):
        return False
    (route,) = (
        route for route in router.routes if isinstance(route, APIRoute) and route.path == PATH
    )
    return not route.dependant.dependencies


class FastPredict:
    """Answers what it can, and hands on the rest.

    Args:
        answer: from the body of a request to that of its answer.
        other: the application that answers whatever this does not.
        longest: the size in bytes of the longest body that the application takes, if it says.
    """

    def __init__(
        self, answer: Callable[[bytes], bytes], other: ASGIApp, longest: int | None = None
    ) -> None:
        self._answer = answer
        self._other = other
        self._longest = math.inf if longest is None else longest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not _is_plain_predict(scope):
            await self._other(scope, receive, send)
            return
        messages, body = await self._received(receive)
        try:
            content = self._answer(body)
        except Exception:  # noqa: BLE001 - FastAPI meets it again, and answers as it always does
            await self._other(scope, _again(messages, receive), send)
            return
        size = b"%d" % len(content)
        headers = [(b"content-length", size), (b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    async def _received(self, receive: Receive) -> tuple[list[Message], bytes]:
        """The messages of a request, and its body, which is empty where it is not whole."""
        message = await receive()
        body: bytes = message.get("body", b"")
        if not message.get("more_body") and len(body) <= self._longest:
            return [message], body
        messages, parts, size = [message], [body], len(body)
        while message.get("more_body") and size <= self._longest:
            message = await receive()
            messages.append(message)
            parts.append(message.get("body", b""))
            size += len(parts[-1])
        whole = message["type"] == "http.request" and size <= self._longest
        return messages, b"".join(parts) if whole else b""


def _is_plain_predict(scope: Scope) -> bool:
    if scope["type"] != "http" or scope["method"] != "POST" or scope["query_string"]:
        return False
    if scope["path"] != scope.get("root_path", "") + PATH:
        return False
    for name, value in scope["headers"]:
        if name == b"content-type":
            return value.lower() in _JSON
    return False


def _again(messages: list[Message], receive: Receive) -> Receive:
    """What was received, and then what comes after it."""
    received: Any = iter(messages)

    async def again() -> Message:
        for message in received:
            return message  # type: ignore[no-any-return]
        return await receive()

    return again
