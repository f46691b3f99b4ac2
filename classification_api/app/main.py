"""The application: ``uvicorn app.main:app``."""

from __future__ import annotations

from . import __version__
from .config import Settings
from .errors import add_error_handlers
from .service import Service, lifespan
from .web import add_docs

__all__ = ["app", "create_app"]


def create_app(settings: Settings | None = None) -> Service:
    """A service that reads its settings and loads its model when it starts, not when made.

    Routes, routers, dependencies and middleware of your own are added to what this returns, as to
    any FastAPI application.

    Args:
        settings: in the place of those in the environment.
    """
    service = Service(
        title="classification_api",
        version=__version__,
        description="Predictions from the model that is served, and its health.",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        telemetry={"tracing": False, "metrics": False},
    )
    service.settings = settings
    add_error_handlers(service)
    add_docs(service)
    return service


app = create_app()
