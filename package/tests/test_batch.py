"""Files to files: every row is scored as it would be alone, or rejected with its reason."""

from __future__ import annotations

import csv
import gzip
import io
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from classification_model import cli, make_prediction
from classification_model.batch import Scored, score_files, scoring
from classification_model.batch.answers import Answer
from classification_model.batch.run import heads
from classification_model.batch.scoring import BlockScorer
from classification_model.config.core import load_config
from classification_model.config.home import Home
from classification_model.errors import DataError
from classification_model.predict import PredictionResult, load_model
from classification_model.processing.data_manager import read_csv
from classification_model.processing.reading import blocks as reading_blocks
from classification_model.processing.reading import csv_blocks, csv_records
from classification_model.processing.reading.csv_cells import neutral
from classification_model.processing.reading.sources import Block
from homes import MOVED_ON, records_of, table_has_moved_on
from tables import PEOPLE

HEADER = ",".join(map(str, PEOPLE.header))
GOOD = '"Person, Mr. 1",40,2000,yes,small,2015-05-05,1'


def written(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def rejected(output: Path) -> list[tuple[int, str]]:
    """Line and column of each row in the file of rejected rows beside an output."""
    rows = written(output.with_name(output.name.partition(".")[0] + ".rejected.csv"))
    return [(int(row["line"]), row["column"]) for row in rows]


def same_answers(rows: Sequence[Mapping[str, Any]], expected: PredictionResult) -> None:
    """To the bit."""
    columns = [f"probability_{label}" for label in expected["classes"]]
    assert [[float(row[c]) for c in columns] for row in rows] == expected["probabilities"]
    assert [str(row["prediction"]) for row in rows] == list(map(str, expected["predictions"]))


@pytest.fixture(scope="module")
def passengers(
    source_home: Home, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, list[dict[str, str]], PredictionResult]:
    """The repository's table as a CSV, its rows, and the answers to them."""
    if table_has_moved_on(source_home):
        pytest.skip(MOVED_ON)
    config = load_config(source_home)
    table = read_csv(source_home.datasets / config.dataset, [*config.columns], config.encoding)
    rows, file = records_of(table), tmp_path_factory.mktemp("table") / "raw.csv"
    with file.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream, lineterminator="\n").writerows([table.columns, *table.rows])
    return file, rows, make_prediction(input_data=rows, home=source_home.path)


def as_jsonl(rows: list[dict[str, str]], file: Path) -> Path:
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return file


def as_packed(source: Path, file: Path) -> Path:
    file.write_bytes(gzip.compress(source.read_bytes()))
    return file


def as_utf16(source: Path, file: Path) -> Path:
    file.write_bytes(source.read_text(encoding="utf-8").encode("utf-16"))
    return file


def as_semicolons(rows: list[dict[str, str]], file: Path) -> Path:
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]), delimiter=";")
        writer.writeheader()
        writer.writerows(rows)
    return file


def as_parquet(rows: list[dict[str, str]], file: Path) -> Path:
    pd.DataFrame(rows).to_parquet(file)
    return file


@pytest.mark.parametrize("kind", ["csv", "csv.gz", "jsonl", "parquet", "utf-16", "semicolons"])
@pytest.mark.parametrize("output", ["out.csv", "out.csv.gz", "out.parquet"])
def test_every_row_is_answered_to_the_bit_as_by_make_prediction(
    passengers: Any, tmp_path: Path, kind: str, output: str, source_home: Home
) -> None:
    file, rows, expected = passengers
    ways: dict[str, Callable[[], Path]] = {
        "csv": lambda: file,
        "csv.gz": lambda: as_packed(file, tmp_path / "in.csv.gz"),
        "jsonl": lambda: as_jsonl(rows, tmp_path / "in.jsonl"),
        "parquet": lambda: as_parquet(rows, tmp_path / "in.parquet"),
        "utf-16": lambda: as_utf16(file, tmp_path / "in.csv"),
        "semicolons": lambda: as_semicolons(rows, tmp_path / "in.csv"),
    }
    source = ways[kind]()
    target = tmp_path / output
    done = score_files([source], target, home=source_home.path)
    assert (done.read, done.scored, done.rejected) == (len(rows), len(rows), 0)
    found: list[Any]
    if output == "out.parquet":
        found = [*pd.read_parquet(target).to_dict("records")]
    else:
        target = target if output == "out.csv" else unpacked(target)
        found = written(target)
        assert [{name: row[name] for name in rows[0]} for row in found] == rows
    same_answers(found, expected)


def unpacked(file: Path) -> Path:
    target = file.with_suffix("")
    target.write_bytes(gzip.decompress(file.read_bytes()))
    return target


def test_parquet_has_the_types_of_the_schema(people: Home, tmp_path: Path) -> None:
    source = PEOPLE.write(tmp_path / "in.csv")
    score_files([source], tmp_path / "out.parquet", home=people.path)
    table = pd.read_parquet(tmp_path / "out.parquet")
    kinds = {name: str(kind) for name, kind in table.dtypes.items()}
    assert kinds["income"] == "float64"
    assert kinds["member"] == "bool"
    assert kinds["prediction"] == "int64"
    assert str(table["since"][0]).startswith("20")


DAMAGE: dict[str, tuple[Callable[[bytes], bytes], list[tuple[int, str]]]] = {
    "a cell too many": (lambda good: good + b",more", [(3, "")]),
    "a cell too few": (lambda _: b"short", [(3, "")]),
    "a NUL byte": (lambda good: good.replace(b"small", b"sm\0ll"), [(3, "size")]),
    "not UTF-8": (lambda good: good.replace(b"Person", b"P\xe9rson"), [(3, "name")]),
    "a quote never closed": (lambda good: good.replace(b'1",', b"1,"), [(3, "")]),
    "a quote closed too early": (lambda good: good.replace(b"Mr", b'"Mr"'), [(3, "")]),
    "a quote in a cell": (lambda good: good.replace(b"2000", b'20"00'), [(3, "income")]),
    "a wrong value": (lambda good: good.replace(b"40", b"young"), [(3, "age")]),
    "two wrong values": (lambda _: b"P,young,much,yes,small,2015-05-05,1", [(3, "age")]),
    "missing": (lambda good: good.replace(b"2000", b"?"), []),
    "a newline in quotes": (lambda good: good.replace(b"Mr. 1", b"Mr.\n1"), []),
    "a blank line": (lambda good: b"\n" + good, []),
    "a line of blanks": (lambda _: b"   ", [(3, "")]),
    "bytes of another world": (lambda _: bytes(range(1, 256)), [(3, ""), (4, ""), (5, "")]),
}


@pytest.mark.parametrize("arrow", [True, False])
@pytest.mark.parametrize("ending", [b"\n", b"\r\n"])
@pytest.mark.parametrize("case", DAMAGE)
def test_what_is_wrong_with_a_row_loses_no_other_row(
    case: str,
    ending: bytes,
    arrow: bool,
    people: Home,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(scoring, "has_arrow", lambda: arrow)
    damage, expected = DAMAGE[case]
    good = [GOOD.replace("Mr. 1", f"Mr. ä{n}").encode() for n in range(5)]
    body = [HEADER.encode(), good[0], damage(GOOD.encode()), *good[1:]]
    source, output = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_bytes(ending.join(body))
    done = score_files([source], output, home=people.path)
    names = [row["name"] for row in written(output)]
    assert [name for name in names if "ä" in name] == [f"Person, Mr. ä{n}" for n in range(5)]
    assert len(names) == done.scored
    assert done.read == done.scored + done.rejected
    assert (rejected(output) if done.rejected else []) == expected


def test_a_row_that_is_rejected_is_named_with_file_line_column_value_and_reason(
    people: Home, tmp_path: Path
) -> None:
    source, output = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text("\n".join([HEADER, GOOD, GOOD.replace("40", "young"), GOOD]))
    done = score_files([source], output, home=people.path)
    assert done == Scored(
        2,
        1,
        tmp_path / "out.rejected.csv",
        predicted=Counter({1: 2, 0: 0}),
        reasons=Counter({("age", "should be a number"): 1}),
    )
    (row,) = written(tmp_path / "out.rejected.csv")
    assert row == {
        "file": str(source),
        "line": "3",
        "column": "age",
        "value": "young",
        "reason": "should be a number",
    }
    source.write_text("\n".join([HEADER, GOOD]))
    score_files([source], output, home=people.path)
    assert not (tmp_path / "out.rejected.csv").exists()  # it was about other rows


JSON_ROWS: dict[str, tuple[str, str]] = {
    "no JSON": ("{", ""),
    "no object": ("[1]", ""),
    "not a number": ('{"age": NaN}', ""),
    "a key twice": ('{"age": 1, "age": 2}', ""),
    "nested too deep": ("[" * 100_000, ""),
    "another key": ('{"height": 1}', "height"),
    "no columns": ("{}", "name"),
}


@pytest.mark.parametrize("case", JSON_ROWS)
def test_a_bad_line_of_json_loses_no_other(case: str, people: Home, tmp_path: Path) -> None:
    line, column = JSON_ROWS[case]
    (good,) = csv.DictReader(io.StringIO(f"{HEADER}\n{GOOD}"))
    source, output = tmp_path / "in.jsonl", tmp_path / "out.csv"
    source.write_text("\n".join([json.dumps(good), line, "", json.dumps(good)]))
    done = score_files([source], output, home=people.path)
    assert (done.scored, done.rejected) == (2, 1)
    assert rejected(output) == [(2, column)]


CELLS = st.sampled_from(
    ["", "?", " ? ", "40", " 40", "-1", "+1", "1e3", "-0", "4.5", "1e400", "nan", "inf", "1_0",
     "9007199254740993", "1e25", "yes", "No", " TRUE", "small", " huge ", "tiny", "2015-05-05",
     "5 May", "=1+1", "-2+3", "@x", "+49 1", '"q"', "a,b", "a\nb", "\n=1", "\n", "ä", "\x1c7", "\xa0", "A, Mr. B",
     "'", "-", "--1", "-1.5", "-1.5.2", ".5", "-.5", "5."]
) | st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=5)  # fmt: skip
GOOD_CELLS = [
    st.sampled_from(["A, Mr. B", "nobody", "B, Mrs. C"]),
    st.sampled_from(["40", "?", "", "30", "999", "-4"]),
    st.sampled_from(["2000", "1500.5", "1e3", "99999"]),
    st.sampled_from(["yes", "no"]),
    st.sampled_from(["small", "large", "huge", "?", "tiny"]),
    st.sampled_from(["2015-05-05", "2011-01-31"]),
    st.sampled_from(["0", "1", "=1"]),
]


@st.composite
def csv_rows(draw: st.DrawFn) -> list[list[str]]:
    rows = []
    for _ in range(draw(st.integers(1, 8))):
        row = [draw(cells) for cells in GOOD_CELLS]
        for place in draw(st.lists(st.integers(0, 6), max_size=2)):
            row[place] = draw(CELLS)
        rows.append(row)
    return rows


class RowByRow(BlockScorer):
    def _table_of(self, block: Block) -> None:
        return None


def answers(scorer: BlockScorer, source: Path, home: Home, *, plain: bool = True) -> list[Answer]:
    (head,) = heads([str(source)], load_model(home))
    blocks = list(csv_blocks.blocks(head, 64))
    return [scorer.score(block if plain else replace(block, plain=False)) for block in blocks]


def told(found: list[Answer]) -> tuple[Any, ...]:
    lines = b"".join(answer.content for answer in found).decode()
    rows = list(csv.reader(io.StringIO(lines, newline="")))[1:]
    warned = Counter[Any]()
    for answer in found:
        warned.update({key: count for key, (count, _) in answer.warned.items()})
    shares = [[float(share) for share in row[-2:]] for row in rows]
    return (
        [row[:-2] for row in rows],
        shares,
        [row for answer in found for row in answer.rejected],
        dict(warned),
    )


@settings(max_examples=150, deadline=None)
@given(csv_rows(), st.sampled_from(["\n", "\r\n"]), st.booleans())
@example([["A, Mr. B", "40", "2000", "yes", "small", "2015-05-05", "\n"]], "\n", False)
@example([["A, Mr. B", "-0", "-5", "yes", "small", "2015-05-05", "-1-2"]], "\n", True)
def test_whole_columns_are_answered_as_the_rows_would_be_one_by_one(
    people: Home, tmp_path_factory: pytest.TempPathFactory, rows: Any, ending: str, more: bool
) -> None:
    source = tmp_path_factory.mktemp("any") / "in.csv"
    with source.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator=ending)
        writer.writerows([PEOPLE.header, *rows, *(rows if more else ())])
    by_columns, one_by_one = (kind(load_model(people), "csv") for kind in (BlockScorer, RowByRow))
    expected = told(answers(one_by_one, source, people))
    assert told(answers(by_columns, source, people)) == expected
    assert told(answers(by_columns, source, people, plain=False)) == expected  # without Arrow
    assert len(expected[0]) + len(expected[2]) == len(rows) * (2 if more else 1)


TEXTS = st.lists(
    st.sampled_from(["a,b\n", '"x\ny",2\n', '"', "\n", "a", ",", "1,2\n", '""', "\r\n", "é,1\n"]),
    max_size=40,
).map("".join)


@settings(max_examples=200, deadline=None)
@given(TEXTS, st.integers(1, 40))
def test_the_size_of_blocks_does_not_change_the_records(
    tmp_path_factory: pytest.TempPathFactory, text: str, size: int
) -> None:
    file = tmp_path_factory.mktemp("any") / "in.csv"
    file.write_text("p,q\n" + text, encoding="utf-8", newline="")
    head = reading_blocks.head(str(file), ["p", "q"])

    def records(size: int) -> list[Any]:
        blocks = csv_blocks.blocks(head, size)
        found = [csv_records.records(head, block.content, block.line) for block in blocks]
        return [record for block in found for record in block]

    assert records(size) == records(2**20)


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("=1+1", "'=1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("+49 30 1", "'+49 30 1"),
        ("-2+3", "'-2+3"),
        ("\t=1", "'\t=1"),
        ("-2.5", "-2.5"),
        ("-1,5", "-1,5"),
        ("+3e10", "+3e10"),
        ("a=b", "a=b"),
        ("", ""),
    ],
)
def test_a_cell_that_a_spreadsheet_would_run_is_neutral(
    cell: str, expected: str, people: Home, tmp_path: Path
) -> None:
    assert neutral(cell) == expected
    source, output = tmp_path / "in.csv", tmp_path / "out.csv"
    quoted = '"' + cell + '"' if "," in cell else cell
    source.write_text(f"note,{HEADER}\n{quoted},{GOOD}\n{quoted},{GOOD}\n")
    score_files([source], output, home=people.path)
    assert [row["note"] for row in written(output)] == [expected] * 2


def predict(*arguments: object) -> tuple[int, str, str]:
    """Run the command as a shell would: exit status, and what it printed."""
    run = subprocess.run(
        [sys.executable, "-m", "classification_model", "predict", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )
    return run.returncode, run.stdout, run.stderr


def test_the_exit_status_says_whether_all_rows_were_scored(people: Home, tmp_path: Path) -> None:
    source, output = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text("\n".join([HEADER, GOOD, GOOD.replace("40", "young")]))
    home = ("--home", people.path)
    status, printed, _ = predict(source, "--output", output, *home)
    assert status == 2
    assert "Scored 1 of 2 row(s)" in printed
    assert "Rejected 1 row(s)" in printed
    status, printed, _ = predict(source, "--output", output, "--json", *home)
    assert status == 2
    assert (json.loads(printed)["read"], json.loads(printed)["rejected"]) == (2, 1)
    before = output.read_bytes()
    status, _, error = predict(source, "--output", output, "--strict", *home)
    assert status == 1
    assert f"{source}, line 3, column 'age': should be a number, found 'young'" in error
    assert error.count("\n") == 1
    assert output.read_bytes() == before
    source.write_text("\n".join([HEADER, GOOD]))
    status, _, error = predict(source, "--output", output, *home)
    assert (status, error) == (0, "")  # no progress bar where there is no terminal


def test_a_mark_at_the_beginning_is_no_text(people: Home, tmp_path: Path) -> None:
    (row,) = csv.DictReader(io.StringIO(f"{HEADER}\n{GOOD}"))
    for name, text in ("in.csv", f"{HEADER}\n{GOOD}"), ("in.jsonl", json.dumps(row)):
        (tmp_path / name).write_text(text, encoding="utf-8-sig")
        score_files([tmp_path / name], tmp_path / "out.csv", home=people.path)
        assert [found["name"] for found in written(tmp_path / "out.csv")] == ["Person, Mr. 1"]


def test_an_encoding_is_found_out_or_told(people: Home, tmp_path: Path) -> None:
    source, output = tmp_path / "in.csv", tmp_path / "out.csv"
    lines = [HEADER, *[GOOD.replace("Mr. 1", "Mr. Žižek")] * 3]
    source.write_text("\n".join(lines), encoding="cp1252")
    score_files([source], output, home=people.path)
    assert {row["name"] for row in written(output)} == {"Person, Mr. Žižek"}
    source.write_text("\n".join(lines), encoding="cp1250")
    score_files([source], output, home=people.path, encoding="windows-1250")
    assert {row["name"] for row in written(output)} == {"Person, Mr. Žižek"}
    with pytest.raises(DataError, match="--encoding klingon: no such encoding"):
        score_files([source], output, home=people.path, encoding="klingon")


def test_many_files_become_one_in_order(people: Home, tmp_path: Path) -> None:
    for part in (1, 2, 10):
        lines = [HEADER, *(GOOD.replace("Mr. 1", f"Mr. {part}-{n}") for n in range(3))]
        (tmp_path / f"in{part:02}.csv").write_text("\n".join(lines))
    output = tmp_path / "out.csv"
    done = score_files([f"{tmp_path}/in*.csv"], output, home=people.path)
    assert done.scored == 9
    names = [row["name"] for row in written(output)]
    assert names == [f"Person, Mr. {part}-{n}" for part in (1, 2, 10) for n in range(3)]


REFUSED: dict[str, tuple[str, Sequence[str], str, str]] = {
    "no such file": ("", ["nowhere.csv"], "out.csv", "nowhere.csv: no such file"),
    "no match": ("", ["no*.csv"], "out.csv", "no*.csv: no such file"),
    "another format": ("", ["in.doc"], "out.csv", "cannot tell what '.doc' is"),
    "output of another format": ("", ["in.csv"], "out.xlsx", "can write .csv, .csv.gz and"),
    "the output is the input": ("", ["in.csv"], "in.csv", "is one of the inputs"),
    "named twice": ("", ["in.csv", "in.csv"], "out.csv", "named twice"),
    "other columns": (f"x,{HEADER}\n1,{GOOD}", ["in.csv", "b.csv"], "out.csv", "one by one"),
    "damaged gzip": ("", ["in.csv", "bad.csv.gz"], "out.csv", "damaged"),
    "no Parquet": ("", ["bad.parquet"], "out.csv", "is no Parquet file"),
    "no JSON": ("", ["bad.jsonl"], "out.csv", "line 1: is no JSON object"),
    "empty": ("", ["b.csv"], "out.csv", "empty"),
    "header alone": (HEADER, ["b.csv"], "out.csv", "has a header and no rows"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_read_or_written_is_named_and_nothing_is_written(
    case: str, people: Home, tmp_path: Path
) -> None:
    content, inputs, output, message = REFUSED[case]
    (tmp_path / "in.csv").write_text(f"{HEADER}\n{GOOD}\n")
    (tmp_path / "in.xlsx").write_bytes(b"PK")
    (tmp_path / "b.csv").write_text(content)
    (tmp_path / "bad.jsonl").write_text("x\n")
    (tmp_path / "bad.parquet").write_bytes(b"PAR1")
    packed = gzip.compress((f"{HEADER}\n" + f"{GOOD}\n" * 1000).encode())
    (tmp_path / "bad.csv.gz").write_bytes(packed[: len(packed) // 2])
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    with pytest.raises(DataError) as error:
        score_files([tmp_path / name for name in inputs], tmp_path / output, home=people.path)
    assert message in str(error.value)
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before


@pytest.mark.parametrize(
    ("inputs", "output", "scored"),
    [("in.csv", "out.csv", True), ("in.jsonl", "out.csv", True), ("in.csv", "o.parquet", False)],
)
def test_the_plain_install_scores_text_and_names_the_extra_for_parquet(
    passengers: Any, tmp_path: Path, inputs: str, output: str, scored: bool, source_home: Home
) -> None:
    """Enough rows that they are scored in other processes."""
    file, rows, expected = passengers
    many = 12
    if inputs == "in.csv":
        header, _, body = file.read_bytes().partition(b"\n")
        (tmp_path / inputs).write_bytes(header + b"\n" + body * many)
    else:
        as_jsonl(rows * many, tmp_path / inputs)
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.modules['pyarrow'] = None\n")
    run = subprocess.run(
        [sys.executable, "-m", "classification_model", "predict", tmp_path / inputs, "-o",
         tmp_path / output, "--home", source_home.path],
        capture_output=True, text=True, check=False, env=beside(tmp_path),
    )  # fmt: skip
    if scored:
        assert run.returncode == 0, run.stderr
        found = written(tmp_path / output)
        for start in range(0, many * len(rows), len(rows)):
            same_answers(found[start : start + len(rows)], expected)
    else:
        assert run.returncode == 1
        assert "pip install 'classification-model[batch]'" in run.stderr


def beside(folder: Path) -> dict[str, str]:
    """An environment in which Python finds what is in a folder first."""
    import os

    path = os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])
    return {**os.environ, "PYTHONPATH": path}


def test_the_command_line_returns_where_all_rows_were_scored(people: Home, tmp_path: Path) -> None:
    source = PEOPLE.write(tmp_path / "in.csv")
    cli.main(["predict", str(source), "-o", str(tmp_path / "o.csv"), "--home", str(people.path)])
    assert len(written(tmp_path / "o.csv")) == len(PEOPLE.rows)
