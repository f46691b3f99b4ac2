"""From an error to an answer: one map."""

from __future__ import annotations

import json
import math
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError

from classification_model.predict import Model

__all__ = ["add_error_handlers"]

_LONGEST = 200


def add_error_handlers(app: FastAPI) -> None:
    """Answer a request that cannot be understood with 422 and what is wrong with it."""
    app.add_exception_handler(RequestValidationError, _invalid_request)


async def _invalid_request(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    faults = error.errors()
    if request.query_params.get("on_error") == "skip" and all(map(_is_about_a_row, faults)):
        return _without_bad_rows(request.app.state.model, error.body)
    detail = [
        {
            "type": fault["type"],
            "loc": fault["loc"],
            "msg": fault["msg"],
            "input": _shown(fault.get("input")),
        }
        for fault in faults
    ]
    return _json({"detail": detail}, status=422)


def _is_about_a_row(fault: Any) -> bool:
    return fault["loc"][:2] == ("body", "inputs") and len(fault["loc"]) > 2


def _without_bad_rows(model: Model, body: Any) -> Response:
    """The good rows' predictions, and why the others have none."""
    result = model.predict(body["inputs"], on_error="skip")
    errors = [{**error, "value": _shown(error["value"])} for error in result["errors"] or ()]
    return _json({**result, "errors": errors}, status=200)


def _json(content: Any, status: int) -> Response:
    # ASCII, because a refused text may hold half a surrogate pair, which UTF-8 cannot.
    text = json.dumps(content, allow_nan=False, separators=(",", ":"))
    return Response(text, status_code=status, media_type="application/json")


def _shown(value: Any) -> Any:
    """A refused value as JSON can carry it, and no longer than one can read."""
    if isinstance(value, str):
        return value if len(value) <= _LONGEST else value[: _LONGEST - 3] + "..."
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if value is None or isinstance(value, bool | int | float):
        return value
    return None
