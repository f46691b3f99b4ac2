"""Start and stop: the model is loaded before the first request is accepted, or never."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from classification_model.config.home import Home
from classification_model.errors import ClassificationModelError
from classification_model.predict import load_model

from .api import model_router
from .config import Settings
from .layers import layers
from .live.recording import Live
from .live.routes import add_live
from .live.starting import live_of
from .observability import Observer, write_logs
from .predict import why_not
from .server import guard
from .v2 import add_v2
from .web import add_pages
from .web.document import add_keys_to

__all__ = ["Service", "lifespan"]

_log = logging.getLogger(__name__)


class Service(FastAPI):
    """A FastAPI application that says in one line why it cannot start.

    ``entry`` is what requests meet once the model is loaded.
    """

    settings: Settings | None = None
    failure: str | None = None
    entry: ASGIApp | None = None
    stopping = False
    asks_for_key = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.entry is not None:
            await self.entry(scope, receive, send)
            return
        if scope["type"] == "lifespan":
            send = self._saying_why(send)
        await super().__call__(scope, receive, send)

    def openapi(self) -> dict[str, Any]:
        known = self.openapi_schema is not None
        document = super().openapi()
        if self.asks_for_key and not known:
            add_keys_to(document)
        return document

    def _saying_why(self, send: Send) -> Send:
        async def say(message: Any) -> None:
            if message["type"] == "lifespan.startup.failed" and self.failure:
                message = {**message, "message": self.failure}
            await send(message)

        return say


@asynccontextmanager
async def lifespan(app: Service) -> AsyncIterator[None]:
    """Load the model that the settings name, and open its routes; close them at the end.

    Where it cannot be loaded the server exits, with a status that is not zero.
    """
    try:
        settings = app.settings or Settings.read(os.environ)
        write_logs(settings)
        live = live_of(load_model(Home.find(settings.MODEL_HOME), settings.ENGINE), settings)
    except ClassificationModelError as error:
        app.failure = str(error)
        raise
    routes = app.router.routes[:]
    app.entry = _open(app, live, settings)
    # What is there now stays: the collector need not look at it again while requests wait.
    gc.collect()
    gc.freeze()
    sweeping = guard(app, settings)
    try:
        yield
    finally:
        if sweeping:
            sweeping.cancel()
            with suppress(asyncio.CancelledError):
                await sweeping
        live.close()
        gc.unfreeze()
        # As it was, so that it can start again, perhaps with another model.
        app.entry, app.stopping, app.openapi_schema = None, False, None
        app.router.routes[:] = routes


def _open(app: Service, live: Live, settings: Settings) -> ASGIApp:
    """Add the routes of a model, and what stands before them."""
    app.state.live, model = live, live.model
    app.state.model = model
    _log.info("Model %s, engine %s, bundle %s", model.manifest.version, model.engine, model.digest)
    app.asks_for_key = bool(settings.API_KEYS)
    router = model_router(model, live, settings)
    app.include_router(router)
    add_v2(app, model, live, settings.MAX_ROWS)
    add_live(app, live, settings)
    add_pages(app, model, operated=bool(settings.OPERATOR_KEYS))
    reason = why_not(app, router)
    served = f"by FastAPI: {reason}" if reason else "in front of FastAPI"
    _log.info("Usual requests of POST /predict are answered %s", served)
    observer = Observer(live.metrics, settings.ACCESS_LOG)
    entry: ASGIApp = super(Service, app).__call__
    for layer in reversed(layers(live, settings, observer, fast=reason is None)):
        entry = layer(entry)
    return entry
