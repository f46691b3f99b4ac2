"""Every way of getting it wrong that we know of, and the line that answers it.

A case spoils a home; the command line must then print one line that holds each of the
given fragments, exit with 1, and leave the trained model byte for byte as it was. To add a
case, add a row.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from classification_model import cli, errors
from classification_model.config.home import Home
from homes import REPOSITORY, files_of

Spoil = Callable[[Home], object]


def csv(content: str | bytes) -> Spoil:
    def spoil(home: Home) -> object:
        source = content.encode() if isinstance(content, str) else content
        return (home.datasets / "raw.csv").write_bytes(source)

    return spoil


def csv_lines(change: Callable[[list[str]], object]) -> Spoil:
    """Change the lines of raw.csv in place; the header is lines[0]."""

    def spoil(home: Home) -> object:
        lines = (home.datasets / "raw.csv").read_text().splitlines()
        change(lines)
        return (home.datasets / "raw.csv").write_text("\n".join(lines) + "\n")

    return spoil


def config(pattern: str, replacement: str) -> Spoil:
    def spoil(home: Home) -> object:
        before = home.config_file.read_text()
        after, count = re.subn(pattern, replacement, before, count=1, flags=re.MULTILINE)
        assert count == 1, pattern
        return home.config_file.write_text(after)

    return spoil


def line_of(pattern: str) -> int:
    """The number of the line in config.yml that has the pattern."""
    text = (REPOSITORY / "package/classification_model/config.yml").read_text()
    found = re.search(pattern, text, re.MULTILINE)
    assert found
    return text[: found.start()].count("\n") + 1


def set_line(number: int, text: str) -> Callable[[list[str]], object]:
    return lambda lines: lines.__setitem__(number - 1, text)


GOOD = '1,1,"Allen, Miss. E",female,29,0,0,24160,211.3,B5,S,2,?,?'
HEADER = "pclass,survived,name,sex,age,sibsp,parch,ticket,fare,cabin,embarked,boat,body,home.dest"

CASES: dict[str, tuple[Spoil, list[str]]] = {
    "no data": (lambda home: (home.datasets / "raw.csv").unlink(), ["raw.csv: no such file"]),
    "empty CSV": (csv(""), ["raw.csv: empty", "name the columns"]),
    "header alone": (csv(HEADER + "\n"), ["raw.csv: has a header and no rows"]),
    "no target column": (
        csv_lines(lambda lines: lines.__setitem__(0, HEADER.replace("survived", "lived"))),
        ["raw.csv: no column 'survived'", "'lived'"],
    ),
    "no feature column": (
        csv_lines(lambda lines: lines.__setitem__(0, HEADER.replace("sex", "gender"))),
        ["raw.csv: no column 'sex'", "'gender'"],
    ),
    "two columns of one name": (
        csv_lines(lambda lines: lines.__setitem__(0, HEADER.replace("parch", "sibsp"))),
        ["raw.csv: two columns have the name 'sibsp'"],
    ),
    "wrong type": (
        csv_lines(set_line(3, GOOD.replace(",29,", ",young,"))),
        ["raw.csv: line 3, column 'age': should be a number, found 'young'"],
    ),
    "missing where it may not be": (
        csv_lines(set_line(5, GOOD.replace("female", "?"))),
        ["raw.csv: line 5, column 'sex': is missing"],
    ),
    "many faults": (
        csv_lines(lambda lines: lines.__setitem__(slice(1, 9), [GOOD.replace("29", "x")] * 8)),
        ["line 2, column 'age'", "line 6, column 'age'", "and 3 more"],
    ),
    "missing label": (
        csv_lines(set_line(4, "1,?" + GOOD[3:])),
        ["raw.csv, line 4: the target 'survived' is missing"],
    ),
    "one class": (csv("\n".join([HEADER, GOOD, GOOD])), ["'survived' has one class, '1'"]),
    "a class of one row": (
        csv("\n".join([HEADER, *[GOOD] * 9, "1,0" + GOOD[3:]])),
        ["class 0 has 1 row", "at least 2"],
    ),
    "ragged row": (
        csv_lines(set_line(7, GOOD + ",more")),
        ["raw.csv, line 7: 15 cells where the header has 14"],
    ),
    "quote never closed": (csv_lines(set_line(7, '1,1,"Allen')), ["raw.csv, line"]),
    "not UTF-8": (csv(f"{HEADER}\n{GOOD}\n1,1,Ren\xe9".encode("latin-1")), ["line 3: not UTF-8"]),
    "no configuration": (lambda home: home.config_file.unlink(), ["config.yml: missing"]),
    "unknown key": (
        config("^test_size", "tset_size"),
        [f"config.yml, line {line_of('^test_size')}", "tset_size"],
    ),
    "unknown key of a column": (
        config("^    maximum: 80", "    maximun: 80"),
        [f"config.yml, line {line_of('^    maximum: 80')}", "maximun"],
    ),
    "missing key": (config("^target: survived\n", ""), ["config.yml", "target"]),
    "unknown kind": (
        config("kind: text", "kind: prose"),
        [f"config.yml, line {line_of('kind: text')}: columns.name.kind", "'prose'"],
    ),
    "wrong value": (
        config("^test_size: .*", "test_size: 1.5"),
        [f"config.yml, line {line_of('^test_size')}: test_size", "less than 1", "'1.5'"],
    ),
    "category without categories": (
        config("kind: category\n    categories:\n      - female\n      - male", "kind: category"),
        ["columns.sex", "categories"],
    ),
    "derived from nothing": (
        config("      - cabin\n", "      - cabins\n"),
        ["config.yml", "derived 'deck' needs 'cabins', which is not in columns"],
    ),
    "unknown function": (
        config("function: deck", "function: decks"),
        ["config.yml", "decks", "deck"],
    ),
    "not YAML": (config("^target: survived", "target: [survived"), ["config.yml, line"]),
    "unknown estimator": (
        config("random_forest", "random_woods"),
        ["estimator", "'random_woods'", "random_forest"],
    ),
    "unknown parameter": (
        config("n_estimators", "trees"),
        ["estimator random_forest: unknown parameter 'trees'", "n_estimators"],
    ),
    "parameter out of range": (
        config("n_estimators: 60", "n_estimators: -1"),
        ["n_estimators", "-1"],
    ),
    "no VERSION": (lambda home: (home.path / "VERSION").unlink(), ["VERSION: missing"]),
    "not a version": (
        lambda home: (home.path / "VERSION").write_text("../1"),
        ["VERSION: '../1' is not a version"],
    ),
    "no home": (lambda home: home.path.rename(home.path.with_name("gone")), ["no such folder"]),
}


@pytest.mark.parametrize("case", CASES)
def test_training_answers_with_one_line_and_leaves_the_model(
    case: str, home: Home, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    spoil, fragments = CASES[case]
    before = files_of(home.trained_models)
    spoil(home)
    monkeypatch.setattr(sys, "argv", ["classification-model", "train", "--home", str(home.path)])
    with pytest.raises(SystemExit) as stop:
        cli.main()
    assert stop.value.code == 1
    printed = capsys.readouterr().err
    assert printed.startswith("Error: ")
    assert printed.count("\n") == 1
    for fragment in fragments:
        assert fragment in printed
    if home.path.exists():
        assert files_of(home.trained_models) == before


def test_a_user_sees_no_traceback(home: Home) -> None:
    csv("")(home)
    run = subprocess.run(
        [sys.executable, "-m", "classification_model", "train", "--home", str(home.path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 1
    assert "Traceback" not in run.stdout + run.stderr
    assert (
        run.stderr
        == f"Error: {home.datasets / 'raw.csv'}: empty; the first line must name the columns\n"
    )


@pytest.mark.parametrize("damage", ["missing", "damaged"])
def test_predicting_with_a_bad_model_file_says_which(
    home: Home, damage: str, tmp_path: Path
) -> None:
    (file,) = home.trained_models.glob("*.onnx")
    if damage == "missing":
        file.unlink()
    else:
        file.write_bytes(file.read_bytes()[:-1] + b"?")
    run = subprocess.run(
        [sys.executable, "main.py"],
        cwd=REPOSITORY / "package",
        env={"MODEL_HOME": str(home.path), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 1
    assert run.stderr.startswith(f"Error: {file}: not the file that was saved")
    assert run.stderr.count("\n") == 1


def test_every_error_is_in_the_tree_and_drawn_there() -> None:
    for name in errors.__all__:
        kind = getattr(errors, name)
        if isinstance(kind, type) and issubclass(kind, Exception):
            assert issubclass(kind, errors.ClassificationModelError)
            assert errors.__doc__ is not None
            assert name in errors.__doc__
    assert errors.__all__ == sorted(errors.__all__)
