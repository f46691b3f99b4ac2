"""The same service with other models: its shapes are those of the bundle that it serves."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from classification_model import batch, bundle, make_prediction
from classification_model.bundle import Manifest
from classification_model.config.home import Home
from classification_model.processing.data_manager import read_csv
from harness import UVICORN, free_port, serving
from homes import records_of


@dataclass(frozen=True)
class Served:
    """A model behind a server, and the rows that it was learned from."""

    client: httpx.Client
    home: Home
    manifest: Manifest
    csv: Path
    rows: list[dict[str, Any]]


@pytest.fixture(scope="module", params=["awkward", "iris", "people"])
def served(request: pytest.FixtureRequest, trained: Callable[[str], Home]) -> Iterator[Served]:
    home = trained(request.param)
    source = home.path.parent / "data.csv"
    manifest = bundle.load(home).manifest
    known = {*manifest.row_schema.columns, *manifest.row_schema.ignored}
    rows = [
        {name: cell for name, cell in record.items() if name in known}
        for record in records_of(read_csv(source))
    ]
    port = free_port()
    environment = {"MODEL_HOME": str(home.path)}
    with serving([*UVICORN, "--port", str(port)], port, environment) as client:
        yield Served(client, home, manifest, source, rows)


def post(served: Served, rows: list[Any], **parameters: str) -> httpx.Response:
    return served.client.post("/predict", json={"inputs": rows}, params=parameters)


def test_one_row_has_the_same_bits_by_function_by_file_and_by_http(
    served: Served, tmp_path: Path
) -> None:
    answer = post(served, served.rows).json()
    assert answer == make_prediction(input_data=served.rows, home=served.home.path)
    output = tmp_path / "out.csv"
    batch.score_files([served.csv], output, home=served.home.path)
    with output.open(encoding="utf-8", newline="") as stream:
        written = list(csv.DictReader(stream))
    columns = [f"probability_{label}" for label in answer["classes"]]
    assert [[float(row[c]) for c in columns] for row in written] == answer["probabilities"]
    assert [row["prediction"] for row in written] == [str(p) for p in answer["predictions"]]
    for row, scores in zip(served.rows[:20], answer["probabilities"], strict=False):
        assert post(served, [row]).json()["probabilities"] == [scores]


def test_labels_are_the_ones_of_the_csv(served: Served) -> None:
    answer = post(served, served.rows).json()
    assert answer["classes"] == list(served.manifest.classes)
    target = served.manifest.target
    truth = {row[target] for row in served.rows}
    assert {str(label) for label in answer["predictions"]} <= truth
    assert {type(label) for label in answer["predictions"]} == {
        type(label) for label in served.manifest.classes
    }


def test_the_document_has_the_names_exactly_as_in_the_csv(served: Served) -> None:
    document = served.client.get("/openapi.json").json()
    schemas = document["components"]["schemas"]
    assert set(schemas["Row"]["required"]) == set(served.manifest.row_schema.columns)
    (example,) = schemas["PredictRequest"]["examples"]
    answer = served.client.post("/predict", json=example)
    assert answer.status_code == 200
    assert answer.json()["warnings"] == []


def test_every_fault_is_named_by_the_column_of_the_csv(served: Served) -> None:
    row = {name: served.rows[0][name] for name in served.manifest.row_schema.columns}
    for name in row:
        without = {key: value for key, value in row.items() if key != name}
        (fault,) = post(served, [row, without]).json()["detail"]
        assert (fault["loc"], fault["type"]) == (["body", "inputs", 1, name], "missing")
        broken = post(served, [{**row, name: ["no", "value"]}])
        assert broken.status_code == 422
        (fault,) = broken.json()["detail"]
        assert fault["loc"] == ["body", "inputs", 0, name]


def test_skip_scores_the_good_rows_and_returns_the_bad(served: Served) -> None:
    good = {name: served.rows[0][name] for name in served.manifest.row_schema.columns}
    name = next(iter(good))
    bad: list[Any] = [{**good, name: ["x" * 9]}, {}, 7, {**good, "surprise": "\ud800"}]
    body = json.dumps({"inputs": [good, *bad, good]})
    answer = served.client.post(
        "/predict?on_error=skip", content=body, headers={"content-type": "application/json"}
    )
    assert answer.status_code == 200
    result = answer.json()
    alone = post(served, [good]).json()
    nothing = [None] * len(bad)
    assert result["predictions"] == [*alone["predictions"], *nothing, *alone["predictions"]]
    assert result["probabilities"] == [*alone["probabilities"], *nothing, *alone["probabilities"]]
    assert {error["row"] for error in result["errors"]} == {1, 2, 3, 4}
    assert {(e["column"], e["rule"]) for e in result["errors"] if e["row"] == 4} == {
        ("surprise", "extra_forbidden")
    }
    refused = served.client.post(
        "/predict?on_error=raise", content=body, headers={"content-type": "application/json"}
    )
    assert refused.status_code == 422


def test_skip_does_not_excuse_a_body_that_is_no_list_of_rows(served: Served) -> None:
    bodies: list[Any] = [{"inputs": 7}, {"inputs": []}, {}, {"inputs": [{}], "more": 1}]
    for body in bodies:
        answer = served.client.post("/predict", json=body, params={"on_error": "skip"})
        assert answer.status_code == 422
    assert post(served, served.rows[:1], on_error="maybe").status_code == 422
