"""The card's curves: what the served model says of made rows when one column changes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from classification_model import make_prediction
from classification_model.bundle import golden
from classification_model.config.home import Home
from classification_model.evaluation.reactions import Reactions, reactions
from classification_model.inference.engines import Probabilities
from classification_model.predict import Model
from classification_model.processing.value_rules import TypedRow
from classification_model.train_pipeline import Trained, run_training
from classification_model.training.reacting import reactions_of
from homes import make_home
from tables import PEOPLE, TABLES


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, Trained, Reactions]:
    home = make_home(PEOPLE, tmp_path_factory.mktemp("asked") / "made")
    trained = run_training(home.path)
    return home, trained, reactions_of(trained.bundle, trained.report)


def test_a_point_is_the_mean_of_what_is_answered_about_the_made_rows(
    asked: tuple[Home, Trained, Reactions],
) -> None:
    home, trained, found = asked
    rows, _ = golden.parse(trained.bundle.contents[".golden.jsonl"])
    for one in found.columns:
        for value, shares in [*zip(one.values, one.shares, strict=True)][::3]:
            changed = [{**row, one.column: value} for row in rows[:24]]
            told = make_prediction(input_data=changed, home=home.path)["probabilities"]
            assert np.array(told).mean(axis=0) == pytest.approx(shares, abs=1e-4), one.column


def test_the_base_is_the_one_of_explanations(
    asked: tuple[Home, Trained, Reactions], tmp_path: Path
) -> None:
    home, trained, found = asked
    source = PEOPLE.write(tmp_path / "in.csv")
    (told, *_) = make_prediction(input_data=source, home=home.path, explain=1)["explanations"]
    assert told is not None
    of = trained.bundle.manifest.classes.index(told["class"])
    assert found.base[of] == pytest.approx(told["base"], abs=1e-4)
    assert f"| {found.base[of]:.1%} |" in trained.bundle.contents[".md"].decode()


def test_six_columns_are_asked_in_one_call_each_of_twenty_values_at_most(tmp_path: Path) -> None:
    home = make_home(TABLES["digits"](), tmp_path / "made")
    trained = run_training(home.path)
    model = Model(trained.bundle)
    calls: list[int] = []

    def score(rows: Sequence[TypedRow]) -> Probabilities:
        calls.append(len(rows))
        return model.probabilities(rows)

    ranked = [one.column for one in trained.report.importance]
    schema = model.manifest.row_schema
    found = reactions(ranked, schema, model.profile, model.background, score)
    size = len(model.background)
    ranges = {name: model.profile.columns[name].range() for name in ranked}
    varying = [name for name, (low, high) in ranges.items() if low != high]
    assert [one.column for one in found.columns] == varying[:6]
    assert len(calls) == len(found.columns) + 1
    assert max(calls) <= 20 * size
