"""Sets of classes that hold the true one as often as was asked."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from classification_model import make_prediction
from classification_model.batch import score_files
from classification_model.config.home import Home
from classification_model.errors import ConfigError
from classification_model.processing.sets import PredictionSets
from classification_model.train_pipeline import Trained, run_training
from classification_model.training.conformal import sets_of
from homes import make_home
from tables import PEOPLE

Drawn = tuple[npt.NDArray[np.intp], npt.NDArray[np.float64]]


def drawn(rows: int, seed: int, alpha: tuple[float, ...] = (2, 2, 1)) -> Drawn:
    """Rows with the truth, and answers that are too sure of themselves."""
    random = np.random.default_rng(seed)
    chances = random.dirichlet(alpha, rows)
    truth = (random.random((rows, 1)) > chances.cumsum(axis=1)).sum(axis=1)
    sharp = chances**3
    return np.minimum(truth, len(alpha) - 1), sharp / sharp.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("coverage", [0.8, 0.9])
def test_over_200_splits_the_mean_coverage_is_what_was_asked(coverage: float) -> None:
    """Also of answers that are too sure of themselves, and for the rows of each class."""
    found, by_class = [], []
    for seed in range(200):
        truth, scores = drawn(900, seed)
        made = sets_of(coverage, truth[:600], scores[:600])
        holds = made.of_rows(scores[600:])[np.arange(300), truth[600:]]
        found.append(holds.mean())
        by_class.append([holds[truth[600:] == k].mean() for k in range(3)])
    error = np.std(found, ddof=1) / 200**0.5
    # Ranks are whole, and rounding adds a row here and there: up to one of a class too many.
    assert coverage - 2 * error <= np.mean(found) <= coverage + 0.01 + 2 * error
    errors = np.std(by_class, axis=0, ddof=1) / 200**0.5
    assert (np.mean(by_class, axis=0) >= coverage - 2.5 * errors).all()


def test_a_class_with_few_rows_takes_the_threshold_of_all() -> None:
    truth, scores = drawn(400, 1, (4, 4, 0.05))
    assert 0 < (truth == 2).sum() < 40
    made = sets_of(0.9, truth, scores)
    of_truth = np.sort(scores[np.arange(400), truth])
    assert made.thresholds[2] == pytest.approx(of_truth[39], abs=1e-4)
    assert made.thresholds[0] != made.thresholds[2]


@given(st.lists(st.floats(0, 1, width=32), min_size=3, max_size=3))
def test_a_row_has_the_same_set_alone_and_in_a_table(shares: list[float]) -> None:
    made = PredictionSets(coverage=0.9, thresholds=(0.1, 0.7, shares[2]))
    matrix = np.array([shares], np.float32)
    assert made.of_row(matrix[0].tolist()) == np.flatnonzero(made.of_rows(matrix)[0]).tolist()


def asking(home: Home, coverage: float) -> Home:
    text = home.config_file.read_text(encoding="utf-8")
    home.config_file.write_text(f"{text}coverage: {coverage}\n", encoding="utf-8")
    return home


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, Trained]:
    home = asking(make_home(PEOPLE, tmp_path_factory.mktemp("sets") / "made"), 0.9)
    return home, run_training(home.path)


def test_every_road_gives_the_same_sets(trained: tuple[Home, Trained], tmp_path: Path) -> None:
    home, made = trained[0], trained[1].bundle.manifest.sets
    assert made is not None
    source = PEOPLE.write(tmp_path / "in.csv")
    found = make_prediction(input_data=source, home=home.path)
    expected = [
        [found["classes"][i] for i in made.of_row(shares)]
        for shares in found["probabilities"]
        if shares
    ]
    assert found["sets"] == expected
    texts = ["|".join(map(str, labels)) for labels in expected]
    for output in ("out.csv", "out.parquet"):
        for explain in (0, 1):
            score_files([source], tmp_path / output, home=home.path, explain=explain)
            if output.endswith("csv"):
                frame = pd.read_csv(tmp_path / output, dtype=str, keep_default_na=False)
            else:
                frame = pd.read_parquet(tmp_path / output)
            assert frame["prediction_set"].tolist() == texts
            assert ("reason_1" in frame) == bool(explain)


def test_a_row_that_is_skipped_has_no_set(trained: tuple[Home, Trained]) -> None:
    row = trained[1].bundle.profile().example()
    found = make_prediction(
        input_data=[{**row, "age": "x"}, row], home=trained[0].path, on_error="skip"
    )
    assert found["sets"][0] is None
    assert isinstance(found["sets"][1], list)


def test_the_card_has_the_coverage_of_held_out_rows_by_class(
    trained: tuple[Home, Trained],
) -> None:
    report, card = trained[1].report, trained[1].bundle.contents[".md"].decode()
    assert report.coverage is not None
    assert "Sets of classes" in card
    assert f"{report.coverage.share:.1%} of the sets did" in card
    shown = [f"{share:.1%}" for share in report.coverage.by_class if share is not None]
    assert all(share in card for share in shown)


def test_a_home_that_asks_for_none_has_none(people: Home) -> None:
    row = PEOPLE.header
    assert row
    found = make_prediction(input_data=[dict.fromkeys(PEOPLE.header[:-1])], home=people.path)
    assert "sets" not in found
    assert b'"sets"' not in next(people.trained_models.glob("*.json")).read_bytes()


def test_coverage_that_the_rows_cannot_hold_is_refused_with_what_they_can(tmp_path: Path) -> None:
    home = asking(make_home(PEOPLE, tmp_path / "made"), 0.999)
    with pytest.raises(
        ConfigError, match=r"config\.yml, line \d+: coverage: 120 training rows hold 0\.991"
    ):
        run_training(home.path)
