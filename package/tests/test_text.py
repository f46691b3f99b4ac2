"""Texts: one tokeniser, and what is learned is what scikit-learn would learn."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from classification_model.processing.text.counting import count
from classification_model.processing.text.encoder import TextEncoder
from classification_model.processing.text.fitting import Recipe, TextColumn
from classification_model.processing.text.linear import Linear, Vocabulary
from classification_model.processing.text.tokens import groups, pairs, tokens

WORDS = [
    "good",
    "fine",
    "great",
    "nice",
    "happy",
    "bad",
    "awful",
    "poor",
    "sad",
    "late",
    "the",
    "a",
    "of",
    "İstanbul",
    "ﬁne",
    "हिन्दी",
    "naïve",
    "!!!",
    "😀",
]
GOOD = {"good", "fine", "great", "nice", "happy", "😀"}


def reviews(rows: int, seed: int = 0) -> tuple[list[str], np.ndarray]:
    """Made reviews, and whether each is good: by its words, with some noise."""
    draw = np.random.default_rng(seed)
    texts = [" ".join(draw.choice(WORDS, draw.integers(1, 9))) for _ in range(rows)]
    scores = [sum(1 if w in GOOD else -0.6 for w in text.split()) for text in texts]
    labels = np.array([score + draw.normal(0, 0.7) > 0 for score in scores]).astype(np.int64)
    return texts, labels


@pytest.fixture(scope="module")
def learned() -> tuple[TextColumn, list[str], np.ndarray]:
    texts, labels = reviews(400)
    return TextColumn("remark", texts, labels, ["bad", "good"], min_rows=5), texts, labels


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Hello, WORLD!!!", ["hello", ",", "world", "!!!"]),
        ("don't", ["don", "'", "t"]),
        ("no 😀😀", ["no", "😀😀"]),
        ("हिन्दी में", ["हिन्दी", "में"]),
        ("ภาษาไทย", ["ภาษาไทย"]),
        ("ﬁne e\u0301te\u0301", ["fine", "\u00e9t\u00e9"]),
        ("STRASSE Straße", ["strasse", "strasse"]),
        ("a" * 70, ["a" * 64, "a" * 6]),
        ("", []),
        (" \t\n", []),
    ],
)
def test_words_are_those_of_any_script_and_what_stands_between_them(
    text: str, found: list[str]
) -> None:
    assert tokens(text, 5000) == found


@given(st.text(max_size=60))
def test_every_character_but_spaces_is_in_some_word(text: str) -> None:
    together = "".join(tokens(text, 5000))
    assert not any(character.isspace() for character in together)
    assert len(tokens(text, 5000)) <= 3 * max(len(text), 1) * 18


@given(st.text(min_size=1, max_size=30))
def test_only_the_first_characters_are_read(text: str) -> None:
    assert tokens(text + " more", len(text)) == tokens(text, len(text))


def test_no_text_is_much_longer_to_read_than_its_bound() -> None:
    # U+FDFA is eighteen characters once it is written out.
    assert sum(map(len, tokens("\ufdfa" * 100_000, 5000))) <= 5000


def test_groups_lie_within_words_and_know_where_they_end() -> None:
    assert [*groups("abc")] == [
        " a",
        "ab",
        "bc",
        "c ",
        " ab",
        "abc",
        "bc ",
        " abc",
        "abc ",
        " abc ",
    ]
    assert [*pairs(["a", "b", "c"])] == ["a b", "b c"]


def test_words_are_scored_as_scikit_learn_scores_them(
    learned: tuple[TextColumn, list[str], np.ndarray],
) -> None:
    column, texts, labels = learned
    encoder = column.fit(np.arange(len(texts)), Recipe(words=3.0, groups=0))
    terms = TfidfVectorizer(
        analyzer=lambda text: [*(w := tokens(text, 5000)), *map(" ".join, pairwise(w))],
        sublinear_tf=True, min_df=5,
    )  # fmt: skip
    matrix = terms.fit_transform(texts)
    model = LogisticRegression(C=3.0, max_iter=2000, tol=1e-8).fit(matrix, labels)
    assert {*encoder.words.names} == {*terms.get_feature_names_out()}
    look = encoder.reader()
    asked = [*texts[:100], "good good good bad", "nothing known zzz", ""]
    expected = model.decision_function(terms.transform(asked))
    np.testing.assert_allclose([look(text)[0] for text in asked], expected, atol=0.02)


def test_numbers_say_how_long_a_text_is_what_is_in_it_and_how_much_is_known(
    learned: tuple[TextColumn, list[str], np.ndarray],
) -> None:
    column, texts, _ = learned
    encoder = column.fit(np.arange(len(texts)), Recipe())
    assert encoder.names == (
        "remark: score of good", "remark: length", "remark: digits", "remark: capitals",
        "remark: known words",
    )  # fmt: skip
    _, length, digits, capitals, known = encoder.reader()("GOOD zzz 10")
    assert length == math.log1p(11)
    assert (digits, capitals, known) == (2 / 11, 4 / 11, 1 / 3)
    assert encoder.reader()(None) == encoder.reader()("")


def test_words_and_groups_have_a_penalty_each() -> None:
    """As scikit-learn has it where one kind of columns is multiplied by a number."""
    texts, labels = reviews(300)
    counted = count(texts, 5000)
    design = Vocabulary.of(counted, 5).design(counted, words=True, groups=True)
    model = Linear.fit(design, labels, 2, np.array([1 / 10, 1 / 3]))
    groups = (design.texts @ design.groups) * math.sqrt(3 / 10)
    matrix = sparse.hstack([design.words, groups], format="csr")
    expected = LogisticRegression(C=10, max_iter=5000, tol=1e-8).fit(matrix, labels)
    np.testing.assert_allclose(
        model.logs(design)[:, 1], expected.predict_log_proba(matrix)[:, 1], atol=0.02
    )


RECIPES = (Recipe(words=10.0, groups=0), Recipe(words=0, groups=10.0), Recipe(10.0, 3.0))


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_bundle_gives_the_same_numbers_as_training(
    recipe: Recipe, learned: tuple[TextColumn, list[str], np.ndarray]
) -> None:
    column, texts, _ = learned
    encoder = column.fit(np.arange(300), recipe)
    again = TextEncoder.model_validate_json(encoder.model_dump_json())
    assert again == encoder
    assert [*map(again.reader(), texts)] == [*map(encoder.reader(), texts)]


def test_the_order_of_rows_changes_no_byte() -> None:
    texts, labels = reviews(300)
    order = np.random.default_rng(1).permutation(300)

    def fitted(rows: Sequence[int]) -> TextEncoder:
        some, truth = [texts[i] for i in rows], labels[[*rows]]
        column = TextColumn("remark", some, truth, ["bad", "good"], min_rows=5)
        return column.fit(np.arange(300), Recipe())

    first, second = fitted(range(300)), fitted(order.tolist())
    assert (first.words.names, first.words.rows) == (second.words.names, second.words.rows)
    np.testing.assert_allclose(first.words.matrix(), second.words.matrix(), atol=1e-3)
    assert fitted(range(300)).model_dump_json() == first.model_dump_json()


@pytest.mark.parametrize("grouped", [False, True])
def test_terms_that_few_rows_or_groups_hold_are_not_learned(grouped: bool) -> None:
    texts, labels = reviews(200)
    texts[:4] = ["secretword and more"] * 4
    texts[10:20] = [f"{text} oneperson" for text in texts[10:20]]
    who = np.arange(200)
    who[10:20] = 10
    column = TextColumn(
        "remark", texts, labels, ["bad", "good"], min_rows=5, who=who if grouped else None
    )
    encoder = column.fit(np.arange(200), Recipe())
    names = {*encoder.words.names, *encoder.groups.names}
    assert not any("secr" in name for name in names)
    assert any("onep" in name for name in names) is not grouped
    assert min((*encoder.words.rows, *encoder.groups.rows)) >= 5
    held = {name: sum(name in tokens(text, 5000) for text in texts) for name in encoder.words.names}
    if not grouped:
        words = zip(encoder.words.names, encoder.words.rows, strict=True)
        assert all(held[name] == rows for name, rows in words if " " not in name)


def test_more_than_two_classes_have_a_score_each() -> None:
    draw = np.random.default_rng(0)
    labels = draw.integers(0, 3, 300)
    texts = [f"{['red', 'green', 'blue'][label]} thing {draw.integers(9)}" for label in labels]
    column = TextColumn("what", texts, labels, ["r", "g", "b"], min_rows=5)
    encoder = column.fit(np.arange(300), Recipe())
    look = encoder.reader()
    assert [int(np.argmax(look(text)[:3])) for text in texts] == labels.tolist()
    assert {label: terms[0] for label, terms in encoder.telling(3).items()}["b"].startswith("blue")


def test_the_recipe_is_chosen_by_rows_that_it_was_not_fitted_on() -> None:
    """Where only the ends of words tell, words alone are not chosen."""
    draw = np.random.default_rng(0)
    labels = draw.integers(0, 2, 400)
    letters = [*"abcdefghijklmnop"]
    texts = ["".join(draw.choice(letters, 6)) + ("ing", "ous")[label] for label in labels]
    column = TextColumn("word", texts, labels, ["0", "1"], min_rows=5)
    parts = [np.arange(400) % 4 == k for k in range(4)]
    recipe = column.choose([(np.flatnonzero(~p), np.flatnonzero(p)) for p in parts])
    assert recipe.groups


def test_made_texts_hold_known_words_alone(
    learned: tuple[TextColumn, list[str], np.ndarray],
) -> None:
    column, texts, _ = learned
    encoder = column.fit(np.arange(len(texts)), Recipe())
    made = encoder.made(50, np.random.default_rng(0))
    assert made[0] == ""
    assert {word for text in made for word in tokens(text, 5000)} <= encoder.vocabulary()
    assert {*tokens(encoder.example(), 5000)} <= encoder.vocabulary()


def test_the_terms_that_speak_for_a_class_are_its_own(
    learned: tuple[TextColumn, list[str], np.ndarray],
) -> None:
    column, texts, _ = learned
    telling = column.fit(np.arange(len(texts)), Recipe(words=3.0, groups=0)).telling(4)
    assert {*telling["good"]} & GOOD
    assert not {*telling["bad"]} & GOOD


def test_texts_without_any_common_word_still_have_numbers() -> None:
    labels = np.array([0, 1] * 10)
    column = TextColumn("x", [f"w{i}q" for i in range(20)], labels, ["0", "1"], min_rows=20)
    encoder = column.fit(np.arange(20), Recipe())
    assert encoder.words.names == ()
    assert len(encoder.reader()("anything")) == len(encoder.names)
