"""The routes. They translate between HTTP and the package, and do not think."""

from typing import Annotated

from fastapi import APIRouter, Query

from app import __version__
from app.schemas import Health, PredictResponse, request_model
from classification_model.predict import Model, OnError, PredictionResult
from classification_model.processing.validation import Validated

__all__ = ["model_router"]

ON_ERROR = (
    "`raise`: one bad row refuses the request with 422. "
    "`skip`: the good rows are scored, and the bad ones come back in `errors`."
)


def model_router(model: Model) -> APIRouter:
    """The routes of a service that has a model: their shapes are those of its bundle."""
    router = APIRouter()
    Request = request_model(model.validator)

    async def predict(
        body: Request,  # type: ignore[valid-type]
        on_error: Annotated[OnError, Query(description=ON_ERROR)] = "raise",  # noqa: ARG001
    ) -> PredictionResult:
        """Predict the class of each row."""
        # With a bad row this is not reached: the error map answers, as on_error says.
        return model.score(Validated(body.inputs, []))  # type: ignore[attr-defined]

    async def health() -> Health:
        """Answers while the service is alive."""
        return Health(
            name="classification_api",
            api_version=__version__,
            model_version=model.manifest.version,
            bundle_digest=model.digest,
            ready=True,
        )

    router.add_api_route("/health", health, response_model=Health)
    router.add_api_route("/predict", predict, methods=["POST"], response_model=PredictResponse)
    return router
