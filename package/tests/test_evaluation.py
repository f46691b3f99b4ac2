"""The judgement: held to scikit-learn's numbers, and to weaknesses that were planted."""

from __future__ import annotations

import json
import random
import warnings
from collections.abc import Sequence
from datetime import date
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest
from sklearn import metrics as reference
from sklearn.calibration import calibration_curve

from classification_model.config.schema import Column, Label, RowSchema
from classification_model.evaluation import Report, bootstrap, curves, evaluate, influence, score
from classification_model.evaluation.metrics import Outcomes, align
from classification_model.evaluation.slices import slices
from classification_model.processing.arrays import Matrix
from classification_model.processing.columns import learn_features
from classification_model.processing.data_manager import Dataset
from classification_model.processing.features import Feature, feature_plan
from classification_model.processing.functions import functions_of
from classification_model.processing.typed_columns import columns_of_rows
from classification_model.processing.value_rules import TypedRow
from homes import FEATURES, dataset_of

WORDS = ("Österreich", "España", "Côte d'Ivoire", "<b>", "|")


def judged(rows: int, classes: int, *, seed: int = 0, digits: int = 2) -> Outcomes:
    """Answers that are right more often than not, with ties among the probabilities."""
    draw = np.random.default_rng(seed)
    truth = draw.integers(0, classes, rows)
    scores = draw.dirichlet(np.ones(classes), rows) + 0.3 * np.eye(classes)[truth]
    scores = (scores / scores.sum(axis=1, keepdims=True)).round(digits) + 1e-6
    return Outcomes(truth, scores / scores.sum(axis=1, keepdims=True))


def scikit_learns(truth: Any, scores: Any) -> dict[str, Any]:
    every, predicted = list(range(scores.shape[1])), scores.argmax(axis=1)
    areas = [reference.roc_auc_score(truth == k, scores[:, k]) for k in every]
    return {
        "accuracy": reference.accuracy_score(truth, predicted),
        "balanced_accuracy": reference.balanced_accuracy_score(truth, predicted),
        "roc_auc": areas[1] if len(every) == 2 else np.mean(areas),
        "log_loss": reference.log_loss(truth, scores, labels=every),
        "brier": reference.brier_score_loss(truth, scores, labels=every, scale_by_half=True),
        "f1": reference.f1_score(truth, predicted, labels=every, average=None),
    }


@pytest.mark.parametrize("classes", [2, 3, 7])
def test_each_resample_scores_what_scikit_learn_says_of_the_same_rows(classes: int) -> None:
    found = judged(150, classes)
    drawn = bootstrap.resampled(found, seed=3)
    weights = next(iter(bootstrap.resamples(150, seed=3, classes=classes))).astype(int)
    for draw in range(5):
        rows = np.repeat(np.arange(150), weights[draw])
        assert len(rows) == 150
        expected = scikit_learns(found.truth[rows], found.scores[rows])
        for name, value in expected.items():
            assert drawn[name][draw] == pytest.approx(value, abs=1e-9), name


@pytest.mark.parametrize("classes", [2, 3, 7])
def test_the_metrics_are_scikit_learns(classes: int) -> None:
    found = judged(200, classes)
    labels = [WORDS[k % 5] + str(k) for k in range(classes)]
    answers = [labels[k] for k in found.truth]
    scored = score(answers, found.scores, labels)
    # Once more made to add up to 1, some that were level are no longer.
    found = align(answers, found.scores, labels)
    for name, value in scikit_learns(found.truth, found.scores).items():
        assert getattr(scored, name) == pytest.approx(np.mean(value), abs=1e-8), name


def test_a_class_that_resamples_lack_is_left_out_of_them() -> None:
    found = judged(40, 3)
    found.truth[:] = 0
    found.truth[:20], found.truth[0] = 1, 2
    drawn = bootstrap.resampled(found, seed=0)
    lacking = np.isnan(drawn["f1"][:, 2]).mean()
    assert lacking < 0.5
    for name in ("accuracy", "balanced_accuracy", "roc_auc", "log_loss", "brier"):
        assert np.isfinite(drawn[name]).all(), name
    sure = bootstrap.interval(0.5, drawn["f1"][:, 2])
    assert 0 <= sure.low <= sure.high <= 1


@pytest.mark.parametrize("classes", [2, 3, 7])
def test_influences_give_the_intervals_that_resampling_gives(classes: int) -> None:
    found = judged(3000, classes)
    drawn, moved = bootstrap.resampled(found, seed=0), influence.influences(found)
    assert drawn.keys() == moved.keys()
    for name, resamples in drawn.items():
        for one, other in zip(
            np.atleast_2d(resamples.T), np.atleast_2d(moved[name].T), strict=True
        ):
            half = influence.interval(0.5, other)
            # A spread of 1,000 resamples is known to 2.2%; four of these.
            assert half.high - 0.5 == pytest.approx(1.96 * one.std(), rel=0.09), name
            assert abs(other.mean()) < 1e-9


def test_a_class_without_rows_has_no_influence() -> None:
    found = judged(200, 3)
    found.truth[found.truth == 2] = 0
    assert all(np.isfinite(moved).all() for moved in influence.influences(found).values())


def test_intervals_by_influence_hold_the_truth_95_times_in_100() -> None:
    draw = np.random.default_rng(5)
    missed = 0
    for _ in range(400):
        truth = np.repeat([0, 1], [800, 200])
        share = 1 / (1 + np.exp(-draw.normal(1.0 * truth, 1.0)))
        found = Outcomes(truth, np.column_stack([1 - share, share]))
        area = reference.roc_auc_score(truth, share)
        sure = influence.interval(area, influence.influences(found)["roc_auc"])
        missed += not sure.low <= NormalDist().cdf(1 / np.sqrt(2)) <= sure.high
    assert missed / 400 == pytest.approx(0.05, abs=4 * np.sqrt(0.05 * 0.95 / 400))


@pytest.mark.parametrize("rows", [8, 40, 150])
def test_an_accuracy_of_few_rows_without_a_mistake_is_not_sure(rows: int) -> None:
    """Of a model that is right 97 times in 100. Resampling alone missed it in up to 78 of 100."""
    draw, missed = np.random.default_rng(2), 0
    for seed in range(400):
        truth = draw.integers(0, 2, rows)
        given = np.where(draw.random(rows) < 0.97, truth, 1 - truth)
        found = Outcomes(truth, np.eye(2)[given])
        drawn = bootstrap.resampled(found, seed=seed)["accuracy"]
        sure = bootstrap.interval(float(found.correct.mean()), drawn).as_share_of(rows)
        missed += not sure.low <= 0.97 <= sure.high
    assert missed / 400 <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 400)


def test_more_rows_make_an_interval_narrower_by_the_square_root() -> None:
    def width(rows: int) -> float:
        found = judged(rows, 2)
        sure = bootstrap.interval(0.5, bootstrap.resampled(found, seed=0)["accuracy"])
        return sure.high - sure.low

    assert width(400) == pytest.approx(2 * width(1600), rel=0.15)


def test_an_interval_holds_the_middle_95_percent() -> None:
    values = np.arange(1001.0)
    sure = bootstrap.interval(500, np.r_[values, np.nan])
    assert (sure.low, sure.high) == (25, 975)


def test_resamples_are_bounded_for_many_rows() -> None:
    assert sum(len(block) for block in bootstrap.resamples(1000, seed=0)) == 1000
    assert sum(len(block) for block in bootstrap.resamples(400_000, seed=0, classes=3)) == 200


def table(rows: int, *, classes: int = 2, seed: int = 0) -> tuple[RowSchema, Dataset, Dataset]:
    """One column that decides, one that matters only where ``place`` is odd, one of noise."""
    draw = random.Random(seed)
    columns = {
        "size": Column(kind="number"),
        "place": Column(kind="category"),
        "noise": Column(kind="number"),
        "flag": Column(kind="boolean"),
        "day": Column(kind="date"),
        "words": Column(kind="raw"),
    }
    made: list[TypedRow] = []
    labels: list[Label] = []
    for number in range(rows):
        size, place = draw.random(), draw.choice(("odd", "even", "far"))
        row: TypedRow = {
            "size": size,
            "place": place,
            "words": f"row {number}",
            "flag": number % 2 == 0,
        }
        row |= {"noise": draw.random() if draw.random() < 0.7 else None}
        made.append(row | {"day": date(2020, 1 + number % 12, 1 + number % 28)})
        labels.append(draw.randrange(classes) if place == "odd" else int(size * classes))
    half = rows // 2
    schema = RowSchema(columns=columns)
    return (
        schema,
        dataset_of(schema, made[:half], labels[:half]),
        dataset_of(schema, made[half:], labels[half:]),
    )


def by_size(classes: int) -> Any:
    """A model that trusts ``size``, the first feature, everywhere."""

    def predict(matrix: Matrix) -> Any:
        answer = np.minimum((matrix[:, 0] * classes).astype(int), classes - 1)
        return np.eye(classes)[answer] * 0.8 + 0.2 / classes

    return predict


def report_of(rows: int = 1200, classes: int = 2, predict: Any = None) -> Report:
    schema, train, held_out = table(rows, classes=classes)
    return evaluate(
        predict=predict or by_size(classes),
        features=learn_features(feature_plan(schema, {}), train.columns),
        schema=schema,
        train=train,
        held_out=held_out,
        classes=range(classes),
        seed=0,
    )


@pytest.fixture(scope="module")
def report() -> Report:
    return report_of()


def test_a_planted_weakness_comes_first_and_is_beyond_chance(report: Report) -> None:
    first = report.slices[0]
    assert (first.column, first.value, first.weaker) == ("place", "odd", True)
    assert first.accuracy < 0.6
    assert first.log_loss > 1.5 * first.others
    assert [part for part in report.slices if part.weaker] == [first]


def test_slices_cover_categories_quartiles_flags_dates_and_missing_values(report: Report) -> None:
    found = {(part.column, part.value) for part in report.slices}
    assert {("place", "odd"), ("place", "even"), ("flag", "true"), ("flag", "false")} <= found
    assert ("noise", "missing") in found
    assert sum(column == "size" for column, _ in found) == 4
    assert any(value.startswith("up to 2020-") for column, value in found if column == "day")
    assert all(column != "words" for column, _ in found)
    assert all(part.rows >= 20 for part in report.slices)
    sizes = [part.rows for part in report.slices if part.column == "size"]
    assert sum(sizes) == report.rows


def test_a_number_of_few_values_has_a_slice_for_each() -> None:
    rows: list[Any] = [{"n": k % 4} for k in range(400)]
    schema = RowSchema(columns={"n": Column(kind="integer")})
    columns = columns_of_rows(rows, schema)
    found = slices(schema, columns, columns, judged(400, 2))
    assert sorted(part.value for part in found) == ["0", "1", "2", "3"]


def test_pure_noise_has_no_weak_slice() -> None:
    draw = random.Random(0)
    schema = RowSchema(columns={f"c{i}": Column(kind="number") for i in range(40)})
    rows: list[Any] = [{name: draw.random() for name in schema.columns} for _ in range(600)]
    columns = columns_of_rows(rows, schema)
    found = slices(schema, columns, columns, judged(600, 2))
    assert len(found) == 160
    assert not [part for part in found if part.weaker]


def test_importance_ranks_what_the_model_looks_at(report: Report) -> None:
    first, *others = report.importance
    assert first.column == "size"
    assert first.mean > 5 * first.spread > 0
    assert {(one.mean, one.spread) for one in others} == {(0, 0)}
    assert [one.column for one in others] == sorted(one.column for one in others)


def test_a_shuffled_raw_column_takes_its_derived_features_with_it() -> None:
    schema = RowSchema(columns={"name": Column(kind="raw"), "x": Column(kind="number")})
    titled = Feature(
        name="title", kind="category", inputs=("name",), function="title", categories=("Mr", "Mrs")
    )
    rows: list[Any] = [{"name": f"A, {'Mr' if i % 2 else 'Mrs'}. B", "x": 1.0} for i in range(200)]
    data = dataset_of(schema, rows, [i % 2 for i in range(200)])

    def predict(matrix: Matrix) -> Any:
        return np.where(matrix[:, [0]] == 0, [[0.1, 0.9]], [[0.9, 0.1]])

    found = evaluate(
        predict=predict,
        features=(titled,),
        functions=functions_of(FEATURES.read_text(encoding="utf-8")),
        schema=schema,
        train=data,
        held_out=data,
        classes=(0, 1),
        seed=0,
    )
    # Half of the rows meet the wrong title, and lose log(9) each.
    assert found.importance[0].column == "name"
    assert found.importance[0].mean == pytest.approx(np.log(9) / 2, rel=0.15)
    assert found.importance[1].mean == 0


def test_importance_of_a_wide_table_is_judged_on_fewer_rows() -> None:
    schema = RowSchema(columns={f"c{i}": Column(kind="number") for i in range(80)})
    rows: list[Any] = [dict.fromkeys(schema.columns, float(i % 7)) for i in range(600)]
    data = dataset_of(schema, rows, [i % 2 for i in range(600)])
    scored = []

    def predict(matrix: Matrix) -> Any:
        scored.append(len(matrix))
        return np.tile([0.5, 0.5], (len(matrix), 1))

    found = evaluate(
        predict=predict,
        features=feature_plan(schema, {}),
        schema=schema,
        train=data,
        held_out=data,
        classes=(0, 1),
        seed=0,
    )
    assert len(found.importance) == len(schema.columns)
    assert sum(scored) < 120_000


def test_the_baselines_are_the_commonest_class_and_the_feature_that_decides(
    report: Report,
) -> None:
    majority, single = report.baselines
    commonest = report.class_rows.index(max(report.class_rows))
    assert majority.metrics.accuracy == pytest.approx(sum(report.confusion[commonest]) / 600)
    assert majority.metrics.roc_auc == 0.5
    assert single.name == "best single feature, size"
    assert 0.75 < single.metrics.accuracy < 0.95
    assert single.metrics.log_loss < majority.metrics.log_loss


def test_calibration_is_scikit_learns_with_counts() -> None:
    found = judged(700, 2, digits=8)
    bins = curves.calibration(found)
    observed, predicted = calibration_curve(
        found.truth, found.scores[:, 1], n_bins=10, strategy="quantile"
    )
    assert [part.observed for part in bins] == pytest.approx(observed, abs=1e-5)
    assert [part.predicted for part in bins] == pytest.approx(predicted, abs=1e-5)
    assert sum(part.rows for part in bins) == 700
    assert all(part.low <= part.observed <= part.high for part in bins)


def test_many_classes_are_calibrated_by_the_answer_that_was_given() -> None:
    found = judged(500, 5)
    bins = curves.calibration(found)
    right = sum(part.rows * part.observed for part in bins) / 500
    assert right == pytest.approx(found.correct.mean(), abs=1e-4)
    assert curves.calibration_error(bins) > 0.01


def test_curves_have_the_whole_area_and_few_points() -> None:
    found = judged(3000, 2, digits=8)
    (roc,), (pr,) = curves.roc_curves(found, "ab"), curves.pr_curves(found, "ab")
    positive, scores = found.truth == 1, found.scores[:, 1]
    assert roc.area == pytest.approx(reference.roc_auc_score(positive, scores), rel=1e-5)
    assert pr.area == pytest.approx(reference.average_precision_score(positive, scores), rel=1e-5)
    for curve in (roc, pr):
        assert len(curve.x) == len(curve.y) <= 200
        assert list(curve.x) == sorted(curve.x)
        assert (curve.x[0], curve.x[-1]) == (0, 1)
    assert np.trapezoid(roc.y, roc.x) == pytest.approx(roc.area, abs=0.005)


def test_of_many_classes_the_hardest_ten_have_curves() -> None:
    found = judged(900, 14)
    names = [f"class {k}" for k in range(14)]
    shown = curves.roc_curves(found, names)
    areas = {
        name: reference.roc_auc_score(found.truth == k, found.scores[:, k])
        for k, name in enumerate(names)
    }
    assert len(shown) == 10
    assert {one.label for one in shown} == set(sorted(areas, key=lambda name: areas[name])[:10])


def test_counts_add_up_to_the_held_out_rows(report: Report) -> None:
    assert sum(map(sum, report.confusion)) == report.rows
    assert sum(sum(one.counts) for one in report.histogram.series) == report.rows
    assert report.training_rows == 600
    assert report.missing["size"] == 0
    assert 0.2 < report.missing["noise"] < 0.4


@pytest.mark.parametrize("classes", [2, 3, 12])
def test_a_model_that_always_says_the_same_is_judged_without_a_warning(classes: int) -> None:
    def constant(matrix: Matrix) -> Any:
        return np.tile(np.full(classes, 1 / classes), (len(matrix), 1))

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = report_of(classes=classes, predict=constant)
    assert (found.roc_auc.value, found.roc_auc.low, found.roc_auc.high) == (0.5, 0.5, 0.5)
    assert found.log_loss.value == pytest.approx(np.log(classes), abs=1e-5)
    assert not [part for part in found.slices if part.weaker]


def numbers(value: object) -> Sequence[float]:
    if isinstance(value, dict):
        return [number for item in value.values() for number in numbers(item)]
    if isinstance(value, list):
        return [number for item in value for number in numbers(item)]
    return [value] if isinstance(value, float) else []


def test_a_report_is_small_and_comes_back_from_json(report: Report) -> None:
    text = report.model_dump_json()
    assert Report.model_validate_json(text) == report
    assert len(text) < 30_000
    plain = json.loads(text)
    del plain["metrics"], plain["baselines"]
    assert all(float(f"{number:.6g}") == number for number in numbers(plain))


def test_the_same_arguments_give_the_same_report(report: Report) -> None:
    assert report_of().model_dump_json() == report.model_dump_json()


def test_labels_are_put_in_the_order_of_the_classes() -> None:
    found = align(["b", "a"], np.array([[0.25, 0.25], [1, 3]]), ("a", "b"))
    assert found.truth.tolist() == [1, 0]
    assert found.scores.tolist() == [[0.5, 0.5], [0.25, 0.75]]
    assert found.correct.tolist() == [False, False]
