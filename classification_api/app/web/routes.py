"""What a browser gets: the page at /, its files, and the model card at /model."""

from __future__ import annotations

import re
from base64 import b64encode
from functools import lru_cache
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path

from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

from classification_model.predict import Model

from .files import PageFiles
from .headers import PAGE_POLICY, script_policy

__all__ = ["add_docs", "add_pages", "card_answer"]

_NOWHERE = "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


def add_pages(app: FastAPI, model: Model, *, operated: bool) -> None:
    """Add the routes of the pages; what they show is the model's, made when first asked for.

    Where there are operators, the first page leads them to /live.
    """

    @lru_cache(maxsize=2)
    def rendered(root: str) -> str:
        from .form import render

        return render(model, root, operated=operated)

    async def page(request: Request) -> Response:
        root = request.scope.get("root_path", "").rstrip("/")
        # In a thread: the first time the model is asked which columns matter, and requests go on.
        return _html(await run_in_threadpool(rendered, root), PAGE_POLICY)

    async def card(request: Request) -> Response:  # noqa: ARG001
        if model.card is None:
            return Response("This model has no card.\n", 404, media_type="text/plain")
        return card_answer(model.card)

    app.add_route("/", page, include_in_schema=False)
    app.add_route("/model", card, include_in_schema=False)
    app.mount("/static/page", PageFiles(), name="page-assets")


def add_docs(app: FastAPI) -> None:
    """/docs from files of an installed package: FastAPI's own come from another host."""
    # Found, not imported: of the package only its files are needed.
    spec = find_spec("fastapi_offline")
    assets = Path(spec.origin if spec and spec.origin else "").parent / "static"
    app.mount("/static/docs", StaticFiles(directory=assets), name="docs-assets")

    async def docs(request: Request) -> HTMLResponse:
        root = request.scope.get("root_path", "").rstrip("/")
        page = get_swagger_ui_html(
            title=app.title,
            openapi_url=f"{root}{app.openapi_url}",
            swagger_js_url=f"{root}/static/docs/swagger-ui-bundle.js",
            swagger_css_url=f"{root}/static/docs/swagger-ui.css",
            swagger_favicon_url=f"{root}/static/docs/favicon.png",
        )
        (script,) = re.findall(r"<script>(.*?)</script>", bytes(page.body).decode(), re.DOTALL)
        page.headers.update(script_policy(script))
        return page

    app.add_route("/docs", docs, include_in_schema=False)


def _html(content: str | bytes, policy: str) -> Response:
    headers = {"content-security-policy": policy, "cache-control": "no-cache"}
    return Response(content, media_type="text/html", headers=headers)


def card_answer(card: bytes) -> Response:
    """A card as a browser gets it."""
    return _html(card, _card_policy(card))


@lru_cache(maxsize=1)
def _card_policy(card: bytes) -> str:
    """The card is one file: its own style sheets and scripts, by digest, and no more."""
    rules = ["default-src 'none'"]
    for rule, element in (("style-src", b"style"), ("script-src", b"script")):
        found = re.findall(b"<%b>(.*?)</%b>" % (element, element), card, re.DOTALL)
        known = [f"'sha256-{b64encode(sha256(one).digest()).decode()}'" for one in found]
        rules += [f"{rule} {' '.join(known)}"] if known else []
    return f"{'; '.join(rules)}; {_NOWHERE}"
