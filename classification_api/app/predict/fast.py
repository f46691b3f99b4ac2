"""POST /predict without what the framework does around it.

FastAPI's middleware, routing and dependencies take longer than the model. So a request that is
plainly one to /predict is read, checked, scored and answered here. The route in api.py stays
what it is: the document shows it, and it answers all else. Any body that is not accepted here
is handed on to it as it came, so whatever is wrong with a request, FastAPI says so.
"""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import Any

from pydantic_core import SchemaValidator, core_schema, from_json, to_json
from starlette.types import ASGIApp, Receive, Scope, Send

from classification_model.predict import Model, PredictionResult
from classification_model.processing.json_rows import column_reader, row_schema

from ..api import PATH
from ..limits import replayed
from ..live.ids import quoting
from ..live.served import Raw, TypedRows
from ..observability import BEGUN, HEADER, Observer, add_time

__all__ = ["Answer", "FastPredict", "WholePredict", "answerer"]

Answer = Callable[[bytes], bytes]
"""From the body of a request to that of its answer; it raises where a body is not accepted."""

# The spellings that clients use. FastAPI knows the others.
_JSON = frozenset(
    {b"application/json", b"application/json; charset=utf-8", b"application/json;charset=utf-8"}
)
_AS_JSON = (b"content-type", b"application/json")
_TRIED = "app.tried"

_LONG = 2**12
"""Bytes of a body that holds so many rows that they are quicker by columns."""


def answerer(
    model: Model,
    most: int | None = None,
    note: Callable[[PredictionResult, TypedRows, Raw], None] | None = None,
) -> Answer:
    """What answers a body of at most so many rows; ``note`` is told of each result and its rows."""
    schema = model.manifest.row_schema, model.profile
    rows = core_schema.list_schema(row_schema(*schema), min_length=1, max_length=most)
    fields = {"inputs": core_schema.typed_dict_field(rows)}
    request = core_schema.typed_dict_schema(fields, extra_behavior="forbid")
    read, read_columns = SchemaValidator(request).validate_json, column_reader(*schema)
    predict, predict_columns = model.answer, model.answer_columns

    def answer(body: bytes) -> bytes:
        if len(body) < _LONG:
            typed = read(body)["inputs"]
            result = predict(typed)
        else:
            typed = read_columns(_rows_of(body, most))
            result = predict_columns(typed)
        content = to_json(result)
        if note is not None:
            note(result, typed, body)
        return content

    return answer


def _rows_of(body: bytes, most: int | None) -> list[Any]:
    request = from_json(body)
    rows = request["inputs"]
    if len(request) > 1 or type(rows) is not list or not 0 < len(rows) <= (most or len(rows)):
        raise ValueError("not one list of rows")
    return rows


class FastPredict:
    """Answers what has come in one piece, and gives it an id and a place in the counts."""

    def __init__(self, app: ASGIApp, *, answer: Answer, observer: Observer, longest: int) -> None:
        self._app = app
        self._answer = answer
        self._observer = observer
        self._longest = longest
        self._identity = observer.identity
        self._times = observer.metrics.times(("POST", PATH, 200))
        self._logged = observer.lowest_logged <= 200

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not _is_plain(scope):
            await self._app(scope, receive, send)
            return
        begin = perf_counter()
        message = await receive()
        content: bytes | None = None
        said = quoting()
        if message["type"] == "http.request" and not message.get("more_body"):
            body = message.get("body", b"")
            content = _answered(self._answer, body) if len(body) <= self._longest else None
            scope[_TRIED] = True
        if content is None:
            scope.update({BEGUN: begin, "endpoint": self})  # as routing says who answers
            await self._app(scope, replayed(message, receive), send)
            return
        # As the observer does it elsewhere, with less around it.
        identity = self._identity(scope["headers"])
        await _send(send, content, (HEADER, identity), *said)
        seconds = perf_counter() - begin
        add_time(self._times, seconds)
        if self._logged:
            self._observer.write(scope, 200, seconds, identity)


class WholePredict:
    """Answers what came in several pieces, once it is whole and counted by those before."""

    def __init__(self, app: ASGIApp, *, answer: Answer) -> None:
        self._app = app
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if _TRIED in scope or not _is_plain(scope):
            await self._app(scope, receive, send)
            return
        message = await receive()
        content = _answered(self._answer, message["body"])
        if content is None:
            await self._app(scope, replayed(message, receive), send)
            return
        await _send(send, content)


def _answered(answer: Answer, body: bytes) -> bytes | None:
    try:
        return answer(body)
    except Exception:  # noqa: BLE001 - FastAPI meets it again, and answers as it always does
        return None


async def _send(send: Send, content: bytes, *headers: tuple[bytes, bytes]) -> None:
    said = [(b"content-length", b"%d" % len(content)), _AS_JSON, *headers]
    await send({"type": "http.response.start", "status": 200, "headers": said})
    await send({"type": "http.response.body", "body": content})


def _is_plain(scope: Scope) -> bool:
    """Whether a request is to /predict, asks for nothing else, and sends JSON."""
    if scope["type"] != "http" or scope["method"] != "POST" or scope["query_string"]:
        return False
    if scope["path"] != scope.get("root_path", "") + PATH:
        return False
    kind = None
    for name, value in scope["headers"]:
        if name == b"content-encoding":
            return False
        if name == b"content-type" and kind is None:
            kind = value
    return kind is not None and kind.lower() in _JSON
