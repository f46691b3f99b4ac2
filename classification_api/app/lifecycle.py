"""Start and stop: the model is loaded before the first request is accepted, or never."""

from __future__ import annotations

import gc
import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.types import Message, Receive, Scope, Send

from app.api import model_router
from app.config import Settings
from app.fast import FastPredict, answerer, passes_nothing_by
from app.web import add_pages
from classification_model.config.home import Home
from classification_model.errors import ClassificationModelError
from classification_model.predict import load_model

__all__ = ["Service", "lifespan"]

_log = logging.getLogger("uvicorn.error")


class Service(FastAPI):
    """A FastAPI application that says in one line why it cannot start.

    ``fast`` answers, once the model is loaded, the requests that need nothing of FastAPI.
    """

    settings: Settings | None = None
    failure: str | None = None
    fast: FastPredict | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.fast is not None:
            await self.fast(scope, receive, send)
            return
        if scope["type"] == "lifespan":
            send = self._saying_why(send)
        await super().__call__(scope, receive, send)

    def _saying_why(self, send: Send) -> Send:
        async def say(message: Message) -> None:
            if message["type"] == "lifespan.startup.failed" and self.failure:
                message = {**message, "message": self.failure}
            await send(message)

        return say


@asynccontextmanager
async def lifespan(app: Service) -> AsyncIterator[None]:
    """Load the model that the settings name, and open its routes.

    Where it cannot be loaded the server exits, with a status that is not zero.
    """
    try:
        settings = app.settings or Settings.read(os.environ)
        model = load_model(Home.find(settings.MODEL_HOME), settings.ENGINE)
    except ClassificationModelError as error:
        app.failure = str(error)
        raise
    app.state.model = model
    router = model_router(model)
    if passes_nothing_by(app, router):
        limit = app.max_body_size
        app.fast = FastPredict(answerer(model), super(Service, app).__call__, limit)
    app.include_router(router)
    add_pages(app, model)
    # What is there now stays: the collector need not look at it again while requests wait.
    gc.collect()
    gc.freeze()
    _log.info("Model %s, engine %s, bundle %s", model.manifest.version, model.engine, model.digest)
    yield
    app.fast = None
