"""The shapes of requests and answers."""

from app.schemas.health import Health, Refused
from app.schemas.predict import PredictResponse, RowWarning, request_model

__all__ = ["Health", "PredictResponse", "Refused", "RowWarning", "request_model"]
