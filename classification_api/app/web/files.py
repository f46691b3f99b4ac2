"""The page's own files: scripts, styles, pictures. They say nothing of a model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from starlette.responses import Response
from starlette.staticfiles import StaticFiles

__all__ = ["STATIC", "PageFiles"]

STATIC = Path(__file__).parent / "static"


class PageFiles(StaticFiles):
    """Files that a browser keeps, and asks about again: a new deployment's are used at once."""

    def __init__(self) -> None:
        super().__init__(directory=STATIC)

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        response = super().file_response(*args, **kwargs)
        response.headers["cache-control"] = "no-cache"
        return response
