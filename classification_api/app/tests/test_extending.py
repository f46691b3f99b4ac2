"""Whatever FastAPI puts before a route is met by every request, and a route of one's own is plain.

Each way is one of FastAPI's own documents. To add a way, add a row.
"""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from functools import partial
from typing import Annotated, Any

import pytest
from fastapi import (
    APIRouter,
    Cookie,
    Depends,
    FastAPI,
    Header,
    HTTPException,
    Request,
    Response,
    Security,
)
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, PlainTextResponse, StreamingResponse
from fastapi.routing import APIRoute
from fastapi.security import APIKeyHeader, HTTPBasic
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.types import Receive, Scope, Send

from app.api import PATH, model_router
from app.config import Settings
from app.main import create_app
from app.media import JsonRoute
from app.service import Service
from app.tests.in_process import Started, started
from app.tests.twins import JSON
from classification_model.config.home import Home
from harness import SOURCE_HOME

TEAPOT = 418


def deny() -> None:
    raise HTTPException(TEAPOT)


async def deny_with_yield() -> AsyncIterator[None]:
    yield deny()  # type: ignore[func-returns-value]


class DenyingRoute(APIRoute):
    def get_route_handler(self) -> Callable[[Request], Any]:
        async def handle(request: Request) -> Response:
            return Response(status_code=TEAPOT)

        return handle


class Denying:
    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        await Response(status_code=TEAPOT)(scope, receive, send)


Change = Callable[[Service, Callable[..., APIRouter]], Callable[..., APIRouter] | None]
"""From the application, and what makes the router of api.py, to what makes it instead."""


def including(**options: Any) -> Change:
    """As if service.py included the router with these options."""

    def change(app: Service, make: Any) -> None:
        app.include_router = partial(app.include_router, **options)  # type: ignore[method-assign]

    return change


def routing(**options: Any) -> Change:
    """As if api.py made its router with these options, or its route where they say ``route_``."""

    of_router = {
        k: v for k, v in options.items() if not k.startswith("route_") or k == "route_class"
    }
    of_route = {k[6:]: v for k, v in options.items() if k not in of_router}

    def change(app: Service, make: Any) -> Callable[..., APIRouter]:
        def made(*arguments: Any) -> APIRouter:
            plain = make(*arguments)
            router = APIRouter(**{"route_class": JsonRoute, **of_router})
            router.routes += [route for route in plain.routes if route.path != PATH]
            (old,) = [route for route in plain.routes if route.path == PATH]
            kept = {"endpoint": old.endpoint, "response_model": old.response_model}
            router.add_api_route(PATH, **{**kept, "methods": ["POST"], **of_route})
            return router

        return made

    return change


def applying(act: Callable[[Service], object]) -> Change:
    def change(app: Service, make: Any) -> None:
        act(app)

    return change


def with_signature(parameter: Any) -> Change:
    """As if ``predict`` in api.py had another parameter, and refused without it."""

    def change(app: Service, make: Any) -> Callable[..., APIRouter]:
        def made(*arguments: Any) -> APIRouter:
            plain = make(*arguments)
            (old,) = [route for route in plain.routes if route.path == PATH]
            rows = old.endpoint.__annotations__["body"]

            async def predict(
                body: rows,  # type: ignore[valid-type]
                extra: parameter = None,
                on_error: str = "raise",
                explain: int = 0,
            ) -> Any:
                raise HTTPException(TEAPOT)

            return routing(route_endpoint=predict)(app, lambda *_: plain)(*arguments)  # type: ignore[misc]

        return made

    return change


def add_catch_all(app: FastAPI) -> None:
    app.add_api_route("/{path:path}", deny, methods=["POST"])


def add_same(app: FastAPI) -> None:
    app.add_api_route(PATH, deny, methods=["POST"])


def add_http_middleware(app: FastAPI) -> None:
    @app.middleware("http")
    async def refuse(request: Request, call_next: Any) -> Response:
        return Response(status_code=TEAPOT)


def override(app: Service) -> None:
    """A dependency that lets everybody in, which a test overrides."""
    app.router.dependencies.append(Depends(anybody))
    app.dependency_overrides[anybody] = deny


def anybody() -> None:
    pass


WAYS: dict[str, Change] = {
    "FastAPI(dependencies=)": applying(lambda app: app.router.dependencies.append(Depends(deny))),
    "FastAPI(middleware=)": applying(lambda app: app.user_middleware.append(Middleware(Denying))),
    "include_router(dependencies=)": including(dependencies=[Depends(deny)]),
    "include_router(dependencies=), with yield": including(dependencies=[Depends(deny_with_yield)]),
    "APIRouter(dependencies=)": routing(dependencies=[Depends(deny)]),
    "APIRouter(route_class=)": routing(route_class=DenyingRoute),
    "post(dependencies=)": routing(route_dependencies=[Depends(deny)]),
    "post(dependencies=[Security])": routing(route_dependencies=[Security(deny, scopes=["a"])]),
    "Depends in the signature": with_signature(Annotated[None, Depends(deny)]),
    "Header in the signature": with_signature(Annotated[str | None, Header()]),
    "Cookie in the signature": with_signature(Annotated[str | None, Cookie()]),
    "Request in the signature": with_signature(Request),
    "a security scheme in the signature": with_signature(
        Annotated[str | None, Security(APIKeyHeader(name="x", auto_error=False))]
    ),
    "HTTPBasic in the signature": with_signature(
        Annotated[Any, Depends(HTTPBasic(auto_error=False))]
    ),
    "add_middleware": applying(lambda app: app.add_middleware(Denying)),
    "middleware('http')": applying(add_http_middleware),
    "a catch-all route": applying(add_catch_all),
    "a route of the same path": applying(add_same),
    "mount": applying(lambda app: app.mount("/", Response(status_code=TEAPOT))),
    "host": applying(lambda app: app.host("test", Response(status_code=TEAPOT))),
    "dependency_overrides": applying(override),
}


@pytest.fixture
def start(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> Iterator[Callable[..., Started]]:
    """Starts the service with a change that somebody has made to it."""
    with ExitStack() as stack:

        def start(change: Change | None = None, **settings: Any) -> Started:
            caplog.set_level(logging.INFO)
            app = create_app(Settings(MODEL_HOME=str(SOURCE_HOME), **settings))
            made = change(app, model_router) if change else None
            if made:
                monkeypatch.setattr("app.service.model_router", made)
            return stack.enter_context(started(app))

        yield start


def statuses(client: Started) -> list[int]:
    """Of a usual request, one that came in pieces, and one that no fast path would take."""
    body = json.dumps(client.example()).encode()
    return [
        client.post("/predict", content=body, headers=JSON).status_code,
        client.post("/predict", content=[body[:9], body[9:]], headers=JSON).status_code,
        client.post("/predict?on_error=raise", content=body, headers=JSON).status_code,
    ]


@pytest.mark.parametrize("way", WAYS)
def test_what_stands_before_the_route_is_met_by_every_request(
    start: Callable[..., Started], way: str, caplog: pytest.LogCaptureFixture
) -> None:
    client = start(WAYS[way])
    assert statuses(client) == [TEAPOT] * 3
    assert "are answered by FastAPI: " in caplog.text


def test_where_nothing_does_the_log_says_so(
    start: Callable[..., Started], caplog: pytest.LogCaptureFixture
) -> None:
    assert statuses(start()) == [200] * 3
    assert "are answered in front of FastAPI" in caplog.text


@pytest.mark.parametrize(
    "change",
    [
        routing(default_response_class=PlainTextResponse),
        including(default_response_class=PlainTextResponse),
        routing(route_status_code=201),
    ],
    ids=["router", "include_router", "status"],
)
def test_an_answer_of_another_kind_is_the_same_on_every_road(
    start: Callable[..., Started], change: Change
) -> None:
    client = start(change)
    body = client.example()
    usual, other = client.post("/predict", json=body), client.post("/predict?x=1", json=body)
    assert (usual.status_code, usual.headers["content-type"]) == (
        other.status_code,
        other.headers["content-type"],
    )


@pytest.mark.parametrize("rows", [1, 1000])
def test_a_handler_of_ones_own_gets_wrong_bodies_of_every_size(
    start: Callable[..., Started], rows: int
) -> None:
    def handler(app: FastAPI) -> None:
        app.add_exception_handler(
            RequestValidationError, lambda request, error: JSONResponse({}, TEAPOT)
        )

    client = start(applying(handler))
    (row,) = client.example()["inputs"]
    bad = {"inputs": [{**row, "surprise": 1}] * rows}
    assert client.post("/predict", json=bad).status_code == TEAPOT


def test_an_application_can_start_twice_and_answers_as_the_second_model(
    trained: Callable[[str], Home],
) -> None:
    app = create_app(Settings(MODEL_HOME=str(SOURCE_HOME)))
    routes = len(app.routes)
    for home in (SOURCE_HOME, trained("awkward").path):
        app.settings = Settings(MODEL_HOME=str(home))
        with started(app) as client:
            assert client.post("/predict", json=client.example()).status_code == 200
            digest = app.state.model.digest
            assert client.get("/health").json()["bundle_digest"] == digest
            document = client.get("/openapi.json").json()
            (request,) = document["components"]["schemas"]["PredictRequest"]["examples"]
            assert request == client.example()
        assert len(app.routes) == routes


def test_a_short_limit_of_bodies_is_kept(start: Callable[..., Started]) -> None:
    client = start(MAX_BODY_BYTES=1000)
    (row,) = client.example()["inputs"]
    assert client.post("/predict", json={"inputs": [row] * 30}).status_code == 413
    assert client.post("/predict", json={"inputs": [row]}).status_code == 200


def test_a_route_of_ones_own_takes_bodies_as_long_as_predict_does(
    start: Callable[..., Started],
) -> None:
    async def size(request: Request) -> int:
        return len(await request.body())

    client = start(applying(lambda app: app.add_api_route("/size", size, methods=["POST"])))
    assert client.post("/size", content=b"x" * 2_000_000).json() == 2_000_000
    refused = client.post("/size", content=b"x" * 3_000_000)
    assert refused.status_code == 413
    assert "MAX_BODY_BYTES" in refused.json()["detail"]


def test_a_route_that_does_not_answer_in_time_is_refused_and_one_that_streams_is_not(
    start: Callable[..., Started],
) -> None:
    async def late() -> None:
        await asyncio.sleep(60)

    async def slowly() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield b"x"
            await asyncio.sleep(0.8)

    async def stream() -> StreamingResponse:
        return StreamingResponse(slowly())

    def add(app: FastAPI) -> None:
        app.add_api_route("/late", late)
        app.add_api_route("/stream", stream)

    client = start(applying(add), REQUEST_SECONDS=2)
    assert client.get("/late").status_code == 503
    assert client.get("/stream").content == b"xxx"


def test_a_host_that_is_not_trusted_is_refused(start: Callable[..., Started]) -> None:
    change = applying(
        lambda app: app.add_middleware(TrustedHostMiddleware, allowed_hosts=["elsewhere"])
    )
    assert statuses(start(change)) == [400] * 3


def test_the_service_can_be_mounted_in_another_application(
    start: Callable[..., Started],
) -> None:
    client = start()
    parent = FastAPI()
    parent.mount("/models/first", client.app)
    answer = client.post("/models/first/predict", app=parent, json=client.example())
    assert answer.status_code == 200
