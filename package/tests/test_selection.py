"""The estimator is chosen fairly, and the choice can be made again."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from clusters import two_workers
from sklearn.pipeline import Pipeline

from classification_model import bundle, cli
from classification_model.config.home import Home
from classification_model.config.schema import RowSchema
from classification_model.inference.engines import TOLERANCE, OnnxScorer, SklearnScorer
from classification_model.pipeline import EncodingStep, build_classifier
from classification_model.processing.features import Feature
from classification_model.processing.splitting import group_units, row_units, time_units
from classification_model.progress import Progress
from classification_model.train_pipeline import run_training
from classification_model.training.export import export, nasty_rows
from classification_model.training.selection import _loss, candidates, choose
from homes import files_of, make_home
from tables import TABLES

PLAN = (
    Feature(name="x", kind="number", inputs=("x",)),
    Feature(name="y", kind="number", inputs=("y",)),
    Feature(name="c", kind="category", inputs=("c",), categories=("p", "q", "r")),
)


def made(rows: int, classes: int, seed: int = 0) -> tuple[np.ndarray, list[int]]:
    """Two numbers, one of them sometimes missing, a category, and a rule with noise."""
    draw = np.random.default_rng(seed)
    matrix = np.column_stack(
        [draw.normal(size=rows), draw.normal(size=rows), draw.integers(0, 3, rows)]
    ).astype(np.float32)
    score = matrix[:, 0] + (matrix[:, 2] == 1) + draw.normal(0, 0.5, rows)
    labels = np.digitize(score, np.quantile(score, np.arange(1, classes) / classes))
    matrix[draw.random(rows) < 0.1, 1] = np.nan
    return matrix, labels.tolist()


@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.parametrize("name", candidates(500, PLAN))
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_every_candidate_can_be_exported_and_answers_alike(name: str, classes: int) -> None:
    matrix, labels = made(200, classes)
    classify = build_classifier(PLAN, candidates(500, PLAN)[name], 0).fit(matrix, labels)
    encode = EncodingStep(RowSchema(columns={}), PLAN)
    encode.features_ = PLAN
    pipeline = Pipeline([("encode", encode), ("classify", classify)])
    graph = OnnxScorer(export(pipeline, matrix))
    rows = nasty_rows(pipeline, matrix, seed=5)
    reference = SklearnScorer(pipeline)
    np.testing.assert_allclose(graph.score(rows), reference.score(rows), rtol=0, atol=TOLERANCE)
    for scorer in (graph, reference):
        together = scorer.score(rows[:20])
        alone = np.vstack([scorer.score(rows[i : i + 1]) for i in range(20)])
        np.testing.assert_array_equal(alone, together)


def test_the_best_has_a_weight_and_the_weights_add_up() -> None:
    matrix, labels = made(150, 2)
    seen: list[tuple[int, int, str]] = []
    choice = choose(
        matrix, labels, PLAN, seed=0, time_budget=600,
        progress=lambda done, total, name, _loss: seen.append((done, total, name)),
    )  # fmt: skip
    expected = list(candidates(150, PLAN))
    assert [c.name for c in choice.compared] == expected
    assert seen == [(i, len(expected), name) for i, name in enumerate(expected, start=1)]
    assert sum(c.weight for c in choice.compared) == pytest.approx(1)
    best = min(choice.compared, key=lambda c: c.log_loss)
    assert best.weight > 0
    assert choice.log_loss is not None
    assert choice.log_loss <= best.log_loss
    assert not choice.cut_short


def test_a_budget_cuts_short_after_the_first_and_says_so() -> None:
    matrix, labels = made(150, 2)
    choice = choose(matrix, labels, PLAN, seed=0, time_budget=1e-6)
    assert choice.cut_short
    assert [c.name for c in choice.compared] == [next(iter(candidates(150, PLAN)))]


def test_a_budget_ends_a_candidate_that_is_running() -> None:
    matrix, labels = made(20_000, 4)
    began: list[str] = []
    choice = choose(
        matrix, labels, PLAN, seed=0, time_budget=3,
        began=lambda _done, _total, name: began.append(name),
    )  # fmt: skip
    assert choice.cut_short
    # What was begun and not finished was ended; it would have been compared otherwise.
    assert len(began) >= len(choice.compared)


def test_no_fold_divides_a_unit_and_by_time_the_past_answers_for_the_future() -> None:
    """A code that says the answer within its group, and nothing beyond it, gains nothing."""
    draw = np.random.default_rng(0)
    groups = np.arange(300) // 3
    labels = draw.integers(0, 2, 100)[groups].tolist()
    matrix = np.column_stack([groups, groups % 7, groups % 3]).astype(np.float32)
    apart = choose(matrix, labels, PLAN, seed=0, time_budget=600)
    records = row_units(300, 0)
    together = choose(
        matrix, labels, PLAN, seed=0, time_budget=600,
        units=group_units(records, [str(group) for group in groups], seed=0),
    )  # fmt: skip
    assert apart.log_loss is not None
    assert together.log_loss is not None
    assert apart.log_loss < 0.6 < together.log_loss
    by_time = time_units(records, groups.astype(float), column="day", lines=range(300))
    forward = choose(matrix, labels, PLAN, seed=0, time_budget=600, units=by_time)
    assert forward.log_loss is not None
    assert forward.log_loss > 0.6


def test_two_repeats_are_scored_each_and_not_their_mean() -> None:
    """So a candidate that answers otherwise each time gets no credit for the mean of two."""
    y = np.array([0, 1] * 50)
    right = np.eye(2)[y]
    steady = np.array([0.6 * right + 0.2, 0.6 * right + 0.2])
    noisy = np.array([0.98 * right + 0.01, 0.62 * right + 0.19])
    swapped = noisy[::-1]
    assert _loss(y, steady) == pytest.approx(-np.log(0.8))
    assert _loss(y, noisy) == pytest.approx(np.mean([-np.log(0.99), -np.log(0.81)]))
    assert _loss(y, noisy) == _loss(y, swapped)
    assert _loss(y, noisy) > _loss(y, noisy.mean(axis=0, keepdims=True))


@pytest.mark.parametrize("table", ["people", "awkward"])
@pytest.mark.parametrize(
    "name", ["logistic_regression", "hist_gradient_boosting", "random_forest", "svc"]
)
def test_a_calibrated_estimator_can_be_named_and_exported(
    name: str, table: str, tmp_path: Path
) -> None:
    home = make_home(TABLES[table](), tmp_path / "made")
    text, _, _ = home.config_file.read_text(encoding="utf-8").partition("estimator:")
    text += f"estimator:\n  name: {name}\n  calibration: sigmoid\n"
    home.config_file.write_text(text, encoding="utf-8")
    manifest = run_training(home.path).bundle.manifest
    assert manifest.choice.estimator.calibration == "sigmoid"
    assert ".onnx" in manifest.files, manifest.onnx_refused


class Listening(Progress):
    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, line: str) -> None:
        self.lines.append(line)

    def compared(self, done: int, total: int, name: str, log_loss: float) -> None:
        self.lines.append(f"{done}/{total} {name}")


def auto_home(folder: Path, time_budget: str = "600") -> Home:
    home = make_home(TABLES["iris"](), folder, quick=False)
    text = home.config_file.read_text()
    assert "estimator: auto\ntime_budget: 60\n" in text
    home.config_file.write_text(text.replace("time_budget: 60", f"time_budget: {time_budget}"))
    return home


def test_a_run_that_was_cut_short_says_so_and_is_repeated_as_it_was(tmp_path: Path) -> None:
    home = auto_home(tmp_path / "made", time_budget="0.000001")
    first = Listening()
    run_training(home.path, progress=first)
    assert any("time_budget in config.yml raises it" in line for line in first.lines)
    before = files_of(home.trained_models)
    assert bundle.load(home).manifest.choice.cut_short
    run_training(home.path)
    assert files_of(home.trained_models) == before


def test_training_twice_in_two_processes_gives_the_same_bytes(tmp_path: Path) -> None:
    """Also where the hash seeds differ, and from nothing: no old model to repeat."""
    results = []
    for seed in ("1", "2"):
        home = auto_home(tmp_path / seed)
        command = [sys.executable, "-m", "classification_model", "train", "--home", str(home.path)]
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stderr
        assert re.search(r"1/\d+ logistic regression", run.stdout)
        results.append(files_of(home.trained_models))
    assert results[0] == results[1]


@pytest.fixture
def cluster() -> Iterator[str]:
    """A real scheduler with two worker processes."""
    with two_workers() as started:
        yield started.address


@pytest.mark.filterwarnings("ignore")  # what Dask warns of is not ours
def test_a_cluster_gives_the_same_bytes(tmp_path: Path, cluster: str) -> None:
    here, there = auto_home(tmp_path / "here"), auto_home(tmp_path / "there")
    cli.main(["train", "--home", str(here.path)])
    cli.main(["train", "--home", str(there.path), "--cluster", cluster])
    assert files_of(there.trained_models) == files_of(here.trained_models)
    counted: dict[str, int] = tasks_done(cluster)
    assert len(counted) == 2
    assert all(counted.values())


def tasks_done(address: str) -> dict[str, int]:
    """How many tasks each worker has done."""
    from distributed import Client

    with Client(address) as client:
        metrics = client.run(lambda dask_worker: len(dask_worker.state.log))
    return dict(metrics)


@pytest.mark.filterwarnings("ignore")
def test_a_cluster_that_is_not_there_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = auto_home(tmp_path / "made")
    with pytest.raises(SystemExit):
        cli.main(["train", "--home", str(home.path), "--cluster", "tcp://127.0.0.1:9"])
    error = capsys.readouterr().err
    assert "--cluster tcp://127.0.0.1:9: no scheduler answers there" in error
    assert error.count("\n") == 1
