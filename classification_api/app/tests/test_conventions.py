"""What HTTP's own tools expect: HEAD, redirects, and being told which form a body must have."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator

import pytest

from harness import JSON, Server, body, running


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running() as server:
        yield server


@pytest.mark.parametrize("path", ["/", "/health", "/metrics", "/docs", "/model", "/openapi.json"])
def test_head_answers_as_get_does_without_a_body(server: Server, path: str) -> None:
    get, head = (server.ask(method, path) for method in ("GET", "HEAD"))
    assert (head.status, head.content) == (get.status, b"") == (200, b"")
    assert head.headers["content-type"] == get.headers["content-type"]
    assert path == "/metrics" or head.headers["content-length"] == str(len(get.content))


def test_head_is_refused_where_get_is(server: Server) -> None:
    assert server.ask("HEAD", "/predict").status == 405


def test_a_head_request_is_counted_under_its_route(server: Server) -> None:
    server.ask("HEAD", "/health")
    assert b'method="HEAD",route="/health",status="200"' in server.ask("GET", "/metrics").content


@pytest.mark.parametrize("path", ["/predict/", "/predict/?on_error=skip"])
def test_a_redirect_stays_on_the_callers_scheme_and_host(server: Server, path: str) -> None:
    headers = {**JSON, "host": "ex.org", "x-forwarded-proto": "https"}
    answer = server.ask("POST", path, body(), headers)
    assert answer.status == 307
    assert answer.headers["location"] == path.replace("/?", "?").rstrip("/")


@pytest.mark.parametrize(
    "kind", ["", "text/plain", "application/x-www-form-urlencoded", "text/json"]
)
def test_another_content_type_is_told_which_to_send(server: Server, kind: str) -> None:
    answer = server.ask(content=body(), headers={"content-type": kind} if kind else {})
    assert answer.status == 415
    sentence = json.loads(answer.content)["detail"]
    assert "send Content-Type: application/json" in sentence
    assert kind in sentence


@pytest.mark.parametrize("kind", ["application/json; charset=UTF-8", "application/vnd.api+json"])
def test_json_by_another_name_is_read(server: Server, kind: str) -> None:
    assert server.ask(content=body(), headers={"content-type": kind}).status == 200


@pytest.mark.parametrize("content", [gzip.compress(body()), body()], ids=["it is", "it is not"])
def test_a_compressed_body_is_told_to_be_sent_as_it_is(server: Server, content: bytes) -> None:
    answer = server.ask(content=content, headers={**JSON, "content-encoding": "gzip"})
    assert answer.status == 415
    assert "uncompressed" in json.loads(answer.content)["detail"]
