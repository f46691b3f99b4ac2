"""POST /predict without what the framework does around it.

FastAPI's middleware, routing and dependencies take longer than the model. So a request that is
plainly one to /predict is read, checked, scored and answered here. The route in api.py stays
what it is: the document shows it, and it answers all else. Any body that is not accepted here
is handed on to it as it came, so whatever is wrong with a request, FastAPI says so; but for a
long one, of which it would make too much at once: that is for large.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from email.message import Message as EmailMessage
from time import perf_counter

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from pydantic_core import SchemaValidator, core_schema, to_json
from starlette.routing import Match
from starlette.types import Message, Receive, Scope, Send

from app.errors import RefusedError
from app.large import LargePredict
from app.limits import SMALL, Careful, Upload, Uploads
from app.observability import BEGUN, HEADER, Observed, Observer, add_time
from classification_model.predict import Model, PredictionResult
from classification_model.processing.json_rows import row_schema
from classification_model.processing.validation import TypedRow

__all__ = ["PATH", "FastPredict", "answerer", "passes_nothing_by", "reader"]

PATH = "/predict"

# The spellings that clients use, which need not be looked at any closer.
_JSON = frozenset(
    {b"application/json", b"application/json; charset=utf-8", b"application/json;charset=utf-8"}
)

_AS_JSON = (b"content-type", b"application/json")


def reader(model: Model, most: int | None = None) -> Callable[[bytes | bytearray], list[TypedRow]]:
    """The function from the body of a request to its rows.

    It raises ``ValidationError``, or ``LookupError`` where a column is missing, if the body is not
    accepted as it is.

    Args:
        model: whose rows these are.
        most: rows that are accepted.
    """
    row = row_schema(model.manifest.row_schema, model.profile)
    rows = core_schema.list_schema(row, min_length=1, max_length=most)
    fields = {"inputs": core_schema.typed_dict_field(rows)}
    validate = SchemaValidator(
        core_schema.typed_dict_schema(fields, extra_behavior="forbid")
    ).validate_json

    def read(body: bytes | bytearray) -> list[TypedRow]:
        inputs: list[TypedRow] = validate(body)["inputs"]
        return inputs

    return read


def answerer(
    model: Model,
    most: int | None = None,
    note: Callable[[PredictionResult], None] | None = None,
) -> Callable[[bytes | bytearray], bytes]:
    """The function from the body of a request to that of its answer; see :func:`reader`.

    Args:
        model: what predicts.
        most: rows that are accepted.
        note: is told each result that is answered.
    """
    read, predict = reader(model, most), model.answer

    def answer(body: bytes | bytearray) -> bytes:
        result = predict(read(body))
        content = to_json(result)
        if note is not None:
            note(result)
        return content

    return answer


def passes_nothing_by(app: FastAPI, router: APIRouter) -> bool:
    """Whether a request that is answered here misses nothing that it would meet on its way.

    Middleware, a dependency, or a route of the application's own may refuse a request or answer
    it otherwise. Where there is one, FastAPI answers everything.

    Args:
        app: without the router.
        router: that of /predict, as it will be included.
    """
    if app.user_middleware or app.max_body_size is not None:
        return False
    if app.router.dependencies or router.dependencies:
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
        large: answers the bodies that are too long for that.
        other: answers whatever these do not.
        uploads: the room for bodies that do not come in one small piece.
        observer: gives each request its id, and counts it.
    """

    def __init__(
        self,
        answer: Callable[[bytes | bytearray], bytes],
        large: LargePredict,
        other: Careful,
        uploads: Uploads,
        observer: Observer,
    ) -> None:
        self._answer = answer
        self.large = large
        self._other = other
        self._uploads = uploads
        self._observed = Observed(other, observer)
        self._observer = observer
        self._identity = observer.identity
        self._times = observer.metrics.times(("POST", PATH, 200))
        self._logged = observer.lowest_logged <= 200

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not _is_predict(scope):
            await self._observed(scope, receive, send)
            return
        begin = perf_counter()
        message = await receive()
        body: bytes = message.get("body", b"")
        is_small = not message.get("more_body") and len(body) <= SMALL
        content = self._answered(body) if is_small and not scope["query_string"] else None
        if content is None:
            del body  # the message has it, and gives it away
            scope.update({BEGUN: begin, "endpoint": self})  # as routing says who answers
            await self._otherwise(scope, message, receive, send, is_tried=is_small)
            return
        # As the observer does it elsewhere, with less around it.
        identity = self._identity(scope["headers"])
        size = b"%d" % len(content)
        headers = [(b"content-length", size), _AS_JSON, (HEADER, identity)]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": content})
        seconds = perf_counter() - begin
        add_time(self._times, seconds)
        if self._logged:
            self._observer.write(scope, 200, seconds, identity)

    def _answered(self, body: bytes | bytearray) -> bytes | None:
        try:
            return self._answer(body)
        except Exception:  # noqa: BLE001 - FastAPI meets it again, and answers as it always does
            return None

    async def _otherwise(
        self, scope: Scope, message: Message, receive: Receive, send: Send, *, is_tried: bool
    ) -> None:
        """Answer what is long, came in pieces, or has something wrong with it."""
        content = None
        with self._observer.request(scope, send) as observed:
            try:
                with Upload(self._uploads) as upload:
                    body = await upload.whole(scope, receive, message)
                    if body is None:
                        return
                    query: bytes = scope["query_string"]
                    if not (is_tried or query or len(body) > SMALL):
                        content = self._answered(body)
                    answer = (200, [content]) if content else await self._read(body, query)
            except RefusedError as refused:
                await refused.send(observed)
                return
            if answer is None:
                await self._other.answer(scope, body, receive, observed)
                return
            del body  # it may be long, and its client may take the answer slowly
            await _send_all(observed, *answer)

    async def _read(self, body: bytearray, query: bytes) -> tuple[int, Sequence[bytes]] | None:
        """The answer, where FastAPI would make too much of the body at once."""
        # Of a row that is wrong it makes several objects for each column.
        if len(body) <= SMALL and body.count(b"{") <= self.large.rows_at_once:
            return None
        self._uploads.check_values(body)
        return await self.large.answer(body, query)


async def _send_all(send: Send, status: int, pieces: Sequence[bytes]) -> None:
    headers = [(b"content-length", b"%d" % sum(map(len, pieces))), _AS_JSON]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    for piece in pieces:
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


def _is_predict(scope: Scope) -> bool:
    if scope["type"] != "http" or scope["method"] != "POST":
        return False
    if scope["path"] != scope.get("root_path", "") + PATH:
        return False
    for name, value in scope["headers"]:
        if name == b"content-type":
            return value.lower() in _JSON or _means_json(value)
    return False


def _means_json(content_type: bytes) -> bool:
    """Whether FastAPI would read a body of this type as JSON."""
    message = EmailMessage()
    message["content-type"] = content_type.decode("latin-1")
    subtype = message.get_content_subtype()
    is_json = subtype == "json" or subtype.endswith("+json")
    return message.get_content_maintype() == "application" and is_json
