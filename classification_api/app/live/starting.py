"""What is known after the deployment begins with the service."""

from __future__ import annotations

from classification_model.predict import Model

from ..config import Settings
from ..observability import Metrics
from .keeper import keeper_of
from .recording import Live
from .shadow import shadow_of

__all__ = ["live_of"]


def live_of(model: Model, settings: Settings) -> Live:
    """What a process knows of a model's answers, with what the settings put beside it.

    Raises:
        BundleError: the second model is missing or damaged.
        ConfigError: STORE names no store.
        MissingExtraError: what the store needs is not installed.
    """
    shadow, keeper = shadow_of(model, settings), keeper_of(model, settings)
    return Live(model, Metrics(model), settings, shadow, keeper)
