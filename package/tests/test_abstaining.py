"""A model that may give no decision: every road leaves the same rows without one."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from classification_model import cli, make_prediction
from classification_model.batch import score_files
from classification_model.config.decision import DecisionRule
from classification_model.config.home import Home
from classification_model.errors import ConfigError
from classification_model.processing.decisions import ABSTAINED, Answering, Decision
from classification_model.train_pipeline import Trained, run_training
from homes import make_home
from tables import PEOPLE, Sample

THREE = Sample(
    "answer",
    (*PEOPLE.header[:-1], "answer"),
    [(*row[:-1], ("left", "stays", "back")[i % 3]) for i, row in enumerate(PEOPLE.rows)],
)
BELOW = 0.7


def saying(sample: Sample, folder: Path, said: str) -> Home:
    home = make_home(sample, folder)
    text = home.config_file.read_text(encoding="utf-8")
    home.config_file.write_text(text + said, encoding="utf-8")
    return home


@pytest.fixture(scope="module")
def unsure(tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, Trained]:
    said = f"abstain_below: {BELOW}\ncoverage: 0.8\n"
    home = saying(PEOPLE, tmp_path_factory.mktemp("unsure") / "made", said)
    return home, run_training(home.path)


SHARES = st.lists(st.floats(0.0078125, 1, width=32), min_size=3, max_size=3).map(
    lambda parts: (np.array(parts, np.float32) / np.float32(sum(parts))).tolist()
)


@given(st.lists(SHARES, min_size=1, max_size=20), st.floats(0.34, 0.99), st.booleans())
def test_a_row_is_answered_alone_as_among_others(
    rows: list[list[float]], below: float, decides: bool
) -> None:
    costs = ((0.0, 5.0, 1.0), (1.0, 0.0, 1.0), (2.0, 1.0, 0.0))
    decision = Decision(rule=DecisionRule(costs={"any": 1.0}), costs=costs) if decides else None
    answering = Answering(decision, below)
    alone = [answering.of_row(row) for row in rows]
    assert alone == answering.of_rows(np.array(rows, np.float32)).tolist()
    assert [place == ABSTAINED for place in alone] == [max(row) < below for row in rows]
    sure = Answering(decision)
    assert all(
        place in (ABSTAINED, sure.of_row(row)) for place, row in zip(alone, rows, strict=True)
    )


def test_every_road_leaves_the_same_rows_without_a_decision(
    unsure: tuple[Home, Trained], tmp_path: Path
) -> None:
    home, trained = unsure
    source = PEOPLE.write(tmp_path / "in.csv")
    found = make_prediction(input_data=source, home=home.path)
    shares = [row for row in found["probabilities"] if row]
    likeliest = [found["classes"][row.index(max(row))] for row in shares]
    abstained = [i for i, row in enumerate(shares) if max(row) < BELOW]
    assert 0 < len(abstained) < len(shares)
    assert found["abstained"] == abstained
    expected = [None if i in abstained else label for i, label in enumerate(likeliest)]
    assert found["predictions"] == expected
    rows = pd.read_csv(source).drop(columns=PEOPLE.target)
    records: list[Any] = rows.astype(object).where(rows.notna(), None).to_dict("records")[:40]
    alone = [make_prediction(input_data=[row], home=home.path) for row in records]
    assert [one["predictions"][0] for one in alone] == expected[:40]
    assert [one["abstained"] for one in alone] == [[0] if x is None else [] for x in expected[:40]]
    written = ["" if label is None else str(label) for label in expected]
    for output, explain in (("out.csv", 0), ("why.csv", 1)):
        scored = score_files([source], tmp_path / output, home=home.path, explain=explain)
        read = pd.read_csv(tmp_path / output, dtype=str, keep_default_na=False)
        assert read["prediction"].tolist() == written
        assert scored.predicted[None] == len(abstained)
        assert scored.scored == len(expected)
    score_files([source], tmp_path / "out.parquet", home=home.path)
    table = pd.read_parquet(tmp_path / "out.parquet")
    assert table["prediction"].astype(object).where(table["prediction"].notna(), None).tolist() == (
        expected
    )
    assert trained.bundle.pipeline().predict(rows).tolist() == likeliest, "the pickle abstained"


def test_a_refused_row_is_null_and_does_not_stand_in_abstained(
    unsure: tuple[Home, Trained], tmp_path: Path
) -> None:
    home, _ = unsure
    frame = pd.read_csv(PEOPLE.write(tmp_path / "in.csv")).drop(columns=PEOPLE.target)
    records: list[Any] = frame.astype(object).where(frame.notna(), None).to_dict("records")[:30]
    whole = make_prediction(input_data=records, home=home.path)
    found = make_prediction(
        input_data=[{**records[0], "no such column": 1}, *records], home=home.path, on_error="skip"
    )
    assert found["predictions"] == [None, *whole["predictions"]]
    assert found["abstained"] == [i + 1 for i in whole["abstained"]]
    told = make_prediction(input_data=records, home=home.path, explain=1)
    for label, row, one in zip(
        told["predictions"], told["probabilities"], told["explanations"], strict=True
    ):
        assert row is not None
        assert one is not None
        about = told["classes"][row.index(max(row))] if label is None else label
        assert one["class"] == about


def test_predict_and_the_card_say_how_many_rows_are_left(
    unsure: tuple[Home, Trained], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home, trained = unsure
    source, output = PEOPLE.write(tmp_path / "in.csv"), str(tmp_path / "out.csv")
    command = ["predict", str(source), "--output", output, "--home", str(home.path)]
    cli.main(command)
    said = re.search(r"No decision: (\d+) row\(s\)", capsys.readouterr().out)
    assert said is not None
    cli.main([*command, "--json"])
    answer = json.loads(capsys.readouterr().out)
    assert answer["abstained"] == int(said[1]) > 0
    assert answer["scored"] == answer["abstained"] + sum(n["rows"] for n in answer["predicted"])
    judged = trained.report.abstained
    assert judged is not None
    assert judged.rows + judged.others == trained.report.rows
    right = sum(trained.report.confusion[i][i] for i in range(2))
    assert judged.right + judged.others_right == right
    card = trained.bundle.contents[".md"].decode()
    assert f"Where no class has a probability of {BELOW:g}, it gives no decision" in card


def test_to_say_it_alone_needs_no_search_and_nothing_has_a_word_of_it_else(
    unsure: tuple[Home, Trained], tmp_path: Path
) -> None:
    home = make_home(PEOPLE, tmp_path / "made")
    plain = run_training(home.path).bundle
    after = unsure[1].bundle
    assert after.manifest.recipe.is_same(plain.manifest.recipe)
    assert after.contents[".onnx"] == plain.contents[".onnx"]
    assert b"abstain" not in plain.manifest.source()
    found = make_prediction(input_data=PEOPLE.write(tmp_path / "in.csv"), home=home.path)
    assert "abstained" not in found


@pytest.mark.parametrize(
    ("sample", "said", "fault"),
    [
        (THREE, "0.3", "the most probable of 3 classes has 0.333 at least"),
        (PEOPLE, "0.5", "the most probable of 2 classes has 0.5 at least"),
        (PEOPLE, "1", "less than 1"),
        (PEOPLE, "70%", "a valid number"),
    ],
)
def test_a_bad_value_is_refused_by_line_with_the_cure(
    sample: Sample, said: str, fault: str, tmp_path: Path
) -> None:
    home = saying(sample, tmp_path / "made", f"abstain_below: {said}\n")
    with pytest.raises(ConfigError, match=r"config\.yml, line \d+: abstain_below") as refused:
        run_training(home.path)
    assert fault in str(refused.value)
    assert not [*home.trained_models.glob("*.pkl")]


def test_predict_ends_with_the_reasons_of_rejection_the_commonest_first(
    unsure: tuple[Home, Trained], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home, _ = unsure
    frame = pd.read_csv(PEOPLE.write(tmp_path / "in.csv"), dtype=str).drop(columns=PEOPLE.target)
    frame.loc[:2, "income"] = "plenty"
    frame.loc[5, "since"] = "yesterday"
    frame.to_csv(tmp_path / "bad.csv", index=False)
    command = ["predict", str(tmp_path / "bad.csv"), "--output", str(tmp_path / "out.csv")]
    for extra in ([], ["--json"]):
        with pytest.raises(SystemExit):
            cli.main([*command, "--home", str(home.path), *extra])
    said, _, answer = capsys.readouterr().out.partition("\n{")
    assert re.search(
        r"Rejected 4 row\(s\).*\n  3 row\(s\), income: .*\n  1 row\(s\), since: ", said
    )
    reasons = json.loads("{" + answer)["reasons"]
    assert [(one["column"], one["rows"]) for one in reasons] == [("income", 3), ("since", 1)]
