"""Start and stop: the model is loaded before the first request is accepted, or never."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from multiprocessing import parent_process
from typing import Any

from anyio import to_thread
from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import FileResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from classification_model.config.home import Home
from classification_model.errors import ClassificationModelError
from classification_model.predict import Model, load_model

from .api import model_router
from .auth import ApiKeys, add_keys_to
from .compatibility import check_fit
from .config import Settings
from .limits import SMALL, STACK, Careful, Uploads
from .observability import Metrics, Observed, Observer, write_logs
from .predict.fast import FastPredict, answerer, passes_nothing_by, reader
from .predict.large import LargePredict
from .schemas import request_model
from .server import connections
from .server.admission import Admission, Places
from .server.drain import Drain, running_server
from .web import add_pages
from .web.headers import PageHeaders

__all__ = ["Service", "lifespan"]

_log = logging.getLogger(__name__)


class Service(FastAPI):
    """A FastAPI application that says in one line why it cannot start.

    ``entry`` is what requests meet once the model is loaded, and ``fast`` the part of it that
    answers those that need nothing of FastAPI, if there may be one.
    """

    settings: Settings | None = None
    failure: str | None = None
    entry: ASGIApp | None = None
    fast: FastPredict | None = None
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
            failed = message["type"] == "lifespan.startup.failed"
            if failed and self.failure:
                message = {**message, "message": self.failure}
            await send(message)
            if failed:
                _stop_parent()

        return say


@asynccontextmanager
async def lifespan(app: Service) -> AsyncIterator[None]:
    """Load the model that the settings name, and open its routes.

    Where it cannot be loaded the server exits, with a status that is not zero.
    """
    try:
        settings = app.settings or Settings.read(os.environ)
        write_logs(settings)
        home = Home.find(settings.MODEL_HOME)
        model = load_model(home, settings.ENGINE)
        check_fit(home, model)
    except ClassificationModelError as error:
        app.failure = str(error)
        raise
    app.state.model = model
    app.state.metrics = Metrics(model)
    app.asks_for_key = bool(settings.API_KEYS)
    app.entry = _layers(app, model, settings)
    # What is there now stays: the collector need not look at it again while requests wait.
    gc.collect()
    gc.freeze()
    _log.info("Model %s, engine %s, bundle %s", model.manifest.version, model.engine, model.digest)
    sweeping = _guard(app, settings)
    yield
    if sweeping:
        sweeping.cancel()
        with suppress(asyncio.CancelledError):
            await sweeping
    app.entry = app.fast = None


def _layers(app: Service, model: Model, settings: Settings) -> ASGIApp:
    """What a request passes on its way: the last that is put around the others is the first."""
    metrics: Metrics = app.state.metrics
    observer = Observer(metrics, settings.ACCESS_LOG)
    request = request_model(model.validator, settings.MAX_ROWS)
    router = model_router(model, metrics, request)
    columns = model.manifest.row_schema
    uploads = Uploads(
        longest=settings.MAX_BODY_BYTES,
        seconds=settings.RECEIVE_SECONDS,
        rows=settings.MAX_ROWS,
        columns=len(columns.columns) + len(columns.ignored),
    )
    seconds = settings.REQUEST_SECONDS
    rest = Places(PageHeaders(super(Service, app).__call__), settings.room // 8 // STACK)
    entry: ASGIApp
    if passes_nothing_by(app, router):
        careful = Careful(rest, uploads, seconds, longest=SMALL)
        large = LargePredict(
            model,
            reader(model),
            request,
            most=settings.MAX_ROWS,
            longest_row=uploads.longest_row,
            seconds=seconds,
            metrics=metrics,
        )
        answer = answerer(model, settings.MAX_ROWS, metrics.scored)
        entry = app.fast = FastPredict(answer, large, careful, uploads, observer)
    else:
        entry = Observed(Careful(rest, uploads, seconds), observer)
    app.include_router(router)
    add_pages(app, model)
    return _doors(entry, settings, observer)


def _doors(entry: ASGIApp, settings: Settings, observer: Observer) -> ASGIApp:
    """Who may come in, and how many at once."""
    if settings.API_KEYS:
        entry = ApiKeys(entry, [key.get_secret_value() for key in settings.API_KEYS], observer)
    entry = Admission(entry, settings.MAX_CONCURRENCY, observer)
    if settings.CORS_ORIGINS:
        entry = CORSMiddleware(
            entry,
            allow_origins=settings.CORS_ORIGINS,
            allow_methods=["GET", "POST"],
            allow_headers=["content-type", "x-api-key"],
        )
    return entry


def _guard(app: Service, settings: Settings) -> asyncio.Task[None] | None:
    """Have the server keep the limits that only it can keep, and stop without losing requests."""
    # A page's file is read by threads, in pieces, and each of both keeps memory for itself.
    to_thread.current_default_thread_limiter().total_tokens = 2
    FileResponse.chunk_size = 2**14
    server = running_server()
    if server is None:
        _log.warning("Not run by uvicorn: slow clients and SIGTERM are left to the server that is")
        return None
    connections.install(server, settings)
    Drain(app, server, settings.DRAIN_SECONDS).install()
    return asyncio.create_task(connections.sweep(server, settings))


def _stop_parent() -> None:
    """End the process that started this worker, which would end with status 0 by itself.

    What starts services does not start one again that ended so. uvicorn handles all signals
    that one would choose; this one it leaves alone.
    """
    server, parent = running_server(), parent_process()
    if os.name == "nt" or server is None or server.config.workers == 1:
        return
    if parent is not None and parent.pid is not None:
        os.kill(parent.pid, signal.SIGALRM)
