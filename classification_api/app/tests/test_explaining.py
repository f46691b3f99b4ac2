"""Why a row got its answer, asked over HTTP; and what others notice of it."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
import uvicorn

from app.config import Settings
from app.main import create_app
from app.service import Service
from app.tests.in_process import Started, ask, started
from app.tests.twins import JSON
from classification_model import make_prediction
from classification_model.bundle import golden
from classification_model.config.core import Config
from classification_model.config.home import Home
from classification_model.inference.engines import OnnxScorer
from harness import SOURCE_HOME


@pytest.fixture(scope="module")
def short() -> Iterator[Started]:
    """A service with little time for an answer."""
    with started(create_app(Settings(MODEL_HOME=str(SOURCE_HOME), REQUEST_SECONDS=2))) as client:
        yield client


def broken(row: dict[str, Any], config: Config) -> dict[str, Any]:
    name = next(name for name, column in config.columns.items() if column.kind != "category")
    return {**row, name: ["no value"]}


def test_the_answer_tells_what_make_prediction_tells_to_the_bit(
    client: httpx.Client, row: dict[str, Any]
) -> None:
    answer = client.post("/predict?explain=3", json={"inputs": [row, row]})
    assert answer.status_code == 200
    assert answer.json() == make_prediction(input_data=[row, row], explain=3)
    first, again = answer.json()["explanations"]
    assert first == again
    total = first["base"] + sum(c["contribution"] for c in first["contributions"]) + first["rest"]
    assert total == pytest.approx(max(answer.json()["probabilities"][0]), abs=1e-9)


def test_beside_the_explanations_the_answer_is_as_without_them(
    client: httpx.Client, row: dict[str, Any]
) -> None:
    plain = client.post("/predict", json={"inputs": [row]})
    assert client.post("/predict?explain=0", json={"inputs": [row]}).content == plain.content
    told = client.post("/predict?explain=1", json={"inputs": [row]}).json()
    assert told.pop("explanations")
    assert told == plain.json()


def test_a_row_that_is_skipped_has_null(
    client: httpx.Client, row: dict[str, Any], config: Config
) -> None:
    body = {"inputs": [broken(row, config), row]}
    answer = client.post("/predict", json=body, params={"explain": 1, "on_error": "skip"}).json()
    assert [told is None for told in answer["explanations"]] == [True, False]


@pytest.mark.parametrize("many", ["-1", "x", "1.5"])
def test_a_number_that_is_none_is_refused(
    client: httpx.Client, row: dict[str, Any], many: str
) -> None:
    answer = client.post("/predict", json={"inputs": [row]}, params={"explain": many})
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == ["query", "explain"]


def test_more_rows_than_fit_are_refused_with_how_many_do(short: Started) -> None:
    answer = short.post("/predict?explain=1", json={"inputs": short.example()["inputs"] * 2000})
    assert answer.status_code == 422
    (fault,) = answer.json()["detail"]
    assert fault["type"] == "too_long"
    fit = re.fullmatch(r"explain: 2000 rows, and (\d+) can be explained .*", fault["msg"])
    assert fit
    assert 1 <= int(fit[1]) < 2000


@pytest.mark.parametrize("table", ["digits", "people"])
def test_a_wide_table_and_one_with_a_text_say_so_too(
    table: str, trained: Callable[[str], Home]
) -> None:
    """64 columns, of which samples of coalitions are asked; a text, of which words are struck out."""
    settings = Settings(MODEL_HOME=str(trained(table).path), REQUEST_SECONDS=1)
    with started(create_app(settings)) as client:
        body = {"inputs": client.example()["inputs"] * 1500}
        for _ in range(20):  # where the machine is busy, to measure takes longer than a request
            answer = client.post("/predict?explain=1", json=body)
            if answer.status_code != 503:
                break
        assert answer.status_code == 422
        (fault,) = answer.json()["detail"]
        fit = re.fullmatch(r"explain: 1500 rows, and (\d+) can be explained .*", fault["msg"])
        assert fit
        assert 1 <= int(fit[1]) < 1500


def test_what_others_wait_for_is_counted(short: Started) -> None:
    """Each of the two would fit by itself."""
    rows = short.example()["inputs"]
    fault = short.post("/predict?explain=1", json={"inputs": rows * 2000}).json()["detail"][0]
    fit = int(re.findall(r"and (\d+) can", fault["msg"])[0])

    async def both() -> list[httpx.Response]:
        asked: Any = {"content": json.dumps({"inputs": rows * fit}), "headers": JSON}
        one = (ask(short.app, "POST", "/predict?explain=1", **asked) for _ in range(2))
        return await asyncio.gather(*one)

    last = short._runner.run(both())[-1]
    assert last.status_code == 503
    assert last.json() == {
        "detail": "More explanations at once than this service gives: try again."
    }
    assert last.headers["retry-after"] == "1"


class Counts:
    """How often the model was called for an explanation: ever, and when it answered one row."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.calls = 0
        self.calls_by_then: list[int] = []
        score, score_row = OnnxScorer.score, OnnxScorer.score_row

        def counting(scorer: OnnxScorer, matrix: Any) -> Any:
            self.calls += 1
            return score(scorer, matrix)

        def noting(scorer: OnnxScorer, values: Any) -> Any:
            self.calls_by_then.append(self.calls)
            return score_row(scorer, values)

        monkeypatch.setattr(OnnxScorer, "score", counting)
        monkeypatch.setattr(OnnxScorer, "score_row", noting)


def test_a_plain_request_waits_for_one_call_of_the_model_at_most(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app = create_app(Settings(MODEL_HOME=str(SOURCE_HOME), REQUEST_SECONDS=600))
    asyncio.run(plain_beside_explained(app, monkeypatch))


async def plain_beside_explained(app: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning"))
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    counted = Counts(monkeypatch)
    port = server.servers[0].sockets[0].getsockname()[1]
    rows, _ = golden.parse(app.state.model.golden)
    plain = [await asyncio.open_connection("127.0.0.1", port) for _ in range(5)]
    beside = await asyncio.open_connection("127.0.0.1", port)
    explaining = asyncio.create_task(posted(beside, "/predict?explain=3", rows))
    measured = 0
    while not explaining.done() and plain:
        await asyncio.sleep(0)
        if counted.calls == measured:
            continue
        measured = counted.calls
        await posted(plain.pop(), "/predict", rows[:1])
        assert counted.calls_by_then[-1] - measured <= 1
    assert not plain
    await explaining
    server.should_exit = True
    await serving


async def posted(
    connection: tuple[asyncio.StreamReader, asyncio.StreamWriter], path: str, rows: Any
) -> None:
    reader, writer = connection
    body = json.dumps({"inputs": rows})
    head = (
        f"POST {path} HTTP/1.1\r\nhost: here\r\nconnection: close\r\n"
        f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    writer.write((head + body).encode())
    answer = await reader.read()
    writer.close()
    assert answer.startswith(b"HTTP/1.1 200"), answer[:500]


def test_the_document_shows_how_to_ask_and_what_comes(client: httpx.Client) -> None:
    document = client.get("/openapi.json").json()
    asked = document["paths"]["/predict"]["post"]["parameters"]
    (explain,) = [one for one in asked if one["name"] == "explain"]
    assert explain["schema"]["minimum"] == 0
    properties = document["components"]["schemas"]["RowExplanation"]["properties"]
    assert [*properties] == [*("class", "base", "contributions", "rest", "error", "reasons")]
