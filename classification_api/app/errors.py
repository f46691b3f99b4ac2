"""From an error to an answer: one map."""

from __future__ import annotations

import json
import math
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError

__all__ = ["add_error_handlers"]

_LONGEST = 200


def add_error_handlers(app: FastAPI) -> None:
    """Answer a request that cannot be understood with 422 and what is wrong with it."""
    app.add_exception_handler(RequestValidationError, _unprocessable)


async def _unprocessable(_: Request, error: Exception) -> Response:
    faults = error.errors() if isinstance(error, RequestValidationError) else []
    detail = [
        {
            "type": fault["type"],
            "loc": fault["loc"],
            "msg": fault["msg"],
            "input": _shown(fault.get("input")),
        }
        for fault in faults
    ]
    # ASCII, because a refused text may hold half a surrogate pair, which UTF-8 cannot.
    content = json.dumps({"detail": detail}, allow_nan=False)
    return Response(content, status_code=422, media_type="application/json")


def _shown(value: Any) -> Any:
    """A refused value as JSON can carry it, and no longer than one can read."""
    if isinstance(value, str):
        return value if len(value) <= _LONGEST else value[: _LONGEST - 3] + "..."
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if value is None or isinstance(value, bool | int | float):
        return value
    return None
