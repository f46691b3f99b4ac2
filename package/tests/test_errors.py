"""Every way of getting it wrong that we know of, and the line that answers it.

A case spoils a trained home, or a CSV to start from; the command line must then print one
line that holds each of the given fragments, exit with 1, and leave everything as it was. To
add a case, add a row.
"""

from __future__ import annotations

import json
import pickle
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from classification_model import bundle, cli, errors
from classification_model.config.home import Home
from classification_model.errors import InvalidRowsError, MissingExtraError, RowError
from homes import REPOSITORY, files_of
from tables import PEOPLE

Spoil = Callable[[Home], object]

HEADER = ",".join(PEOPLE.header)
GOOD = '"Person, Mr. 1",40,2000,yes,small,2015-05-05,1'
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"


def csv(content: str | bytes) -> Spoil:
    source = content.encode() if isinstance(content, str) else content
    return lambda home: (home.datasets / "raw.csv").write_bytes(source)


def csv_line(number: int, text: str) -> Spoil:
    """Put another line in the place of one of raw.csv; the header is line 1."""

    def spoil(home: Home) -> object:
        lines = (home.datasets / "raw.csv").read_text().splitlines()
        lines[number - 1] = text
        return (home.datasets / "raw.csv").write_text("\n".join(lines) + "\n")

    return spoil


def config(pattern: str, replacement: str) -> Spoil:
    """Put other text in the place of a pattern in config.yml."""

    def spoil(home: Home) -> object:
        before = home.config_file.read_text(encoding="utf-8")
        after, count = re.subn(pattern, replacement, before, count=1, flags=re.MULTILINE)
        assert count == 1, pattern
        return home.config_file.write_text(after, encoding="utf-8")

    return spoil


CASES: dict[str, tuple[Spoil, list[str]]] = {
    "no data": (lambda home: (home.datasets / "raw.csv").unlink(), ["raw.csv: no such file"]),
    "empty CSV": (csv(""), ["raw.csv: empty", "name the columns"]),
    "blank CSV": (csv("\n \n"), ["raw.csv: empty"]),
    "header alone": (csv(HEADER + "\n"), ["raw.csv: has a header and no rows"]),
    "a picture": (csv(PNG), ["raw.csv: is a picture (PNG)", "save the table as CSV"]),
    "no target column": (
        csv_line(1, HEADER.replace("stays", "goes")),
        ["raw.csv: no column 'stays'", "'goes'"],
    ),
    "no feature column": (
        csv_line(1, HEADER.replace("income", "pay")),
        ["raw.csv: no column 'income'", "'pay'"],
    ),
    "two columns of one name": (
        csv_line(1, HEADER.replace("income", "age")),
        ["raw.csv: columns 2 and 3 have the same name, 'age'"],
    ),
    "wrong type": (
        csv_line(3, GOOD.replace("40", "young")),
        ["raw.csv: line 3, column 'age': should be a number, found 'young'"],
    ),
    "missing where it is required": (
        lambda home: (
            config("^  income: number", "  income: {kind: number, required: yes}")(home),
            csv_line(5, GOOD.replace("2000", "?"))(home),
        ),
        ["raw.csv: line 5, column 'income': is missing", "config.yml"],
    ),
    "beyond a bound of a person's": (
        config("^  age: integer", "  age: {kind: integer, maximum: 79}"),
        ["raw.csv: line", "column 'age': should be at most 79, found '80'"],
    ),
    "no category of a person's": (
        config(
            "^  size:\n    kind: category\n    order:(\n    - .*)+",
            "  size: {kind: category, categories: [small, large]}",
        ),
        ["raw.csv: line", "column 'size': should be one of small, large, found 'huge'"],
    ),
    "an indent of a tab": (
        config("^  age: integer", "\tage: integer"),
        ["config.yml, line", ": a tab; indent with spaces"],
    ),
    "two documents": (
        config("^test_size", "---\ntest_size"),
        ["config.yml, line", "a second document"],
    ),
    "a key twice": (
        config("^target: stays", "target: stays\ntarget: stays"),
        ["config.yml, line", "the key 'target' is there already, on line"],
    ),
    "a conflict of git": (
        config("^target: stays", "<<<<<<< ours\ntarget: stays\n=======\n>>>>>>> theirs"),
        ["config.yml, line", "a conflict that git marked"],
    ),
    "the old key nullable": (
        config("^  age: integer", "  age: {kind: integer, nullable: yes}"),
        ["config.yml, line", "columns.age.nullable: there is no such key", "`required: yes`"],
    ),
    "a format to come": (config("^format: 2", "format: 3"), ["config.yml, line", "format: "]),
    "not a date": (
        csv_line(5, GOOD.replace("2015-05-05", "5 May")),
        ["line 5, column 'since': should be a date such as 2024-12-31, found '5 May'"],
    ),
    "many faults": (
        csv("\n".join([HEADER, *[GOOD.replace("40", "x")] * 8, GOOD[:-1] + "0"])),
        ["line 2, column 'age'", "line 6, column 'age'", "and 3 more"],
    ),
    "one class": (csv("\n".join([HEADER, GOOD, GOOD])), ["'stays' has one class, 1"]),
    "no class": (csv("\n".join([HEADER, GOOD[:-1] + "?"])), ["'stays' has no class"]),
    "a class of one row": (
        csv("\n".join([HEADER, *[GOOD] * 9, GOOD[:-1] + "0"])),
        ["class 0 has 1 row,", "fewer than the 5 of publish: min_rows", "merge"],
    ),
    "ragged rows": (
        lambda home: (csv_line(7, GOOD + ",more")(home), csv_line(9, "short")(home)),
        ["raw.csv, line 7: has 8 cells, and the header has 7; line 9: has 1 cells"],
    ),
    "quote never closed": (
        csv_line(7, '"Person'),
        ["raw.csv, line 7", "a quote opens a cell and is not closed"],
    ),
    "no configuration": (lambda home: home.config_file.unlink(), ["config.yml: missing"]),
    "unknown key": (config("^test_size", "tset_size"), ["config.yml, line", "tset_size"]),
    "unknown key of a column": (
        config("^  age: integer", "  age: {kind: integer, minimun: 3}"),
        ["line", "minimun"],
    ),
    "missing key": (config("^target: stays\n", ""), ["config.yml", "target"]),
    "unknown kind": (
        config("^  name: raw", "  name:\n    kind: prose"),
        ["config.yml, line", "columns.name.kind", "'prose'"],
    ),
    "wrong value": (
        config("^test_size: .*", "test_size: 1.5"),
        ["config.yml, line", "test_size", "less than 1", "'1.5'"],
    ),
    "the target among the columns": (
        config("^  name: raw", "  stays: raw"),
        ["config.yml", "the target 'stays' cannot be one of the columns"],
    ),
    "derived from nothing": (
        config("      - name", "      - nam"),
        ["config.yml", "derived 'title' needs 'nam', which is not in columns"],
    ),
    "unknown function": (
        config("function: title", "function: titel"),
        ["config.yml", "'titel'", "title"],
    ),
    "not YAML": (config("^target: stays", "target: [stays"), ["config.yml, line"]),
    "not UTF-8": (
        lambda home: home.config_file.write_bytes(b"target: \xff"),
        ["config.yml: byte 8 is not UTF-8"],
    ),
    "unknown estimator": (
        config("name: logistic_regression", "name: random_woods"),
        ["estimator", "'random_woods'", "random_forest"],
    ),
    "unknown parameter": (
        config("    C: 0.5", "    D: 0.5"),
        ["estimator logistic_regression: unknown parameter 'D'", "C,"],
    ),
    "parameter out of range": (config("    C: 0.5", "    C: -1"), ["'C'", "-1"]),
    "no VERSION": (lambda home: (home.path / "VERSION").unlink(), ["VERSION: missing"]),
    "not a version": (
        lambda home: (home.path / "VERSION").write_text("../1"),
        ["VERSION: '../1' is not a version"],
    ),
    "no home": (lambda home: home.path.rename(home.path.with_name("gone")), ["no such folder"]),
}


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Run the command line, which must fail; the one line that it prints."""
    with pytest.raises(SystemExit) as stop:
        cli.main(arguments)
    assert stop.value.code == 1
    printed = capsys.readouterr().err
    assert printed.startswith("Error: ")
    assert printed.count("\n") == 1
    return printed


@pytest.mark.parametrize("case", CASES)
def test_training_answers_with_one_line_and_leaves_the_model(
    case: str, home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    spoil, fragments = CASES[case]
    before = files_of(home.trained_models)
    spoil(home)
    printed = run(capsys, "train", "--home", str(home.path))
    for fragment in fragments:
        assert fragment in printed
    if home.path.exists():
        assert files_of(home.trained_models) == before


def table(*rows: str, header: str = "a,b,c") -> bytes:
    return "\n".join([header, *rows]).encode()


SOME = [f"{i},{i % 7},{'xy'[i % 2]}" for i in range(40)]

INIT_CASES: dict[str, tuple[bytes | None, str, list[str]]] = {
    "no file": (None, "c", ["data.csv: no such file"]),
    "empty": (b"", "c", ["data.csv: empty"]),
    "a picture": (PNG, "c", ["is a picture (PNG), and no table; save the table as CSV"]),
    "no such target": (table(*SOME), "C ", ["no column 'C '", "did you mean 'c'?", "'a', 'b'"]),
    "of many columns": (
        table("1," * 39 + "1", header=",".join(f"column {i}" for i in range(40))),
        "colum 7",
        ["did you mean 'column 7'?", "the nearest of its 40 columns are 'column 7', "],
    ),
    "nothing like it": (table(*SOME), "price", ["no column 'price'", "'a', 'b', 'c'"]),
    "one column": (table("x", "y", header="c"), "c", ["'c' is the only column"]),
    "a quantity": (
        table(*(f"{i},{i * 1.5},x" for i in range(60))),
        "b",
        ["'b' has 60 different values in 60 rows", "quantity"],
    ),
    "names": (
        table(*(f"{i % 3},n{i},x" for i in range(300))),
        "b",
        ["'b' has 300 different values"],
    ),
    "one class": (table("1,2,x", "2,3,x"), "c", ["one class, 'x'"]),
    "no class": (table("1,2,", "2,3,"), "c", ["no class: every value is missing"]),
    "a rare class": (
        table(*SOME, "1,2,z"),
        "c",
        ["a class of 'c' needs 5 rows", "'z' has 1", "merge"],
    ),
    "ragged rows": (
        table(*SOME, "1,2", "1,2,3,4"),
        "c",
        ["line 42: has 2 cells, and the header has 3; line 43: has 4 cells"],
    ),
    "two columns of one name": (
        table(*SOME, header="a,a,c"),
        "c",
        ["columns 1 and 2 have the same name, 'a'; rename one"],
    ),
    "two columns without a name": (
        table(*SOME, header=",,c"),
        "c",
        ["columns 1 and 2 have no name; give each one"],
    ),
    "a web page": (b"<!DOCTYPE html><title>Sign in</title>", "c", ["is a web page and no table"]),
    "JSON under the name of a CSV": (
        b'[{"a": 1, "c": "x"}]',
        "c",
        ["is JSON and no CSV", ".jsonl"],
    ),
    "nothing left": (
        table(*(f"{i},1,{'xy'[i % 2]}" for i in range(40))),
        "c",
        ["no column is left", "a: identifier", "b: constant"],
    ),
}


@pytest.mark.parametrize("case", INIT_CASES)
def test_init_answers_with_one_line_and_writes_nothing(
    case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content, target, fragments = INIT_CASES[case]
    source = tmp_path / "data.csv"
    if content is not None:
        source.write_bytes(content)
    home = tmp_path / "home"
    printed = run(capsys, "init", str(source), "--target", target, "--home", str(home))
    for fragment in fragments:
        assert fragment in printed
    assert not home.exists()


def test_init_replaces_a_home_only_when_told(
    home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "data.csv"
    source.write_bytes(table(*SOME))
    before = files_of(home.datasets), home.config_file.read_bytes()
    arguments = ["init", str(source), "--target", "c", "--home", str(home.path)]
    assert "--force" in run(capsys, *arguments)
    assert (files_of(home.datasets), home.config_file.read_bytes()) == before
    cli.main([*arguments, "--force"])
    assert (home.datasets / "raw.csv").read_bytes() == source.read_bytes()


PREDICT_CASES: dict[str, tuple[str, list[str]]] = {
    "a missing column": (
        "\n".join([HEADER.replace("age", "old"), GOOD]),
        ["no column 'age'", "'old'"],
    ),
    "bad rows": (
        "\n".join([HEADER, GOOD, GOOD.replace("40", "x"), GOOD.replace("yes", "perhaps")]),
        ["line 3, column 'age': should be a number, found 'x'", "nothing was written"],
    ),
    "a column of the output": (
        "\n".join([HEADER + ",prediction", GOOD + ",1"]),
        ["has a column 'prediction' already"],
    ),
}


@pytest.mark.parametrize("case", PREDICT_CASES)
def test_predict_answers_with_one_line_and_writes_nothing(
    case: str, people: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content, fragments = PREDICT_CASES[case]
    source, output = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text(content)
    home = str(people.path)
    arguments = ["predict", str(source), "--output", str(output), "--home", home, "--strict"]
    printed = run(capsys, *arguments)
    for fragment in fragments:
        assert fragment in printed
    assert [file.name for file in tmp_path.iterdir()] == ["in.csv"]


def test_predict_names_an_output_that_cannot_be_written(
    people: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = PEOPLE.write(tmp_path / "in.csv")
    output = tmp_path / "nowhere" / "out.csv"
    home = str(people.path)
    printed = run(capsys, "predict", str(source), "--output", str(output), "--home", home)
    assert f"{output}: cannot be written" in printed


@pytest.mark.parametrize("changed", ["data", "configuration"])
def test_evaluate_tells_the_figures_of_the_training_whatever_changed_since(
    home: Home, changed: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """They are saved with the model, which itself has seen the held-out rows by now."""
    if changed == "data":
        csv_line(3, GOOD)(home)
    else:
        config("^random_state: 0", "random_state: 1")(home)
    cli.main(["evaluate", "--home", str(home.path), "--json"])
    metrics = json.loads(capsys.readouterr().out)["metrics"]
    assert metrics == bundle.load(home).manifest.metrics


def test_a_user_sees_no_traceback(home: Home) -> None:
    csv("")(home)
    process = subprocess.run(
        [sys.executable, "-m", "classification_model", "train", "--home", str(home.path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 1
    assert "Traceback" not in process.stdout + process.stderr
    assert (
        process.stderr
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
    process = subprocess.run(
        [sys.executable, "main.py"],
        cwd=REPOSITORY / "package",
        env={"MODEL_HOME": str(home.path), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 1
    assert process.stderr.startswith(f"Error: {file}: not the file that was saved")
    assert process.stderr.count("\n") == 1


def test_every_error_is_in_the_tree_and_drawn_there() -> None:
    for name in errors.__all__:
        kind = getattr(errors, name)
        if isinstance(kind, type) and issubclass(kind, Exception):
            assert issubclass(kind, errors.ClassificationModelError)
            assert errors.__doc__ is not None
            assert name in errors.__doc__
    assert errors.__all__ == sorted(errors.__all__)


@pytest.mark.parametrize(
    "error",
    [
        MissingExtraError(purpose="boosting", extra="train", module="lightgbm"),
        InvalidRowsError([RowError(0, "age", "number_type", "should be a number", "x")]),
    ],
)
def test_an_error_comes_back_from_a_worker_process(error: Exception) -> None:
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again)) == (type(error), str(error))
