"""Map errors to answers."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.types import Send

from classification_model.errors import RowError

__all__ = ["RefusedError", "add_error_handlers", "as_json", "rows_refused", "shortened"]

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


async def _invalid_request(request: Request, error: Exception) -> Response:  # noqa: ARG001
    if not isinstance(error, RequestValidationError):
        raise error
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
    if value is None or isinstance(value, bool | int | float):
        return value
    return None
