"""/live says what is known after the deployment, and /feedback takes what turned out to be true."""

from __future__ import annotations

from time import time
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, HTTPException, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictFloat, StrictInt, StrictStr
from starlette.concurrency import run_in_threadpool

from classification_model.monitoring.answers import Label

from ..auth import operators_only
from ..config import Settings
from ..errors import as_json
from ..media import JsonRoute
from .recording import Live

__all__ = ["add_live"]

_MOST_NAMED = 20


class Truth(BaseModel):
    """What turned out to be true of one row of an answer."""

    model_config = ConfigDict(extra="forbid")

    id: str = Field(max_length=64, description="The answer's X-Answer-ID.")
    row: int = Field(0, ge=0, le=2**31, description="Position in the request's inputs, from 0.")
    label: StrictBool | StrictInt | StrictFloat | StrictStr = Field(
        description="The class, as the training data has it."
    )


class Noted(BaseModel):
    """What became of labels."""

    accepted: int = Field(description="Labels that are counted from now on.")
    repeated: int = Field(description="Labels that were known.")
    unknown: int = Field(
        description="Labels of answers that this process did not give, or keeps no more: they "
        "count nowhere."
    )


def add_live(app: FastAPI, live: Live, settings: Settings) -> None:
    """Add the routes, which are for operators."""
    guard = [Depends(operators_only(settings))]
    router = APIRouter(
        route_class=JsonRoute, dependencies=guard, include_in_schema=bool(settings.OPERATOR_KEYS)
    )
    classes = {str(label): i for i, label in enumerate(live.model.manifest.classes)}
    Truths = Annotated[list[Truth], Field(max_length=settings.MAX_ROWS)]

    async def feedback(body: Truth | Truths) -> Noted:  # type: ignore[valid-type]
        """Say what turned out to be true of answers: late is fine, and twice is once."""
        truths: list[Truth] = body if isinstance(body, list) else [body]  # type: ignore[assignment]
        _check(truths, classes, is_list=isinstance(body, list))
        if live.keeper:
            now = time()
            kept = [Label(one.id, one.row, str(one.label), now) for one in truths]
            await run_in_threadpool(live.keeper.labels, kept)
        return Noted(**live.learn([(one.id, one.row, classes[str(one.label)]) for one in truths]))

    async def seen(
        request: Request, window: Annotated[str, Query(max_length=20)] = "1000"
    ) -> Response:
        """What is served beside the training: a page, or JSON where that is accepted."""
        from .figures import figures, windows

        live.flush()
        known = windows(live)
        if window not in known:
            shown = ", ".join([*known][:_MOST_NAMED])
            raise HTTPException(422, f"window: expected one of {shown}, found {window!r}")
        found = figures(live, window)
        if _wants_json(request):
            answer = as_json(found)
        else:
            from .page import as_page

            answer = as_page(live, window, found, request.scope.get("root_path", "").rstrip("/"))
        answer.headers.update({"cache-control": "no-store", "vary": "accept"})
        return answer

    router.add_api_route("/feedback", feedback, methods=["POST"], response_model=Noted)
    router.add_api_route("/live", seen, include_in_schema=False)
    app.include_router(router)


def _wants_json(request: Request) -> bool:
    accepted = request.headers.get("accept", "")
    return "application/json" in accepted and "text/html" not in accepted


def _check(truths: list[Truth], classes: dict[str, int], *, is_list: bool) -> None:
    """Raises RequestValidationError: a label is no class. Nothing of the list counts then."""
    faults: list[dict[str, Any]] = [
        {
            "type": "unknown_class",
            "loc": ("body", *([i] if is_list else []), "label"),
            "msg": f"expected one of {', '.join([*classes][:_MOST_NAMED])}",
            "input": one.label,
        }
        for i, one in enumerate(truths)
        if str(one.label) not in classes
    ]
    if faults:
        raise RequestValidationError(faults)
