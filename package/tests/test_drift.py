"""Drift: false alarms are as rare as promised at every size, and real changes are found."""

from __future__ import annotations

import csv
import json
import math
import random
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy import stats

from classification_model import cli
from classification_model.cli.exit_status import Status
from classification_model.config.home import Home
from classification_model.config.schema import Column, RowSchema
from classification_model.monitoring.drift import (
    FEWEST_ROWS,
    _chi_squared,
    column_drift,
    smallest_share_seen,
)
from classification_model.monitoring.reference import Bins, reference
from classification_model.monitoring.watch import Window, report
from classification_model.processing.held_out_profile import profile_of_answers
from classification_model.processing.profiling import profile_of
from classification_model.processing.typed_columns import UNKNOWN, TypedColumn
from classification_model.train_pipeline import run_training
from homes import make_home
from tables import Sample

COLUMNS = 12
Shares = npt.NDArray[np.float64]

KINDS = RowSchema(
    columns={
        **{f"number {i}": Column(kind="number") for i in range(5)},
        **{f"whole {i}": Column(kind="integer") for i in range(2)},
        **{f"code {i}": Column(kind="category") for i in range(4)},
        "flag": Column(kind="boolean"),
    }
)
SHARES = [np.random.default_rng(0).dirichlet(np.full(k, 0.6)) for k in (3, 12, 40, 200)]


def rows(size: int, random: np.random.Generator) -> tuple[dict[str, TypedColumn], Shares]:
    """Columns as people have them: tails, hardly missing, rounded, few and many categories."""
    numbers = [
        random.normal(size=size),
        random.exponential(size=size),
        random.lognormal(0, 2, size),
        np.where(random.random(size) < 0.003, np.nan, random.normal(size=size)),
        random.normal(size=size).round(1),
        random.poisson(2, size).astype(float),
        random.integers(0, 1000, size).astype(float),
    ]
    found = {
        name: TypedColumn(UNKNOWN, [], column, whole=name.startswith("whole"))
        for name, column in zip(KINDS.columns, numbers, strict=False)
    }
    for i, shares in enumerate(SHARES):
        codes = random.choice(len(shares), size, p=shares)
        found[f"code {i}"] = TypedColumn(codes, [f"v{k}" for k in range(len(shares))])
    found["flag"] = TypedColumn((random.random(size) < 0.1).astype(np.int64), [False, True])
    sure = random.beta(2, 2, size)
    return found, np.column_stack([sure, 1 - sure])


def reference_of(size: int, random: np.random.Generator) -> tuple[Bins, ...]:
    """The bins of a training on so many rows, a quarter of them held out."""
    columns, scores = rows(size, random)
    held, rest = np.arange(size // 4), np.arange(size // 4, size)
    profile = profile_of(KINDS, columns, ["x"] * size, min_rows=5)
    answers = profile_of_answers(
        {name: column.take(held) for name, column in columns.items()},
        {f"code {i}": columns[f"code {i}"].take(rest) for i in range(4)},
        ["xy"[k] for k in scores[held].argmax(axis=1)],
        scores[held].max(axis=1),
        {},
        min_rows=5,
    )
    profile = profile.model_copy(update={"held_out": answers})
    return reference(profile, KINDS, {}, min_rows=5)


def test_where_rows_repeat_holders_are_counted_on_both_sides() -> None:
    """The rows that were held out are others than those of the training, and have other groups."""
    columns, scores = rows(400, np.random.default_rng(0))
    held, rest = np.arange(100), np.arange(100, 400)
    answers = profile_of_answers(
        {name: column.take(held) for name, column in columns.items()},
        {"code 3": columns["code 3"].take(rest)},
        ["xy"[k] for k in scores[held].argmax(axis=1)],
        scores[held].max(axis=1),
        {},
        min_rows=5,
        groups=np.arange(100),
        train_groups=np.arange(300),
    )
    assert answers.rows == 100


@pytest.mark.parametrize(
    ("size", "served"),
    [(300, 200), (300, 20_000), (1309, 2000), (1309, 20_000), (5000, 200), (5000, 2000)],
)
def test_without_drift_at_most_one_window_in_a_hundred_alarms(size: int, served: int) -> None:
    """Also with what the rule of few rows hides, and with bins that the rows themselves chose."""
    random = np.random.default_rng([size, served])
    windows = alarms = 0
    while windows < 200:
        bins = reference_of(size, random)
        for _ in range(4):
            window = Window(bins)
            window.add(*rows(served, random), ["x", "y"])
            alarms += bool(report(window, size).drifted)
            windows += 1
    assert alarms / windows <= 0.01 + 2.33 * math.sqrt(0.01 * 0.99 / windows)


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
@example([500, 0, 0])
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


def test_a_category_that_training_did_not_see_is_drift_though_the_others_stay() -> None:
    """It takes its rows from the commonest, which stands for it in the bins."""
    counts, read_as = [600, 300, 100, 0], {3: 0}
    level = column_drift(counts, [598, 300, 100, 2], columns=5, read_as=read_as, most={3: 4})
    grown = column_drift(counts, [550, 300, 100, 50], columns=5, read_as=read_as, most={3: 4})
    assert level is not None
    assert grown is not None
    assert (level.drifted, grown.drifted) == (False, True)
    assert grown.distance < grown.limit


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home about mails: a text, a number that is sometimes missing, a category, a day."""
    folder = tmp_path_factory.mktemp("drift")
    home = make_home(Sample("spam", NAMES, mails(600, seed=0)), folder / "made")
    run_training(home.path)
    return home


Row = tuple[object, ...]
NAMES = ("text", "links", "from", "day", "spam")
WORDS = [
    "meeting",
    "invoice",
    "offer",
    "winner",
    "report",
    "lunch",
    "free",
    "money",
    "project",
    "today",
    "please",
    "team",
]


def mails(count: int, *, seed: int, words: Sequence[str] = WORDS, links: int = 3) -> list[Row]:
    draw = random.Random(seed)
    found: list[Row] = []
    for _ in range(count):
        text = " ".join(draw.choices(words, k=8))
        number = "" if draw.random() < 0.1 else draw.randint(0, links)
        day = date(2024, 1, 1) + timedelta(draw.randrange(300))
        spam = ("free" in text or "winner" in text) != (draw.random() < 0.1)
        found.append((text, number, draw.choice("abc"), day, "yes" if spam else "no"))
    return found


def written(rows_: Sequence[Row], file: Path) -> Path:
    with file.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([NAMES[:-1], *(row[:-1] for row in rows_)])
    return file


def answered(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, Any]]:
    status = 0
    try:
        cli.main(["drift", *words, "--json"])
    except SystemExit as stop:
        status = int(stop.code or 0)
    return status, json.loads(capsys.readouterr().out)


def test_rows_like_those_of_the_training_end_with_0(
    served: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = written(mails(800, seed=1), tmp_path / "same.csv")
    status, found = answered(capsys, str(file), "--home", str(served.path))
    assert (status, found["drifted"]) == (0, [])
    assert {one["name"] for one in found["columns"]} == {"text", "links", "from", "day"}
    assert (found["rows"], found["reference_rows"], found["refused"]) == (800, 600, 0)


@pytest.mark.parametrize(
    ("column", "changed"),
    [
        ("links", {"links": 12}),
        ("text", {"words": [*WORDS[:2], *(f"unheard{i}" for i in range(20))]}),
    ],
)
def test_a_column_that_is_elsewhere_ends_with_5_and_is_named(
    column: str,
    changed: dict[str, Any],
    served: Home,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = written(mails(800, seed=2, **changed), tmp_path / "moved.csv")
    page = tmp_path / "drift.html"
    words = (str(file), "--home", str(served.path), "--output", str(page))
    assert answered(capsys, *words)[0] == Status.DRIFTED
    with pytest.raises(SystemExit):
        cli.main(["drift", *words])
    assert f"Drifted: {column}" in capsys.readouterr().out
    shown = page.read_text(encoding="utf-8")
    assert f"<strong>{column}</strong> drifted; " in shown
    assert {"text": "known words", "links": "above 3"}[column] in shown


def test_rows_that_break_a_rule_are_counted_and_few_rows_say_nothing(
    served: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken: list[Row] = [("hello", "many", "a", "2024-01-01", "")]
    file = written([*mails(40, seed=3), *broken], tmp_path / "few.csv")
    status, found = answered(capsys, str(file), "--home", str(served.path))
    assert (status, found["rows"], found["refused"]) == (0, 40, 1)
    assert {one["drifted"] for one in found["columns"]} == {None}


def test_a_file_without_a_column_is_told_so_in_a_line(
    served: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    with pytest.raises(SystemExit):
        cli.main(["drift", str(tmp_path / "other.csv"), "--home", str(served.path)])
    assert "no column 'text'" in capsys.readouterr().err
