"""/predict answers as its plain FastAPI twin does: the same status, the same bytes."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.types import Message, Receive, Scope, Send

from app.observability import Metrics, Observer
from app.predict import FastPredict, answerer
from app.tests.twins import JSON, LONG, NASTY, Twins, ask, bodies, without_id


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_any_body_gets_the_same_answer(twins: Twins, data: st.DataObject) -> None:
    body = data.draw(bodies(twins))
    status, _, _ = twins.ask(content=body, headers=JSON)
    assert status in (200, 400, 422)
    if twins.is_fast(body):
        assert status == 200


@pytest.mark.parametrize("value", NASTY)
def test_any_value_in_any_column_gets_the_same_answer(twins: Twins, value: str) -> None:
    row = twins.row()
    for name in [*row, *twins.schema().ignored]:
        text = json.dumps({"inputs": [{**row, name: "@"}, row]}).replace('"@"', value)
        for long in (b"", LONG):  # which are read in two ways
            twins.ask(content=text.encode(errors="surrogatepass") + long, headers=JSON)


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_a_body_in_pieces_gets_the_same_answer(twins: Twins, data: st.DataObject) -> None:
    body = data.draw(bodies(twins))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(body)), max_size=4)))
    parts = [body[a:b] for a, b in zip([0, *cuts], [*cuts, len(body)], strict=True)]
    whole = twins.ask(content=body, headers=JSON)
    assert twins.ask(content=parts, headers=JSON)[::2] == whole[::2]


@pytest.mark.parametrize(
    "headers",
    [
        *[[("content-type", kind)] for kind in (
            "application/json", "Application/JSON", "application/json; charset=utf-8",
            "application/json;charset=UTF-8", "application/json; charset=utf-16",
            "application/json;", "application/json,text/plain", "application/vnd.api+json",
            "text/plain", "text/json", "json", "", " application/json ",
            "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
        )],
        [],
        [("content-type", "text/plain"), ("content-type", "application/json")],
        [("content-type", "application/json"), ("content-type", "text/plain")],
        [("content-type", "application/json"), ("content-encoding", "gzip")],
        [("content-type", "application/json"), ("origin", "http://elsewhere")],
    ],
)  # fmt: skip
def test_any_content_type_gets_the_same_answer(
    twins: Twins, headers: list[tuple[str, str]]
) -> None:
    body = json.dumps({"inputs": [twins.row()]}).encode()
    for content in (body, body[:-1], b""):
        twins.ask(content=content, headers=headers)


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "POST"])
@pytest.mark.parametrize(
    "path",
    [
        *("/predict", "/predict/", "/predict//", "/predict?", "/predict?on_error=skip", "/Predict"),
        *(
            "/predict?on_error=maybe",
            "/predict?x=1",
            "/%70redict",
            "/predict#x",
            "/health",
            "/nothing",
        ),
    ],
)
def test_any_method_and_path_get_the_same_answer(twins: Twins, method: str, path: str) -> None:
    row = twins.row()
    for inputs in ([row], [row, {}], []):
        twins.ask(method, path, content=json.dumps({"inputs": inputs}).encode(), headers=JSON)


@pytest.mark.parametrize("root", ["", "/", "/v1", "/v1/", "/predict"])
@pytest.mark.parametrize("path", ["/predict", "/v1/predict", "/v1//predict", "/predict/predict"])
def test_behind_a_prefix_it_is_found_where_the_twin_is(twins: Twins, root: str, path: str) -> None:
    body = json.dumps({"inputs": [twins.row()]}).encode()
    twins.ask(path=path, root_path=root, content=body, headers=JSON)


def test_mounted_in_another_application_it_answers_there(twins: Twins) -> None:
    body = json.dumps({"inputs": [twins.row()]}).encode()
    answers = []
    for app in (twins.app, twins.plain):
        parent = FastAPI()
        parent.mount("/models/first", app)
        call = ask(parent, "POST", "/models/first/predict", content=body, headers=JSON)
        answers.append(twins._runner.run(call))
    assert answers[0] == answers[1] == twins.ask(content=body, headers=JSON)


def sent(twins: Twins, app: Any, received: list[Message]) -> list[Message]:
    """What an application sends to a client that sends these messages, and then is gone."""
    messages = iter(received)
    answered: list[Message] = []

    async def receive() -> Message:
        return next(messages, {"type": "http.disconnect"})

    async def send(message: Message) -> None:
        if "headers" in message:
            message = {**message, "headers": without_id(message["headers"])}
        answered.append(dict(message))

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/predict",
        "raw_path": b"/predict",
        "query_string": b"",
        "root_path": "",
        "headers": [(b"content-type", b"application/json")],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 2),
    }
    twins._runner.run(app(scope, receive, send))
    return answered


@pytest.mark.parametrize("got", [0, 1, 2])
@pytest.mark.parametrize("whole", [False, True])
def test_a_client_that_leaves_is_sent_nothing(twins: Twins, got: int, *, whole: bool) -> None:
    """Also where what it did send would be a whole body."""
    body = json.dumps({"inputs": [twins.row()]}).encode()
    parts = [body, b""] if whole else [body[:9], body[9:20]]
    received: list[Message] = [
        {"type": "http.request", "body": part, "more_body": True} for part in parts[:got]
    ]
    assert sent(twins, twins.app, received) == []


def fast_path(twins: Twins, answer: Callable[[Any], bytes], other: Any) -> FastPredict:
    observer = Observer(Metrics(twins.model), "off")
    return FastPredict(other, answer=answer, observer=observer, longest=10**6)


async def nobody(scope: Scope, receive: Receive, send: Send) -> None:
    raise AssertionError("this was to be answered on the fast path")


def test_a_usual_request_does_not_reach_fastapi(twins: Twins) -> None:
    """With every column, with some missing, with what training never saw, in batches."""
    fast = fast_path(twins, answerer(twins.model), nobody)
    row = twins.row()
    columns = twins.schema().columns.items()
    missing = {name: None for name, column in columns if not column.required}
    strange = {name: "never seen" for name, column in columns if column.kind == "category"}
    for inputs in ([row], [{**row, **missing}], [{**row, **strange}], [row] * 100):
        body = json.dumps({"inputs": inputs}).encode()
        answer = twins._runner.run(ask(fast, "POST", "/predict", content=body, headers=JSON))
        assert answer == twins.ask(content=body, headers=JSON)
        assert answer[0] == 200


def test_a_real_server_answers_as_the_twin(twins: Twins, client: httpx.Client) -> None:
    if client.get("/health").json()["bundle_digest"] != twins.model.digest:
        pytest.skip("the server serves the other model")
    row = twins.row()
    for value in NASTY:
        name = next(iter(row))
        text = json.dumps({"inputs": [{**row, name: "@"}, row]}).replace('"@"', value)
        body = text.encode(errors="surrogatepass")
        found = client.post("/predict", content=body, headers=JSON)
        status, headers, content = twins.ask(content=body, headers=JSON)
        assert (found.status_code, found.content) == (status, content)
        served = {name: found.headers[name] for name in ("content-type", "content-length")}
        assert served.items() <= dict(httpx.Headers(headers)).items()


def test_a_failure_is_answered_by_fastapi(twins: Twins) -> None:
    def failing(body: Any) -> bytes:
        raise ZeroDivisionError

    fast = fast_path(twins, failing, twins.plain)
    body = json.dumps({"inputs": [twins.row()]}).encode()
    answer = twins._runner.run(ask(fast, "POST", "/predict", content=body, headers=JSON))
    assert answer == twins.ask(content=body, headers=JSON)
