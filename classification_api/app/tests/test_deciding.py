"""A model that decides by a threshold and gives sets, served: every road answers so."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import expect

from app.tests.pages import Open, downloaded, drop, predict
from classification_model import bundle, make_prediction
from classification_model.config.home import Home
from classification_model.train_pipeline import run_training
from harness import UVICORN, free_port, serving
from homes import make_home
from tables import PEOPLE, Sample

LEAVING = Sample(
    "answer",
    (*PEOPLE.header[:-1], "answer"),
    [(*row[:-1], "stays" if row[-1] else "left") for row in PEOPLE.rows],
)
THRESHOLD = 0.05


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    made = make_home(LEAVING, tmp_path_factory.mktemp("leaving") / "made")
    text = re.sub(
        r"^positive: .*$", "positive: left", made.config_file.read_text(), flags=re.MULTILINE
    )
    made.config_file.write_text(f"{text}decision:\n  threshold: {THRESHOLD}\ncoverage: 0.8\n")
    run_training(made.path)
    return made


@pytest.fixture(scope="module")
def service(home: Home) -> Iterator[httpx.Client]:
    port = free_port()
    with serving([*UVICORN, "--port", str(port)], port, {"MODEL_HOME": str(home.path)}) as client:
        yield client


def test_predict_and_v2_answer_by_the_threshold(
    service: httpx.Client, home: Home, tmp_path: Path
) -> None:
    expected = make_prediction(input_data=LEAVING.write(tmp_path / "in.csv"), home=home.path)
    of = expected["classes"].index("left")
    by_threshold = [
        "left" if row and row[of] >= THRESHOLD else "stays" for row in expected["probabilities"]
    ]
    likeliest = [
        expected["classes"][row.index(max(row))] for row in expected["probabilities"] if row
    ]
    assert expected["predictions"] == by_threshold != likeliest
    with (tmp_path / "in.csv").open(encoding="utf-8", newline="") as stream:
        rows = [{n: row[n] for n in LEAVING.header[:-1]} for row in csv.DictReader(stream)]
    for query in ("", "?on_error=skip"):
        answer = service.post(f"/predict{query}", json={"inputs": rows}).json()
        assert answer["predictions"] == by_threshold
        assert answer["probabilities"] == expected["probabilities"]
        assert answer["sets"] == expected["sets"]
    told = service.post("/predict?explain=1", json={"inputs": rows[:9]}).json()["explanations"]
    assert [one["class"] for one in told] == by_threshold[:9]
    tensors = [
        {"name": n, "shape": [len(rows)], "datatype": "BYTES", "data": [row[n] for row in rows]}
        for n in LEAVING.header[:-1]
    ]
    manifest = bundle.load(home).manifest
    name = manifest.files[".pkl"].name.removesuffix(f"_v{manifest.version}.pkl")
    found = service.post(f"/v2/models/{name}/infer", json={"inputs": tensors}).json()["outputs"]
    assert next(one["data"] for one in found if one["name"] == "predictions") == by_threshold
    sets = next(one["data"] for one in found if one["name"] == "sets")
    assert [json.loads(text) for text in sets] == expected["sets"]


def test_the_page_says_which_side_of_the_threshold_it_is(
    opened: Open, service: httpx.Client, tmp_path: Path
) -> None:
    page = opened(service)
    predict(page)
    expect(page.locator("#remark")).to_contain_text("the threshold of 5.0%.")
    expect(page.locator("#remark")).to_contain_text("holds the truth in 80.0% of cases: ")
    drop(page, "rows.csv", LEAVING.write(tmp_path / "rows.csv").read_bytes())
    expect(page.locator("#file-status")).to_contain_text("scored")
    header, *lines = downloaded(page, "rows.scored.csv")
    at, share = header.index("prediction"), header.index("probability_left")
    assert all((line[at] == "left") == (float(line[share]) >= THRESHOLD) for line in lines)
