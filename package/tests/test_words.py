"""The words of a text that moved a probability: each is struck out, and the model asked again."""

from __future__ import annotations

import csv
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classification_model import make_prediction
from classification_model.cli import main
from classification_model.config.home import Home
from classification_model.inference.words import WordEffects
from classification_model.predict import load_model
from classification_model.processing.text.tokens import pieces, tokens
from classification_model.train_pipeline import run_training
from homes import make_home
from tables import Sample

GOOD, BAD = ["great", "friendly", "quick"], ["broken", "rude", "slow"]
PLAIN = ["parcel", "came", "today", "shop", "street", "order", "box", "post", "paper", "again"]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Remarks in which some words are good and others bad."""
    draw = random.Random(2)
    rows = []
    for _ in range(500):
        words = draw.choices(PLAIN, k=9) + draw.choices([*GOOD, *BAD], k=draw.randint(1, 3))
        draw.shuffle(words)
        mood = sum((word in GOOD) - (word in BAD) for word in words) + draw.gauss(0, 0.3)
        rows.append((" ".join(words), draw.randint(18, 80), "yes" if mood > 0 else "no"))
    sample = Sample("again", ("remark", "age", "again"), rows)
    made = make_home(sample, tmp_path_factory.mktemp("words") / "made")
    assert "remark: text" in made.config_file.read_text(encoding="utf-8")
    run_training(made.path)
    return made


def told(home: Home, remark: str | None) -> dict[str, Any]:
    """What is said of the column of text, and beside it the probability."""
    row = {"remark": remark, "age": 30}
    result = make_prediction(input_data=[row], home=home.path, explain=2)
    (explained,) = result["explanations"]
    assert explained
    named = {one["column"]: one for one in explained["contributions"]}
    assert "words" not in named["age"]
    return {**named["remark"], "share": share(home, remark, explained["class"]), **explained}


def share(home: Home, remark: str | None, label: object) -> float:
    result = make_prediction(input_data=[{"remark": remark, "age": 30}], home=home.path)
    (shares,) = result["probabilities"]
    assert shares
    return shares[result["classes"].index(label)]  # type: ignore[arg-type]


def test_an_effect_is_what_the_model_says_without_the_word(home: Home) -> None:
    remark = "The PARCEL came quick, the shop was rude. Quick!"
    found = told(home, remark)
    effects = {one["word"]: one["effect"] for one in found["words"]}
    without = {
        "quick": "The PARCEL came , the shop was rude. !",
        "rude": remark.replace("rude", ""),
    }
    for word, left in without.items():
        assert effects[word] == found["share"] - share(home, left, found["class"])
    assert effects["quick"] * effects["rude"] < 0
    assert [*effects] == sorted(effects, key=lambda word: -abs(effects[word]))


def test_a_text_without_a_word_that_says_something_has_none(home: Home) -> None:
    assert "words" not in told(home, None)
    assert "words" not in told(home, " ")


def test_five_are_told_and_of_a_long_text_those_that_say_most(home: Home) -> None:
    remark = " ".join(f"filler{i} {PLAIN[i % len(PLAIN)]}" for i in range(300)) + " broken great"
    found = told(home, remark[-5000:])
    assert len(found["words"]) == 5
    assert {"broken", "great"} <= {one["word"] for one in found["words"][:3]}


def test_words_change_nothing_else_that_is_said(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    remark = "The parcel came quick."
    found = told(home, remark)
    assert found.pop("words")
    for one in found["contributions"]:
        one.pop("words", None)
    load_model(home)  # the one that answers below
    monkeypatch.setattr(WordEffects, "of", lambda *_: {})
    assert told(home, remark) == found


def test_a_few_rows_have_their_words_on_the_terminal(
    home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "in.csv"
    with source.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([("remark", "age"), ("great parcel", 30)])
    where = ["-o", str(tmp_path / "out.csv"), "--home", str(home.path)]
    main(["predict", str(source), *where, "--explain", "2"])
    (first, *_) = told(home, "great parcel")["words"]
    assert f"({first['word']} {first['effect']:+.1%}" in " ".join(capsys.readouterr().out.split())


@given(st.text(st.characters(codec="ascii"), max_size=80))
def test_pieces_are_the_words_at_their_places(text: str) -> None:
    cut = pieces(text, 60)
    assert [word for word, _, _ in cut] == tokens(text, 60)
    assert [text[start:end].lower() for _, start, end in cut] == [word for word, _, _ in cut]


def test_a_word_in_another_script_is_one_piece() -> None:
    assert [word for word, _, _ in pieces("Straße, \u0939\u093f\u0928\u094d\u0926\u0940!", 50)] == [
        "strasse", ",", "\u0939\u093f\u0928\u094d\u0926\u0940", "!",
    ]  # fmt: skip
