"""Drift: false alarms are as rare as promised at every size, and real changes are found."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from classification_model.monitoring.drift import (
    FEWEST_ROWS,
    _chi_squared,
    column_drift,
    smallest_share_seen,
)

COLUMNS = 12
Shares = npt.NDArray[np.float64]


def shares_of(columns: int, random: np.random.Generator) -> list[Shares]:
    """Bins as columns have them: twenty even ones, a few uneven categories, a rare one."""
    kinds = [np.full(20, 0.05), np.array([0.9, 0.08, 0.02]), np.array([0.5, 0.5]),
             random.dirichlet(np.full(12, 0.5)), np.r_[np.full(10, 0.0995), 0.005]]  # fmt: skip
    return [kinds[i % len(kinds)] for i in range(columns)]


def alarm(reference: list[npt.NDArray[np.int64]], window: list[npt.NDArray[np.int64]]) -> bool:
    found = [
        column_drift(then.tolist(), now.tolist(), columns=len(reference))
        for then, now in zip(reference, window, strict=True)
    ]
    return any(one.drifted for one in found if one is not None)


@pytest.mark.parametrize("size", [300, 1309, 50_000])
@pytest.mark.parametrize("rows", [200, 2000, 20_000])
def test_without_drift_at_most_one_window_in_a_hundred_alarms(size: int, rows: int) -> None:
    random = np.random.default_rng([size, rows])
    windows, alarms = 500, 0
    for _ in range(windows):
        shares = shares_of(COLUMNS, random)
        reference = [random.multinomial(size, p) for p in shares]
        alarms += alarm(reference, [random.multinomial(rows, p) for p in shares])
    allowed = 0.01 + 2.33 * math.sqrt(0.01 * 0.99 / windows)
    assert alarms / windows <= allowed


def normal_bins(shift: float) -> Shares:
    edges = stats.norm.ppf(np.linspace(0, 1, 21))
    return np.diff(stats.norm.cdf(edges - shift))


def category(share: float) -> Shares:
    return np.array([share, 0.6 - share, 0.3, 0.1])


@pytest.mark.parametrize(
    ("size", "before", "after"),
    [
        (1300, normal_bins(0), normal_bins(0.5)),
        (1300, category(0.1), category(0.2)),
        (5000, category(0.05), category(0.1)),
    ],
)
def test_a_change_that_matters_is_found_in_a_thousand_rows(
    size: int, before: Shares, after: Shares
) -> None:
    random = np.random.default_rng(size)
    found = 0
    for _ in range(400):
        then, now = random.multinomial(size, before), random.multinomial(1000, after)
        verdict = column_drift(then.tolist(), now.tolist(), columns=COLUMNS)
        found += verdict is not None and verdict.drifted
    assert found >= 0.95 * 400


@given(st.lists(st.integers(0, 500), min_size=1, max_size=20))
def test_the_same_shares_have_no_distance(counts: list[int]) -> None:
    verdict = column_drift(counts, [3 * count for count in counts], columns=3)
    if sum(counts) < FEWEST_ROWS:
        assert verdict is None
    else:
        assert verdict is not None
        assert verdict.distance == pytest.approx(0, abs=1e-12)
        assert not verdict.drifted


def test_what_a_window_can_find_is_found_in_95_of_100() -> None:
    random = np.random.default_rng(0)
    grown = smallest_share_seen(0.1, reference=1300, window=1000, columns=COLUMNS)
    others = np.full(19, 1 / 19)
    found = 0
    for _ in range(400):
        then = random.multinomial(1300, np.r_[0.1, 0.9 * others])
        now = random.multinomial(1000, np.r_[grown, (1 - grown) * others])
        verdict = column_drift(then.tolist(), now.tolist(), columns=COLUMNS)
        found += verdict is not None and verdict.drifted
    assert found >= 0.95 * 400 - 2 * math.sqrt(400 * 0.95 * 0.05)


@given(st.integers(1, 40), st.floats(0.9, 0.99999))
def test_the_quantile_is_scipys_within_six_percent(degrees: int, probability: float) -> None:
    expected = stats.chi2.ppf(probability, degrees)
    assert _chi_squared(degrees, probability) == pytest.approx(expected, rel=0.06)
