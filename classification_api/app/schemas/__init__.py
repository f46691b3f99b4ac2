"""The shapes of requests and answers."""

from .health import Health, Refused
from .predict import PredictResponse, RowWarning, request_model

__all__ = ["Health", "PredictResponse", "Refused", "RowWarning", "request_model"]
