"""Of a large table a sample is enough, and it is a fair one."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from told import Told

from classification_model import bundle
from classification_model.processing.splitting import (
    FEWEST_OF_A_CLASS,
    group_units,
    row_units,
    sample,
    time_units,
)
from classification_model.train_pipeline import run_training
from homes import make_home
from tables import Sample

SEEDS = st.integers(0, 1000)


@given(seed=SEEDS, rows=st.integers(1_000, 3_000))
def test_each_class_has_its_share_and_a_rare_one_stays_whole(seed: int, rows: int) -> None:
    labels = ["a"] * 2_000 + ["b"] * 2_000 + ["rare"] * 60
    drawn = sample(row_units(len(labels), seed), labels, rows)
    counts = Counter(np.array(labels)[drawn].tolist())
    assert counts["rare"] == 60
    share = rows / len(labels)
    for label in "ab":
        assert abs(counts[label] - share * 2_000) <= 1
    assert counts["a"] >= FEWEST_OF_A_CLASS


@given(seed=SEEDS)
def test_a_larger_sample_holds_the_smaller_one_and_groups_stay_whole(seed: int) -> None:
    labels = ["a", "b"] * 1_000
    groups = [str(i // 4) for i in range(2_000)]
    units = group_units(row_units(2_000, seed), groups, seed=seed)
    few, many = (sample(units, labels, rows) for rows in (600, 1_200))
    assert not (few & ~many).any()
    whole = few.reshape(-1, 4)
    np.testing.assert_array_equal(whole.any(axis=1), whole.all(axis=1))


def test_by_time_the_newest_are_kept() -> None:
    moments = np.random.default_rng(0).permutation(2_000).astype(np.float64)
    units = time_units(row_units(2_000, 0), moments, column="t", lines=range(2_000))
    drawn = sample(units, ["a", "b"] * 1_000, 500)
    assert moments[drawn].min() == 1_500


def test_training_says_that_it_takes_a_sample_and_takes_the_same_again(tmp_path: Path) -> None:
    draw = np.random.default_rng(0)
    rows = [(round(x, 4), "yes" if x + e > 0 else "no") for x, e in draw.normal(size=(900, 2))]
    home = make_home(Sample("label", ["x", "label"], rows), tmp_path / "made")
    with home.config_file.open("a", encoding="utf-8") as stream:
        stream.write("max_rows: 400\n")
    told = Told()
    first = run_training(home.path, progress=told)
    assert "400 of 900 rows are learned from and judged by, each class its share" in told
    assert first.bundle.manifest.rows == 400
    assert 90 <= first.bundle.manifest.held_out.rows <= 110
    run_training(home.path)
    assert bundle.load(home).digest == first.bundle.digest
