"""A model that may give no decision, served: HTTP, /v2, the metrics and the page say so alike."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, expect

from app.tests.pages import Open, downloaded, drop, predict
from classification_model import bundle, make_prediction
from classification_model.config.home import Home
from classification_model.train_pipeline import run_training
from harness import UVICORN, free_port, serving
from homes import make_home
from tables import PEOPLE

BELOW = 0.7
COLUMNS = PEOPLE.header[:-1]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    made = make_home(PEOPLE, tmp_path_factory.mktemp("unsure") / "made")
    made.config_file.write_text(f"{made.config_file.read_text()}abstain_below: {BELOW}\n")
    run_training(made.path)
    return made


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, str]]:
    with PEOPLE.write(tmp_path_factory.mktemp("rows") / "in.csv").open(
        encoding="utf-8", newline=""
    ) as stream:
        return [{name: row[name] for name in COLUMNS} for row in csv.DictReader(stream)]


@pytest.fixture(scope="module")
def service(home: Home) -> Iterator[httpx.Client]:
    port = free_port()
    with serving([*UVICORN, "--port", str(port)], port, {"MODEL_HOME": str(home.path)}) as client:
        yield client


def counted(service: httpx.Client) -> dict[str, float]:
    text = service.get("/metrics").text
    found = re.findall(r'^model_rows_total\{outcome="(\w+)"\} (\S+)$', text, re.MULTILINE)
    return {outcome: float(number) for outcome, number in found}


def test_every_road_leaves_the_same_rows_and_they_are_counted_apart(
    service: httpx.Client, home: Home, rows: list[dict[str, str]]
) -> None:
    expected = make_prediction(input_data=rows, home=home.path)
    abstained = expected["abstained"]
    assert 0 < len(abstained) < len(rows)
    before = counted(service)
    bad: list[Any] = [{**rows[0], "no such column": 1}, *rows]
    fast = service.post("/predict", json={"inputs": rows}).json()
    assert fast == {**expected, "version": fast["version"]}
    skipped = service.post("/predict?on_error=skip", json={"inputs": bad}).json()
    assert skipped["predictions"] == [None, *expected["predictions"]]
    assert skipped["abstained"] == [i + 1 for i in abstained]
    alone = [service.post("/predict", json={"inputs": [row]}).json() for row in rows[:10]]
    assert [one["predictions"][0] for one in alone] == expected["predictions"][:10]
    after = counted(service)
    gone = {outcome: after[outcome] - before[outcome] for outcome in after}
    few = len([i for i in abstained if i < 10])
    assert gone["refused"] == 1
    assert gone["abstained"] == 2 * len(abstained) + few
    assert gone["scored"] == 2 * (len(rows) - len(abstained)) + 10 - few


def test_v2_sends_texts_that_may_be_empty_and_says_where_they_are(
    service: httpx.Client, home: Home, rows: list[dict[str, str]]
) -> None:
    expected = make_prediction(input_data=rows, home=home.path)
    manifest = bundle.load(home).manifest
    name = manifest.files[".pkl"].name.removesuffix(f"_v{manifest.version}.pkl")
    tensors = [
        {"name": n, "shape": [len(rows)], "datatype": "BYTES", "data": [row[n] for row in rows]}
        for n in COLUMNS
    ]
    answer = service.post(f"/v2/models/{name}/infer", json={"inputs": tensors}).json()["outputs"]
    found = {one["name"]: one for one in answer}
    said = ["" if label is None else str(label) for label in expected["predictions"]]
    assert found["predictions"]["data"] == said
    assert [i for i, flag in enumerate(found["abstained"]["data"]) if flag] == expected["abstained"]
    described = service.get(f"/v2/models/{name}").json()["outputs"]
    for one in described:
        assert found[one["name"]]["datatype"] == one["datatype"]


def test_the_slider_of_the_served_card_runs_and_marks_the_threshold_that_costs_least(
    opened: Open, service: httpx.Client
) -> None:
    page = opened(service, "/model")
    box = page.locator(".slider")
    expect(box).to_be_visible()
    told = json.loads(box.get_attribute("data-counts") or "")
    box.locator(".alarm").fill("1")
    box.locator(".miss").fill("3")
    costs = [3 * (told["hits"] - found) + alarms for _, found, alarms in told["steps"]]
    least = min(range(len(costs)), key=costs.__getitem__)
    for here, (threshold, found, alarms) in enumerate(told["steps"]):
        box.locator(".at").fill(str(here))
        expect(box.locator(".threshold")).to_have_text(f"{threshold:g}")
        expect(box.locator(".found")).to_have_text(str(found))
        expect(box.locator(".missed")).to_have_text(str(told["hits"] - found))
        expect(box.locator(".left")).to_have_text(str(told["others"] - alarms))
        expect(box.locator(".precision")).to_have_text(f"{found / (found + alarms):.3f}")
        said = "the least of these" if here == least else f"least at {told['steps'][least][0]:g}:"
        expect(box.locator(".least")).to_contain_text(said)


def test_without_scripts_the_card_has_a_table_of_thresholds(
    chromium: Browser, service: httpx.Client
) -> None:
    with chromium.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(f"{service.base_url}/model")
        expect(page.locator(".slider")).to_be_hidden()
        expect(page.get_by_text("Held-out rows by threshold")).to_be_visible()


def test_the_page_says_that_there_is_no_decision_and_why(
    opened: Open, service: httpx.Client, home: Home, rows: list[dict[str, str]], tmp_path: Path
) -> None:
    expected = make_prediction(input_data=rows, home=home.path)
    place = expected["abstained"][0]
    shares = expected["probabilities"][place]
    assert shares is not None
    page = opened(service)
    for i, name in enumerate(COLUMNS):
        field = page.locator(f"#field-{i}")
        if field.evaluate("field => field.tagName") == "SELECT":
            field.select_option(rows[place][name].lower() or "")
        else:
            field.fill(rows[place][name])
    predict(page)
    expect(page.locator("#verdict")).to_contain_text(f"no decision: {max(shares):.1%} is under")
    drop(page, "rows.csv", PEOPLE.write(tmp_path / "rows.csv").read_bytes())
    expect(page.locator("#file-status")).to_contain_text("scored")
    header, *lines = downloaded(page, "rows.scored.csv")
    at = header.index("prediction")
    assert [i for i, line in enumerate(lines) if not line[at]] == expected["abstained"]
