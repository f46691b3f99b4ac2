"""/live and /metrics say what is known after the deployment, and /feedback takes the truth."""

import re
from collections.abc import Callable
from time import time
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, HTTPException, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
)
from starlette.concurrency import run_in_threadpool

from classification_model.monitoring.answers import Label

from ..config import Settings
from ..errors import as_json
from ..media import JsonRoute
from .keeper import Known, NotKeptError, may_be
from .operators import is_operator, operators_only
from .recording import Live

__all__ = ["add_live"]

_MOST_NAMED = 20
_MINTED = re.compile("[0-9a-fA-F]{32}")
_MOST_ROWS = 2**31  # as many as a database's integer counts


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
        description="Labels of answers that this process did not give or keeps no more, and that "
        "no store knows: they count nowhere, but in a store they wait for the answer."
    )
    stored: int | None = Field(None, description="Where there is a store, labels that are in it.")


class FeedbackRoute(JsonRoute):
    """/feedback, which takes no rows."""

    wanted = 'send {"id": X-Answer-ID, "row": 0, "label": class}, or a list of them'


def add_live(app: FastAPI, live: Live, settings: Settings) -> None:
    """Add the routes: for operators, but for the counts that everybody may read."""
    router = APIRouter(
        route_class=FeedbackRoute, dependencies=[Depends(operators_only(settings.OPERATOR_KEYS))]
    )
    router.add_api_route(
        "/feedback",
        _feedback(live, settings.MAX_ROWS),
        methods=["POST"],
        response_model=Noted,
        response_model_exclude_none=True,
        include_in_schema=bool(settings.OPERATOR_KEYS),
    )
    router.add_api_route("/live", _seen(live), include_in_schema=False)
    app.include_router(router)
    app.add_route("/metrics", _counts(live), include_in_schema=False)


def _feedback(live: Live, most: int) -> Callable[..., Any]:
    """What POST /feedback calls."""
    classes = {str(label): i for i, label in enumerate(live.model.manifest.classes)}
    Truths = Annotated[
        list[Truth],
        Field(max_length=most),
        BeforeValidator(_listed, json_schema_input_type=Truth | list[Truth]),
    ]

    async def feedback(truths: Truths, response: Response) -> Noted:
        """Say what turned out to be true of answers: late is fine, and twice is once.

        202 where a store keeps a label whose answer it does not know yet.
        """
        _check(truths, classes)
        labels = _labels(truths)
        known = await _keep(live, labels)
        if any(one.id not in known for one in labels):
            response.status_code = 202 if live.keeper else 200
        found = live.learn([(one.id, one.row, classes[str(one.label)]) for one in truths], known)
        stored = sum(may_be(one, known) for one in labels) if live.keeper else None
        return Noted(**found, stored=stored)

    return feedback


def _seen(live: Live) -> Callable[..., Any]:
    """What GET /live calls."""

    async def seen(
        request: Request, window: Annotated[str, Query(max_length=20)] = "1000"
    ) -> Response:
        from .figures import windows

        live.flush()
        known = windows(live)
        if window not in known:
            shown = ", ".join([*known][:_MOST_NAMED])
            raise HTTPException(422, f"window: expected one of {shown}, found {window!r}")
        root = None if _wants_json(request) else request.scope.get("root_path", "").rstrip("/")
        # In a thread, for many columns take a while, and requests go on.
        answer = await run_in_threadpool(_shown, live, window, root)
        answer.headers.update({"cache-control": "no-store", "vary": "accept"})
        return answer

    return seen


def _counts(live: Live) -> Callable[..., Any]:
    """What GET /metrics calls."""

    async def counts(request: Request) -> Response:
        live.flush()
        # In a thread: the first call imports the client library, and requests go on.
        content, media_type = await run_in_threadpool(
            _exposition, live, request.headers.get("accept", ""), is_operator(request.scope)
        )
        return Response(content, headers={"content-type": media_type})

    return counts


def _shown(live: Live, window: str, root: str | None) -> Response:
    """The figures as a page of the service that stands under ``root``, or as JSON without one."""
    from .figures import figures

    found = figures(live, window)
    if root is None:
        return as_json(found)
    from .page import as_page

    return as_page(live, window, found, root)


def _labels(truths: list[Truth]) -> list[Label]:
    """Those that a store may keep."""
    now = time()
    return [
        Label(one.id.lower(), one.row, str(one.label), now)
        for one in truths
        if _MINTED.fullmatch(one.id) and one.row < _MOST_ROWS
    ]


async def _keep(live: Live, labels: list[Label]) -> Known:
    """Keep labels where there is a store; the answers that it knows of them."""
    if live.keeper is None:
        return {}
    live.flush()
    try:
        return await live.keeper.labels(labels)
    except NotKeptError as error:
        raise HTTPException(503, str(error), {"retry-after": "5"}) from None


def _exposition(live: Live, accept: str, operates: bool) -> tuple[bytes, str]:  # noqa: FBT001
    from ..observability.exposition import exposition
    from .exposition import LiveFamilies

    return exposition(live.metrics, accept, *([LiveFamilies(live)] if operates else ()))


def _wants_json(request: Request) -> bool:
    accepted = request.headers.get("accept", "")
    return "application/json" in accepted and "text/html" not in accepted


def _listed(body: Any) -> Any:
    return [body] if isinstance(body, dict) else body


def _check(truths: list[Truth], classes: dict[str, int]) -> None:
    """Raises RequestValidationError: a label is no class. Nothing of the list counts then."""
    faults: list[dict[str, Any]] = [
        {
            "type": "unknown_class",
            "loc": ("body", i, "label"),
            "msg": f"expected one of {', '.join([*classes][:_MOST_NAMED])}",
            "input": one.label,
        }
        for i, one in enumerate(truths)
        if str(one.label) not in classes
    ]
    if faults:
        raise RequestValidationError(faults)
