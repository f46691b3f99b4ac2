"""What a client sees of a service that runs."""

from __future__ import annotations

import json
import math
from collections import Counter
from typing import Any

import httpx
import pandas as pd
import pytest
from sklearn.metrics import accuracy_score

from app import __version__
from classification_model import bundle, make_prediction
from classification_model.config.core import Config
from classification_model.config.home import Home
from classification_model.processing.data_manager import Dataset, read_csv
from classification_model.processing.profile import Profile
from harness import SOURCE_HOME
from homes import records_of


def sendable(rows: list[Any]) -> list[dict[str, Any]]:
    """Typed rows as JSON: dates as text."""
    loaded: list[dict[str, Any]] = json.loads(json.dumps(rows, default=str))
    return loaded


def test_health_names_the_api_the_model_and_the_bundle(client: httpx.Client) -> None:
    answer = client.get("/health")
    source = bundle.load(Home(SOURCE_HOME))
    assert answer.status_code == 200
    assert answer.json() == {
        "name": "classification_api",
        "api_version": __version__,
        "model_version": source.manifest.version,
        "bundle_digest": source.digest,
        "ready": True,
    }


def test_the_served_model_is_still_accurate(client: httpx.Client, held_out: Dataset) -> None:
    answer = client.post("/predict", json={"inputs": sendable(held_out.rows())})
    assert answer.status_code == 200
    predictions = answer.json()["predictions"]
    majority = max(Counter(held_out.labels).values()) / len(held_out.labels)
    accuracy = accuracy_score(held_out.labels, predictions)
    manifest = bundle.load(Home(SOURCE_HOME)).manifest
    recorded = manifest.metrics["accuracy"]
    assert accuracy > majority
    # What is served was fitted again on all rows, these among them: it may do better on them.
    slack = 2 * math.sqrt(recorded * (1 - recorded) / len(predictions)) if manifest.refitted else 0
    assert accuracy > recorded - max(slack, 0.005)
    assert manifest.refitted or accuracy < recorded + 0.005


def test_every_row_of_the_csv_gets_what_make_prediction_gives(
    client: httpx.Client, config: Config
) -> None:
    """To the bit: by DataFrame in one call, by HTTP in one batch and in many single requests."""
    file = SOURCE_HOME / "datasets" / config.dataset
    table = read_csv(file, [*config.columns], config.encoding)
    rows = records_of(table)
    frame = pd.DataFrame(rows)
    if table.delimiter:
        frame = pd.read_csv(file, sep=table.delimiter, encoding=table.encoding)
    expected = make_prediction(input_data=frame)
    answer = client.post("/predict", json={"inputs": rows})
    assert answer.status_code == 200
    assert answer.json() == expected
    for row, label, scores in list(
        zip(rows, expected["predictions"], expected["probabilities"], strict=True)
    )[:100]:
        single = client.post("/predict", json={"inputs": [row]}).json()
        assert (single["predictions"], single["probabilities"]) == ([label], [scores])


def test_the_answer_has_the_fields_of_the_contract(
    client: httpx.Client, row: dict[str, Any]
) -> None:
    answer = client.post("/predict", json={"inputs": [row, row]}).json()
    manifest = bundle.load(Home(SOURCE_HOME)).manifest
    assert list(answer) == [
        "predictions",
        "probabilities",
        "classes",
        "warnings",
        "errors",
        "version",
    ]
    assert answer["classes"] == list(manifest.classes)
    assert answer["errors"] is None
    assert answer["version"] == manifest.version
    assert len(answer["predictions"]) == 2
    assert all(sum(scores) == pytest.approx(1, abs=1e-6) for scores in answer["probabilities"])


def test_missing_is_null_or_a_marker(
    client: httpx.Client, config: Config, row: dict[str, Any]
) -> None:
    nullable = [name for name, column in config.columns.items() if not column.required]
    if not nullable:
        pytest.skip("every column of this model is required")
    spellings = [None, *config.missing_markers]
    rows = [{**row, **dict.fromkeys(nullable, spelling)} for spelling in spellings]
    answer = client.post("/predict", json={"inputs": rows}).json()
    assert answer["probabilities"] == [answer["probabilities"][0]] * len(rows)


def test_a_value_beyond_those_seen_is_scored_with_a_warning(
    client: httpx.Client, config: Config, profile: Profile, row: dict[str, Any]
) -> None:
    seen = profile.columns
    ranged = [name for name, column in config.columns.items() if seen[name].maximum is not None]
    listed = [name for name, column in config.columns.items() if column.kind == "category"]
    strange = {
        **row,
        **{name: int(seen[name].maximum or 0) + 1 for name in ranged},
        **dict.fromkeys(listed, "never seen"),
    }
    answer = client.post("/predict", json={"inputs": [row, strange]})
    assert answer.status_code == 200
    warned = {(w["row"], w["column"], w["rule"]) for w in answer.json()["warnings"]}
    assert warned == {(1, name, "out_of_range") for name in ranged} | {
        (1, name, "unseen_category") for name in listed
    }


def test_ignored_columns_and_the_target_may_be_sent(
    client: httpx.Client, config: Config, row: dict[str, Any]
) -> None:
    extra = dict.fromkeys([*config.ignored, config.target], "anything")
    with_extra = client.post("/predict", json={"inputs": [{**row, **extra}]})
    assert with_extra.json() == client.post("/predict", json={"inputs": [row]}).json()


def test_the_document_has_the_columns_of_the_csv(client: httpx.Client, config: Config) -> None:
    document = client.get("/openapi.json").json()
    schema = document["components"]["schemas"]["Row"]
    assert set(schema["properties"]) == {*config.columns, *config.ignored, config.target}
    assert set(schema["required"]) == set(config.columns)
    assert schema["additionalProperties"] is False
    (example,) = document["components"]["schemas"]["PredictRequest"]["examples"]
    assert client.post("/predict", json=example).status_code == 200


def test_docs_need_no_other_host(client: httpx.Client) -> None:
    page = client.get("/docs")
    assert page.status_code == 200
    assert "http://" not in page.text
    assert "https://" not in page.text
    for path in ("swagger-ui-bundle.js", "swagger-ui.css", "favicon.png"):
        assert f"/static/docs/{path}" in page.text
        assert client.get(f"/static/docs/{path}").status_code == 200
