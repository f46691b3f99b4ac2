"""/live and /metrics beside the training, by HTTP: what was served, how much of it, for whom."""

from __future__ import annotations

import configparser
import csv
import json
import math
import random
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from app.config import Settings
from app.live import page, recording
from app.main import create_app
from app.tests.in_process import Started, started
from classification_model import bundle
from classification_model.config.home import Home
from classification_model.errors import ConfigError
from classification_model.train_pipeline import run_training
from harness import API, JSON, SOURCE_HOME, UVICORN, free_port, running, serving
from homes import make_home
from tables import Sample

Row = dict[str, Any]
AS_JSON = {"accept": "application/json"}
OPERATOR, CLIENT = "key-of-an-operator", "key-of-a-client-of-ours"


@pytest.fixture
def start() -> Iterator[Callable[..., Started]]:
    """Starts the service in this process, for operators without keys."""
    with ExitStack() as stack:

        def start(home: Home | None = None, **settings: Any) -> Started:
            given = {"MODEL_HOME": str(home.path if home else SOURCE_HOME), "OPERATOR_KEYS": "*"}
            app = create_app(Settings.model_validate(given | settings))
            return stack.enter_context(started(app))

        yield start


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, Sequence[Row]]:
    """A home about visits, and rows of the kind that it was trained on."""
    made = visits(6_000, seed=0)
    names = tuple(made[0])
    table = Sample("came", names, [tuple(row.values()) for row in made[:1_300]])
    home = make_home(table, tmp_path_factory.mktemp("live") / "made")
    run_training(home.path)
    return home, [{name: row[name] for name in names[:-1]} for row in made[1_300:]]


def visits(count: int, *, seed: int) -> list[Row]:
    draw = random.Random(seed)
    rows = []
    for _ in range(count):
        age, town = draw.gauss(40, 10), draw.choice(["Bonn", "Köln", "Ulm"])
        came = draw.random() < 1 / (1 + math.exp(-(age - 40) / 5))
        days = "" if draw.random() < 0.1 else draw.randint(0, 30)
        rows.append(
            {"age": round(age, 1), "town": town, "days": days, "came": "yes" if came else "no"}
        )
    return rows


def seen(client: Started, window: str = "1000") -> dict[str, Any]:
    answer = client.ask("GET", f"/live?window={window}", headers=AS_JSON)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def predict(client: Started, rows: Sequence[Row], **more: Any) -> httpx.Response:
    answer = client.post("/predict", json={"inputs": [*rows]}, **more)
    assert answer.status_code == 200, answer.text
    return answer


def test_what_is_served_is_counted_on_every_road(
    start: Callable[..., Started], homes: tuple[Home, Sequence[Row]]
) -> None:
    """One by one, by columns, in pieces, skipping bad rows, by the other protocol."""
    home, rows = homes
    client = start(home)
    body = json.dumps({"inputs": [*rows[:3]]}).encode()
    predict(client, rows[:1])
    predict(client, rows[:200])
    client.post("/predict", content=[body[:9], body[9:]], headers=JSON)
    predict(client, rows[:2], params={"explain": 1})
    client.post("/predict?on_error=skip", json={"inputs": [rows[0], {"age": "x"}]})
    tensors = [
        {"name": "age", "datatype": "FP64", "shape": [2], "data": [1.5, 2.5]},
        {"name": "town", "datatype": "BYTES", "shape": [2], "data": ["Bonn", "Ulm"]},
        {"name": "days", "datatype": "INT64", "shape": [2], "data": [1, 2]},
    ]
    name = client.get("/v2/models/x").json()["error"].split("here is ")[1].split(",")[0]
    answer = client.post(f"/v2/models/{name}/infer", json={"inputs": tensors})
    assert answer.status_code == 200, answer.text
    assert client.post("/predict", json={"inputs": [{"age": "x"}]}).status_code == 422
    found = seen(client)
    assert found["rows"] == 1 + 200 + 3 + 2 + 1 + 2
    towns = next(one for one in found["columns"] if one["name"] == "town")
    assert sum(one["served"] for one in towns["bins"]) == pytest.approx(1, abs=1e-5)
    assert found["reference_rows"] == 1_300


def test_rows_as_those_of_the_training_do_not_drift_and_a_shift_is_named(
    start: Callable[..., Started], homes: tuple[Home, Sequence[Row]]
) -> None:
    home, rows = homes
    client = start(home)
    for at in range(0, 1_000, 100):
        predict(client, rows[at : at + 100])
    found = seen(client)
    assert (found["rows"], found["drifted"]) == (1_000, [])
    assert {one["verdict"] for one in found["columns"]} == {"as in training"}
    for at in range(1_000, 2_000, 100):
        predict(client, [{**row, "age": row["age"] + 6} for row in rows[at : at + 100]])
    found = seen(client)
    assert (found["rows"], found["drifted"]) == (1_000, ["age"])
    assert found["columns"][0]["name"] == "age"
    assert found["columns"][0]["distance"] > found["columns"][0]["limit"]
    assert seen(client, "10000")["rows"] == 2_000
    (day,) = found["days"]
    assert day["rows"] == seen(client, day["day"])["rows"] == 2_000


def test_of_windows_without_drift_one_in_a_hundred_alarms(
    start: Callable[..., Started],
    homes: tuple[Home, Sequence[Row]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Through the service, on rows of the training's kind, a thousand at a time.

    One reference is drawn once, so that what chance gave it counts in all windows.
    """
    monkeypatch.setattr(recording, "_BURST", 60.0)
    home, _ = homes
    rows = [{k: v for k, v in row.items() if k != "came"} for row in visits(40_000, seed=7)]
    client = start(home)
    windows, alarms = 40, 0
    for at in range(0, windows * 1_000, 1_000):
        for part in range(at, at + 1_000, 500):
            predict(client, rows[part : part + 500])
        found = seen(client)
        assert found["rows"] == 1_000
        alarms += bool(found["drifted"])
    assert alarms <= windows * 0.01 + 2.33 * math.sqrt(windows * 0.01 * 0.99)


def test_of_no_rows_nothing_has_changed(start: Callable[..., Started]) -> None:
    columns = start().ask("GET", "/live", headers=AS_JSON).json()["columns"]
    assert {one["change"] for one in columns} == {"no row yet"}


def test_too_few_rows_say_nothing(
    start: Callable[..., Started], homes: tuple[Home, Sequence[Row]]
) -> None:
    home, rows = homes
    client = start(home)
    predict(client, [{**row, "age": 500} for row in rows[:99]])
    found = seen(client)
    assert {one["verdict"] for one in found["columns"]} == {"too few rows"}
    assert found["drifted"] == []
    assert "too few rows" in client.get("/live").text


def test_missing_and_unseen_values_are_shares_of_the_rows(
    start: Callable[..., Started], homes: tuple[Home, Sequence[Row]]
) -> None:
    home, rows = homes
    client = start(home)
    some = [{**row, "days": None, "town": "Oz" if i % 2 else "Ulm"} for i, row in enumerate(rows)]
    predict(client, some[:200])
    columns = {one["name"]: one for one in seen(client)["columns"]}
    assert columns["days"]["missing"] == 1
    assert columns["town"]["unseen"] == 0.5


def test_the_requests_and_their_times_are_those_of_the_metrics(
    start: Callable[..., Started], homes: tuple[Home, Sequence[Row]]
) -> None:
    home, rows = homes
    client = start(home)
    for _ in range(20):
        predict(client, rows[:5])
    found = seen(client)["requests"]
    assert (found["answered"], found["rows"]) == (20, 100)
    assert 0 < found["p50_ms"] <= found["p99_ms"]
    shares = [one["served"] for one in seen(client)["classes"]]
    assert sum(shares) == pytest.approx(1)


def test_the_page_shows_the_same_and_loads_nothing(
    start: Callable[..., Started], homes: tuple[Home, Sequence[Row]]
) -> None:
    home, rows = homes
    client = start(home)
    predict(client, [{**row, "age": row["age"] + 6} for row in rows[:500]])
    page = client.get("/live")
    assert page.headers["content-type"].startswith("text/html")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert not re.findall(r"(?:src|href)=\"(?!/live|#)", page.text)
    assert "<strong>age</strong> drifted; " in page.text
    assert "So many rows show a share of 10% that grows to " in page.text
    assert client.ask("GET", "/live", headers={"accept": "text/html,*/*"}).text == page.text
    assert client.get("/live?window=7").status_code == 422
    assert "expected one of 1000, 10000, 20" in client.get("/live?window=7").json()["detail"]


def test_counting_can_be_off(
    start: Callable[..., Started], homes: tuple[Home, Sequence[Row]]
) -> None:
    home, rows = homes
    client = start(home, COUNTING="off")
    answer = predict(client, rows[:200])
    found = seen(client)
    assert (found["columns"], found["rows"], found["requests"]["rows"]) == ([], 0, 200)
    label = {"id": answer.headers["x-answer-id"], "row": 0, "label": "yes"}
    assert client.post("/feedback", json=label).json()["accepted"] == 1
    assert client.get("/live").status_code == 200


def test_rows_beyond_the_time_for_counting_are_left_out_and_said(
    start: Callable[..., Started],
    homes: tuple[Home, Sequence[Row]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(recording, "SHARE", 0.0)
    monkeypatch.setattr(recording, "_BURST", 1e-9)
    home, rows = homes
    client = start(home)
    for _ in range(3):
        predict(client, rows[:100])
        found = seen(client)
    assert (found["rows"], found["left_out"]) == (100, 200)
    assert "200 rows came while counting had taken its share" in client.get("/live").text


def test_the_counters_of_two_replicas_add_up(
    start: Callable[..., Started], homes: tuple[Home, Sequence[Row]]
) -> None:
    home, rows = homes
    parts = [rows[:150], rows[150:400], rows[:400]]
    counts = []
    for part in parts:
        client = start(home)
        predict(client, part)
        counts.append(samples(client.get("/metrics").text, "model_served_values_total"))
    first, second, whole = counts
    assert {bin_: first[bin_] + second[bin_] for bin_ in whole} == whole


def samples(text: str, name: str) -> dict[tuple[str, str], float]:
    return {
        (sample.labels["bin"], sample.labels["column"]): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == name
    }


def test_the_reference_is_beside_the_counts_and_drift_for_each_column(
    start: Callable[..., Started], homes: tuple[Home, Sequence[Row]]
) -> None:
    home, rows = homes
    client = start(home)
    predict(client, rows[:200])
    text = client.get("/metrics").text
    served = samples(text, "model_served_values_total")
    assert served.keys() == samples(text, "model_reference_values").keys()
    assert sum(v for (_, column), v in served.items() if column == "town") == 200
    for name in ("distance", "limit", "drifted"):
        assert f'model_drift_{name}{{column="age"}}' in text


@pytest.fixture(scope="module")
def guarded() -> Iterator[httpx.Client]:
    port = free_port()
    environment = {"API_KEYS": CLIENT, "OPERATOR_KEYS": f"{OPERATOR}, another-operators-key"}
    with serving([*UVICORN, "--port", str(port)], port, environment) as client:
        yield client


FOR_OPERATORS = [("GET", "/live"), ("POST", "/feedback")]
CLASS = str(bundle.load(Home(SOURCE_HOME)).manifest.classes[0])
LABEL = {"id": "0" * 32, "row": 0, "label": CLASS}


@pytest.mark.parametrize(("method", "path"), FOR_OPERATORS)
def test_only_an_operators_key_opens_what_is_for_operators(
    guarded: httpx.Client, method: str, path: str
) -> None:
    for key, status in ((None, 401), (CLIENT, 401), ("*", 401), (OPERATOR, 200)):
        headers = {} if key is None else {"x-api-key": key}
        answer = guarded.request(method, path, headers=headers, json=LABEL)
        assert answer.status_code == status, (key, answer.text)
        if status == 401:
            assert answer.headers["www-authenticate"].startswith("Basic ")


def test_an_operators_key_opens_all_that_an_api_key_does(guarded: httpx.Client, row: Row) -> None:
    for key, status in ((CLIENT, 200), (OPERATOR, 200), ("another-operators-key", 200), ("*", 401)):
        headers = {"x-api-key": key}
        answer = guarded.post("/predict", json={"inputs": [row]}, headers=headers)
        assert answer.status_code == status
    basic = httpx.BasicAuth("me", OPERATOR)
    assert guarded.get("/live", auth=basic).status_code == 200


def test_drift_and_truth_are_in_the_metrics_for_operators_only(guarded: httpx.Client) -> None:
    shown = {
        key: guarded.get("/metrics", headers={"x-api-key": key}).text for key in (CLIENT, OPERATOR)
    }
    for name in ("model_served_values", "model_feedback", "model_truth_rows"):
        assert name not in shown[CLIENT]
        assert name in shown[OPERATOR]
    assert "model_rows_total" in shown[CLIENT]


@pytest.mark.parametrize(("method", "path"), FOR_OPERATORS)
def test_without_operators_it_is_shut_and_says_the_cure(
    client: httpx.Client, method: str, path: str, row: Row
) -> None:
    answer = client.request(method, path, json=LABEL)
    assert answer.status_code == 403
    assert "set OPERATOR_KEYS" in answer.json()["detail"]
    assert client.post("/predict", json={"inputs": [row]}).status_code == 200
    assert "model_served_values" not in client.get("/metrics").text


def test_operators_without_api_keys_leave_predict_open(row: Row) -> None:
    with running({"OPERATOR_KEYS": OPERATOR}) as server:
        body = json.dumps({"inputs": [row]}).encode()
        assert server.ask(content=body).status == 200
        assert server.ask("GET", "/live").status == 401
        key = {"x-api-key": OPERATOR}
        assert server.ask("GET", "/live", headers=key).status == 200
        assert OPERATOR not in server.log.read_text(encoding="utf-8")


@pytest.mark.parametrize("keys", ["short", "*,long-enough-for-a-key", f"{OPERATOR},short"])
def test_wrong_keys_of_operators_are_refused_and_not_shown(keys: str) -> None:
    with pytest.raises(ConfigError, match="OPERATOR_KEYS") as refused:
        Settings.read({"OPERATOR_KEYS": keys})
    assert "short" not in str(refused.value)
    assert "long-enough" not in str(refused.value)


def test_every_answer_of_predict_has_an_id_that_nobody_else_has(
    start: Callable[..., Started], homes: tuple[Home, Sequence[Row]]
) -> None:
    """Without operators, too; the caller's own X-Request-ID changes nothing."""
    home, rows = homes
    client = start(home, OPERATOR_KEYS=())
    body = json.dumps({"inputs": [*rows[:2]]}).encode()
    headers = {**JSON, "x-request-id": "mine"}
    answers = [client.post("/predict", content=body, headers=headers) for _ in range(300)]
    answers.append(client.post("/predict", content=[body[:5], body[5:]], headers=headers))
    answers.append(client.post("/predict?on_error=skip", content=body, headers=headers))
    ids = [answer.headers["x-answer-id"] for answer in answers]
    assert len({*ids}) == len(ids)
    assert all(re.fullmatch("[0-9a-f]{32}", each) for each in ids)
    wrong: dict[str, Any]
    for wrong in ({"inputs": []}, {"inputs": [{}]}):
        assert "x-answer-id" not in client.post("/predict", json=wrong).headers
    assert "x-answer-id" not in client.get("/health").headers


def test_the_first_page_leads_operators_to_it_and_nobody_else(
    start: Callable[..., Started],
) -> None:
    link = '<a href="/live">'
    assert link in start().get("/").text
    assert link not in start(OPERATOR_KEYS=()).get("/").text


def test_without_operators_nothing_is_kept(
    start: Callable[..., Started], homes: tuple[Home, Sequence[Row]]
) -> None:
    home, rows = homes
    client = start(home, OPERATOR_KEYS=())
    predict(client, rows[:100])
    assert client.get("/live").status_code == 403


def test_a_look_at_home_needs_no_key() -> None:
    tox = configparser.ConfigParser(interpolation=None)
    tox.read(API / "tox.ini")
    assert "OPERATOR_KEYS = {env:OPERATOR_KEYS:*}" in tox["testenv:run"]["set_env"]


def test_titanic_rows_of_the_repository_do_not_drift(
    start: Callable[..., Started], titanic: None
) -> None:
    client = start()
    names = client.app.state.model.manifest.row_schema.columns
    with (SOURCE_HOME / "datasets" / "raw.csv").open(encoding="utf-8", newline="") as file:
        rows = [{name: row[name] for name in names} for row in csv.DictReader(file)]
    predict(client, random.Random(0).sample(rows, 1_000))
    assert seen(client)["drifted"] == []


@pytest.mark.parametrize(
    ("milliseconds", "said"), [(0.4567, "0.46 ms"), (16.91, "16.9 ms"), (2284.3, "2,284 ms")]
)
def test_a_time_is_written_as_a_person_does(milliseconds: float, said: str) -> None:
    assert page._time(milliseconds) == said
