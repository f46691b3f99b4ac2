"""The positive class: proposed by ``init``, named by a person, spoken of everywhere."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from told import Told

from classification_model import bundle, cli
from classification_model.bundle import Bundle
from classification_model.config.home import Home
from classification_model.config.schema import Label
from classification_model.errors import ConfigError
from classification_model.evaluation import curves
from classification_model.evaluation.metrics import align
from classification_model.init.targets import positive_class
from classification_model.train_pipeline import Trained, run_training
from homes import make_home
from tables import PEOPLE, Sample

LEAVING = Sample(
    "answer",
    (*PEOPLE.header[:-1], "answer"),
    [(*row[:-1], "stays" if row[-1] else "left") for row in PEOPLE.rows],
)


@pytest.fixture(scope="module")
def leaving(tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, Trained]:
    """A home whose classes are ``left`` and ``stays``, about those that left."""
    home = make_home(LEAVING, tmp_path_factory.mktemp("leaving") / "made")
    return home, say(home, "left")


def say(home: Home, label: str) -> Trained:
    text = home.config_file.read_text(encoding="utf-8")
    text, found = re.subn(r"^positive: .*$", f"positive: {label}", text, flags=re.MULTILINE)
    assert found == 1
    home.config_file.write_text(text, encoding="utf-8")
    return run_training(home.path)


@pytest.mark.parametrize(
    ("counts", "positive"),
    [
        ({"no": 10, "yes": 90}, "yes"),
        ({"True": 90, "False": 10}, "True"),
        ({0: 10, 1: 90}, 1),
        ({"left": 30, "stays": 70}, "left"),
        ({"a": 50, "b": 50}, "a"),
        ({"a": 50, "b": 50, "c": 50}, None),
    ],
)
def test_init_proposes_a_yes_else_the_rarer(
    counts: dict[Label, int], positive: Label | None
) -> None:
    assert positive_class(counts) == positive


def test_init_writes_it_with_a_comment_and_says_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = LEAVING.write(tmp_path / "people.csv")
    cli.main(["init", str(source), "--target", "answer", "--home", str(tmp_path / "home")])
    assert "words are about 'left'" in capsys.readouterr().out
    text = (tmp_path / "home" / "config.yml").read_text(encoding="utf-8")
    assert re.search(r"^# Of the two classes .*\npositive: left$", text, re.MULTILINE)


def test_curves_calibration_and_words_are_about_it(
    leaving: tuple[Home, Trained], capsys: pytest.CaptureFixture[str]
) -> None:
    home, trained = leaving
    assert trained.report.positive == trained.bundle.manifest.positive == "left"
    assert [curve.label for curve in trained.report.roc] == ["left"]
    assert [curve.label for curve in trained.report.precision_recall] == ["left"]
    assert [series.name for series in trained.report.histogram.series] == ["stays", "left"]
    card = trained.bundle.contents[".md"].decode()
    assert "scores are about \u201cleft\u201d" in card
    assert "the probability of \u201cleft\u201d" in card
    cli.main(["info", "--home", str(home.path)])
    assert "left | stays (positive: left)" in capsys.readouterr().out
    cli.main(["evaluate", "--home", str(home.path)])
    assert "(positive: left)" in capsys.readouterr().out


def test_calibration_turns_round_with_it() -> None:
    draw = np.random.default_rng(0)
    scores = draw.dirichlet([1, 1], size=200)
    judged = align([int(i) for i in draw.integers(0, 2, 200)], scores, (0, 1))
    second, first = curves.calibration(judged, 1), curves.calibration(judged, 0)
    assert [part.rows for part in first] == [part.rows for part in second[::-1]]
    mirrored = [1 - part.observed for part in second[::-1]]
    assert [part.observed for part in first] == pytest.approx(mirrored, abs=1e-5)


def test_another_one_alone_changes_no_answer_and_searches_nothing(
    leaving: tuple[Home, Trained], tmp_path: Path
) -> None:
    def shaping(found: Bundle) -> dict[str, bytes]:
        return {kind: found.contents[kind] for kind in (".pkl", ".onnx", ".golden.jsonl")}

    home = make_home(LEAVING, tmp_path / "made")
    before, after = leaving[1].bundle, say(home, "stays").bundle
    assert shaping(before) == shaping(after)
    assert after.manifest.recipe.is_same(before.manifest.recipe)
    assert bundle.load(home).manifest.positive == "stays"


def test_what_is_no_class_is_refused_by_line_with_the_cure(tmp_path: Path) -> None:
    home = make_home(LEAVING, tmp_path / "made")
    said = r"config\.yml, line \d+: positive: 'gone' is no class of the table; name one of 'left'"
    with pytest.raises(ConfigError, match=said):
        say(home, "gone")


def test_of_three_classes_none_is_positive(tmp_path: Path) -> None:
    three = [(*row[:-1], ("left", "stays", "back")[i % 3]) for i, row in enumerate(PEOPLE.rows)]
    home = make_home(Sample("answer", LEAVING.header, three), tmp_path / "made")
    text = home.config_file.read_text(encoding="utf-8")
    assert "positive" not in text
    home.config_file.write_text(text + "positive: left\n", encoding="utf-8")
    told = Told()
    trained = run_training(home.path, progress=told)
    assert "positive is for two classes, and there are 3: not used" in told
    assert trained.report.positive is trained.bundle.manifest.positive is None
