"""From an error to an answer: one map, ``{"detail": ...}``, or ``{"error": ...}`` under /v2."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.utils import is_body_allowed_for_status_code
from starlette.exceptions import HTTPException
from starlette.types import Scope, Send

from classification_model.errors import RowError

__all__ = [
    "RefusedError",
    "add_error_handlers",
    "as_json",
    "local_path",
    "rows_refused",
    "shortened",
]

_LONGEST = 200
_MOST_FAULTS = 100


class RefusedError(Exception):
    """Why a request is not answered, though nothing in what it says need be wrong.

    The client is told the sentence, and after how many seconds to try again; a connection that
    is of no more use ``closes``.
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
        self._headers = [(b"content-type", b"application/json"), *headers]
        if retry_after is not None:
            self._headers.append((b"retry-after", b"%d" % retry_after))
        if closes:
            self._headers.append((b"connection", b"close"))

    def answer(self, scope: Scope | None) -> tuple[list[tuple[bytes, bytes]], bytes]:
        """The headers and the body; ``scope`` is None where no request has come yet."""
        body = bytes(as_json({_key(scope): str(self)}).body)
        return [(b"content-length", b"%d" % len(body)), *self._headers], body

    async def send(self, scope: Scope, send: Send) -> None:
        headers, body = self.answer(scope)
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def local_path(scope: Scope) -> str:
    """The path that is asked for, without the prefix by which an edge knows the service."""
    return str(scope["path"]).removeprefix(scope.get("root_path", ""))


def _key(scope: Scope | None) -> str:
    """What the protocol's clients look for, and those of FastAPI."""
    return "error" if scope and f"{local_path(scope)}/".startswith("/v2/") else "detail"


def add_error_handlers(app: FastAPI) -> None:
    """Say what is wrong with a request: 422 where it cannot be understood."""
    app.exception_handler(RequestValidationError)(_invalid_request)
    app.exception_handler(HTTPException)(_refused)


async def _refused(request: Request, error: HTTPException) -> Response:
    if not is_body_allowed_for_status_code(error.status_code):
        return Response(status_code=error.status_code, headers=error.headers)
    answer = as_json({_key(request.scope): error.detail}, error.status_code)
    answer.headers.update(error.headers or {})
    return answer


async def _invalid_request(request: Request, error: RequestValidationError) -> Response:  # noqa: ARG001
    faults = error.errors()
    detail = [
        {
            "type": fault["type"],
            "loc": [_shown(step) for step in fault["loc"]],
            "msg": fault["msg"],
            "input": _shown(fault.get("input")),
        }
        for fault in faults[:_MOST_FAULTS]
    ]
    if len(faults) > _MOST_FAULTS:
        more = f"and {len(faults) - _MOST_FAULTS} more like these"
        detail.append({"type": "more_errors", "loc": ["body"], "msg": more, "input": None})
    return as_json({"detail": detail}, status=422)


def rows_refused(errors: Sequence[RowError]) -> RequestValidationError:
    """What FastAPI would raise if it had found the faults of these rows itself."""
    return RequestValidationError(
        [
            {
                "type": error.rule,
                "loc": ("body", "inputs", error.row, *([error.column] if error.column else [])),
                "msg": error.message,
                "input": error.value,
            }
            for error in errors
        ]
    )


def as_json(content: Any, status: int = 200) -> Response:
    """In ASCII, because a refused text may hold half a surrogate pair, unlike UTF-8."""
    text = json.dumps(content, allow_nan=False, separators=(",", ":"))
    return Response(text.encode(), status_code=status, media_type="application/json")


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
    return value if isinstance(value, bool | int | float) else None
