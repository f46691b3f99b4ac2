"""The estimator is chosen fairly, and the choice can be made again."""

from __future__ import annotations

import os
import pickle
import re
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from clusters import two_workers
from sklearn.pipeline import Pipeline
from sklearn.utils.estimator_checks import check_estimator

from classification_model import bundle, cli
from classification_model.config.home import Home
from classification_model.config.schema import EstimatorConfig, RowSchema
from classification_model.errors import ConfigError
from classification_model.estimators import build_classifier
from classification_model.inference.engines import OnnxScorer, SklearnScorer
from classification_model.learners import Blend
from classification_model.learners.boosting import with_codes
from classification_model.pipeline import EncodingStep
from classification_model.processing.features import Feature
from classification_model.processing.splitting import group_units, row_units, time_units
from classification_model.progress import Progress
from classification_model.train_pipeline import run_training
from classification_model.training.export import export, nasty_rows
from classification_model.training.metric import metric_named
from classification_model.training.selection import Wanted, candidates, choose
from classification_model.training.vote import greedy, temperature
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
@pytest.mark.parametrize("name", ["boosted trees", "boosted trees, random", "linear", "network"])
def test_every_kind_of_candidate_can_be_exported_and_answers_alike(name: str, classes: int) -> None:
    matrix, labels = made(200, classes)
    classify = build_classifier(PLAN, candidates(500, PLAN)[name], 0).fit(matrix, labels)
    encode = EncodingStep(RowSchema(columns={}), PLAN)
    encode.features_ = PLAN
    pipeline = Pipeline([("encode", encode), ("classify", classify)])
    graph = OnnxScorer(export(pipeline, matrix))
    rows = nasty_rows(pipeline, matrix, seed=5)
    reference = SklearnScorer(pipeline)
    np.testing.assert_allclose(graph.score(rows), reference.score(rows), rtol=0, atol=1e-6)
    for scorer in (graph, reference):
        together = scorer.score(rows[:20])
        alone = np.vstack([scorer.score(rows[i : i + 1]) for i in range(20)])
        np.testing.assert_array_equal(alone, together)


def test_the_best_has_a_weight_and_the_weights_add_up() -> None:
    matrix, labels = made(150, 2)
    listening = Listening()
    choice = choose(matrix, labels, PLAN, seed=0, time_budget=600, progress=listening)
    total = len(choice.compared)
    assert listening.lines == [
        f"{i}/{total} {one.name}" for i, one in enumerate(choice.compared, start=1)
    ]
    assert {"boosted trees", "linear", "network"} <= {c.name for c in choice.compared}
    assert sum(c.weight for c in choice.compared) == pytest.approx(1)
    best = min(choice.compared, key=lambda c: c.log_loss)
    assert best.weight > 0
    assert not choice.cut_short


def test_a_linear_rule_is_learned_by_a_linear_model_and_a_square_by_another() -> None:
    draw = np.random.default_rng(1)
    matrix = draw.normal(size=(600, 3)).astype(np.float32)
    matrix[:, 2] = 0
    noise = draw.logistic(size=600)
    straight = choose(
        matrix, (3 * matrix[:, 0] + noise > 0).tolist(), PLAN, seed=0, time_budget=600
    )
    corner = choose(
        matrix, (6 * np.sign(matrix[:, 0] * matrix[:, 1]) + noise > 0).tolist(), PLAN,
        seed=0, time_budget=600,
    )  # fmt: skip
    losses = [{c.name: c.log_loss for c in choice.compared} for choice in (straight, corner)]
    assert losses[0]["linear"] < losses[0]["boosted trees"]
    assert losses[1]["boosted trees"] < 0.3
    assert losses[1]["linear"] > 0.6
    assert not any(m.name == "linear" for m in corner.estimator.members)


def test_a_small_table_on_which_all_goes_well_is_not_believed_to_the_end() -> None:
    """Forty rows without an error do not say that there is less than one error in a thousand."""
    truth = np.array([0, 1] * 20)
    margins = np.where(truth, 8.0, -8.0)[:, np.newaxis]
    assert temperature(truth, margins) > 1.5
    many = np.tile(truth, 1000)
    some_wrong = np.where(np.random.default_rng(0).random(40_000) < 1 / (1 + np.exp(2)), -1, 1)
    right = np.where(many, 2.0, -2.0) * some_wrong
    assert temperature(many, right[:, np.newaxis]) == pytest.approx(1, abs=0.05)


def test_margins_that_are_twice_too_sure_are_halved() -> None:
    draw = np.random.default_rng(0)
    margins = draw.normal(size=(20_000, 3))
    truth = (margins + draw.gumbel(size=margins.shape)).argmax(axis=1)
    assert temperature(truth, margins * 2) == pytest.approx(2, rel=0.05)


@pytest.mark.parametrize("metric", ["roc_auc", "f1", "balanced_accuracy"])
def test_the_vote_lowers_the_metric_that_config_names(metric: str) -> None:
    """Two candidates of which one is better by log loss, and the other by everything else."""
    draw = np.random.default_rng(0)
    truth = (draw.random(4000) < 0.4).astype(np.intp)
    sign = np.where(truth, 1, -1)
    modest = (0.3 * sign + draw.normal(0, 0.4, 4000))[:, np.newaxis]
    shrill = (300 * (sign * 0.8 + draw.normal(0, 0.4, 4000)))[:, np.newaxis]
    answers = {"modest": modest, "shrill": shrill}
    sizes = dict.fromkeys(answers, 1.0)
    by_loss = greedy(truth, answers, metric_named("log_loss", 2), sizes, 1.0)
    assert by_loss == {"modest": 1}
    assert greedy(truth, answers, metric_named(metric, 2), sizes, 1.0) == {"shrill": 1}


def test_an_unknown_metric_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ConfigError, match="metric: unknown name 'auc'; choose one of log_loss"):
        metric_named("auc", 2)


def test_a_vote_holds_no_more_than_fits_into_a_bundle() -> None:
    draw = np.random.default_rng(0)
    truth = draw.integers(0, 2, 500)
    answers = {
        name: (np.where(truth, 1, -1) + draw.normal(0, 1, 500))[:, np.newaxis] for name in "abc"
    }
    metric = metric_named("log_loss", 2)
    assert len(greedy(truth, answers, metric, dict.fromkeys("abc", 1.0), 9.0)) == 3
    assert len(greedy(truth, answers, metric, dict.fromkeys("abc", 1.0), 2.0)) == 2


def test_what_auto_chooses_fits_into_the_megabytes_that_it_may_have() -> None:
    matrix, labels = made(2000, 4)
    choice = choose(matrix, labels, PLAN, seed=0, time_budget=600, wanted=Wanted(max_model_mb=0.2))
    fitted = build_classifier(PLAN, choice.estimator, 0).fit(matrix, labels)
    encode = EncodingStep(RowSchema(columns={}), PLAN)
    encode.features_ = PLAN
    pipeline = Pipeline([("encode", encode), ("classify", fitted)])
    assert len(export(pipeline, matrix)) + len(pickle.dumps(fitted)) <= 200_000


def test_no_leaf_stands_for_fewer_rows_than_it_may() -> None:
    matrix, labels = made(400, 2)
    blend = Blend([("lightgbm", 1.0, {"min_data_in_leaf": 5, "rounds": 40})], [2]).fit(
        matrix, labels
    )
    trees = blend.trees_
    assert trees is not None
    coded = with_codes(matrix, blend.native_)
    for first, last in pairwise([*trees.roots.tolist(), len(trees.value)]):
        reached = np.zeros(last - first, int)
        for row in coded:
            at = first
            while trees.left[at] != at:
                value = row[trees.feature[at]]
                if trees.group[at] >= 0:
                    left = trees.groups[int(trees.group[at]), int(value)]
                elif np.isnan(value):
                    left = trees.missing_left[at]
                else:
                    left = value <= trees.threshold[at]
                at = trees.left[at] if left else trees.right[at]
            reached[at - first] += 1
        leaves = trees.left[first:last] == np.arange(first, last)
        assert reached[leaves].min() >= 5


def test_a_fitted_blend_holds_arrays_and_loads_without_what_fitted_it() -> None:
    matrix, labels = made(300, 2)
    blend = Blend([("lightgbm", 0.5, {"rounds": 20}), ("network", 0.5, {"epochs": 2})], [2])
    expected = blend.fit(matrix, labels).predict_proba(matrix)
    code = (
        "import sys, pickle, numpy\n"
        "sys.modules['lightgbm'] = None\n"
        "blend, matrix, expected = pickle.load(sys.stdin.buffer)\n"
        "assert (blend.predict_proba(matrix) == expected).all()\n"
        "from classification_model.errors import MissingExtraError\n"
        "try:\n    blend.fit(matrix, expected[:, 0] > 0.5)\n"
        "except MissingExtraError as error:\n    print(error)\n"
    )
    pickled = pickle.dumps((blend, matrix, expected))
    for name in (b"lightgbm.", b"MLPClassifier", b"LogisticRegression"):
        assert name not in pickled
    run = subprocess.run(
        [sys.executable, "-c", code], input=pickled, capture_output=True, check=False
    )
    assert run.returncode == 0, run.stderr.decode()
    assert b"[train]'" in run.stdout


NOT_FOR_A_BLEND = {
    "check_sample_weight_equivalence_on_dense_data": "a leaf, a bound or a column stands for as "
    "many rows as publish: min_rows says, however much each counts",
}
"""Checks of scikit-learn that cannot pass, and why."""


@pytest.mark.filterwarnings("ignore")
def test_a_blend_is_a_classifier_like_any_other() -> None:
    for member in ("lightgbm", "linear", "network"):
        check_estimator(Blend([(member, 1.0, {})]), expected_failed_checks=NOT_FOR_A_BLEND)


def test_a_budget_cuts_short_after_the_first_and_says_so() -> None:
    matrix, labels = made(150, 2)
    choice = choose(matrix, labels, PLAN, seed=0, time_budget=1e-6)
    assert choice.cut_short
    assert [c.name for c in choice.compared] == [next(iter(candidates(150, PLAN)))]


def test_a_budget_ends_what_is_running_and_what_that_reached_counts() -> None:
    matrix, labels = made(20_000, 4)
    short = choose(matrix, labels, PLAN, seed=0, time_budget=0.5)
    assert short.cut_short
    rounds = [one.parameters.get("rounds", 0) for one in short.estimator.members]
    assert max(rounds) >= 20


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
    assert "estimator: auto\ntime_budget: 40\n" in text
    home.config_file.write_text(text.replace("time_budget: 40", f"time_budget: {time_budget}"))
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
        assert re.search(r"1/\d+ boosted trees", run.stdout)
        results.append(files_of(home.trained_models))
    assert results[0] == results[1]


def test_a_choice_that_was_recorded_pickles_as_the_one_that_was_made() -> None:
    made = EstimatorConfig(
        name="blend",
        members=tuple(
            EstimatorConfig(name="lightgbm", parameters={"learning_rate": rate, "num_leaves": 9})
            for rate in (0.1, 0.2)
        ),
    )
    recorded = EstimatorConfig.model_validate_json(made.model_dump_json())
    one, other = (pickle.dumps(build_classifier(PLAN, config, 0)) for config in (made, recorded))
    assert one == other


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
