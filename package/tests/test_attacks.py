"""Each attack finds what a bundle was made to leak, and nothing in one that keeps the rule."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

import numpy as np
import numpy.typing as npt
import pytest
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import MinMaxScaler
from test_strip import PLAN, fitted, labels
from test_strip import rows as matrix_of_rows

from classification_model.config.schema import EstimatorConfig, RowSchema
from classification_model.estimators import build_classifier
from classification_model.processing.arrays import Matrix
from classification_model.processing.columns import ColumnEncoder, learn_features
from classification_model.processing.encoding import RowEncoder
from classification_model.processing.features import Feature
from classification_model.processing.functions import Functions
from classification_model.processing.typed_columns import TypedColumn
from classification_model.processing.value_rules import TypedRow, TypedValue
from classification_model.publishing.array_attack import arrays
from classification_model.publishing.asking_attacks import Question, answers, membership
from classification_model.publishing.atoms import (
    Array,
    arrays_of_graph,
    atoms_of_file,
    in_model,
)
from classification_model.publishing.findings import Attack
from classification_model.publishing.people import People
from classification_model.publishing.reading_attacks import counts, digests, numbers, rows, texts
from classification_model.publishing.state_attack import states
from classification_model.publishing.strip import strip
from classification_model.publishing.tree_attack import leaves

DRAW = np.random.default_rng(7)
COLUMNS: dict[str, TypedColumn] = {
    "email": TypedColumn.of([f"anna{i}@example.org" for i in range(100)]),
    "place": TypedColumn.of(["Wien"] * 60 + ["Graz"] * 37 + ["Kuchl am Berg"] * 3),
    "income": TypedColumn.of([round(v, 2) for v in DRAW.normal(30_000, 8000, 100).tolist()]),
    "born": TypedColumn.of([date(1930 + i % 60, 1 + i % 12, 1 + i % 28) for i in range(100)]),
    "note": TypedColumn.of(
        ["well again"] * 90 + [f"must not know of {i} x{i}y" for i in range(10)]
    ),
}
PEOPLE = People(COLUMNS, least=5)
SOMEBODY = {name: column.each()[99] for name, column in COLUMNS.items()}


def found(attack: Attack) -> list[str]:
    return [finding.what for finding in attack.found]


def written(document: object, name: str = "model.json") -> Attack:
    return texts(PEOPLE, [*atoms_of_file(name, json.dumps(document).encode(), COLUMNS)])


@pytest.mark.parametrize(
    "document",
    [
        {"profile": {"columns": {"email": {"categories": {"anna99@example.org": 1}}}}},
        {"features": [{"name": "email", "categories": ["anna3@example.org"]}]},
        {"row_schema": {"columns": {"place": {"example": "Kuchl am Berg"}}}},
        {"encoders": {"note": {"terms": ["well", "x7y"]}}},
        {"somewhere": "a card for Kuchl am Berg"},
        {"born": {"example": "1933-04-04"}},
    ],
)
def test_a_text_that_few_hold_is_found_wherever_it_stands(document: object) -> None:
    assert found(written(document))


@pytest.mark.parametrize(
    "document",
    [
        {"profile": {"columns": {"place": {"categories": {"Wien": 60, "Graz": 37}}}}},
        {"profile": {"columns": {"note": {"example": "again well"}}}},
        {"libraries": {"numpy": "Kuchl am Berg"}},
        {"born": {"example": "1941-01-01"}},
    ],
)
def test_what_many_hold_and_what_nobody_holds_is_not_found(document: object) -> None:
    assert not found(written(document))


def test_a_learned_vocabulary_is_searched() -> None:
    terms = ["well", "again", "must", "not", "know"]
    learned = {"columns": [{"kind": "text", "column": "note", "terms": terms}]}
    assert not found(written(learned, "model.learned"))
    learned["columns"][0]["terms"] = [*terms, "x7y"]
    assert found(written(learned, "model.learned"))


def test_names_are_found_in_card_features_and_sample() -> None:
    for name, content in (
        ("card.md", "| place | rows |\n| --- | --- |\n| Kuchl am Berg | 30 |\n"),
        ("card.html", "<p>about</p><td>Kuchl am Berg</td>"),
        ("features.py", "EXAMPLES = {'email': ['anna8@example.org']}"),
        ("sample_input.csv", "email,place\nanna1@example.org,Wien\n"),
    ):
        assert found(texts(PEOPLE, [*atoms_of_file(name, content.encode(), COLUMNS)])), name
    prose = b"This card says Kuchl am Berg outside of any table"
    assert not found(texts(PEOPLE, [*atoms_of_file("card.md", prose, COLUMNS)]))


def test_an_exact_number_is_found_and_a_rounded_one_is_not() -> None:
    exact = COLUMNS["income"].each()[4]
    for value, expected in ((exact, True), (30_000, False), (max(COLUMNS["income"].each()), True)):  # type: ignore[type-var]
        line = json.dumps({"row": {"income": value}, "probabilities": [1]}).encode()
        attack = numbers(PEOPLE, [*atoms_of_file("m.golden.jsonl", line, COLUMNS)])
        assert bool(found(attack)) == expected


def test_a_row_of_the_table_is_found_and_a_made_one_is_not() -> None:
    made = {**SOMEBODY, "income": 30_000.0}
    assert not found(rows(PEOPLE, {"golden": [made]}))
    assert found(rows(PEOPLE, {"golden": [made, SOMEBODY]})) == [
        "in all its 5 columns it is what 1 in the table are"
    ]


@pytest.mark.parametrize("kind", ["sha256", "sha1", "md5", "blake2b"])
def test_a_digest_of_the_table_or_of_a_line_is_found(kind: str) -> None:
    table = b"a,b\n1,2\n3,4\n"
    for secret, expected in ((table, 1), (b"3,4", 1), (b"5,6", 0), (table[:-1], 1)):
        digest = hashlib.new(kind, secret).hexdigest()
        attack = digests({"m.json": f'{{"data": "{digest}"}}'.encode()}, table)
        assert len(attack.found) == expected


def test_a_count_of_four_rows_is_found_and_five_are_not() -> None:
    card = "| class | training rows |\n| --- | ---: |\n| a | {} |\n"
    for cell, expected in (("4", 1), ("5", 0), ("<5", 0), ("1,204", 0)):
        assert len(counts(PEOPLE, {"m.md": card.format(cell).encode()}).found) == expected
    profile = {"rows": 90, "columns": {"a": {"missing": 3, "categories": {"x": 9}}}}
    assert len(counts(PEOPLE, {"m.profile": json.dumps(profile).encode()}).found) == 1


def model_people(matrix: npt.NDArray[np.float32]) -> People:
    return People(
        {feature.name: TypedColumn.of(matrix[:, i].tolist()) for i, feature in enumerate(PLAN)},
        least=5,
    )


def searched(model: object, matrix: npt.NDArray[np.float32]) -> list[str]:
    _, held = in_model("m.pkl", model)
    return found(arrays(model_people(matrix), held, {"encoded": matrix}))


def test_rows_that_a_model_stores_are_found() -> None:
    matrix = matrix_of_rows()
    neighbours = KNeighborsClassifier().fit(matrix, labels(matrix))
    assert searched(neighbours, matrix) == ["300 of 300 rows are rows of the table (encoded)"]


def test_the_rows_of_support_vectors_are_found_in_pickle_and_graph() -> None:
    matrix = matrix_of_rows()
    pipeline = fitted(EstimatorConfig(name="svc"))
    forms = {"encoded": matrix}
    classify = pipeline.named_steps["classify"]
    prepared = classify.named_steps["prepare"].transform(matrix)
    support = classify.named_steps["estimator"]
    forms["scaled"] = support[:-1].transform(prepared).astype(np.float32)
    _, held = in_model("m.pkl", pipeline)
    assert any(
        "rows of the table" in what for what in found(arrays(model_people(matrix), held, forms))
    )
    from classification_model.training.export import export

    graph = arrays_of_graph("m.onnx", export(pipeline, matrix))
    assert any("rows of the table" in w for w in found(arrays(model_people(matrix), graph, forms)))


def test_the_extremes_that_a_scaler_keeps_are_found() -> None:
    matrix = matrix_of_rows()
    assert any("of their column" in what for what in searched(MinMaxScaler().fit(matrix), matrix))


def test_the_edges_of_bins_are_found_until_they_are_stripped() -> None:
    matrix = matrix_of_rows()
    classify = fitted(EstimatorConfig(name="hist_gradient_boosting")).named_steps["classify"]
    assert any(
        "midpoints" in what or "values that few" in what for what in searched(classify, matrix)
    )
    strip(classify)
    assert not [what for what in searched(classify, matrix) if "midpoints" in what]


def test_a_model_that_keeps_the_rule_holds_no_array_of_somebody() -> None:
    matrix = matrix_of_rows()
    low, high = np.float32(15_000), np.float32(45_000)
    matrix[:, 0] = np.clip(matrix[:, 0], low, high)
    for name in ("logistic_regression", "random_forest", "hist_gradient_boosting"):
        model = build_classifier(PLAN, EstimatorConfig(name=name), seed=0)
        model.fit(matrix, labels(matrix))
        strip(model)
        told = [what for what in searched(model, matrix) if "scaled" in what or "rows" in what]
        assert not told


def test_a_rounded_bound_that_is_somebodys_value_tells_nothing() -> None:
    """0.07 as float32 is no multiple of 0.01 in float64."""
    spread = [0.0, 0.01, 0.02, 0.03, 0.04, *np.linspace(0.05, 0.06, 40), 0.066, 0.067, 0.068]
    matrix = np.array([[v] for v in [*spread, 0.0691, 0.07]], np.float32)
    people = People({"x": TypedColumn.of(matrix[:, 0].tolist())}, least=5)

    def told(number: float) -> list[str]:
        return found(
            arrays(people, [Array("m.pkl", "high", np.array([number]))], {"encoded": matrix})
        )

    assert not told(float(np.float32(0.07)))
    assert told(float(np.float32(0.0691)))


@pytest.mark.parametrize(("leaf", "expected"), [(1, True), (5, False)])
@pytest.mark.parametrize(
    "name", ["random_forest", "extra_trees", "gradient_boosting", "hist_gradient_boosting"]
)
def test_leaves_of_one_row_are_counted(name: str, leaf: int, expected: bool) -> None:
    from classification_model.training.export import export

    matrix = matrix_of_rows()
    size = {"n_estimators": 5} if name != "hist_gradient_boosting" else {"max_iter": 5}
    pipeline = fitted(EstimatorConfig(name=name, parameters={**size, "min_samples_leaf": leaf}))
    attack = leaves(model_people(matrix), export(pipeline, matrix), matrix)
    assert bool(attack.found) == expected, attack


def test_a_value_that_answers_for_one_person_is_found() -> None:
    def asked(*, knows: bool, codes: Mapping[TypedValue, float]) -> Attack:
        def ask(lines: Sequence[TypedRow]) -> npt.NDArray[np.float64]:
            own = [knows and line["code"] in ("z1", None) for line in lines]
            return np.array([[0.0, 1.0] if mine else [0.6, 0.4] for mine in own])

        def encode(values: Sequence[TypedValue]) -> Matrix:
            return np.array([[codes.get(value, -1)] for value in values], np.float32)

        question = Question("code", ["z1", "z2", None], ["nobody has this"], encode)
        return answers([question], {"code": "a"}, ask)

    told: Mapping[TypedValue, float] = {"z1": 1.0, "z2": 2.0, None: math.nan}
    three = "2 of 3 values of column 'code' have their own answer"
    assert found(asked(knows=True, codes=told)) == [three]
    assert not found(asked(knows=False, codes=told))
    # What reaches the model as one number has one answer: it need not be asked.
    assert not found(asked(knows=True, codes={}))


def test_a_state_of_few_is_found_also_in_a_derived_feature() -> None:
    people = People(
        {
            "code": TypedColumn.of(["a"] * 50 + ["b"] * 3 + [None]),
            "pay": TypedColumn.of([*map(float, range(53)), 900.0]),
        },
        least=5,
    )
    functions = Functions({"half": lambda pay: pay / 2})
    leaking = [
        Feature(name="code", kind="category", inputs=("code",), categories=("a", "b")),
        Feature(name="half", kind="number", inputs=("pay",), function="half"),
    ]
    assert found(states(people, leaking, functions)) == [
        "1 categories that fewer than 5 hold",
        "a missing value that fewer than 5 miss",
        "numbers beyond those that 5 reach",
    ]
    learned = learn_features(leaking, people.columns, functions, min_rows=5)
    assert not found(states(people, learned, functions))
    assert found(states(people, [replace(learned[0], other_as=None)], functions)) == [
        'an "other" that fewer than 5 are'
    ]


def test_a_level_of_an_order_that_few_hold_is_read_as_its_neighbour() -> None:
    sizes = ("small", "medium", "large", "huge")
    people = People(
        {"size": TypedColumn.of([*["small"] * 20, *["medium"] * 3, *["large"] * 20, "huge"])},
        least=5,
    )
    plan = [Feature(name="size", kind="number", inputs=("size",), categories=sizes)]
    assert found(states(people, plan, Functions({}))) == [
        "a level of an order that fewer than 5 hold"
    ]
    learned = learn_features(plan, people.columns, min_rows=5)
    assert not found(states(people, learned, Functions({})))
    by_row = RowEncoder(learned).encode([{"size": size} for size in sizes])
    assert (by_row.ravel() + learned[0].centre).tolist() == [0, 0, 2, 2]
    columns = {"size": TypedColumn.of([*sizes])}
    assert (ColumnEncoder(RowSchema(columns={}), learned).encode(columns) == by_row).all()


def test_membership_is_seen_in_a_model_that_learned_its_rows_by_heart() -> None:
    draw = np.random.default_rng(0)
    same = draw.random(400), draw.random(400)
    assert membership(*same)[1] is None
    attack, warning = membership(np.sqrt(same[0]), same[1])
    assert warning is not None
    assert "AUC 0.6" in attack.note


def test_people_count_in_groups() -> None:
    column = TypedColumn.of(["theirs"] * 20 + ["all"] * 30)
    groups = np.array([1] * 20 + [*range(2, 32)])
    assert People({"a": column}, least=5, groups=groups).few("a") == {"theirs": 1}
    assert not People({"a": column}, least=5).few("a")
