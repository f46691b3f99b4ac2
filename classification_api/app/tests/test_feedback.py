"""/feedback: what turned out to be true, of answers that were given, once each; and a second model."""

from __future__ import annotations

import json
import logging
import math
import os
import random
import shutil
import time
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.config import Settings
from app.live import shadow
from app.main import create_app
from app.tests.in_process import Started, started
from classification_model.config.home import Home
from classification_model.predict import Model, load_model
from classification_model.train_pipeline import run_training
from harness import SOURCE_HOME, failing_to_start
from homes import make_home
from tables import Sample

Row = dict[str, Any]
NAMES = ("age", "town")


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, Home, Home]:
    """Two models of one kind of table, and one that knows another class and another column."""
    found = []
    for i, classes in enumerate([("yes", "no"), ("yes", "no"), ("yes", "maybe", "no")]):
        draw = random.Random(i)
        rows = []
        for _ in range(600):
            age = draw.gauss(40, 10)
            place = min(len(classes) - 1, max(0, round((age - 30 + draw.gauss(0, 5)) / 15)))
            more = (draw.randint(0, 9),) if i == 2 else ()
            rows.append((round(age, 1), draw.choice(["Bonn", "Ulm"]), *more, classes[place]))
        names = (*NAMES, "days", "came") if i == 2 else (*NAMES, "came")
        home = make_home(Sample("came", names, rows), tmp_path_factory.mktemp(f"home{i}") / "made")
        run_training(home.path)
        found.append(home)
    first, second, third = found
    return first, second, third


@pytest.fixture
def start(homes: tuple[Home, Home, Home]) -> Iterator[Callable[..., Started]]:
    with ExitStack() as stack:

        def start(**given: Any) -> Started:
            fixed = {"MODEL_HOME": str(homes[0].path), "OPERATOR_KEYS": "*"}
            return stack.enter_context(started(create_app(Settings.model_validate(fixed | given))))

        yield start


def people(count: int, seed: int = 0) -> list[Row]:
    draw = random.Random(seed)
    return [
        {"age": round(draw.gauss(40, 10), 1), "town": draw.choice(["Bonn", "Ulm"])}
        for _ in range(count)
    ]


def predict(client: Started, rows: Sequence[Row], query: str = "") -> tuple[str, dict[str, Any]]:
    answer = client.post(f"/predict{query}", json={"inputs": [*rows]})
    assert answer.status_code == 200, answer.text
    return answer.headers["x-answer-id"], answer.json()


def feed(client: Started, labels: Any) -> dict[str, int]:
    answer = client.post("/feedback", json=labels)
    assert answer.status_code == 200, answer.text
    found: dict[str, int] = answer.json()
    return found


def seen(client: Started) -> dict[str, Any]:
    found: dict[str, Any] = client.ask(
        "GET", "/live", headers={"accept": "application/json"}
    ).json()
    return found


def noted(accepted: int = 0, repeated: int = 0, unknown: int = 0) -> dict[str, int]:
    return {"accepted": accepted, "repeated": repeated, "unknown": unknown}


def test_truth_is_counted_once_whenever_it_comes(start: Callable[..., Started]) -> None:
    client = start()
    identity, answer = predict(client, people(3))
    labels = [{"id": identity, "row": i, "label": p} for i, p in enumerate(answer["predictions"])]
    assert feed(client, labels[0]) == noted(accepted=1)
    assert seen(client)["truth"]["log_loss"]["high"] is None
    assert client.get("/live").status_code == 200
    assert feed(client, labels) == noted(accepted=2, repeated=1)
    assert feed(client, labels * 3) == noted(repeated=9)
    truth = seen(client)["truth"]
    assert (truth["rows"], truth["accuracy"]["value"]) == (3, 1.0)
    losses = [-math.log(max(shares)) for shares in answer["probabilities"]]
    assert truth["log_loss"]["value"] == pytest.approx(sum(losses) / 3, rel=1e-6)
    other = "yes" if labels[0]["label"] == "no" else "no"
    assert feed(client, {**labels[0], "label": other}) == noted(accepted=1)
    assert seen(client)["truth"]["accuracy"]["value"] == pytest.approx(2 / 3)


def test_rolling_figures_stand_beside_the_held_out_ones(start: Callable[..., Started]) -> None:
    client = start()
    identity, answer = predict(client, people(400))
    worst = ["yes" if p == "no" else "no" for p in answer["predictions"]]
    feed(client, [{"id": identity, "row": i, "label": one} for i, one in enumerate(worst)])
    truth = seen(client)["truth"]
    assert truth["worse"] is True
    assert truth["accuracy"]["high"] < truth["held_out"]["accuracy"]["low"]
    assert sum(one["rows"] for one in truth["calibration"]) == 400
    page = client.get("/live").text
    assert (
        "Surely worse than on the held-out rows, by 400 labels that this process has taken." in page
    )
    metrics = client.get("/metrics").text
    assert "model_truth_rows 400.0" in metrics
    assert "model_truth_correct 0.0" in metrics
    assert 'model_feedback_total{outcome="accepted"} 400.0' in metrics


def test_labels_of_answers_that_never_were_count_nowhere(start: Callable[..., Started]) -> None:
    client = start()
    identity, _ = predict(client, people(2))
    unknown = [
        {"id": os.urandom(16).hex(), "row": 0, "label": "yes"},
        {"id": identity, "row": 2, "label": "yes"},
        {"id": identity, "row": 2**31 - 1, "label": "yes"},
        {"id": identity.upper() + "00", "row": 0, "label": "yes"},
        {"id": "x" * 64, "row": 0, "label": "yes"},
        {"id": "", "row": 0, "label": "yes"},
        {"id": f"{identity[:8]}  {identity[8:]}"[:32], "row": 0, "label": "yes"},
    ]
    assert feed(client, unknown) == noted(unknown=len(unknown))
    assert seen(client)["truth"] is None
    assert "7 labels were of answers that are not known here" in client.get("/live").text


def test_a_row_that_was_refused_has_no_truth(start: Callable[..., Started]) -> None:
    client = start()
    identity, _ = predict(client, [*people(1), {"age": "x"}], "?on_error=skip")
    labels = [{"id": identity, "row": i, "label": "yes"} for i in range(2)]
    assert feed(client, labels) == noted(accepted=1, unknown=1)


@pytest.mark.parametrize(
    ("label", "where"),
    [
        ({"label": "perhaps"}, ["label"]),
        ({"label": None}, ["label", "bool"]),
        ({"label": ["yes"]}, ["label", "bool"]),
        ({"row": -1}, ["row"]),
        ({"row": 10**30}, ["row"]),
        ({"row": 0.5}, ["row"]),
        ({"id": "f" * 65}, ["id"]),
        ({"id": 7}, ["id"]),
        ({"surprise": 1}, ["surprise"]),
    ],
)
def test_what_is_no_label_is_422_and_nothing_of_its_list_counts(
    start: Callable[..., Started], label: Row, where: list[str]
) -> None:
    client = start()
    identity, _ = predict(client, people(2))
    good = {"id": identity, "row": 0, "label": "yes"}
    bodies: list[Any] = [{**good, **label}, [good, {**good, "row": 1, **label}]]
    for at, body in enumerate(bodies):
        answer = client.post("/feedback", json=body)
        assert answer.status_code == 422
        assert ["body", at, *where] in [fault["loc"] for fault in answer.json()["detail"]]
    assert seen(client)["truth"] is None


@pytest.mark.parametrize("body", ["", "[1, 2]", '"truth"', "{"])
def test_a_body_of_another_shape_is_told_what_feedback_takes(
    start: Callable[..., Started], body: str
) -> None:
    kind = {"content-type": "application/json"}
    answer = start().post("/feedback", content=body, headers=kind)
    assert answer.status_code == 422
    assert all('"label"' in fault["msg"] for fault in answer.json()["detail"])
    assert "inputs" not in answer.text


def test_an_unknown_class_is_told_the_known_ones(start: Callable[..., Started]) -> None:
    client = start()
    identity, _ = predict(client, people(1))
    answer = client.post("/feedback", json=[{"id": identity, "label": "perhaps"}])
    (fault,) = answer.json()["detail"]
    assert fault["loc"] == ["body", 0, "label"]
    assert fault["msg"] == "expected one of no, yes"


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"[", "application/json", 400),
        (b"\xff", "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b"{}", "text/plain", 415),
        (b"7", "application/json", 422),
        (b"", "application/json", 422),
        (b"[" + b" " * 3_000_000 + b"]", "application/json", 413),
    ],
)
def test_a_body_of_another_kind_is_refused(
    start: Callable[..., Started], body: bytes, kind: str, status: int
) -> None:
    answer = start().post("/feedback", content=body, headers={"content-type": kind})
    assert answer.status_code in (status, 422 if status == 400 else status)
    assert "detail" in answer.json()


def test_a_list_is_as_long_as_a_request_may_be(start: Callable[..., Started]) -> None:
    client = start(MAX_ROWS=10)
    label = {"id": "0" * 32, "row": 0, "label": "yes"}
    assert client.post("/feedback", json=[label] * 10).status_code == 200
    assert client.post("/feedback", json=[label] * 11).status_code == 422


def test_many_unknown_ids_take_no_memory(start: Callable[..., Started]) -> None:
    client = start()
    predict(client, people(1))
    label = {"row": 0, "label": "yes"}

    def feed_unknown(times: int) -> None:
        for _ in range(times):
            feed(client, [{**label, "id": os.urandom(16).hex()} for _ in range(2_000)])

    tracemalloc.start()
    try:
        feed_unknown(30)  # pydantic remembers up to 16,384 short texts
        before, _ = tracemalloc.get_traced_memory()
        feed_unknown(10)
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < 500_000


def test_only_the_newest_hundred_thousand_answers_take_truth(start: Callable[..., Started]) -> None:
    client = start(MAX_ROWS=60_000, MAX_BODY_BYTES=10_000_000, COUNTING="off", REQUEST_SECONDS=60)
    rows = people(1) * 60_000
    first, _ = predict(client, rows)
    second, _ = predict(client, rows)
    labels = [
        {"id": first, "row": 0, "label": "yes"},
        {"id": first, "row": 59_999, "label": "yes"},
        {"id": second, "row": 0, "label": "yes"},
    ]
    assert feed(client, labels) == noted(accepted=2, unknown=1)


@settings(max_examples=10, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5), st.sampled_from(["yes", "no"]))))
def test_the_truth_is_the_last_label_of_each_row(labels: list[tuple[int, int, str]]) -> None:
    """Whatever comes in whatever order."""
    with started(create_app(Settings(MODEL_HOME=str(SOURCE_HOME), OPERATOR_KEYS="*"))) as client:
        model: Model = client.app.state.model
        classes = {"yes": str(model.manifest.classes[0]), "no": str(model.manifest.classes[1])}
        row = client.example()["inputs"]
        given = [predict(client, row * (i + 1)) for i in range(4)]
        feed(
            client,
            [{"id": given[i][0], "row": r, "label": classes[label]} for i, r, label in labels],
        )
        last = {(i, r): classes[label] for i, r, label in labels if r <= i}
        right = sum(str(given[i][1]["predictions"][r]) == label for (i, r), label in last.items())
        truth = seen(client)["truth"]
    if not last:
        assert truth is None
    else:
        assert truth["rows"] == len(last)
        assert truth["accuracy"]["value"] == pytest.approx(right / len(last))


def test_a_class_that_is_a_number_may_be_sent_as_one_or_as_text(titanic: None) -> None:
    app = create_app(
        Settings.model_validate({"MODEL_HOME": str(SOURCE_HOME), "OPERATOR_KEYS": "*"})
    )
    with started(app) as client:
        identity, _ = predict(client, client.example()["inputs"] * 2)
        labels = [{"id": identity, "row": 0, "label": 1}, {"id": identity, "row": 1, "label": "1"}]
        assert feed(client, labels) == noted(accepted=2)


def settled(client: Started, rows: int) -> dict[str, Any]:
    """What the shadow has made of so many rows, once it has."""
    until = time.monotonic() + 60
    while True:
        found: dict[str, Any] = seen(client)["shadow"]
        done = sum(found[name] for name in ("rows", "refused", "failed", "dropped"))
        if done >= rows or time.monotonic() > until:
            assert done == rows
            return found
        time.sleep(0.05)


def test_a_shadow_answers_the_same_rows_and_is_judged_beside_the_first(
    start: Callable[..., Started], homes: tuple[Home, Home, Home]
) -> None:
    client = start(SHADOW_HOME=str(homes[1].path))
    rows = people(300)
    identity, answer = predict(client, rows)
    predict(client, rows[:1])
    found = settled(client, 301)
    with started(create_app(Settings(MODEL_HOME=str(homes[1].path)))) as other:
        second = other.post("/predict", json={"inputs": rows}).json()
        digest = other.app.state.model.digest
    both = [*zip(answer["predictions"], second["predictions"], strict=True)]
    both.append(both[0])
    assert found["agreement"] == pytest.approx(sum(a == b for a, b in both) / 301)
    flips = {(one["from"], one["to"]): one["rows"] for one in found["flips"]}
    assert sum(flips.values()) == sum(a != b for a, b in both)
    moved = [
        b[0] - a[0] for a, b in zip(answer["probabilities"], second["probabilities"], strict=True)
    ]
    assert found["probabilities"][0]["mean_difference"] == pytest.approx(
        (sum(moved) + moved[0]) / 301, abs=1e-6
    )
    assert found["truth"] is None
    feed(client, [{"id": identity, "row": i, "label": "yes"} for i in range(100)])
    truth = settled(client, 301)["truth"]
    expected = [x["predictions"][:100].count("yes") / 100 for x in (answer, second)]
    assert [truth[side]["accuracy"]["value"] for side in ("served", "shadow")] == expected
    health = client.get("/health").json()
    assert (health["shadow_digest"], found["bundle_digest"]) == (digest, digest)
    assert health["bundle_digest"] != digest
    assert "agreed with" in client.get("/live").text
    assert 'model_shadow_rows_total{outcome="scored"} 301.0' in client.get("/metrics").text


def test_without_a_shadow_health_says_nothing_of_one(client: httpx.Client) -> None:
    assert {*client.get("/health").json()} == {
        *("name", "api_version", "model_version", "bundle_digest", "ready")
    }


def test_a_shadow_of_another_kind_is_said_at_the_start(
    start: Callable[..., Started],
    homes: tuple[Home, Home, Home],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    client = start(SHADOW_HOME=str(homes[2].path))
    assert "other classes: 'maybe', 'no', 'yes', and 'no', 'yes' are served" in caplog.text
    assert "columns that are sent only by chance: 'days'" in caplog.text
    predict(client, people(20))
    found = settled(client, 20)
    assert found["refused"] == 20
    assert "20 rows break a rule of it" in client.get("/live").text


def test_a_shadow_that_fails_costs_no_answer(
    start: Callable[..., Started],
    homes: tuple[Home, Home, Home],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No part of it can fail by itself, so this makes it."""
    client = start(SHADOW_HOME=str(homes[1].path))
    second = load_model(Home.find(homes[1].path), "onnx")

    def fail(rows: Any) -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr(second, "score", fail)
    predict(client, people(50))
    assert settled(client, 50)["failed"] == 50


def test_a_slow_shadow_costs_no_answer_and_what_it_drops_is_counted(
    start: Callable[..., Started],
    homes: tuple[Home, Home, Home],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    client = start(SHADOW_HOME=str(homes[1].path), MAX_ROWS=2_000)
    slow = load_model(Home.find(homes[1].path), "onnx")
    monkeypatch.setattr(slow, "score", lambda rows: time.sleep(60))
    begin = time.monotonic()
    for _ in range(6):
        predict(client, people(1_000))
    found = seen(client)["shadow"]
    assert time.monotonic() - begin < 30
    assert found["dropped"] == 6_000 - (shadow._MOST_WAITING // 1_000) * 1_000


def test_a_shadow_that_is_damaged_or_not_there_ends_the_start(
    tmp_path: Path, homes: tuple[Home, Home, Home]
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(homes[1].path, copy)
    (model,) = (copy / "trained_models").glob("*.onnx")
    model.write_bytes(model.read_bytes()[:-1] + b"x")
    for home, words in ((tmp_path / "nowhere", "no such folder"), (copy, model.name)):
        run = failing_to_start({"SHADOW_HOME": str(home)})
        assert run.returncode == 3
        assert words in run.stderr
        assert "Traceback" not in run.stderr


def test_json_of_everything_is_json(start: Callable[..., Started]) -> None:
    client = start()
    predict(client, people(200))
    text = client.ask("GET", "/live", headers={"accept": "application/json"}).text
    assert json.loads(text, parse_constant=pytest.fail)
