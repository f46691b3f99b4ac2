"""The layers that a request passes, in one list, the outermost first."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

from .auth import ApiKeys, opened_by
from .config import Settings
from .conventions import Conventions
from .limits import Careful
from .live.ids import Quoted
from .live.operators import Operators, secrets
from .live.recording import Live
from .observability import Observed, Observer
from .predict import FastPredict, WholePredict, answerer
from .server import Admission
from .web import KeyPage, PageHeaders

__all__ = ["Layer", "layers"]

Layer = Callable[[ASGIApp], ASGIApp]
"""Made around the next one, to which it hands what it does not answer itself."""


def layers(live: Live, settings: Settings, observer: Observer, *, fast: bool) -> list[Layer]:
    """The layers around FastAPI; with ``fast`` those are among them that answer in front of it.

    Each line says what the layer does, and in microseconds what it costs who is let through.
    """
    answer, longest = answerer(live.model, settings.MAX_ROWS, live.scored), settings.MAX_BODY_BYTES
    keys, operators = secrets(settings.API_KEYS), secrets(settings.OPERATOR_KEYS)
    found: list[tuple[object, Layer]] = [
        # Tells pages of other hosts whether they may ask; refuses nothing. 7 for such pages.
        (
            settings.CORS_ORIGINS,
            partial(
                CORSMiddleware,
                allow_origins=settings.CORS_ORIGINS,
                allow_methods=["GET", "POST"],
                allow_headers=["authorization", "content-type", "x-api-key", "x-request-id"],
                expose_headers=["X-Answer-ID", "X-Request-ID"],
            ),
        ),
        # Answers 503 beyond MAX_CONCURRENCY requests at a time, never for /health. Under 1.
        (True, partial(Admission, most=settings.MAX_CONCURRENCY, observer=observer)),
        # Asks a browser for a key by a page, and hands out that page's files; refuses nothing. 1.
        (keys, KeyPage),
        # Answers 401 without a key, where API_KEYS are set, never for /health. 2.
        (keys, partial(ApiKeys, keys=[*keys, *operators], observer=observer)),
        # Answers usual requests of /predict, and refuses nothing. Under 1 for all others.
        (fast, partial(FastPredict, answer=answer, observer=observer, longest=longest)),
        # Gives each request its id, counts it and writes its line; refuses nothing. 4.
        (True, partial(Observed, observer=observer)),
        # Knows an operator by the key, where OPERATOR_KEYS are set; refuses nothing. 2.
        (settings.OPERATOR_KEYS, partial(Operators, has_key=opened_by(operators))),
        # Gives an answer about rows the id by which it is quoted. 1.
        (True, Quoted),
        # Answers 413, 408 or 503: a body too long or slow, no room for it, an answer too slow. 15.
        (True, partial(Careful, settings=settings)),
        # Answers usual requests of /predict that came in pieces. Under 1.
        (fast, partial(WholePredict, answer=answer)),
        # Answers HEAD as GET does, and keeps redirects on the caller's scheme. Under 1.
        (True, Conventions),
        # Adds headers to HTML that say what a browser may do with it. 3.
        (True, PageHeaders),
    ]
    return [layer for wanted, layer in found if wanted]
