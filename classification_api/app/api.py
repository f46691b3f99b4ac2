"""The routes. They translate between HTTP and the package, and do not think."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel

from classification_model.predict import Model, OnError, PredictionResult
from classification_model.processing.validation import Validated

from . import __version__
from .observability import Metrics
from .schemas import Health, PredictResponse, Refused

__all__ = ["model_router"]

ON_ERROR = (
    "`raise`: one bad row refuses the request with 422. "
    "`skip`: the good rows are scored, and the bad ones come back in `errors`."
)

_REFUSALS = {
    400: "What was sent is no HTTP, or its body cannot be read.",
    408: "It did not come in time.",
    413: "The body is too long, or a row of it, or it holds too many values.",
    503: "Too much at once, or too slow: Retry-After says when to try again.",
}


def model_router(model: Model, metrics: Metrics, Rows: type[BaseModel]) -> APIRouter:
    """The routes of a service that has a model: their shapes are those of its bundle.

    Args:
        model: that answers.
        metrics: where what it says is counted.
        Rows: the request of /predict.
    """
    router = APIRouter()

    async def predict(
        body: Rows,  # type: ignore[valid-type]
        on_error: Annotated[OnError, Query(description=ON_ERROR)] = "raise",  # noqa: ARG001
    ) -> PredictionResult:
        """Predict the class of each row."""
        # With a bad row this is not reached: the error map answers, as on_error says.
        result = model.score(Validated(body.inputs, []))  # type: ignore[attr-defined]
        metrics.scored(result)
        return result

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
        )

    def counts(request: Request) -> Response:
        # In a thread: the first call imports the client library, and requests go on.
        from .observability.exposition import exposition

        content, media_type = exposition(metrics, request.headers.get("accept", ""))
        return Response(content, headers={"content-type": media_type})

    stopping: dict[int | str, Any] = {503: {"model": Health, "description": "About to stop."}}
    router.add_api_route("/health", health, response_model=Health, responses=stopping)
    router.add_route("/metrics", counts, include_in_schema=False)
    refusals: dict[int | str, Any] = {
        status: {"model": Refused, "description": why} for status, why in _REFUSALS.items()
    }
    router.add_api_route(
        "/predict", predict, methods=["POST"], response_model=PredictResponse, responses=refusals
    )
    return router
