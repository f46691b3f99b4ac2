"""Why a row got its probability: laws of Shapley values, and how far estimates are off."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classification_model import bundle, make_prediction
from classification_model.config.home import Home
from classification_model.inference.coalitions import plan_of
from classification_model.inference.explanations import Explainer, Explanation, at_once
from classification_model.processing.features import Feature
from classification_model.processing.functions import functions_of
from classification_model.processing.value_rules import TypedRow

SOURCE = """
def ratio(a, b):
    return None if not b else a / b
"""


class Curved:
    """A model that is no sum of its columns."""

    def __init__(self, width: int, seed: int = 0) -> None:
        random = np.random.default_rng(seed)
        self.weights, self.pairs = random.normal(size=width), random.normal(size=(width, width))

    def score(self, matrix: npt.NDArray[np.float32]) -> npt.NDArray[np.floating]:
        values = np.nan_to_num(matrix.astype(np.float64), nan=0.3)
        sums = values @ self.weights + np.einsum("ij,jk,ik->i", values, self.pairs, values) / 4
        probability = 1 / (1 + np.exp(-sums))
        return np.column_stack([1 - probability, probability])

    def score_row(self, values: Sequence[float]) -> list[float]:
        found: list[float] = self.score(np.array([values], np.float32))[0].tolist()
        return found


def plain(columns: Sequence[str]) -> list[Feature]:
    return [Feature(name=c, kind="number", inputs=(c,)) for c in columns]


def rows(columns: Sequence[str], count: int, seed: int = 1) -> list[TypedRow]:
    random = np.random.default_rng(seed)
    return [dict(zip(columns, random.normal(size=len(columns)).tolist(), strict=True))
            for _ in range(count)]  # fmt: skip


def explainer(
    columns: Sequence[str], background: list[TypedRow], *, derived: bool = False
) -> Explainer:
    features = plain(columns)
    if derived:
        features.append(Feature("ratio", "number", (columns[0], columns[1]), "ratio"))
    return Explainer(features, functions_of(SOURCE), Curved(len(features)), background, columns)


def explain(made: Explainer, row: TypedRow) -> Explanation:
    (found,) = at_once(made.explain([(row, 1)]))
    return found


def enumerated(made: Explainer, row: TypedRow, background: list[TypedRow]) -> dict[str, float]:
    """Shapley's formula as it stands in the textbook, over every coalition."""
    names = list(row)
    encode, model = made._encode, made._scorer

    def value(inside: set[str]) -> float:
        mixed = [{n: (row if n in inside else other)[n] for n in names} for other in background]
        matrix = np.array([[one(m) for one in encode] for m in mixed], np.float32)
        return float(model.score(matrix)[:, 1].mean())

    found = dict.fromkeys(names, 0.0)
    for name in names:
        others = [n for n in names if n != name]
        for size in range(len(names)):
            weight = 1 / (len(names) * math.comb(len(names) - 1, size))
            for chosen in itertools.combinations(others, size):
                found[name] += weight * (value({*chosen, name}) - value({*chosen}))
    return found


@pytest.mark.parametrize("derived", [False, True])
def test_few_columns_are_explained_as_the_textbook_does(derived: bool) -> None:
    columns = list("abcde")
    background = rows(columns, 4)
    background[0]["c"] = None
    made = explainer(columns, background, derived=derived)
    row = rows(columns, 1, seed=9)[0]
    found = explain(made, row)
    assert found.contributions == pytest.approx(enumerated(made, row, background), abs=1e-6)
    assert found.error == 0


@given(st.integers(1, 12), st.integers(0, 50))
@settings(max_examples=30)
def test_contributions_add_up_to_the_probability_minus_base(width: int, seed: int) -> None:
    columns = [f"c{i}" for i in range(width)]
    made = explainer(columns, rows(columns, 3))
    row = rows(columns, 1, seed)[0]
    found = explain(made, row)
    matrix = np.array([[one(row) for one in made._encode]], np.float32)
    total = found.base + sum(found.contributions.values())
    assert total == pytest.approx(float(made._scorer.score(matrix)[0, 1]), abs=1e-12)


def test_a_column_that_no_feature_reads_counts_for_nothing() -> None:
    columns = list("abc")
    made = Explainer(plain("ab"), functions_of(""), Curved(2), rows(columns, 3), columns)
    assert explain(made, rows(columns, 1, 7)[0]).contributions["c"] == 0


@pytest.mark.parametrize("width", [6, 12])
def test_a_row_gets_the_same_bits_alone_and_among_others(width: int) -> None:
    columns = [f"c{i}" for i in range(width)]

    class EachByItself(Curved):
        """As the engines are: whatever a row comes with."""

        def score(self, matrix: npt.NDArray[np.float32]) -> npt.NDArray[np.floating]:
            return np.vstack([super(EachByItself, self).score(row[None]) for row in matrix])

    made = Explainer(
        plain(columns), functions_of(""), EachByItself(width), rows(columns, 4), columns
    )
    several = rows(columns, 5, 3)
    together = at_once(made.explain([(row, 1) for row in [*several, several[0]]]))
    assert together == [explain(made, row) for row in [*several, several[0]]]


def test_explaining_lets_others_have_their_turn_after_each_call_of_the_model() -> None:
    columns = list("abcdefgh")
    calls: list[int] = []

    class Counting(Curved):
        def score(self, matrix: npt.NDArray[np.float32]) -> npt.NDArray[np.floating]:
            calls.append(len(matrix))
            return super().score(matrix)

    made = Explainer(plain(columns), functions_of(""), Counting(8), rows(columns, 24), columns)
    work = made.explain([(row, 1) for row in rows(columns, 5, 4)])
    before = 0
    for _ in work:
        assert len(calls) - before <= 1
        before = len(calls)
    assert before > 10


def test_two_background_rows_draw_permutations_of_their_own() -> None:
    """Or the errors of all would be the same one, and averaging would not make it smaller."""
    groups = tuple(((f"c{i}",), (i,)) for i in range(12))
    differing = tuple(f"c{i}" for i in range(12))
    orders = [steps[1] for n in range(2) if (steps := plan_of(groups, differing, 3, n).steps)]
    first, second = orders
    assert not np.array_equal(first, second)


@given(st.integers(1, 10), st.integers(2, 8), st.integers(0, 1000))
@settings(max_examples=15, deadline=None)
def test_up_to_ten_columns_are_as_all_coalitions_say(
    width: int, background: int, seed: int
) -> None:
    columns = [f"c{i}" for i in range(width)]
    against = rows(columns, background, seed + 1)
    made = explainer(columns, against)
    row = rows(columns, 1, seed)[0]
    exact = by_all_coalitions(made, row, against, exact_weights(width))
    found = explain(made, row)
    assert found.contributions == pytest.approx(exact, abs=1e-6)
    assert found.error == 0


def test_the_stated_error_covers_the_true_one_in_95_of_100_rows() -> None:
    """Twelve columns: more than are asked in all coalitions, few enough to enumerate them."""
    columns = [f"c{i}" for i in range(12)]
    background = rows(columns, 6)
    made = explainer(columns, background)
    weights = exact_weights(12)
    covered, worst = 0, 0.0
    count = 60
    for seed in range(count):
        row = rows(columns, 1, 100 + seed)[0]
        found = explain(made, row)
        exact = by_all_coalitions(made, row, background, weights)
        off = max(abs(found.contributions[c] - exact[c]) for c in columns)
        covered += off <= found.error
        worst = max(worst, off)
    assert covered >= 0.95 * count - 2 * math.sqrt(count * 0.95 * 0.05)
    assert worst < 0.1


def exact_weights(columns: int) -> npt.NDArray[np.float64]:
    from classification_model.inference.coalitions import _weights

    return _weights.__wrapped__(columns)


def by_all_coalitions(
    made: Explainer, row: TypedRow, background: list[TypedRow], weights: npt.NDArray[np.float64]
) -> dict[str, float]:
    names = list(row)
    masks = (np.arange(2 ** len(names))[:, None] >> np.arange(len(names)) & 1).astype(bool)
    own = np.array([row[n] for n in names], np.float64)
    total = np.zeros(len(names))
    for other in background:
        theirs = np.array([other[n] for n in names], np.float64)
        matrix = np.where(masks, own, theirs).astype(np.float32)
        total += weights @ made._scorer.score(matrix)[:, 1] / len(background)
    return dict(zip(names, total.tolist(), strict=True))


def test_a_wide_table_is_explained_with_bounded_work() -> None:
    columns = [f"c{i}" for i in range(300)]
    counted: list[int] = []

    class Counting(Curved):
        def score(self, matrix: npt.NDArray[np.float32]) -> npt.NDArray[np.floating]:
            counted.append(len(matrix))
            return super().score(matrix)

    made = Explainer(plain(columns), functions_of(""), Counting(300), rows(columns, 32), columns)
    found = explain(made, rows(columns, 1, 5)[0])
    assert sum(counted) <= 20_000
    assert max(counted) <= 1_024  # so long others wait
    assert found.error > 0


def test_a_prediction_comes_with_what_moved_it(people: Home) -> None:
    row = bundle.load(people).profile().example()
    plain = make_prediction(input_data=[row], home=people.path)
    assert "explanations" not in plain
    found = make_prediction(input_data=[row], home=people.path, explain=2)
    (explanation,) = found["explanations"]
    assert explanation is not None
    assert explanation["class"] == found["predictions"][0]
    named = explanation["contributions"]
    assert len(named) == 2
    assert all(type(one["contribution"]) is float for one in named)
    assert abs(named[0]["contribution"]) >= abs(named[1]["contribution"])
    assert [one["value"] for one in named] == [row[one["column"]] for one in named]
    scores = found["probabilities"][0]
    assert scores is not None
    total = explanation["base"] + sum(n["contribution"] for n in named) + explanation["rest"]
    assert total == pytest.approx(max(scores), abs=1e-6)


def test_a_row_that_was_skipped_has_no_explanation(people: Home) -> None:
    row = bundle.load(people).profile().example()
    found = make_prediction(
        input_data=[{**row, "age": "x"}, row], home=people.path, on_error="skip", explain=1
    )
    assert [one is None for one in found["explanations"]] == [True, False]
