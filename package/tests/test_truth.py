"""Answers that are kept, and what turned out to be true of them."""

from __future__ import annotations

import math
import os
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from classification_model import bundle
from classification_model.bundle import Manifest
from classification_model.config.decision import DecisionRule
from classification_model.config.home import Home
from classification_model.evaluation.metrics import score
from classification_model.monitoring import answered as module
from classification_model.monitoring.answered import Answered, Known
from classification_model.monitoring.truth import held_out_figures, truth, wilson
from classification_model.processing.decisions import Decision
from homes import SOURCE


@pytest.fixture(scope="module")
def manifest() -> Manifest:
    """One that is judged on many rows, so that its own error is small."""
    found = bundle.load(Home(SOURCE)).manifest
    return found.model_copy(update={"decision": None, "classes": ("no", "yes")})


def filled(
    sizes: list[int], most: int = 100_000, *, second: bool = False
) -> tuple[Answered, list[bytes]]:
    answered, ids = Answered(2, most, second=second), [os.urandom(16) for _ in sizes]
    first = 0
    for identity, size in zip(ids, sizes, strict=True):
        share = np.arange(first, first + size) / 1e6
        answered.add(identity, [size], np.column_stack([share, 1 - share]))
        first += size
    return answered, ids


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 30), min_size=1, max_size=60), st.integers(20, 200))
def test_the_newest_rows_are_found_by_id_and_no_others(sizes: list[int], most: int) -> None:
    answered, ids = filled(sizes, most)
    total = sum(sizes)
    number = 0
    for identity, size in zip(ids, sizes, strict=True):
        for row in range(size):
            found = answered.find(identity, row)
            assert found == (number if number >= total - most else None)
            number += 1
        assert answered.find(identity, size) is None
    assert answered.find(os.urandom(16), 0) is None


@pytest.mark.parametrize("asked", [True, False])
@pytest.mark.parametrize("together", [1, 7, 40, 120])
def test_ids_that_begin_alike_are_told_apart(together: int, asked: bool) -> None:
    """Also where somebody asks in between."""
    answered = Answered(2, 50)
    ids = [bytes([7, i % 2]) + os.urandom(14) for i in range(200)]
    for start in range(0, 200, together):
        some = ids[start : start + together]
        answered.add(b"".join(some), [1] * len(some), np.full((len(some), 2), 0.5))
        if asked:
            assert answered.find(some[-1], 0) == start + len(some) - 1
    assert [answered.find(identity, 0) for identity in ids] == [
        *[None] * 150, *range(150, 200),
    ]  # fmt: skip


def test_a_label_counts_once_and_may_be_corrected() -> None:
    answered, (identity,) = filled([3])
    number = answered.find(identity, 1)
    assert number is not None
    assert [answered.learn(number, place) for place in (1, 1, 0, 0)] == [True, False, True, False]
    assert answered.known().truth.tolist() == [0]
    assert len(answered.known().scores) == 1


def test_the_truth_of_recalled_rows_stands_beside_the_others_and_the_newest_stay(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_MOST_RECALLED", 2)
    answered, (identity,) = filled([1], second=True)
    assert answered.learn(0, 1)
    recalled = [("a", 0, 0), ("a", 0, 0), ("b", 0, 1), ("c", 5, 0), ("c", 5, 1)]
    assert [answered.recall((name, row), k, [0.3, 0.7]) for name, row, k in recalled] == [
        *(True, False, True, True, True)
    ]
    known = answered.known()
    assert known.truth.tolist() == [1, 1, 1]
    assert known.scores.tolist()[1:] == [[0.3, 0.7]] * 2
    assert np.isnan(known.others).all()
    assert answered.find(identity, 0) == 0


def test_a_row_that_was_refused_has_no_truth() -> None:
    answered = Answered(2)
    answered.add(b"x" * 16, [2], np.array([[np.nan, np.nan], [0.2, 0.8]]))
    assert answered.find(b"x" * 16, 0) is None
    assert answered.find(b"x" * 16, 1) == 1


def test_what_was_true_of_old_rows_is_forgotten_with_them() -> None:
    answered, ids = filled([10] * 4, most=20)
    number = answered.find(ids[-1], 0)
    assert number is not None
    answered.learn(number, 1)
    answered.add(os.urandom(16), [20], np.full((20, 2), 0.5))
    assert len(answered.known().truth) == 0


def test_many_classes_leave_room_for_fewer_rows() -> None:
    assert Answered(2).capacity == 100_000
    for second in (False, True):
        room = 1000 * 8 * (1 + second)
        assert 2**23 < Answered(1000, second=second).capacity * room <= 2**24


def test_what_a_second_model_says_stays_beside_its_row() -> None:
    answered, ids = filled([5, 5], most=6, second=True)
    answered.compare(0, np.full((10, 2), 0.25))  # four of these rows are gone
    number = answered.find(ids[1], 4)
    assert number is not None
    answered.learn(number, 1)
    assert answered.known().others.tolist() == [[0.25, 0.25]]


@given(st.integers(0, 500), st.integers(1, 500))
def test_the_interval_of_a_share_is_scipys(hits: int, more: int) -> None:
    found = wilson(hits, hits + more)
    expected = stats.binomtest(hits, hits + more).proportion_ci(method="wilson")
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-9)


def served(rows: int, random: np.random.Generator, *, flipped: float = 0.0) -> Known:
    """Answers that are right as often as they say, but for a share of labels that are flipped."""
    yes = random.beta(1, 1, rows)
    labels = (random.random(rows) < yes) ^ (random.random(rows) < flipped)
    scores = np.column_stack([1 - yes, yes])
    return Known(labels.astype(np.int64), scores, np.full_like(scores, np.nan))


def judged_on(manifest: Manifest, known: Known) -> Manifest:
    """As if these answers had been the held-out ones."""
    rows = len(known.truth)
    right = float((known.scores.argmax(axis=1) == known.truth).mean())
    metrics = {**manifest.metrics, "rows": float(rows), "accuracy": right}
    losses = -np.log(known.scores[np.arange(rows), known.truth])
    error = float(losses.std(ddof=1) / math.sqrt(rows))
    judged = manifest.gate.judged.model_copy(
        update={"rows": rows, "log_loss": float(losses.mean()), "error": error}
    )
    gate = manifest.gate.model_copy(update={"judged": judged})
    return manifest.model_copy(update={"metrics": metrics, "gate": gate})


def test_the_figures_are_those_of_the_evaluation(manifest: Manifest) -> None:
    known = served(2_000, np.random.default_rng(0))
    found = truth(known, manifest)
    assert found is not None
    same = score([manifest.classes[i] for i in known.truth], known.scores, manifest.classes)
    assert found.accuracy.value == pytest.approx(same.accuracy)
    assert found.log_loss.value == pytest.approx(same.log_loss)
    assert sum(one.rows for one in found.calibration) == found.rows == 2_000
    for one in found.calibration:
        assert (one.observed.low or 0) < one.predicted < (one.observed.high or 1)
    assert found.cost is None


def test_costs_are_counted_where_a_decision_has_some(manifest: Manifest) -> None:
    costs = ((0.0, 1.0), (5.0, 0.0))
    rule: Any = DecisionRule(costs={"false_positive": 1.0, "false_negative": 5.0})
    decision = Decision(rule=rule, threshold=1 / 6, positive=1, costs=costs)
    known = served(500, np.random.default_rng(0))
    found = truth(known, manifest.model_copy(update={"decision": decision}))
    answered = (known.scores[:, 1] >= 1 / 6).astype(int)
    expected = np.mean([costs[t][a] for t, a in zip(known.truth, answered, strict=True)])
    assert found is not None
    assert found.cost is not None
    assert found.cost.value == pytest.approx(expected)
    assert (found.cost.low or 0) < expected < (found.cost.high or 0)


def test_of_few_labels_nothing_is_said(manifest: Manifest) -> None:
    found = truth(served(20, np.random.default_rng(0)), manifest)
    assert found is not None
    assert found.worse is None
    nothing = Known(np.zeros(0, np.int64), np.zeros((0, 2)), np.zeros((0, 2)))
    assert truth(nothing, manifest) is None


@pytest.mark.parametrize(("held", "rows"), [(300, 200), (300, 5_000), (2_000, 1_000)])
def test_a_model_that_is_as_good_as_before_is_called_worse_in_one_of_a_hundred(
    manifest: Manifest, held: int, rows: int
) -> None:
    random, looks = np.random.default_rng([held, rows]), 600
    alarms = 0
    for _ in range(looks):
        before = judged_on(manifest, served(held, random))
        found = truth(served(rows, random), before)
        alarms += bool(found and found.worse)
    assert alarms / looks <= 0.01 + 2.33 * math.sqrt(0.01 * 0.99 / looks)


def test_a_model_that_errs_more_is_found(manifest: Manifest) -> None:
    random, looks = np.random.default_rng(0), 200
    found = 0
    for _ in range(looks):
        before = judged_on(manifest, served(1_000, random))
        seen = truth(served(1_000, random, flipped=0.2), before)
        found += bool(seen and seen.worse)
    assert found >= 0.95 * looks


def test_the_held_out_figures_are_the_manifests(manifest: Manifest) -> None:
    found = held_out_figures(manifest)
    assert found["accuracy"].value == pytest.approx(manifest.metrics["accuracy"])
    for one in found.values():
        assert one.low is not None
        assert one.high is not None
        assert one.low <= one.value <= one.high
