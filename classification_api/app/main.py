"""The application: ``uvicorn app.main:app``."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path

from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles
from starlette.requests import Request

from . import __version__
from .config import Settings
from .errors import add_error_handlers
from .service import Service, lifespan
from .web.headers import script_policy

__all__ = ["app", "create_app"]


def create_app(settings: Settings | None = None) -> Service:
    """A service that reads its settings and loads its model when it starts, not when made.

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
    _add_docs(service)
    return service


def _add_docs(service: Service) -> None:
    """/docs from files of an installed package: FastAPI's own come from another host."""
    # Found, not imported: of the package only its files are needed.
    spec = find_spec("fastapi_offline")
    assets = Path(spec.origin if spec and spec.origin else "").parent / "static"
    service.mount("/static/docs", StaticFiles(directory=assets), name="docs-assets")

    async def docs(request: Request) -> HTMLResponse:
        root = request.scope.get("root_path", "").rstrip("/")
        page = get_swagger_ui_html(
            title=service.title,
            openapi_url=f"{root}{service.openapi_url}",
            swagger_js_url=f"{root}/static/docs/swagger-ui-bundle.js",
            swagger_css_url=f"{root}/static/docs/swagger-ui.css",
            swagger_favicon_url=f"{root}/static/docs/favicon.png",
        )
        (script,) = re.findall(r"<script>(.*?)</script>", bytes(page.body).decode(), re.DOTALL)
        page.headers.update(script_policy(script))
        return page

    service.add_route("/docs", docs, include_in_schema=False)


app = create_app()
