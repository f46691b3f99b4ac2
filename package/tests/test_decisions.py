"""Which class is answered: by a threshold or by costs, on every road alike."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from told import Told

from classification_model import bundle, cli, make_prediction
from classification_model.batch import score_files
from classification_model.config.decision import DecisionRule
from classification_model.config.home import Home
from classification_model.errors import ConfigError
from classification_model.evaluation.comparison import COST, compare
from classification_model.evaluation.metrics import Outcomes
from classification_model.evaluation.paired import judge
from classification_model.monitoring.truth import held_out_figures
from classification_model.processing.decisions import Decision, costs_of
from classification_model.train_pipeline import Trained, run_training
from classification_model.training.thresholds import THRESHOLDS, Counts, threshold
from homes import make_home
from tables import PEOPLE, Sample

LEAVING = Sample(
    "answer",
    (*PEOPLE.header[:-1], "answer"),
    [(*row[:-1], "stays" if row[-1] else "left") for row in PEOPLE.rows],
)
THREE = Sample(
    "answer",
    LEAVING.header,
    [(*row[:-1], ("left", "stays", "back")[i % 3]) for i, row in enumerate(PEOPLE.rows)],
)
COSTS = "decision:\n  costs:\n    false_positive: 1\n    false_negative: 5\n"


def saying(home: Home, decision: str) -> Home:
    text = home.config_file.read_text(encoding="utf-8")
    home.config_file.write_text(text + decision, encoding="utf-8")
    return home


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, Trained]:
    home = make_home(LEAVING, tmp_path_factory.mktemp("plain") / "made")
    return home, run_training(home.path)


@pytest.fixture(scope="module")
def costly(tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, Trained]:
    """A home where it costs five times as much to miss somebody who leaves."""
    home = saying(make_home(LEAVING, tmp_path_factory.mktemp("costly") / "made"), COSTS)
    return home, run_training(home.path)


SHARES = st.lists(st.floats(0.0078125, 1, width=32), min_size=3, max_size=3).map(
    lambda parts: (np.array(parts, np.float32) / np.float32(sum(parts))).tolist()
)


@given(st.lists(SHARES, min_size=1, max_size=20), st.data())
def test_a_row_is_decided_alone_as_among_others(rows: list[list[float]], data: Any) -> None:
    costs = tuple(
        tuple(0.0 if i == j else data.draw(st.floats(0, 10)) for j in range(3)) for i in range(3)
    )
    decision = Decision(rule=DecisionRule(costs={"any": 1.0}), costs=costs)
    matrix = np.array(rows, np.float32)
    alone = [decision.of_row(row) for row in matrix.tolist()]
    assert alone == decision.of_rows(matrix).tolist()
    two = matrix[:, :2]
    by_threshold = Decision(
        rule=DecisionRule(threshold=0.3), threshold=float(two[0, 1]), positive=1
    )
    assert [by_threshold.of_row(row) for row in two.tolist()] == by_threshold.of_rows(two).tolist()
    assert by_threshold.of_row(two[0].tolist()) == 1


def test_a_share_that_float32_rounds_up_to_the_threshold_does_not_reach_it() -> None:
    decision = Decision(rule=DecisionRule(threshold=0.7), threshold=0.7, positive=1)
    shares = np.array([[0.3, 0.7]], np.float32)  # less than 0.7 in float64
    assert float(shares[0, 1]) < 0.7
    assert decision.of_rows(shares).tolist() == [0] == [decision.of_row(shares[0].tolist())]


@pytest.mark.parametrize(
    "objective",
    [
        lambda n: -(n.false_positive + 4 * n.false_negative),
        lambda n: 2 * n.true_positive / (n.positive + n.true_positive + n.false_positive),
    ],
)
def test_no_threshold_is_better_than_the_one_that_is_chosen(objective: Any) -> None:
    draw = np.random.default_rng(3)
    scores = draw.beta(2, 3, 400)
    truth = draw.random(400) < scores
    found, low, high = threshold(truth, scores, objective, seed=0)

    def worth(at: float) -> float:
        answered = scores >= at
        counted = [(answered & truth).sum(), (answered & ~truth).sum(), truth.sum(), (~truth).sum()]
        return float(objective(Counts(*(np.array([float(number)]) for number in counted)))[0])

    assert worth(found) == pytest.approx(max(worth(at) for at in THRESHOLDS))
    assert low <= found <= high


def test_by_costs_the_threshold_is_near_what_theory_says() -> None:
    """Of calibrated answers it is the cost of a false alarm by that of both mistakes: here 0.2."""
    chosen = []
    for seed in range(30):
        draw = np.random.default_rng(seed)
        scores = draw.random(3_000)
        found, *_ = threshold(
            draw.random(3_000) < scores,
            scores,
            lambda n: -(n.false_positive + 4 * n.false_negative),
            seed=seed,
        )
        chosen.append(found)
    error = np.std(chosen, ddof=1) / 30**0.5
    assert np.mean(chosen) == pytest.approx(0.2, abs=3 * error)
    assert np.std(chosen) < 0.05


def test_every_road_decides_alike_and_probabilities_stay(
    plain: tuple[Home, Trained], costly: tuple[Home, Trained], tmp_path: Path
) -> None:
    home, trained = costly
    decision = trained.bundle.manifest.decision
    assert decision is not None
    assert decision.threshold is not None
    source = LEAVING.write(tmp_path / "in.csv")
    found = make_prediction(input_data=source, home=home.path)
    before = make_prediction(input_data=source, home=plain[0].path)
    assert found["probabilities"] == before["probabilities"]
    shares = [row for row in found["probabilities"] if row]
    assert decision.positive is not None
    yes, no = (found["classes"][i] for i in (decision.positive, 1 - decision.positive))
    expected = [yes if row[decision.positive] >= decision.threshold else no for row in shares]
    assert found["predictions"] == expected
    assert found["predictions"] != before["predictions"]
    rows = pd.read_csv(source).drop(columns="answer")
    assert trained.bundle.pipeline().predict(rows).tolist() == expected
    records: list[Any] = rows.astype(object).where(rows.notna(), None).to_dict("records")[:20]
    alone = [make_prediction(input_data=[row], home=home.path)["predictions"][0] for row in records]
    assert alone == expected[:20]
    for output in ("out.csv", "out.parquet"):
        score_files([source], tmp_path / output, home=home.path)
        read = pd.read_csv if output.endswith("csv") else pd.read_parquet
        assert read(tmp_path / output)["prediction"].tolist() == expected
    score_files([source], tmp_path / "why.csv", home=home.path, explain=1)
    assert pd.read_csv(tmp_path / "why.csv")["prediction"].tolist() == expected


def test_it_is_in_the_manifest_and_on_the_card_and_judged_on_held_out_rows(
    costly: tuple[Home, Trained], capsys: pytest.CaptureFixture[str]
) -> None:
    home, trained = costly
    decision, judged = trained.bundle.manifest.decision, trained.report.decided
    assert decision is not None
    assert judged is not None
    assert decision.low is not None
    assert decision.low <= (decision.threshold or 0) <= (decision.high or 0)
    assert judged.cost is not None
    card = trained.bundle.contents[".md"].decode()
    assert f"from a probability of {decision.threshold:g} on" in card
    assert f"{judged.cost:.3f}" in card
    cli.main(["evaluate", "--home", str(home.path), "--json"])
    accuracy = json.loads(capsys.readouterr().out)["metrics"]["accuracy"]
    confusion = trained.report.confusion
    right = sum(confusion[i][i] for i in range(2)) / trained.report.rows
    assert accuracy == pytest.approx(right)


def test_to_say_it_alone_needs_no_search_and_changes_no_answer_s_probability(
    plain: tuple[Home, Trained], costly: tuple[Home, Trained]
) -> None:
    before, after = plain[1].bundle, costly[1].bundle
    assert after.manifest.recipe.is_same(before.manifest.recipe)
    assert after.contents[".onnx"] == before.contents[".onnx"]
    assert after.contents[".golden.jsonl"] == before.contents[".golden.jsonl"]


def test_a_home_that_says_nothing_has_no_word_of_it(plain: tuple[Home, Trained]) -> None:
    assert b'"decision"' not in plain[1].bundle.manifest.source()
    assert not hasattr(plain[1].bundle.pipeline(), "decision_")
    assert "from a probability of" not in plain[1].bundle.contents[".md"].decode()


def test_a_threshold_that_a_person_names_is_taken_as_it_is(tmp_path: Path) -> None:
    home = saying(make_home(LEAVING, tmp_path / "made"), "decision:\n  threshold: 0.3\n")
    decision = run_training(home.path).bundle.manifest.decision
    assert decision is not None
    assert (decision.threshold, decision.low, decision.high) == (0.3, None, None)


@pytest.mark.parametrize("maximise", ["f1", "balanced_accuracy", "recall\n  precision: 0.6"])
def test_a_threshold_is_chosen_for_what_is_to_be_high(maximise: str, tmp_path: Path) -> None:
    home = make_home(LEAVING, tmp_path / "made")
    told = Told()
    saying(home, f"decision:\n  maximise: {maximise}\n")
    trained = run_training(home.path, progress=told)
    assert trained.bundle.manifest.decision is not None
    assert "The threshold of 'stays' is " in told or "The threshold of 'left' is " in told


def test_what_a_held_out_row_costs_is_known_after_the_deployment(
    costly: tuple[Home, Trained], plain: tuple[Home, Trained]
) -> None:
    home, trained = costly
    manifest = bundle.load(home).manifest
    assert trained.report.decided is not None
    cost = trained.report.decided.cost
    found = held_out_figures(manifest)["cost"]
    assert found.value == pytest.approx(cost)
    assert found.low is not None
    # A row costs 0, 1 or 5: the error of a mean of so many is that of their spread.
    rows = manifest.metrics["rows"]
    assert 0 < found.value - found.low < 1.96 * 2.5 / math.sqrt(rows - 1)
    assert "cost" not in held_out_figures(bundle.load(plain[0]).manifest)


def test_of_three_classes_the_answer_costs_least_in_expectation(tmp_path: Path) -> None:
    costs = (
        "decision:\n  costs:\n    left: {stays: 9, back: 9}\n    stays: {left: 1, back: 1}\n"
        "    back: {left: 1, stays: 1}\n"
    )
    home = saying(make_home(THREE, tmp_path / "made"), costs)
    trained = run_training(home.path)
    found = make_prediction(input_data=THREE.write(tmp_path / "in.csv"), home=home.path)
    of = {label: i for i, label in enumerate(found["classes"])}
    for label, shares in zip(found["predictions"], found["probabilities"], strict=True):
        assert shares is not None
        others = {"left": 1 - shares[of["left"]]}
        others["stays"] = 9 * shares[of["left"]] + shares[of["back"]]
        others["back"] = 9 * shares[of["left"]] + shares[of["stays"]]
        assert others[str(label)] == pytest.approx(min(others.values()))
    assert found["predictions"].count("left") > len(found["predictions"]) / 2
    assert "expected to cost least" in trained.bundle.contents[".md"].decode()


@pytest.mark.parametrize(
    ("sample", "said", "fault"),
    [
        (THREE, "threshold: 0.3", "a threshold is for two classes, and there are 3; give costs"),
        (THREE, "costs: {false_positive: 1, false_negative: 2}", "are for two classes, and there"),
        (THREE, "costs: {left: {stays: 1, back: 1}}", "costs of 'back' lack 'left', 'stays'"),
        (THREE, "costs: {gone: {stays: 1}}", "'gone' is no class of the table; there are 'back'"),
        (LEAVING, "costs: {false_positive: 1}", "costs are false_positive and false_negative"),
        (LEAVING, "costs: {false_positive: 0, false_negative: 0}", "costs are all 0"),
        (LEAVING, "threshold: 1.2", "less than 1"),
        (LEAVING, "maximise: beauty", "'f1', 'balanced_accuracy' or 'recall'"),
        (LEAVING, "maximise: recall", "needs a `precision: 0.8`"),
        (LEAVING, "threshold: 0.3\n  maximise: f1", "name one of threshold, costs and maximise"),
    ],
)
def test_what_does_not_fit_is_refused_by_line_with_the_cure(
    sample: Sample, said: str, fault: str, tmp_path: Path
) -> None:
    home = saying(make_home(sample, tmp_path / "made"), f"decision:\n  {said}\n")
    with pytest.raises(ConfigError, match=r"config\.yml, line \d+: decision") as refused:
        run_training(home.path)
    assert fault in str(refused.value)
    assert "\n" not in str(refused.value)
    assert bundle.FORMAT  # nothing was saved
    assert not [*home.trained_models.glob("*.pkl")]


def test_costs_of_two_recipes_are_compared_on_the_same_rows() -> None:
    rule = DecisionRule(costs={"false_positive": 1.0, "false_negative": 5.0})
    costs = costs_of(rule, ["no", "yes"], "yes")
    decision = Decision(rule=rule, threshold=0.2, positive=1, costs=costs)
    truth = np.array([0, 1, 1, 0] * 25)
    good, bad = np.array([0.1, 0.9, 0.8, 0.1] * 25), np.array([0.1, 0.1, 0.8, 0.9] * 25)
    old, new = (
        Outcomes(truth, shares, decision.of_rows(shares))
        for shares in (np.column_stack([1 - one, one]) for one in (good, bad))
    )
    paired = judge(old.losses, new.losses, 0.01)
    found = compare(old, new, ["no", "yes"], lines=[*range(100)], paired=paired, decision=decision)
    (cost,) = [one for one in found.differences if one.metric == COST]
    assert (cost.old, cost.new) == (0.0, 1.5)
    assert cost.low > 0
