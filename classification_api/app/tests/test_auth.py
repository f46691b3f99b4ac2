"""Who may ask, and what a page may do."""

from __future__ import annotations

import asyncio
import base64
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from app.auth import ApiKeys
from harness import JSON, Server, body, failing_to_start, running

KEYS = ("first-key-of-a-client", "second-key-of-a-client")


@pytest.fixture(scope="module")
def guarded() -> Iterator[Server]:
    settings = {"API_KEYS": ", ".join(KEYS), "CORS_ORIGINS": "https://shop.example"}
    with running(settings) as server:
        yield server
        log = server.log.read_text(encoding="utf-8")
        assert not any(key in log for key in KEYS)


@pytest.fixture(scope="module")
def open_to_all() -> Iterator[Server]:
    with running() as server:
        yield server


def basic(key: str) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(f"me:{key}".encode()).decode()}


@pytest.mark.parametrize("key", KEYS)
def test_each_key_opens(guarded: Server, key: str) -> None:
    for header in ({"x-api-key": key}, basic(key)):
        assert guarded.ask(content=body(), headers={**JSON, **header}).status == 200


@pytest.mark.parametrize(
    "header",
    [
        {},
        {"x-api-key": ""},
        {"x-api-key": KEYS[0][:-1]},
        {"x-api-key": ", ".join(KEYS)},
        basic("wrong"),
        {"authorization": "Basic !"},
        {"authorization": f"Bearer {KEYS[0]}"},
    ],
)
@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/predict"), ("GET", "/docs"), ("GET", "/openapi.json"), ("GET", "/health/")],
)
def test_without_one_nothing_does(
    guarded: Server, header: dict[str, str], method: str, path: str
) -> None:
    answer = guarded.ask(method, path, body(), {**JSON, **header})
    assert answer.status == 401
    assert "X-API-Key" in json.loads(answer.content)["detail"]
    assert answer.headers["www-authenticate"].startswith("Basic ")


def test_a_right_key_opens_beside_a_wrong_password(guarded: Server) -> None:
    """A proxy may have a password of its own in that header."""
    headers = {**basic("another's"), "x-api-key": KEYS[0]}
    assert guarded.ask("GET", "/docs", headers=headers).status == 200


def test_a_websocket_needs_a_key_too() -> None:
    """A route of one's own may be one; without a key it is closed before it is accepted."""
    sent: list[str] = []

    async def send(message: Message) -> None:
        sent.append(message["type"])

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def reached(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "websocket.accept"})

    observer: Any = None
    guard = ApiKeys(reached, KEYS, observer)
    for headers in ([], [(b"x-api-key", KEYS[1].encode())]):
        scope = {"type": "websocket", "path": "/live", "headers": headers}
        asyncio.run(guard(scope, receive, send))
    assert sent == ["websocket.close", "websocket.accept"]


def test_health_is_open(guarded: Server) -> None:
    assert guarded.ask("GET", "/health").status == 200


def test_the_document_says_that_a_key_is_asked_for(guarded: Server, open_to_all: Server) -> None:
    key = {"x-api-key": KEYS[0]}
    document = json.loads(guarded.ask("GET", "/openapi.json", headers=key).content)
    assert document["components"]["securitySchemes"]["key"] == {
        "type": "apiKey",
        "in": "header",
        "name": "X-API-Key",
    }
    assert {"key": []} in document["security"]
    assert document["paths"]["/health"]["get"]["security"] == []
    assert "security" not in json.loads(open_to_all.ask("GET", "/openapi.json").content)


def test_a_short_key_is_refused_and_not_shown() -> None:
    run = failing_to_start({"API_KEYS": "hush,hush"})
    assert run.returncode == 3
    assert "environment variable API_KEYS" in run.stderr
    assert "hush" not in run.stderr


def preflight(server: Server, origin: str) -> dict[str, str]:
    headers = {
        "origin": origin,
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,content-type,x-api-key,x-request-id",
    }
    return dict(server.ask("OPTIONS", "/predict", headers=headers).headers)


def test_a_page_from_elsewhere_may_not_ask_unless_it_is_named(
    guarded: Server, open_to_all: Server
) -> None:
    allowed = "access-control-allow-origin"
    assert preflight(guarded, "https://shop.example")[allowed] == "https://shop.example"
    answer = guarded.ask("GET", "/health", headers={"origin": "https://shop.example"})
    assert answer.headers["access-control-expose-headers"] == "X-Answer-ID, X-Request-ID"
    assert allowed not in preflight(guarded, "https://elsewhere.example")
    assert allowed not in preflight(open_to_all, "https://shop.example")


def test_an_origin_is_no_pattern() -> None:
    run = failing_to_start({"CORS_ORIGINS": "*"})
    assert run.returncode == 3
    assert "environment variable CORS_ORIGINS='*'" in run.stderr


def test_a_page_loads_nothing_from_elsewhere_and_stands_in_no_frame(open_to_all: Server) -> None:
    page = open_to_all.ask("GET", "/docs")
    policy = page.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    (scripts,) = re.findall(r"script-src ([^;]*)", policy)
    assert "'unsafe-inline'" not in scripts
    assert "'sha256-" in scripts
    assert page.headers["x-content-type-options"] == "nosniff"
    assert page.headers["referrer-policy"] == "no-referrer"
