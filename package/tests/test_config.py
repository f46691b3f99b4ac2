"""config.yml: what a person may write, what it meant once, and how long reading it takes."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classification_model import cli
from classification_model.config import yaml_reader
from classification_model.config.core import Config, parse_config
from classification_model.config.formats import OLD_FORMAT
from classification_model.config.home import Home
from classification_model.config.schema import Column, EstimatorConfig
from classification_model.errors import ClassificationModelError, ConfigError
from classification_model.init import scaffold
from classification_model.init.config_text import part
from homes import files_of
from tables import PEOPLE

FILE = Path("config.yml")
REST = """\
pipeline_save_file: model_v
dataset: raw.csv
target: y
test_size: 0.25
random_state: 0
estimator: auto
"""


def config(text: str, start: str = "format: 2\n", rest: str = REST) -> Config:
    return parse_config(FILE, (start + rest + text).encode())


def refusal(text: str, **parts: str) -> str:
    with pytest.raises(ConfigError) as refused:
        config(text, **parts)
    return str(refused.value)


@pytest.mark.parametrize(
    "text",
    [
        "columns:\n  age: number\n",
        "columns:\n  age:\n    kind: number\n",
        "columns: {age: number}\n",
        "columns: {age: {kind: number, required: no}}\n",
        "columns:\n  ? age\n  : number\n",
        "columns:\n  'age': \"number\"  # in years\nignored:\nderived:\nacceptance:\n",
    ],
)
def test_a_column_may_be_written_short_or_long(text: str) -> None:
    assert config(text).columns == {"age": Column(kind="number")}


def test_the_order_of_the_keys_is_free() -> None:
    lines = [*REST.splitlines(), "columns: {x: number}", "format: 2"]
    forwards, backwards = ("\n".join(order) for order in (lines, lines[::-1]))
    first, second = (parse_config(FILE, text.encode()) for text in (forwards, backwards))
    assert first.model_copy(update={"digest": second.digest}) == second


def test_rules_are_read_as_the_numbers_and_words_they_are() -> None:
    found = config(
        "columns:\n"
        "  age: {kind: number, minimum: 0, maximum: 99.5, required: yes}\n"
        "  size: {kind: category, categories: [no, 3, ' x']}\n"
    )
    age = Column(kind="number", minimum=0, maximum=99.5, required=True)
    assert found.columns == {
        "age": age,
        "size": Column(kind="category", categories=("no", "3", " x")),
    }
    assert found.notes() == ()


def test_parameters_of_estimators_are_numbers_words_and_lists() -> None:
    vote = (
        "estimator:\n  name: soft_vote\n  members:\n  - svc\n"
        "  - {name: neural_network, weight: 2, parameters: {alpha: 1e-3, sizes: [9, 3], x: null}}\n"
    )
    found = config("columns: {x: number}\n", rest=REST.replace("estimator: auto\n", vote))
    member = EstimatorConfig(
        name="neural_network", weight=2, parameters={"alpha": 0.001, "sizes": [9, 3], "x": None}
    )
    assert found.estimator.members == (EstimatorConfig(name="svc"), member)


@pytest.mark.parametrize(
    ("written", "meant"),
    [("true", True), ("True", True), ("FALSE", False), ("Null", None), ("~", None), ("yes", "yes")],
)
def test_booleans_and_null_in_parameters_are_those_of_yaml(written: str, meant: object) -> None:
    estimator = f"estimator:\n  name: svc\n  parameters: {{x: {written}}}\n"
    found = config("columns: {x: number}\n", rest=REST.replace("estimator: auto\n", estimator))
    assert found.estimator.parameters == {"x": meant}


OLD = """\
columns:
  age:
    kind: number
    nullable: yes
    minimum: 18
    maximum: 80
    example: 40
  size:
    kind: category
    categories:
      - large
      - small
  name:
    kind: text
    nullable: no
"""


def test_a_file_without_a_format_keeps_its_old_meaning() -> None:
    found = config(OLD, start="")
    assert found.columns == {
        "age": Column(kind="number"),
        "size": Column(kind="category", required=True),
        "name": Column(kind="raw", required=True),
    }
    assert found.notes() == (OLD_FORMAT,)
    assert config(OLD, start="format: 1\n").columns == found.columns


def test_training_and_info_say_that_a_file_is_old(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    text = home.config_file.read_text(encoding="utf-8")
    text = re.sub(r"  size:\n(    .*\n)+", "  size: category\n", text)  # which had no order then
    home.config_file.write_text(text.replace("format: 2\n", ""), encoding="utf-8")
    cli.main(["train", "--force", "--home", str(home.path)])
    assert f"Note: {OLD_FORMAT}" in capsys.readouterr().out
    cli.main(["info", "--home", str(home.path)])
    assert "no `format: 2`" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("columns: {age: nmber}", "line 8: columns.age: Input should be 'integer'"),
        ("columns:\n  age:\n    kind: number\n    minimun: 3", "line 11: columns.age.minimun: there"),
        ("columns:\n  age: {kind: number, minimum: 1e99}", "line 9: columns.age.minimum: Input"),
        ("columns: {x: number}\ndigest: x", "line 9: digest: there is no such key"),
        ("columns:", "line 8: columns: Input should be a valid dictionary (found '')"),
        ("columns: {x: number}\nacceptance: {acuracy: 1}", "line 9: acceptance.acuracy: "),
        ("", "config.yml: columns: Field required"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_told_with_its_line_and_key(text: str, said: str) -> None:
    message = refusal(text)
    assert said in message
    assert message.startswith("config.yml")
    assert "\n" not in message


@pytest.mark.parametrize("text", ["", "# nothing\n", "x", "- x", "3"])
def test_a_file_without_keys_is_refused(text: str) -> None:
    assert refusal(text, start="", rest="").startswith("config.yml: ")


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("a:\n\tb: 1\n", 2, "a tab; indent with spaces"),
        ("a:\n  b: 1\n \tc: 1\n", 3, "a tab; indent with spaces"),
        ("a: 1\n---\nb: 2\n", 2, "a second document"),
        ("a: &x 1\nb: *x\n", 1, "an anchor or alias"),
        ("a: *x\n", 1, "an anchor or alias"),
        ("a: 1\nb: !!int 3\n", 2, "a tag"),
        ("a: 1\nb: 2\na: 3\n", 3, "the key 'a' is there already, on line 1"),
        ("a: 1\n<<<<<<< HEAD\nb: 2\n", 2, "git marked"),
        ("a: 1\n=======\n", 2, "git marked"),
        ("a: [1\n", 2, "while parsing a flow sequence"),
        ("a: 1\nb: \x00\n", 2, "the character U+0000"),
        ("a: " + "[" * 5000, 1, "more than 20 levels deep"),
        ("? [1]\n: 2\n", 1, "a key that is no text"),
        ("a: @b\n", 1, "'@' that cannot start any token"),
    ],
)
def test_what_is_no_plain_yaml_is_refused_with_its_line(text: str, line: int, said: str) -> None:
    with pytest.raises(yaml_reader.YamlError) as refused:
        yaml_reader.read(text)
    assert said in str(refused.value)
    assert refused.value.line == line


@given(st.text(st.sampled_from("ab01 \t\n-:?[]{},&*!|>'\"%@`#<=\x00\x85é\ufeff"), max_size=40))
def test_any_text_is_read_or_refused_in_one_line(text: str) -> None:
    said = ""
    try:
        config(text)
    except ClassificationModelError as error:
        said = str(error)
    assert "\n" not in said


TEXTS = st.text(max_size=200)
NODES: st.SearchStrategy[Any] = st.recursive(
    TEXTS, lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner), max_leaves=8
)


@given(st.dictionaries(TEXTS, NODES, min_size=1))
def test_what_is_written_is_read_back(values: dict[str, Any]) -> None:
    assert yaml_reader.read(part(["a comment"], values)).value == values


def seconds_for(columns: int) -> float:
    names = "".join(f"  column {i}: number\n" for i in range(columns))
    best = float("inf")
    for _ in range(3):
        begun = time.perf_counter()
        config("columns:\n" + names)
        best = min(best, time.perf_counter() - begun)
    return best


def test_ten_times_the_columns_take_some_ten_times_as_long() -> None:
    """Reading was quadratic once, and then it is a hundred times."""
    assert seconds_for(2000) < 25 * seconds_for(200)


def test_a_header_of_any_length_is_written_and_read(tmp_path: Path) -> None:
    long = "quite " * 300 + "long: yes"
    rows = [(i % 10, "ab"[i % 3 % 2]) for i in range(60)]
    source = PEOPLE.__class__("y", (long, "y"), rows).write(tmp_path / "data.csv")
    home, _ = scaffold.create(source, "y", tmp_path / "home")
    read = parse_config(home.config_file, home.config_file.read_bytes())
    assert read.columns == {long: Column(kind="integer")}


def test_a_home_that_cannot_be_written_leaves_what_was_there(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("classification_model.init.scaffold.shutil.copyfile", full)
    source = PEOPLE.write(tmp_path / "data.csv")
    before = files_of(home.datasets), home.config_file.read_bytes(), sorted(home.path.iterdir())
    for folder in (home.path, tmp_path / "new"):
        with pytest.raises(OSError, match="No space"):
            scaffold.create(source, "stays", folder, force=True)
    assert (files_of(home.datasets), home.config_file.read_bytes()) == before[:2]
    assert sorted(home.path.iterdir()) == before[2]
    assert not (tmp_path / "new").exists()


def test_features_py_stays_unless_a_home_is_replaced(tmp_path: Path) -> None:
    source = PEOPLE.write(tmp_path / "data.csv")
    folder = tmp_path / "home"
    folder.mkdir()
    own = folder / "features.py"
    own.write_text("mine = 1\n")
    scaffold.create(source, "stays", folder)
    assert own.read_text() == "mine = 1\n"
    scaffold.create(source, "stays", folder, force=True)
    assert "mine" not in own.read_text()
    compile(own.read_text(), str(own), "exec")
