"""A new model earns its place, and can be compared with any other."""

from __future__ import annotations

import random
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from classification_model import bundle, cli
from classification_model.cli.exit_status import Status
from classification_model.config.home import Home
from classification_model.config.schema import Column, RowSchema
from classification_model.errors import RejectedModelError
from classification_model.evaluation.comparison import compare, markdown, schema_changes
from classification_model.train_pipeline import run_training
from homes import copy_of, files_of


def shuffle_labels(home: Home) -> None:
    """The same rows, with answers that have nothing to do with them."""
    file = home.datasets / "raw.csv"
    header, *rows = file.read_text().splitlines()
    labels = [row.rsplit(",", 1)[1] for row in rows]
    random.Random(0).shuffle(labels)
    mixed = [f"{row.rsplit(',', 1)[0]},{label}" for row, label in zip(rows, labels, strict=True)]
    file.write_text("\n".join([header, *mixed]) + "\n")


def worsen(home: Home) -> None:
    """The same data, and a model that is hardly allowed to learn from it."""
    text = home.config_file.read_text()
    home.config_file.write_text(text.replace("C: 0.5", "C: 0.000001"))


def test_a_worse_model_is_refused_and_the_old_one_stays_byte_for_byte(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    before = files_of(home.trained_models)
    worsen(home)
    with pytest.raises(SystemExit) as stop:
        cli.main(["train", "--home", str(home.path)])
    printed = capsys.readouterr()
    assert stop.value.code == Status.MODEL_REFUSED
    assert files_of(home.trained_models) == before
    assert re.search(r"refused: worse than model 1\.0\.0: log loss \d", printed.err)
    assert "held-out rows get another label" in printed.err
    assert "--force" in printed.err
    assert printed.err.count("\n") == 1
    assert "95% interval" in printed.out
    assert "rows get another label" in printed.out


def test_a_model_of_shuffled_labels_is_refused(home: Home) -> None:
    before = files_of(home.trained_models)
    shuffle_labels(home)
    text = home.config_file.read_text()
    home.config_file.write_text(text + "acceptance:\n  roc_auc: 0.7\n")
    with pytest.raises(RejectedModelError, match=r"roc_auc 0\.\d+ is below the 0\.7"):
        run_training(home.path)
    assert files_of(home.trained_models) == before


def test_force_overrules_the_gate_and_the_manifest_says_so(home: Home) -> None:
    old = bundle.load(home)
    worsen(home)
    run_training(home.path, force=True)
    record = bundle.load(home).manifest.gate
    assert record is not None
    assert (record.old_version, record.old_digest) == ("1.0.0", old.digest)
    assert record.verdict == "worse"
    assert len(record.overruled) == 1
    assert record.overruled[0].startswith("worse than model 1.0.0")


def test_a_model_that_is_no_worse_takes_the_place(home: Home) -> None:
    text = home.config_file.read_text()
    home.config_file.write_text(text.replace("C: 0.5", "C: 0.6"))
    (home.path / "VERSION").write_text("1.0.1")
    trained = run_training(home.path)
    assert trained.comparison is not None
    assert trained.comparison.verdict == "level"
    record = bundle.load(home).manifest.gate
    assert record is not None
    assert (record.verdict, record.overruled) == ("level", ())


def test_a_first_model_needs_to_pass_the_floor_only(home: Home) -> None:
    for file in home.trained_models.iterdir():
        file.unlink()
    text = home.config_file.read_text()
    home.config_file.write_text(text + "acceptance:\n  log_loss: 0.001\n")
    with pytest.raises(
        RejectedModelError, match=r"log_loss .* above the 0\.001.*nothing was saved"
    ):
        run_training(home.path)
    assert files_of(home.trained_models) == {}
    home.config_file.write_text(text + "acceptance:\n  accuracy: 0.5\n")
    assert run_training(home.path).bundle.manifest.gate is None


def test_a_model_of_other_columns_is_not_compared_and_says_why(home: Home) -> None:
    text = home.config_file.read_text()
    changed = re.sub(r"  income:\n(    .*\n)+", "", text).replace(
        "ignored:\n", "ignored:\n  income: no\n"
    )
    home.config_file.write_text(changed)
    assert run_training(home.path).comparison is None
    record = bundle.load(home).manifest.gate
    assert record is not None
    assert record.note == "not compared: the old model needs the column 'income', which is gone"


def test_added_rows_leave_nearly_all_others_on_their_side(people: Home, tmp_path: Path) -> None:
    """So the old model is judged on rows that it was not trained on."""
    from classification_model.config.core import load_config
    from classification_model.processing.data_manager import load_dataset, split_dataset

    config = load_config(people)
    before = split_dataset(load_dataset(config, people), config)
    grown = copy_of(people, tmp_path / "grown")
    file = grown.datasets / "raw.csv"
    header, *rows = file.read_text().splitlines()
    more = [row.replace("Person, M", "Human, M") for row in rows[:40]]
    shuffled = random.Random(0).sample(rows + more, len(rows) + len(more))
    file.write_text("\n".join([header, *shuffled]) + "\n")
    after = split_dataset(load_dataset(config, grown), config)
    trained = {str(row) for row in before.train.rows()}
    seen = sum(str(row) in trained for row in after.held_out.rows())
    assert seen <= 0.1 * len(after.held_out)
    assert len(after.held_out) == pytest.approx(0.25 * 200, abs=1)


CLASSES = ["a", "b", "c"]


@given(st.integers(0, 2**32 - 1))
def test_a_model_against_itself_is_level_and_flips_nothing(seed: int) -> None:
    draw = np.random.default_rng(seed)
    scores = draw.dirichlet([1, 1, 1], size=60).astype(np.float32)
    labels = [CLASSES[i] for i in draw.integers(0, 3, 60)]
    found = compare(labels, scores, scores, CLASSES)
    assert found.verdict == "level"
    assert found.flips == ()
    assert all(d.old == d.new and d.low == d.high == 0 for d in found.differences)


@given(st.integers(0, 2**32 - 1))
def test_the_verdict_turns_round_with_the_models(seed: int) -> None:
    draw = np.random.default_rng(seed)
    truth = draw.integers(0, 3, 80)
    poor = draw.dirichlet([1, 1, 1], size=80)
    good = 0.3 * poor + 0.7 * np.eye(3)[truth]
    labels = [CLASSES[i] for i in truth]
    forth, back = compare(labels, poor, good, CLASSES), compare(labels, good, poor, CLASSES)
    assert (forth.verdict, back.verdict) == ("better", "worse")
    for there, again in zip(forth.differences, back.differences, strict=True):
        assert there.low == pytest.approx(-again.high)
        assert there.high == pytest.approx(-again.low)
    assert [(f.row, f.old, f.new) for f in forth.flips] == [
        (f.row, f.new, f.old) for f in back.flips
    ]


def test_metrics_are_those_of_scikit_learn() -> None:
    from sklearn.metrics import accuracy_score, brier_score_loss, log_loss

    draw = np.random.default_rng(0)
    scores = draw.dirichlet([1, 1, 1], size=100)
    labels = [CLASSES[i] for i in draw.integers(0, 3, 100)]
    loss, brier, accuracy = compare(labels, scores, scores, CLASSES).differences
    assert loss.new == pytest.approx(log_loss(labels, scores))
    assert brier.new == pytest.approx(brier_score_loss(labels, scores, scale_by_half=True))
    assert accuracy.new == pytest.approx(
        accuracy_score(labels, [CLASSES[i] for i in scores.argmax(axis=1)])
    )


def test_compare_prints_and_writes_what_a_pull_request_needs(
    people: Home, home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    worsen(home)
    (home.path / "VERSION").write_text("2.0.0")
    run_training(home.path, force=True)
    output = tmp_path / "comparison.md"
    cli.main(["compare", str(people.path), str(home.path), "--output", str(output)])
    assert "log loss" in capsys.readouterr().out
    text = output.read_text()
    assert text.startswith("## Model 2.0.0 against 1.0.0: worse\n")
    assert "| log loss |" in text
    assert re.search(r"\d+ rows get another label", text)
    assert "Schema: unchanged." in text


def test_schema_changes_are_named() -> None:
    old = RowSchema(columns={"a": Column(kind="integer"), "b": Column(kind="raw")})
    new = RowSchema(columns={"a": Column(kind="integer", required=True), "c|": Column(kind="raw")})
    changes = schema_changes(old, new)
    assert changes == [
        "column 'c|' is new",
        "column 'b' is gone",
        "column 'a': required False -> True",
    ]
    found = compare(["x"] * 4 + ["y"] * 4, np.full((8, 2), 0.5), np.full((8, 2), 0.5), ["x", "y"])
    assert "- column 'c\\|' is new" in markdown(found, old="1", new="2", changes=changes)
