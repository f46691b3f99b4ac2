"""The routes. They translate between HTTP and the package, and do not think.

What a route of your own gets without asking, /predict gets too; layers.py lists it in order: a
body within MAX_BODY_BYTES, received whole within RECEIVE_SECONDS before the route is called; an
answer that begins within REQUEST_SECONDS, and may then stream for as long as its client reads; a
key, where API_KEYS are set; an id, a place in the counts, a line in the log. Add it here or in
main.py, as FastAPI's documents say.

Usual requests of POST /predict do not come here: predict/fast.py answers those in front of
FastAPI with the same bytes, as long as nothing that FastAPI knows stands before the route below.
Give the route or its router a dependency, a header or middleware, and FastAPI answers all of
them; the log says at the start which of the two it is. Whoever changes what ``predict`` itself
*does* changes ``answerer`` in predict/fast.py with it.
"""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from classification_model.bundle import Manifest
from classification_model.predict import Model, OnError

from . import __version__
from .config import Settings
from .errors import as_json, rows_refused, shortened
from .explaining import Explaining, ExplainQuery
from .live.recording import Live
from .media import JsonRoute
from .schemas import Health, PredictResponse, Refused, request_model

__all__ = ["PATH", "model_router"]

PATH = "/predict"

ON_ERROR = (
    "`raise`: one bad row refuses the request with 422. "
    "`skip`: the good rows are scored, and the bad ones come back in `errors`."
)

OnErrorQuery = Annotated[OnError, Query(description=ON_ERROR)]

_REFUSALS: dict[int | str, dict[str, Any]] = {
    status: {"model": Refused, "description": why}
    for status, why in {
        400: "What was sent is no HTTP, or its body cannot be read.",
        408: "It did not come in time.",
        413: "The body is too long.",
        415: "The body is not application/json, or it is compressed.",
        503: "Too much at once, or too slow: Retry-After says when to try again.",
    }.items()
}

_HEALTH: dict[str, Any] = {
    "response_model": Health,
    "response_model_exclude_none": True,  # most services have no second model
    "responses": {503: {"model": Health, "description": "About to stop."}},
}


def _what_it_predicts(manifest: Manifest) -> str:
    """A sentence, and what the labels mean where people have names for them."""
    named = ", ".join(f"`{label}` is {name}" for label, name in manifest.labels.items())
    return f"Predict the class of each row.{f' Of the labels, {named}.' if named else ''}"


def _predict(model: Model, live: Live, settings: Settings) -> Callable[..., Any]:
    """What POST /predict calls: its body has the columns of the model."""
    Rows = request_model(model.validator, settings.MAX_ROWS)
    explaining = Explaining(model, settings.REQUEST_SECONDS)

    async def predict(
        body: Rows,  # type: ignore[valid-type]
        on_error: OnErrorQuery = "raise",
        explain: ExplainQuery = 0,
    ) -> Any:
        if explain:
            await explaining.admit(len(body.inputs))  # type: ignore[attr-defined]
        checked = model.validator.check(body.inputs)  # type: ignore[attr-defined]
        if checked.errors and on_error == "raise":
            live.metrics.refused(checked.errors)
            raise rows_refused(checked.errors)
        result = model.score(checked)
        live.scored(result, checked.rows, body.inputs)  # type: ignore[attr-defined]
        if explain:
            result["explanations"] = await explaining.explain(checked, result, explain)
        return (
            as_json({**result, "errors": shortened(result["errors"])}) if checked.errors else result
        )

    predict.__doc__ = _what_it_predicts(model.manifest)
    return predict


def model_router(model: Model, live: Live, settings: Settings) -> APIRouter:
    """The routes of a service that has a model: their shapes are those of its bundle."""
    router = APIRouter(route_class=JsonRoute)

    async def health(request: Request, response: Response) -> Health:
        """Answers while the service is alive: with 503 once it is about to stop."""
        ready = not request.app.stopping
        response.status_code = 200 if ready else 503
        return Health(
            name="classification_api",
            api_version=__version__,
            model_version=model.manifest.version,
            bundle_digest=model.digest,
            ready=ready,
            **live.second(),
        )

    router.add_api_route("/health", health, **_HEALTH)
    router.add_api_route(
        PATH,
        _predict(model, live, settings),
        methods=["POST"],
        response_model=PredictResponse,
        response_model_exclude_unset=True,  # what was not asked for is not there
        responses=_REFUSALS,
    )
    return router
