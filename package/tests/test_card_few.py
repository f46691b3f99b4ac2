"""A card shows nothing of fewer than five held-out rows, also not by subtraction or by a corner."""

from __future__ import annotations

import itertools
from types import SimpleNamespace
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from classification_model.card.document import Slider
from classification_model.card.few import shown_cells, shown_count, shown_share, without_few
from classification_model.card.slider import render
from classification_model.evaluation import curves
from classification_model.evaluation.metrics import align
from classification_model.evaluation.report import Report
from classification_model.publishing.reading_attacks import counts

LEAST = 5
rows = st.lists(st.tuples(st.integers(0, 100), st.booleans()), min_size=12, max_size=200)


def report(pairs: list[tuple[int, bool]]) -> Report:
    """A report of two classes, as the pictures need it."""
    scores = np.array([score for score, _ in pairs]) / 100
    labels = ["yes" if hit else "no" for _, hit in pairs]
    judged = align(labels, np.column_stack([1 - scores, scores]), ("no", "yes"))
    bins = curves.calibration(judged)
    facts: dict[str, Any] = {
        "metrics": SimpleNamespace(rows=len(pairs)),
        "classes": ("no", "yes"),
        "positive": "yes",
        "confusion": curves.confusion(judged),
        "calibration": bins,
        "histogram": curves.histogram(judged, ("no", "yes")),
        "roc": curves.roc_curves(judged, ("no", "yes")),
        "precision_recall": curves.pr_curves(judged, ("no", "yes")),
        "steps": curves.steps(judged),
    }
    return Report.model_construct(**facts)


def steps(curve: Any, hits: int, others: int) -> list[tuple[int, int]]:
    """By how many rows of each class a ROC curve steps."""
    points = [(round(x * others), round(y * hits)) for x, y in zip(curve.x, curve.y, strict=True)]
    return [(b[0] - a[0], b[1] - a[1]) for a, b in itertools.pairwise(points)]


@settings(max_examples=30)
@given(rows)
def test_every_step_of_a_curve_holds_five_rows_of_each_class(
    pairs: list[tuple[int, bool]],
) -> None:
    hits = sum(hit for _, hit in pairs)
    shown = without_few(report(pairs), LEAST)
    for curve in shown.roc:
        assert all(min(step) >= LEAST for step in steps(curve, hits, len(pairs) - hits))
    for curve in shown.precision_recall:
        found = [round(recall * hits) for recall in curve.x]
        assert all(b - a >= LEAST for a, b in itertools.pairwise(found))


@settings(max_examples=50)
@given(rows)
def test_every_count_of_a_threshold_is_five_rows_from_all_that_is_shown(
    pairs: list[tuple[int, bool]],
) -> None:
    whole = report(pairs)
    shown = without_few(whole, LEAST)
    hits = sum(hit for _, hit in pairs)
    (_, alarms), (_, found) = whole.confusion
    points = [(0, 0), *((step.false_alarms, step.found) for step in shown.steps)]
    points.append((len(pairs) - hits, hits))
    if shown.steps:
        for a, b in itertools.pairwise(points):
            assert min(b[0] - a[0], b[1] - a[1]) >= LEAST
        for point in points:
            apart = [abs(point[0] - alarms), abs(point[1] - found)]
            assert apart == [0, 0] or min(apart) >= LEAST or point in (points[0], points[-1])
    for step in shown.steps:
        reached = [hit for score, hit in pairs if score / 100 >= step.threshold]
        assert (step.found, step.false_alarms) == (sum(reached), len(reached) - sum(reached))
    for curve in shown.roc:
        assert len(curve.x) == (len(points) if shown.steps else 0)


def test_the_audit_attacks_the_counts_of_the_thresholds() -> None:
    people: Any = SimpleNamespace(least=LEAST, groups=None)

    def attacked(*steps: tuple[float, int, int]) -> int:
        slider = Slider(steps, "yes", "no", 40, 50, 0, 1.0, 1.0)
        files = {"card.html": render(slider).encode()}
        return len(counts(people, files).found)

    assert attacked((0.2, 30, 20), (0.6, 20, 10)) == 0
    assert attacked((0.2, 30, 20), (0.6, 28, 10)) == 1
    assert attacked((0.2, 38, 20), (0.6, 20, 1)) == 2


@settings(max_examples=30)
@given(rows)
def test_every_bin_holds_five_rows_of_both_outcomes_and_none_is_lost(
    pairs: list[tuple[int, bool]],
) -> None:
    shown = without_few(report(pairs), LEAST)
    for one in shown.calibration:
        hits = round(one.rows * one.observed)
        assert min(hits, one.rows - hits) >= LEAST
    assert sum(one.rows for one in shown.calibration) in (0, len(pairs))
    assert all(n % LEAST == 0 for one in shown.histogram.series for n in one.counts)


@settings(max_examples=30)
@given(rows)
def test_with_one_row_all_is_shown(pairs: list[tuple[int, bool]]) -> None:
    whole = report(pairs)
    assert without_few(whole, 1) is whole


def test_an_attacker_reads_no_label_off_the_curve() -> None:
    """Who knows the scores knows which rows make up each step: none is of one class alone."""
    draw = np.random.default_rng(0)
    pairs = [(int(score), bool(score > 50)) for score in draw.integers(0, 101, 100)]
    (curve,) = without_few(report(pairs), LEAST).roc
    assert curve.x == ()  # every step of a perfect ranking is of one class
    assert curve.area == 1


@given(st.lists(st.lists(st.integers(0, 30), min_size=2, max_size=5), min_size=1, max_size=5))
def test_no_cell_is_told_by_the_sum_of_its_row(table: list[list[int]]) -> None:
    for row, cells in zip(table, shown_cells(table, LEAST), strict=True):
        hidden = [cell for cell in cells if not cell.isdigit()]
        assert len(hidden) != 1
        assert all(not 0 < int(cell) < LEAST for cell in cells if cell.isdigit())
        if all(count >= LEAST or not count for count in row):
            assert cells == [str(count) for count in row]


def test_counts_and_shares_of_few_are_bounds() -> None:
    assert [shown_count(n, LEAST) for n in (0, 4, 5, 1234)] == ["0", "<5", "5", "1,234"]
    assert shown_share(1 / 982, 982, LEAST) == "<0.5%"
    assert shown_share(0.2, 982, LEAST) == "20.0%"
    assert shown_share(980 / 982, 982, LEAST) == ">99.5%"
    assert shown_share(980 / 982, 982, LEAST, ".0%") == ">99%"
    assert shown_share(1, 982, LEAST) == "100.0%"
