"""Explanations in turns: a plain request beside them waits for one call of the model at most."""

from __future__ import annotations

import asyncio
from time import perf_counter
from typing import Any, TypeVar

from fastapi import HTTPException
from fastapi.exceptions import RequestValidationError

from classification_model.bundle import golden
from classification_model.inference.explanations import Turns
from classification_model.predict import Model, PredictionResult
from classification_model.processing.validation import Validated

__all__ = ["Explaining"]

_MEASURED = 2  # golden rows

# A request that comes while a piece is made is read in the next turn of the event loop, begun in
# the one after it, and answered there: so many turns are left to others.
_LEFT_TO_OTHERS = 3

T = TypeVar("T")


class Explaining:
    """Explains rows one request after another, as many as fit into half of an answer's time.

    What a row costs is measured on golden rows when it is first asked.

    Args:
        model: whose answers are explained.
        seconds: until an answer must begin.
    """

    def __init__(self, model: Model, seconds: float) -> None:
        self._model = model
        self._seconds = seconds
        self._owed = 0
        self._measuring: asyncio.Task[float] | None = None
        self._turn = asyncio.Lock()

    async def admit(self, rows: int) -> None:
        """Refuse what cannot be explained in time.

        Raises:
            RequestValidationError: so many rows never can; it says how many fit.
            HTTPException: they could, after those that others wait for.
        """
        fit = await self._fit()
        if rows > fit:
            sentence = (
                f"explain: {rows} rows, and {fit} can be explained within half of "
                f"{self._seconds:g} seconds (REQUEST_SECONDS): send fewer at once"
            )
            fault = {"type": "too_long", "loc": ("body", "inputs"), "msg": sentence, "input": rows}
            raise RequestValidationError([fault])
        if self._owed + rows > fit:
            sentence = "More explanations at once than this service gives: try again."
            raise HTTPException(503, sentence, headers={"retry-after": "1"})

    async def explain(
        self, checked: Validated, result: PredictionResult, most: int
    ) -> list[dict[str, Any] | None]:
        """What ``Model.explain`` says, once those that came before are answered."""
        rows = len(checked.rows)
        self._owed += rows
        try:
            async with self._turn:
                found, _ = await _in_turns(self._model.explaining(checked, result, most))
                return found
        finally:
            self._owed -= rows

    async def _fit(self) -> int:
        if self._measuring is None:
            self._measuring = asyncio.create_task(self._measured())
        # Of a wide table it may take longer than a request: it goes on, and the next one knows.
        return max(1, int(self._seconds / 2 / await asyncio.shield(self._measuring)))

    async def _measured(self) -> float:
        """Seconds for a row, once another one has prepared what is kept."""
        model = self._model
        made, seconds = golden.parse(model.golden)[0], 0.0
        async with self._turn:
            for rows in (made[:1], made[-_MEASURED:]):
                checked = model.validator.validate(rows)
                result = model.score(checked)
                _, seconds = await _in_turns(model.explaining(checked, result, 1))
        return seconds / _MEASURED


async def _in_turns(work: Turns[T]) -> tuple[T, float]:
    """Do some work with turns for others between its pieces; the seconds that it took itself."""
    spent = 0.0
    while True:
        begin = perf_counter()
        try:
            next(work)
        except StopIteration as done:
            return done.value, spent
        spent += perf_counter() - begin
        for _ in range(_LEFT_TO_OTHERS):
            await asyncio.sleep(0)
