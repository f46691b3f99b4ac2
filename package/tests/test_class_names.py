"""``labels`` in config.yml: the names that people read for classes. Answers keep the CSV's own."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import pytest

from classification_model import bundle, cli
from classification_model.config.core import load_config
from classification_model.config.home import Home
from classification_model.errors import ConfigError
from classification_model.predict import make_prediction
from classification_model.progress import Progress
from classification_model.train_pipeline import run_training
from homes import make_home
from tables import PEOPLE

NAMED = "\nlabels: {0: leaves, 1: stays on}\n"


class Heard(Progress):
    """Keeps what training says."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, message: str) -> None:
        self.said.append(message)


def add(home: Home, text: str) -> None:
    with home.config_file.open("a", encoding="utf-8") as stream:
        stream.write(text)


@pytest.fixture(scope="module")
def named(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A trained home whose classes have names; ``auto``, so that there is a search to skip."""
    home = make_home(PEOPLE, tmp_path_factory.mktemp("named") / "made", quick=False)
    text = home.config_file.read_text(encoding="utf-8")
    home.config_file.write_text(text.replace("time_budget: 40", "time_budget: 0.001"))
    add(home, NAMED)
    run_training(home.path)
    return home


def test_the_bundle_alone_knows_the_names(named: Home) -> None:
    manifest = bundle.load(named).manifest
    assert manifest.classes == (0, 1)
    assert [manifest.name_of(label) for label in manifest.classes] == ["leaves", "stays on"]


def test_the_card_speaks_of_names_and_says_what_answers_hold(named: Home) -> None:
    contents = bundle.load(named).contents
    for suffix in (".html", ".md"):
        text = contents[suffix].decode()
        assert "labels: 0 is leaves, 1 is stays on." in text
        assert len(re.findall("stays on", text)) > 3  # in tables and in pictures, too
    assert re.search(r"\| leaves \| *\d", contents[".md"].decode())
    assert b"leaves" in contents[".svg"]


def test_info_evaluate_and_predict_show_the_names(
    named: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table, output = named.datasets / "raw.csv", tmp_path / "scored.csv"
    cli.main(["info", "--home", str(named.path)])
    assert "stays: leaves (0) | stays on (1)" in capsys.readouterr().out
    cli.main(["evaluate", "--home", str(named.path)])
    assert "Predicts stays: leaves (0) | stays on (1)" in capsys.readouterr().out
    cli.main(["predict", str(table), "--output", str(output), "--home", str(named.path)])
    printed = capsys.readouterr().out
    with output.open(encoding="utf-8") as stream:
        labels = [row["prediction"] for row in csv.DictReader(stream)]
    assert {*labels} == {"0", "1"}
    for label, name in (("0", "leaves"), ("1", "stays on")):
        count = labels.count(label)
        assert f"{name} {count} ({count / len(labels):.1%})" in printed


def test_what_programs_read_keeps_the_table_s_labels(
    named: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    result = make_prediction(input_data=[bundle.load(named).profile().example()], home=named.path)
    assert result["classes"] == [0, 1]
    assert result["predictions"][0] in (0, 1)
    table, output = named.datasets / "raw.csv", tmp_path / "scored.csv"
    cli.main(["predict", str(table), "-o", str(output), "--home", str(named.path), "--json"])
    predicted = json.loads(capsys.readouterr().out)["predicted"]
    assert {one["label"] for one in predicted} == {0, 1}
    assert sum(one["rows"] for one in predicted) == len(PEOPLE.rows)
    header = output.read_text(encoding="utf-8").partition("\n")[0]
    assert header.endswith("prediction,probability_0,probability_1")


def test_other_names_are_no_reason_to_search_again(named: Home) -> None:
    text = named.config_file.read_text(encoding="utf-8")
    before, heard = bundle.load(named), Heard()
    try:
        named.config_file.write_text(text.replace("leaves", "goes"), encoding="utf-8")
        after = run_training(named.path, progress=heard).bundle
        assert not [said for said in heard.said if "Comparing candidates" in said]
        assert after.manifest.labels == {"0": "goes", "1": "stays on"}
        assert after.contents[".onnx"] == before.contents[".onnx"]
        assert after.contents[".pkl"] == before.contents[".pkl"]
    finally:
        named.config_file.write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    ("labels", "told"),
    [
        (
            "labels: {0: gone, 2: here}",
            r"line \d+: labels.2: no such class; the table has '0', '1'",
        ),
        ("labels:\n  0: gone\n  7: here", r"line \d+: labels.7: no such class"),
        ("labels: {0: '1'}", r"line \d+: labels.0: '1' is another class; choose another name"),
    ],
)
def test_a_name_that_fits_no_class_is_refused_with_its_line(
    home: Home, labels: str, told: str
) -> None:
    add(home, f"\n{labels}\n")
    lines = home.config_file.read_text(encoding="utf-8").splitlines()
    with pytest.raises(ConfigError, match=told) as caught:
        run_training(home.path)
    number = int(re.search(r"line (\d+)", str(caught.value))[1])  # type: ignore[index]
    assert re.search(r"\b[027]: ", lines[number - 1])
    assert bundle.load(home).manifest.labels == {}


@pytest.mark.parametrize(
    ("labels", "told"),
    [
        ("labels: {0: same, 1: same}", "'same' names both '0' and '1'; give each its own"),
        ("labels: {0: ' ', 1: b}", "the name of '0' cannot be seen"),
        ("labels: [a, b]", "valid dictionary"),
    ],
)
def test_names_that_cannot_be_told_apart_are_refused(home: Home, labels: str, told: str) -> None:
    add(home, f"\n{labels}\n")
    with pytest.raises(ConfigError, match=rf"config.yml, line \d+: labels: .*{told}"):
        load_config(home)
