"""A column that says the answer is seen, whatever the table is like."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from classification_model.config.core import load_config
from classification_model.init.leakage import LEAK, SUSPECT, Alone, Target
from homes import make_home
from tables import Sample


def alone_of(values: Sequence[object], labels: Sequence[object], *, ordered: bool = False) -> Alone:
    distinct, codes = np.unique([str(value) for value in values], return_inverse=True)
    classes = np.unique([str(label) for label in labels], return_inverse=True)[1]
    return Target(classes).alone(codes, distinct.astype(np.float64) if ordered else None)


def test_a_rare_class_hides_no_leak() -> None:
    labels = ["bad", "ok"] * 2000 + ["rare"] * 3
    values = [{"bad": "closed", "ok": "escalated", "rare": "weird"}[label] for label in labels]
    accuracy, removed = alone_of(values, labels)
    assert accuracy == 1
    assert removed >= LEAK


@pytest.mark.parametrize("every", [2, 3, 7])
def test_a_table_that_repeats_itself_is_not_sampled_in_step(every: int) -> None:
    labels = ["yes" if i % every == 0 else "no" for i in range(6000)]
    assert alone_of(labels, labels)[1] >= LEAK
    noise = [str(i) for i in np.random.default_rng(0).integers(0, 9, 6000)]
    assert alone_of(noise, labels, ordered=True)[1] < 0.1


def test_a_code_of_forty_values_that_decides_the_target_is_seen() -> None:
    draw = random.Random(0)
    codes = [f"c{draw.randrange(40):02}" for _ in range(2000)]
    labels = [int(code[1:]) % 2 for code in codes]
    assert alone_of(codes, labels)[1] >= LEAK


def test_a_number_that_is_large_where_the_answer_is_yes_is_seen() -> None:
    draw = np.random.default_rng(0)
    numbers = draw.normal(size=3000).round(4)
    values = [str(number) for number in numbers]
    labels = (numbers > 0.3).tolist()
    assert alone_of(values, labels, ordered=True)[1] >= LEAK


def test_what_is_different_in_every_row_says_nothing() -> None:
    values = [f"id{i}" for i in range(2000)]
    labels = [i % 2 for i in np.random.default_rng(0).integers(0, 2, 2000).tolist()]
    assert alone_of(values, labels)[1] < SUSPECT


def test_init_proposes_to_split_by_a_repeated_identifier_and_by_dates(tmp_path: Path) -> None:
    draw = random.Random(0)
    rows = [
        (i // 4, f"2024-{1 + i % 12:02}-{1 + i % 28:02}", draw.gauss(0, 1), draw.choice("ab"))
        for i in range(400)
    ]
    home = make_home(Sample("y", ("customer_id", "when", "x", "y"), rows), tmp_path / "made")
    text = home.config_file.read_text()
    assert "# split:\n#   groups: customer_id\n" in text
    assert "# split:\n#   time: when\n" in text
    chosen = text.replace("# split:\n#   groups: customer_id\n", "split:\n  groups: customer_id\n")
    home.config_file.write_text(chosen)
    assert load_config(home).split.groups == "customer_id"
