"""Two engines: ONNX unless the operator chose the pickle, also for a model that has no ONNX."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from classification_model import bundle, make_prediction
from classification_model.config.home import Home
from harness import SOURCE_HOME, UVICORN, failing_to_start, free_port, serving
from homes import as_written, copy_of, needs_its_scikit_learn


@pytest.fixture
def without_onnx(tmp_path: Path) -> Home:
    """The repository's model as it is saved where its estimator cannot be exported."""
    home = copy_of(Home(SOURCE_HOME), tmp_path / "home")
    source = bundle.load(home)
    bundle.save(
        home,
        stem=source.manifest.files[".pkl"].name.removesuffix(".pkl"),
        contents={name: data for name, data in source.contents.items() if name != ".onnx"},
        manifest=source.manifest.model_copy(
            update={"onnx_refused": "cannot be exported to ONNX: for this test"}
        ),
    )
    return home


@pytest.fixture
def example() -> list[dict[str, Any]]:
    return [dict(bundle.load(Home(SOURCE_HOME)).profile().example())]


def test_a_service_does_not_unpickle_unless_its_operator_chose_to(without_onnx: Home) -> None:
    run = failing_to_start({"MODEL_HOME": str(without_onnx.path)})
    assert run.returncode == 3
    assert "Traceback" not in run.stderr
    assert "no ONNX file (cannot be exported to ONNX: for this test)" in run.stderr
    assert "set ENGINE=sklearn" in run.stderr


@needs_its_scikit_learn
def test_with_the_pickle_it_serves_what_make_prediction_gives(
    without_onnx: Home, example: list[dict[str, Any]]
) -> None:
    port = free_port()
    environment = {"MODEL_HOME": str(without_onnx.path), "ENGINE": "sklearn"}
    rows = example * 3
    with serving([*UVICORN, "--port", str(port)], port, environment) as client:
        answer = client.post("/predict", json={"inputs": rows}).json()
        alone = client.post("/predict", json={"inputs": example}).json()
    assert answer == make_prediction(input_data=rows, home=without_onnx.path)
    assert [*alone["probabilities"]] * 3 == answer["probabilities"]
    onnx = make_prediction(input_data=rows, home=SOURCE_HOME)
    assert answer["predictions"] == onnx["predictions"]
    for ours, theirs in zip(answer["probabilities"], onnx["probabilities"], strict=True):
        assert ours == pytest.approx(theirs, abs=1e-6)


@needs_its_scikit_learn
def test_the_command_line_takes_the_pickle_by_itself(
    without_onnx: Home, example: list[dict[str, Any]], tmp_path: Path
) -> None:
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    with source.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, [*example[0]])
        writer.writeheader()
        schema = bundle.load(without_onnx).manifest.row_schema
        writer.writerows([as_written(row, schema) for row in example * 3])
    command = [sys.executable, "-m", "classification_model", "predict", str(source)]
    subprocess.run(
        [*command, "--home", str(without_onnx.path), "--output", str(target)], check=True
    )
    (label,) = make_prediction(input_data=example, home=SOURCE_HOME)["predictions"]
    with target.open(encoding="utf-8", newline="") as stream:
        assert [row["prediction"] for row in csv.DictReader(stream)] == [str(label)] * 3
