"""From an error to an answer: one map."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.types import Send

from classification_model.predict import Model

__all__ = [
    "MOST_FAULTS",
    "RefusedError",
    "about_rows",
    "add_error_handlers",
    "as_ascii",
    "described",
    "shortened",
]

_LONGEST = 200
MOST_FAULTS = 100
"""Faults of one request that are named."""


class RefusedError(Exception):
    """Why a request is not answered, though nothing in what it says need be wrong.

    Args:
        status: of the answer.
        sentence: for the client.
        retry_after: seconds after which to try again.
        closes: whether the connection is of no more use.
        headers: more of them.
    """

    def __init__(
        self,
        status: int,
        sentence: str,
        *,
        retry_after: int | None = None,
        closes: bool = False,
        headers: Sequence[tuple[bytes, bytes]] = (),
    ) -> None:
        super().__init__(sentence)
        self.status = status
        self.body = json.dumps({"detail": sentence}, separators=(",", ":")).encode()
        self.headers = [
            (b"content-length", b"%d" % len(self.body)),
            (b"content-type", b"application/json"),
            *headers,
        ]
        if retry_after is not None:
            self.headers.append((b"retry-after", b"%d" % retry_after))
        if closes:
            self.headers.append((b"connection", b"close"))

    async def send(self, send: Send) -> None:
        start = {"type": "http.response.start", "status": self.status, "headers": self.headers}
        await send(start)
        await send({"type": "http.response.body", "body": self.body})


def add_error_handlers(app: FastAPI) -> None:
    """Answer a request that cannot be understood with 422 and what is wrong with it."""
    app.add_exception_handler(RequestValidationError, _invalid_request)


async def _invalid_request(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    faults = error.errors()
    if request.query_params.get("on_error") == "skip" and len(about_rows(faults)) == len(faults):
        return _without_bad_rows(request.app.state, error.body)
    request.app.state.metrics.refused(about_rows(faults))
    return _json(described(faults, len(faults)), status=422)


def described(faults: Sequence[Any], number: int) -> dict[str, Any]:
    """The content of an answer that names what is wrong with a request.

    Args:
        faults: as pydantic gives them. The first hundred are named.
        number: of all that there are.
    """
    detail = [
        {
            "type": fault["type"],
            "loc": [_shown(step) for step in fault["loc"]],
            "msg": fault["msg"],
            "input": _shown(fault.get("input")),
        }
        for fault in faults[:MOST_FAULTS]
    ]
    if number > MOST_FAULTS:
        more = f"and {number - MOST_FAULTS} more like these"
        detail.append({"type": "more_errors", "loc": ("body",), "msg": more, "input": None})
    return {"detail": detail}


def about_rows(faults: Sequence[Any]) -> list[Any]:
    """Those that are about a row: ``loc`` is body, inputs, row, and mostly a column."""
    return [f for f in faults if f["loc"][:2] == ("body", "inputs") and len(f["loc"]) > 2]


def _without_bad_rows(state: Any, body: Any) -> Response:
    """The good rows' predictions, and why the others have none."""
    model: Model = state.model
    result = model.predict(body["inputs"], on_error="skip")
    state.metrics.scored(result)
    return _json({**result, "errors": shortened(result["errors"])}, status=200)


def _json(content: Any, status: int) -> Response:
    return Response(as_ascii(content), status_code=status, media_type="application/json")


def as_ascii(content: Any) -> bytes:
    """As JSON. In ASCII, because a refused text may hold half a surrogate pair, unlike UTF-8."""
    return json.dumps(content, allow_nan=False, separators=(",", ":")).encode()


def shortened(errors: Sequence[dict[str, Any]] | None) -> list[dict[str, Any]]:
    """Errors of rows, with their values as they are shown."""
    return [{**error, "value": _shown(error["value"])} for error in errors or ()]


def _shown(value: Any) -> Any:
    """A refused value as JSON can carry it, and no longer than one can read."""
    if isinstance(value, int) and abs(value) >= 10**_LONGEST:
        value = str(value)
    if isinstance(value, str):
        return value if len(value) <= _LONGEST else value[: _LONGEST - 3] + "..."
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if value is None or isinstance(value, bool | int | float):
        return value
    return None
