"""The routes. They translate between HTTP and the package, and do not think."""

from fastapi import APIRouter

from app import __version__
from app.schemas import Health, PredictResponse, request_model
from classification_model.predict import Model, PredictionResult
from classification_model.processing.validation import Validated

__all__ = ["model_router"]


def model_router(model: Model) -> APIRouter:
    """The routes of a service that has a model: their shapes are those of its bundle."""
    router = APIRouter()
    Request = request_model(model.validator)

    async def predict(body: Request) -> PredictionResult:  # type: ignore[valid-type]
        """Predict the class of each row."""
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
