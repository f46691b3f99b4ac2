"""Reasons in the words of config.yml, for letters to people who got the unwanted answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from classification_model import make_prediction
from classification_model.config.home import Home
from classification_model.config.reasons import Wording
from classification_model.errors import ConfigError
from classification_model.inference.explanations import Explanation
from classification_model.inference.reasons import worded
from classification_model.processing.profile import ColumnProfile, Profile
from classification_model.train_pipeline import run_training
from homes import make_home
from tables import PEOPLE, Sample

WORDS = (
    'reasons:\n  size: "size {value}, where {reference} is usual"\n'
    '  age: {below: "age under {reference}", above: "age over {reference}"}\n'
    '  member: "{column} {value}"\n'
)


def profile(**examples: float | str) -> Profile:
    columns = {name: ColumnProfile(example=example) for name, example in examples.items()}
    return Profile(rows=9, classes=(), columns=columns)


def saying(home: Home, words: str) -> Home:
    text = home.config_file.read_text(encoding="utf-8")
    home.config_file.write_text(text + words, encoding="utf-8")
    return home


def test_only_what_pushed_towards_it_is_told_the_strongest_first_and_four_at_most() -> None:
    names = list("abcdefg")
    pushes = {"a": 0.1, "b": -0.4, "c": 0.3, "d": 0.0, "e": 0.02, "f": 0.05, "g": 0.2}
    wordings = {name: Wording(always=f"{name} is {{value}}") for name in names if name != "g"}
    row: dict[str, float | str | None] = {**dict.fromkeys(names, "x"), "e": None}
    usual = profile(**dict.fromkeys(names, "y"))
    found = worded(Explanation(0.1, pushes, 0.0), row, wordings, usual)  # type: ignore[arg-type]
    assert found == ["c is x", "a is x", "f is x", "e is missing"]
    more = {**pushes, "b": 0.4, "d": 0.3}
    assert len(worded(Explanation(0.1, more, 0.0), row, wordings, usual)) == 4  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("age", "said"), [(20, ["under 40"]), (60, ["over 40"]), (40, []), (None, [])]
)
def test_a_number_is_told_by_the_side_that_it_is_on(age: int | None, said: list[str]) -> None:
    wordings = {"age": Wording(below="under {reference}", above="over {reference}")}
    found = worded(Explanation(0.1, {"age": 0.2}, 0.0), {"age": age}, wordings, profile(age=40))
    assert found == said


def test_answers_of_the_positive_class_have_reasons_and_others_none(tmp_path: Path) -> None:
    home = saying(make_home(PEOPLE, tmp_path / "made"), WORDS)
    positive = run_training(home.path).bundle.manifest.positive
    source = PEOPLE.write(tmp_path / "in.csv")
    found = make_prediction(input_data=source, home=home.path, explain=1)
    told = found["explanations"]
    for label, one in zip(found["predictions"], told, strict=True):
        assert one is not None
        assert label == positive or one["reasons"] == []
    every = [reason for one in told if one for reason in one["reasons"]]
    assert any(reason.startswith("size ") for reason in every)
    assert any(reason.startswith("member ") for reason in every)


def test_a_home_without_wordings_has_no_word_of_reasons(people: Home, tmp_path: Path) -> None:
    source = PEOPLE.write(tmp_path / "in.csv")
    (first, *_) = make_prediction(input_data=source, home=people.path, explain=1)["explanations"]
    assert first is not None
    assert "reasons" not in first
    assert b'"reasons"' not in next(people.trained_models.glob("*.json")).read_bytes()


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        ('reasons:\n  height: "tall"\n', "'height', which is not in columns"),
        ('reasons:\n  age: "{years} old"\n', "no field {years}; there are {column}, {value}"),
        ('reasons:\n  age: "{value.real}"\n', "no field {value.real}"),
        ('reasons:\n  age: "{value"\n', "no template"),
        ("reasons:\n  age: {sideways: x}\n", "there is no such key"),
    ],
)
def test_a_wording_that_cannot_be_said_is_refused(words: str, fault: str, tmp_path: Path) -> None:
    home = saying(make_home(PEOPLE, tmp_path / "made"), words)
    with pytest.raises(ConfigError, match=r"config\.yml") as refused:
        run_training(home.path)
    assert fault in str(refused.value)


def test_of_many_classes_there_is_no_unwanted_one(tmp_path: Path) -> None:
    rows = [(*row[:-1], f"class {i % 3}") for i, row in enumerate(PEOPLE.rows)]
    table = Sample(PEOPLE.target, PEOPLE.header, rows)
    home = saying(make_home(table, tmp_path / "made"), 'reasons:\n  age: "x"\n')
    with pytest.raises(ConfigError, match=r"line \d+: reasons are for the positive one of two"):
        run_training(home.path)
