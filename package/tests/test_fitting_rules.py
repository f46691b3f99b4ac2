"""What a row counts, what may only rise, and what ``auto`` compares: as config.yml says it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from told import Told

from classification_model import bundle, init_home, make_prediction, train_home
from classification_model.config.home import Home
from classification_model.config.schema import EstimatorConfig
from classification_model.errors import ClassificationModelError, ConfigError, DataError
from classification_model.estimators import build_classifier
from classification_model.fitting_rules import constrain, fit_weighted, signs_of
from classification_model.processing.features import Feature
from classification_model.processing.weights import combined
from classification_model.train_pipeline import Trained

PLAN = (
    Feature(name="x", kind="number", inputs=("x",)),
    Feature(name="c", kind="category", inputs=("c",), categories=("p", "q", "r")),
    Feature(name="z", kind="number", inputs=("z",)),
)
VOTE = EstimatorConfig(
    name="soft_vote",
    members=(EstimatorConfig(name="logistic_regression"), EstimatorConfig(name="extra_trees")),
)
NAMED = [
    *map(EstimatorConfig.model_validate, [
        "extra_trees", "gradient_boosting", "hist_gradient_boosting", "logistic_regression",
        "neural_network", "random_forest", "svc", "lightgbm", "linear", "network",
        "lightgbm.LGBMClassifier", {"name": "logistic_regression", "calibration": "sigmoid"},
    ]),
    VOTE,
]  # fmt: skip
MONOTONE = [
    "extra_trees", "hist_gradient_boosting", "random_forest", "lightgbm", "lightgbm.LGBMClassifier"
]  # fmt: skip


def matrix_of(rows: int, seed: int = 0) -> np.ndarray:
    draw = np.random.default_rng(seed)
    columns = [draw.normal(size=rows), draw.integers(0, 3, rows), draw.normal(size=rows)]
    return np.column_stack(columns).astype(np.float32)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("config", NAMED, ids=lambda one: f"{one.name} {one.calibration or ''}")
def test_every_estimator_follows_the_rows_that_count_more(config: EstimatorConfig) -> None:
    matrix = matrix_of(400)
    first = np.arange(400) < 200  # they say that x above 0 is a yes, the others that it is a no
    labels = np.where((matrix[:, 0] > 0) == first, "yes", "no").tolist()
    for loud in (first, ~first):
        classify = build_classifier(PLAN, config, 0)
        fit_weighted(classify, matrix, labels, np.where(loud, 1.99, 0.01))
        assert (classify.predict(matrix)[loud] == np.array(labels)[loud]).mean() > 0.9


@pytest.mark.parametrize("name", MONOTONE)
@pytest.mark.parametrize("positive", ["yes", "no"])
def test_what_is_monotonic_never_moves_the_other_way(name: str, positive: str) -> None:
    matrix = matrix_of(400)
    wavy = np.sin(3 * matrix[:, 0]) + matrix[:, 0] + (matrix[:, 1] == 1)
    labels = np.where(wavy > 0.3, "yes", "no").tolist()
    direction = "increasing" if positive == "yes" else "decreasing"
    grid = np.repeat(matrix[:20], 50, axis=0)
    grid[:, 0] = np.tile(np.linspace(-2, 2, 50), 20)
    falls = {}
    for rule in ({}, {"x": direction}):
        classify = build_classifier(PLAN, EstimatorConfig(name=name), 0, min_rows=1)
        constrain(classify, signs_of(rule, PLAN, labels, positive), matrix)  # type: ignore[arg-type]
        classify.fit(matrix, labels)
        curves = classify.predict_proba(grid)[:, 1].reshape(20, 50)
        falls[bool(rule)] = float(np.diff(curves).min())
    assert falls[False] < -0.01
    assert falls[True] > -1e-6


def test_weights_have_a_mean_of_one_and_balanced_classes_the_same_sum() -> None:
    labels = ["yes"] * 2 + ["no"] * 8
    balanced = combined(None, "balanced", labels)
    assert balanced is not None
    assert balanced[:2].sum() == pytest.approx(balanced[2:].sum())
    own = np.arange(1, 11, dtype=np.float64)
    for scale in (1, 7):
        found = combined(own * scale, {"yes": 3}, labels)
        assert found is not None
        assert found.mean() == pytest.approx(1)
        assert found[0] / found[9] == pytest.approx(3 * 1 / 10)
    assert combined(None, None, labels) is None


def frame_of(rows: int = 240) -> pd.DataFrame:
    draw = np.random.default_rng(0)
    frame = pd.DataFrame({"age": draw.integers(18, 80, rows), "k": draw.choice(list("ab"), rows)})
    frame["w"] = draw.integers(1, 6, rows)
    noisy = frame["age"] + 20 * (frame["k"] == "a") + draw.normal(0, 15, rows)
    return frame.assign(y=np.where(noisy > 75, "yes", "no"))


def home_of(
    folder: Path, rules: str, frame: pd.DataFrame, estimator: str = "logistic_regression"
) -> Home:
    """A home whose config.yml ends with some rules; the column ``w`` is left out."""
    home = init_home(frame, "y", folder / "home").home
    text = home.config_file.read_text(encoding="utf-8")
    text = text.replace("estimator: auto\n", f"estimator: {estimator}\n")
    text = text.replace("time_budget: 40", "time_budget: 0.001").replace("  w: integer\n", "")
    home.config_file.write_text(text.replace("  w: number\n", "") + rules, encoding="utf-8")
    return home


def share_of_yes(home: Home, row: dict[str, object]) -> float:
    (shares,) = make_prediction(input_data=[row], home=home.path)["probabilities"]
    assert shares is not None
    return shares[1]


def test_a_column_of_weights_shapes_the_model_and_is_not_asked_for(tmp_path: Path) -> None:
    frame, told = frame_of(), Told()
    frame["w"] = np.where(frame["y"] == "yes", 9.5, 0.5)
    home = home_of(tmp_path, "weight: w\n", frame)
    trained = train_home(home.path, progress=told)
    assert "rows count by their weights in fitting" in told
    plain = train_home(home_of(tmp_path / "plain", "", frame).path)
    row = {"age": 50, "k": "b"}
    assert share_of_yes(home, row) == share_of_yes(home, {**row, "w": 3})
    assert share_of_yes(home, row) > share_of_yes(Home(tmp_path / "plain" / "home"), row) + 0.2
    card = trained.bundle.contents[".html"].decode()
    assert "rows counted by the column" in card
    assert "w" not in [feature.name for feature in trained.bundle.manifest.features]
    assert not trained.bundle.manifest.recipe.asks_for(plain.bundle.manifest.recipe)


@pytest.mark.parametrize("weight", ["", "-1", "0", "heavy"])
def test_a_weight_that_is_no_positive_number_is_refused_by_its_line(
    weight: str, tmp_path: Path
) -> None:
    frame = frame_of()
    frame["w"] = frame["w"].astype(str)
    home = home_of(tmp_path, "weight: w\n", frame)
    table = home.datasets / "raw.csv"
    lines = table.read_text(encoding="utf-8").splitlines()
    age, k, _, y = lines[6].split(",")
    lines[6] = ",".join([age, k, weight, y])
    table.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(DataError, match=f"raw.csv: line 7, column 'w': '{weight}' is no positive"):
        train_home(home.path)


@pytest.mark.parametrize(
    ("rules", "estimator", "refusal"),
    [
        ("class_weight: {maybe: 2}\n", "logistic_regression", "'maybe' is no class of the table"),
        ("monotonic: {age: increasing}\n", "svc", "SVC cannot be made monotonic"),
        ("monotonic: {age: increasing}\n", "network", "network cannot be made monotonic"),
        ("candidates: {remove: [forest]}\n", "auto", "there is no 'forest' to remove"),
        ("candidates: {add: {linear: svc}}\n", "auto", "'linear' is one of our own already"),
        ("candidates: {remove: [boosted trees, linear, network]}\n", "auto", "all are removed"),
        ("candidates: {add: {mine: no.Such}}\n", "auto", "estimator no.Such: cannot be imported"),
        (
            "weight: w\n",
            "sklearn.neighbors.KNeighborsClassifier",
            "KNeighborsClassifier cannot be told what a row counts",
        ),
    ],
)
def test_a_rule_that_cannot_be_followed_is_refused_with_its_line(
    rules: str, estimator: str, refusal: str, tmp_path: Path
) -> None:
    home = home_of(tmp_path, rules, frame_of(), estimator)
    line = len(home.config_file.read_text(encoding="utf-8").splitlines())
    with pytest.raises(ConfigError) as refused:
        train_home(home.path)
    assert f"config.yml, line {line}: " in str(refused.value)
    assert refusal in str(refused.value)
    assert bundle.load_any(home) is None


def test_where_nothing_is_left_to_compare_that_is_said(tmp_path: Path) -> None:
    rules = "monotonic: {age: increasing}\ncandidates: {remove: [boosted trees]}\n"
    with pytest.raises(ConfigError, match="of those that are left none can be compared"):
        train_home(home_of(tmp_path, rules, frame_of(), "auto").path)


def test_candidates_beside_a_named_estimator_are_said_to_be_of_no_use(tmp_path: Path) -> None:
    told = Told()
    train_home(
        home_of(tmp_path, "candidates: {remove: [linear]}\n", frame_of()).path, progress=told
    )
    assert "candidates are for `estimator: auto`, and another is named: not used" in told


def test_three_classes_have_none_that_monotonic_is_about(tmp_path: Path) -> None:
    frame = frame_of()
    frame.loc[frame.index % 3 == 0, "y"] = "maybe"
    home = home_of(tmp_path, "monotonic: {age: increasing}\n", frame, "hist_gradient_boosting")
    with pytest.raises(ClassificationModelError, match="and there are 3; drop monotonic"):
        train_home(home.path)


ADDED = """\
candidates:
  remove: [linear, network]
  add:
    mine:
      name: features.Steep
"""
STEEP = '''

from sklearn.linear_model import LogisticRegression


class Steep(LogisticRegression):
    """A candidate of one's own."""
'''


@pytest.fixture(scope="module")
def added(tmp_path_factory: pytest.TempPathFactory) -> tuple[Trained, Told]:
    home, told = home_of(tmp_path_factory.mktemp("added"), ADDED, frame_of(), "auto"), Told()
    with (home.path / "features.py").open("a", encoding="utf-8") as stream:
        stream.write(STEEP)
    return train_home(home.path, progress=told), told


def test_an_added_candidate_is_compared_and_a_removed_one_is_not(
    added: tuple[Trained, Told],
) -> None:
    compared = [one.name for one in added[0].bundle.manifest.choice.compared]
    assert compared == ["boosted trees", "mine"]


def test_the_added_candidate_stands_alone_where_it_is_the_best(added: tuple[Trained, Told]) -> None:
    choice = added[0].bundle.manifest.choice
    first, mine = choice.compared
    assert mine.log_loss < first.log_loss
    assert (choice.estimator.name, mine.weight, first.weight) == ("features.Steep", 1, 0)
    assert "Training mine on 180 rows" in added[1]


def test_auto_compares_only_what_can_be_monotonic(tmp_path: Path) -> None:
    home = home_of(tmp_path, "monotonic: {age: increasing}\n", frame_of(), "auto")
    trained = train_home(home.path)
    rows = [{"age": age, "k": "b"} for age in range(18, 80)]
    shares = make_prediction(input_data=rows, home=home.path)["probabilities"]
    assert (np.diff(np.array(shares)[:, 1]) >= 0).all()
    assert {one.name for one in trained.bundle.manifest.choice.estimator.members} == {"lightgbm"}
