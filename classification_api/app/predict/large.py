"""POST /predict for a long body: read, scored and written down a few rows at a time.

So it takes little more memory than it is long, whatever is in it, and other requests have their
turn between two slices. FastAPI reads none of it: it would read all of it at once.
"""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import PydanticKnownError, to_json
from starlette.datastructures import QueryParams

from classification_model.predict import Model, OnError, PredictionResult
from classification_model.processing.validation import TypedRow

from ..errors import MOST_FAULTS, RefusedError, about_rows, as_ascii, described, shortened
from ..limits import SMALL, too_slow
from ..observability import Metrics
from .slices import MisshapenError, RowTooLongError, Slice, TooManyRowsError, slices

__all__ = ["LargePredict"]

# What may be wrong with the rows that are read at once, each column of each of them.
_FAULTS = 2000

_ON_ERROR: TypeAdapter[OnError] = TypeAdapter(OnError)


class _InvalidError(Exception):
    """The request is answered with 422, and with what is wrong with it.

    Args:
        faults: of which some are named.
        number: of all that there are.
    """

    def __init__(self, faults: list[Any], number: int | None = None) -> None:
        super().__init__()
        self.faults = faults
        self.number = number or len(faults)


class LargePredict:
    """Answers one long body after the other: they wait for each other, and nobody for them.

    Args:
        model: what predicts.
        read: from the body of a request to its rows; see :func:`app.predict.fast.reader`.
        request: the request as FastAPI reads it, which says what is wrong with a row.
        most: rows that a request may hold.
        longest_row: bytes that one of them may have.
        seconds: until it must be answered.
        metrics: where what it says is counted.

    ``rows_at_once`` are read together: the more columns, the fewer.
    """

    def __init__(
        self,
        model: Model,
        read: Callable[[bytes], list[TypedRow]],
        request: type[BaseModel],
        *,
        most: int,
        longest_row: int,
        seconds: float,
        metrics: Metrics,
    ) -> None:
        self._model = model
        self._read = read
        self._request = request
        self._most = most
        self._longest_row = longest_row
        self._seconds = seconds
        self._metrics = metrics
        self._turn = asyncio.Lock()
        self.rows_at_once = max(1, _FAULTS // len(model.manifest.row_schema.columns))

    async def answer(self, body: bytearray, query: bytes) -> tuple[int, list[bytes]]:
        """The status of the answer to a body, and its content in pieces.

        Raises:
            RefusedError: it took too long, a row is too long, or something is no text at all.
        """
        try:
            async with asyncio.timeout(self._seconds), self._turn:
                return 200, await self._scored(body, _on_error(query))
        except TimeoutError:
            raise too_slow(self._seconds, "send fewer rows at once") from None
        except RowTooLongError as error:
            raise RefusedError(
                413,
                f"Row {error.row} is longer than {self._longest_row} bytes: shorten its texts, or "
                "leave out columns that the model does not use.",
            ) from None
        except _InvalidError as error:
            return 422, [as_ascii(described(error.faults, error.number))]

    async def _scored(self, body: bytearray, on_error: OnError) -> list[bytes]:
        scored, refused, answers = Metrics(self._model), Metrics(self._model), _Answers()
        faults: list[Any] = []
        number = 0
        try:
            for part in slices(
                body, at_once=self.rows_at_once, most=self._most, longest=self._longest_row
            ):
                await asyncio.sleep(0)
                try:
                    result = self._result(part, on_error)
                except _InvalidError as error:
                    number += error.number
                    faults += error.faults[: MOST_FAULTS - len(faults)]
                    refused.refused(about_rows(error.faults))
                else:
                    scored.scored(result)
                    answers.add(result, part.first)
        except MisshapenError as error:
            raise _InvalidError([_misshapen(error.position)]) from None
        except TooManyRowsError:
            numbers = {"max_length": self._most, "actual_length": None}
            raise _InvalidError([_of_inputs("too_long", numbers)]) from None
        if faults:
            self._metrics.add(refused)
            raise _InvalidError(faults, number)
        if not answers:
            numbers = {"min_length": 1, "actual_length": 0}
            raise _InvalidError([_of_inputs("too_short", numbers)])
        self._metrics.add(scored)
        return answers.joined()

    def _result(self, part: Slice, on_error: OnError) -> PredictionResult:
        rows: list[TypedRow] | None = None
        # An error keeps what it is about, several times: each is let go before the next step.
        with suppress(ValidationError, LookupError):
            rows = self._read(b'{"inputs":[%b]}' % part.content)
        if rows is not None:
            return self._model.answer(rows)
        values = _parsed(part)
        if on_error == "skip":
            return self._model.predict(values, on_error="skip")
        try:
            request: Any = self._request.model_validate({"inputs": values})
        except ValidationError as error:
            raise _InvalidError(_located(error, part)) from None
        return self._model.answer(request.inputs)


class _Answers:
    """The answers to some slices, as JSON: as objects they would take several times as much."""

    def __init__(self) -> None:
        self._lists: defaultdict[str, list[bytes]] = defaultdict(list)
        self._result: PredictionResult | None = None

    def __bool__(self) -> bool:
        return self._result is not None

    def add(self, result: PredictionResult, first: int) -> None:
        """Add what is said of some rows, of which this is the number of the first."""
        self._result = result
        errors = shortened(result["errors"])
        for key, items in (
            ("predictions", to_json(result["predictions"])),
            ("probabilities", to_json(result["probabilities"])),
            ("warnings", to_json(_counted_from(first, result["warnings"]))),
            ("errors", as_ascii(_counted_from(first, errors))),
        ):
            if len(items) > len(b"[]"):
                comma = b"," if self._lists[key] else b""
                self._lists[key].append(comma + items[1:-1])

    def joined(self) -> list[bytes]:
        """All of it, in pieces."""
        pieces: list[bytes] = []
        for key, value in (self._result or {}).items():
            pieces.append(b',"%b":' % key.encode())
            if key in ("predictions", "probabilities", "warnings") or key in self._lists:
                pieces += [b"[", *self._lists.pop(key, ()), b"]"]
            else:
                pieces.append(to_json(value))
        pieces[0] = b"{" + pieces[0][1:]
        return [*pieces, b"}"]


def _counted_from(first: int, notes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**note, "row": note["row"] + first} for note in notes] if first else notes


def _on_error(query: bytes) -> OnError:
    """What the query asks for, as FastAPI reads it."""
    asked = QueryParams(query).get("on_error", "raise")
    try:
        return _ON_ERROR.validate_python(asked)
    except ValidationError as error:
        (fault,) = error.errors(include_url=False)
        raise _InvalidError([{**fault, "loc": ("query", "on_error")}]) from None


def _parsed(part: Slice) -> list[Any]:
    """The rows of a slice, as FastAPI would read them."""
    try:
        values: list[Any] = json.loads((b"[%b]" % part.content).decode("utf-8", "surrogatepass"))
    except json.JSONDecodeError as error:
        raise MisshapenError(part.start + error.pos - 1) from None
    except (ValueError, RecursionError):
        raise RefusedError(400, "There was an error parsing the body") from None
    return values


def _misshapen(position: int) -> dict[str, Any]:
    message = (
        f'A body of more than {SMALL} bytes should be {{"inputs": [...]}}, JSON in UTF-8 with nothing '
        f"beside the rows: at byte {position} it is not"
    )
    return {"type": "json_invalid", "loc": ("body", position), "msg": message, "input": None}


def _of_inputs(kind: Any, numbers: dict[str, Any]) -> dict[str, Any]:
    message = PydanticKnownError(kind, {"field_type": "List", **numbers}).message()
    return {"type": kind, "loc": ("body", "inputs"), "msg": message, "input": None}


def _located(error: ValidationError, part: Slice) -> list[Any]:
    """Its faults, where they are in the whole request."""
    faults: list[Any] = error.errors(include_url=False)
    for fault in faults:
        inputs, row, *rest = fault["loc"]
        fault["loc"] = ("body", inputs, part.first + row, *rest)
    return faults
