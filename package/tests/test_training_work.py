"""How much work a training does after the comparison, and that a person sees it go on."""

from __future__ import annotations

import random
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.tree import DecisionTreeClassifier

from classification_model.bundle.provenance import Choice
from classification_model.config.core import load_config
from classification_model.config.home import Home
from classification_model.config.schema import Column, RowSchema
from classification_model.evaluation import baselines
from classification_model.evaluation.importance import importance
from classification_model.inference.engines import Probabilities
from classification_model.learners import Blend, cost
from classification_model.learners.blend import softmax
from classification_model.processing import data_manager
from classification_model.processing.arrays import Matrix
from classification_model.processing.data_manager import Dataset
from classification_model.processing.features import Feature
from classification_model.processing.functions import BUILT_IN
from classification_model.processing.splitting import row_units
from classification_model.processing.typed_columns import TypedColumn
from classification_model.progress import Progress
from classification_model.train_pipeline import run_training
from classification_model.training import describe, selection
from classification_model.training.recipes import Contestant
from homes import make_home
from tables import Sample

COUNTED = '''
from pathlib import Path

from sklearn.linear_model import LogisticRegression


class Counted(LogisticRegression):
    """It writes down how many rows it was fitted on, and asked about."""

    def fit(self, X, y):
        note("fit", len(X))
        return super().fit(X, y)

    def predict_proba(self, X):
        note("asked", len(X))
        return super().predict_proba(X)


def note(what, rows):
    with Path({log!r}).open("a") as stream:
        print(what, rows, file=stream)
'''


def table(rows: int) -> Sample:
    draw = random.Random(0)
    made = [(round(draw.gauss(0, 1), 4), round(draw.gauss(0, 1), 4)) for _ in range(rows)]
    labelled = [(x, y, "yes" if x + draw.gauss(0, 1) > 0 else "no") for x, y in made]
    return Sample("label", ["x", "y", "label"], labelled)


def with_estimator(home: Home, lines: str) -> Home:
    text = home.config_file.read_text(encoding="utf-8")
    assert "estimator: auto\n" in text
    home.config_file.write_text(text.replace("estimator: auto\n", lines), encoding="utf-8")
    return home


def test_a_choice_is_fitted_twice_and_asked_four_times_about_the_held_out_rows(
    tmp_path: Path,
) -> None:
    """For the report, its importance of columns, what is recorded, and an attack on it."""
    home = make_home(table(1200), tmp_path / "made", quick=False)
    with_estimator(home, "estimator:\n  name: features.Counted\n")
    log = tmp_path / "log"
    (home.path / "features.py").write_text(COUNTED.replace("{log!r}", repr(str(log))))
    trained = run_training(home.path)
    notes = [line.split() for line in log.read_text().splitlines()]
    held_out = trained.bundle.manifest.held_out.rows
    assert [int(rows) for what, rows in notes if what == "fit"] == [1200 - held_out, 1200]
    assert [int(rows) for what, rows in notes if what == "asked"].count(held_out) == 4


class Counting(Progress):
    def __init__(self) -> None:
        self.seen: list[tuple[int, int, str]] = []

    def count(self, done: int, total: int, unit: str) -> None:
        self.seen.append((done, total, unit))


def test_each_fit_of_a_vote_is_counted_to_its_end(tmp_path: Path) -> None:
    home = make_home(table(300), tmp_path / "made", quick=False)
    members = "".join(f"  - {{name: {name}}}\n" for name in ("lightgbm", "network", "linear"))
    with_estimator(home, f"estimator:\n  name: blend\n  members:\n{members}")
    counting = Counting()
    run_training(home.path, progress=counting)
    percents = [done for done, total, unit in counting.seen if unit == "% of the fit"]
    assert percents.count(100) == 2
    first = percents[: percents.index(100) + 1]
    assert len(first) > 20
    assert all(a < b for a, b in pairwise(first))


def test_members_are_the_same_whatever_is_fitted_beside_them() -> None:
    draw = np.random.default_rng(0)
    matrix = draw.normal(size=(300, 4)).astype(np.float32)
    labels = matrix[:, 0] + draw.normal(size=300) > 0
    trees = ("lightgbm", 1.0, {"rounds": 30, "bags": 2})
    network = ("network", 1.0, {"epochs": 5})
    alone = Blend([trees]).fit(matrix, labels)
    beside = Blend([network, trees]).fit(matrix, labels)
    assert alone.trees_ is not None
    assert beside.trees_ is not None
    np.testing.assert_array_equal(alone.trees_.value, beside.trees_.value)


def contestant(rows: int, folder: Path) -> Contestant:
    home = make_home(table(rows), folder)
    config = load_config(home)
    split = data_manager.split_dataset(data_manager.load_dataset(config, home), config)
    return Contestant(config, Choice(estimator=config.estimator), split)


def test_twice_the_rows_take_about_twice_the_time_to_describe(tmp_path: Path) -> None:
    few, many = (contestant(rows, tmp_path / str(rows)) for rows in (8_000, 16_000))
    assert seconds(many) <= 2.6 * seconds(few) + 0.02


def seconds(asked: Contestant) -> float:
    """Of this process alone, the least of five."""
    found = []
    for _ in range(5):
        begun = time.process_time()
        describe.answers_of(asked)
        found.append(time.process_time() - begun)
    return min(found)


def test_of_many_columns_those_that_matter_are_shuffled_five_times() -> None:
    draw = np.random.default_rng(0)
    matrix = draw.normal(size=(400, 300)).astype(np.float32)
    names = [f"x{i}" for i in range(300)]
    columns = {n: TypedColumn.of(matrix[:, i].tolist()) for i, n in enumerate(names)}
    labels = (matrix[:, 7] + 0.5 * matrix[:, 9] > 0).tolist()
    asked = []

    def predict(rows: Matrix) -> Probabilities:
        asked.append(len(rows))
        margin = 3 * rows[:, 7] + 1.5 * rows[:, 9]
        return softmax(margin[:, np.newaxis])

    found = importance(
        Dataset(columns, labels, np.arange(400), row_units(400, 0), digest="", size=0),
        predict=predict,
        features=[Feature(name=n, kind="number", inputs=(n,)) for n in names],
        functions=BUILT_IN,
        schema=RowSchema(columns={n: Column(kind="number") for n in names}),
        classes=[False, True],
        seed=0,
    )
    assert [one.column for one in found[:2]] == ["x7", "x9"]
    assert all(one.spread > 0 for one in found[:2])
    assert {one.mean for one in found[2:]} == {0.0}
    assert sum(asked) <= 100 * (300 + 1) + 200 * (5 * 100 + 1)


def test_of_many_columns_those_that_say_most_are_asked_again_for_a_baseline(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    draw = np.random.default_rng(0)
    matrix = draw.normal(size=(300, 250)).astype(np.float32)
    labels = (matrix[:, 7] + draw.normal(size=300) > 0).tolist()
    fits = []

    class Counted(DecisionTreeClassifier):  # type: ignore[misc]
        def fit(self, *rows: Any, **given: Any) -> Any:
            fits.append(rows)
            return super().fit(*rows, **given)

    monkeypatch.setattr(baselines, "DecisionTreeClassifier", Counted)
    rows = (matrix, labels)
    plan = [Feature(name=f"x{i}", kind="number", inputs=(f"x{i}",)) for i in range(250)]
    _, single = baselines.baselines(rows, rows, features=plan, classes=[False, True], seed=0)
    assert single.name == "best single feature, x7"
    assert len(fits) <= 250 + 2 * 100 + 1


def test_all_fits_of_a_vote_keep_within_the_work_that_is_allowed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(selection, "_SHORTEST_FIT", 0.05)
    draw = np.random.default_rng(0)
    matrix = draw.normal(size=(300, 3)).astype(np.float32)
    labels = (matrix[:, 0] * matrix[:, 1] + draw.normal(size=300) > 0).tolist()
    plan = [Feature(name=n, kind="number", inputs=(n,)) for n in "xyz"]
    found = selection.choose(matrix, labels, plan, seed=0, time_budget=0.1)
    work = 0.0
    for member in found.estimator.members:
        given = dict(member.parameters)
        fits = given.pop("bags", 1)
        work += fits * cost.seconds(member.name, given, rows=300, columns=3, margins=1)
    assert 0 < work <= 0.05
