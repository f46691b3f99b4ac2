"""Export: rows whose truth is known come back as rows of the training table, once."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from classification_model import cli
from classification_model.cli.exit_status import Status
from classification_model.config.core import load_config
from classification_model.config.home import Home
from classification_model.config.schema import Column, RowSchema
from classification_model.monitoring.answers import Label, Record
from classification_model.monitoring.store import Store
from classification_model.monitoring.store_export import export
from classification_model.processing.data_manager import load_dataset
from classification_model.processing.value_rules import parser
from classification_model.processing.written import RowWriter
from homes import make_home
from tables import PEOPLE, TABLES

ROW = {
    "name": "Person, Mr. 1", "age": 50, "income": 2000.5, "member": True, "size": "large",
    "since": "2020-02-29",
}  # fmt: skip


@pytest.fixture
def address(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/answers.db"


@pytest.fixture
def store(address: str) -> Iterator[Store]:
    with Store(address) as found:
        yield found


def answer(number: int, inputs: Mapping[str, object] | None, share: float = 0.75) -> Record:
    """What was answered to a request of one row."""
    text = None if inputs is None else json.dumps({"inputs": [inputs]}, default=str)
    shares = json.dumps([[1 - share, share]])
    return Record(f"{number:032x}", 1e9 + number, "1.0.0", shares, text)


def fill(store: Store, rows: list[Mapping[str, object] | None], labels: list[str]) -> None:
    """Answers about rows, and their truth."""
    answers = [answer(number, row) for number, row in enumerate(rows)]
    store.meet("1.0.0", [0, 1])
    store.write(
        answers,
        [Label(one.id, 0, label, 2e9) for one, label in zip(answers, labels, strict=True)],
    )


def exported(store: Store, home: Home, *, new: bool = False) -> list[str]:
    stream = BytesIO()
    store.mark(export(store, home, stream, new=new).truths)
    return stream.getvalue().decode(load_config(home).encoding or "utf-8").splitlines()


def run(*arguments: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    try:
        cli.main(["export", *arguments])
        status = 0
    except SystemExit as stopped:
        status = int(str(stopped.code))
    told = capsys.readouterr()
    return status, told.out, told.err


def test_rows_are_written_as_the_table_writes_them(people: Home, store: Store) -> None:
    fill(store, [ROW, {**ROW, "age": None, "name": 'a "b"'}], ["1", "0"])
    assert exported(store, people) == [
        "name,age,income,member,size,since,stays",
        '"Person, Mr. 1",50,2000.5,true,large,2020-02-29,1',
        '"a ""b""",,2000.5,true,large,2020-02-29,0',
    ]


def test_equal_rows_of_two_people_are_two(people: Home, store: Store) -> None:
    fill(store, [ROW, ROW, ROW], ["1", "1", "1"])
    assert len(exported(store, people)) == 4


def test_new_leaves_out_what_was_exported_and_a_label_that_came_since_is_new(
    people: Home, store: Store
) -> None:
    fill(store, [ROW, {**ROW, "age": 20}], ["1", "0"])
    store.write([late := answer(9, {**ROW, "age": 30})])
    assert len(exported(store, people, new=True)) == 3
    assert len(exported(store, people, new=True)) == 1
    store.write([], [Label(late.id, 0, "1", 3e9)])
    assert [line.split(",")[2] for line in exported(store, people, new=True)[1:]] == ["30"]
    assert len(exported(store, people)) == 4


@pytest.fixture(scope="module")
def awkward(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Semicolons, decimal commas, cp1252, dates as 31.12.2024."""
    return make_home(TABLES["awkward"](), tmp_path_factory.mktemp("awkward") / "made")


def test_what_was_exported_can_be_appended_and_reads_as_the_same_rows(
    awkward: Home, store: Store
) -> None:
    """A home's own rows, sent as JSON, come back as the values that they were."""
    config = load_config(awkward)
    rows = load_dataset(config, awkward).rows()
    labels = [str(label) for label in load_dataset(config, awkward).labels]
    fill(store, [*rows], labels)
    stream = BytesIO()
    found = export(store, awkward, stream)
    assert (found.rows, found.refused) == (len(rows), [])
    table = awkward.datasets / config.dataset
    head, _, body = stream.getvalue().partition(b"\n")
    before = table.read_bytes()
    assert before.startswith(head)
    try:
        table.write_bytes(before + body)
        again = load_dataset(config, awkward)
        assert again.rows() == [*rows, *rows]
        assert [str(label) for label in again.labels] == [*labels, *labels]
    finally:
        table.write_bytes(before)


FORMATS = st.sampled_from(
    [
        Column(kind="number"),
        Column(kind="number", decimal=",", thousands="."),
        Column(kind="number", decimal=",", unit="kg"),
        Column(kind="integer", thousands="'"),
        Column(kind="boolean"),
        Column(kind="date"),
        Column(kind="date", date_format="%d.%m.%y"),
        Column(kind="date", date_format="%d.%m.%Y %H:%M", time_zone="Europe/Berlin"),
        Column(kind="category"),
        Column(kind="raw"),
        Column(kind="text"),
    ]
)
VALUES = {
    "number": st.floats(-3e38, 3e38),
    "integer": st.integers(-(2**53), 2**53),
    "boolean": st.booleans(),
    "category": st.text(max_size=9),
    "raw": st.text(max_size=9),
    "text": st.text(max_size=9),
}


def _dates(column: Column) -> st.SearchStrategy[date]:
    return st.datetimes(timezones=st.just(UTC)) if column.time_zone else st.dates()


@given(column=FORMATS, data=st.data())
@settings(max_examples=400)
def test_a_cell_means_the_value_that_was_sent_or_the_row_is_refused(
    column: Column, data: st.DataObject
) -> None:
    schema = RowSchema(columns={"it": column}, missing_markers=("?", ""))
    sent = data.draw(st.none() | VALUES.get(column.kind, _dates(column)))
    read = parser(column, schema.missing_markers)
    try:
        typed = read(sent)
    except ValueError:  # the year 0, somewhere west of here
        assume(False)
    (cell,) = RowWriter(schema, ["it"]).write({"it": typed})
    assert read(cell) == typed


def test_a_date_is_written_as_the_column_writes_it_where_that_says_all() -> None:
    column = Column(kind="date", date_format="%d.%m.%y")
    writer = RowWriter(RowSchema(columns={"day": column}), ["day"])
    assert writer.write({"day": "2024-12-31"}) == ["31.12.24"]
    assert writer.write({"day": "1924-12-31"}) == ["1924-12-31"]


def test_a_column_that_rows_are_held_out_by_is_taken_and_written(
    people: Home, store: Store, tmp_path: Path
) -> None:
    """The model does not look at it, and a row without it could not be held out."""
    home = make_home(replace(PEOPLE), tmp_path / "made")
    text = home.config_file.read_text(encoding="utf-8").replace("  since: date\n", "")
    home.config_file.write_text(f"{text}\nsplit:\n  time: since\n", encoding="utf-8")
    assert "since" in load_config(home).row_schema().ignored
    fill(store, [ROW], ["1"])
    assert exported(store, home)[1].endswith(",large,2020-02-29,1")


def test_a_group_that_was_sent_as_a_number_is_the_group_of_the_table() -> None:
    writer = RowWriter(RowSchema(columns={"a": Column(kind="number")}), ["a", "group"])
    assert writer.write({"a": 1, "group": 17.0}) == ["1", "17"]


def test_a_row_that_the_table_cannot_hold_is_left_out_and_said(
    awkward: Home, store: Store, address: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = load_config(awkward)
    good = load_dataset(config, awkward).rows()[0]
    name = next(name for name, column in config.columns.items() if column.kind == "number")
    bad = [{**good, name: "many"}, {**good, "class": "Łódź"}, {**good, "class": "a\0b"}]
    fill(store, [good, *bad], ["ja, sofort"] * 4)
    output = tmp_path / "out.csv"
    status, out, _ = run(
        address, "--output", str(output), "--home", str(awkward.path), capsys=capsys
    )
    assert status == Status.ROWS_REJECTED
    assert f"row 0: column {name!r}: should be a number" in out
    assert "cp1252, as the table is, has no 'Ł'" in out
    assert "a NUL character" in out
    assert len(load_lines(output)) == 2 + good_breaks(good)


def load_lines(file: Path) -> list[bytes]:
    return file.read_bytes().splitlines()


def good_breaks(row: Mapping[str, object]) -> int:
    """Line breaks within a row's own cells."""
    return sum(str(value).count("\n") for value in row.values())


def test_the_command_says_what_the_served_model_made_of_the_rows_by_version(
    people: Home, store: Store, address: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    draw = random.Random(3)
    store.meet("0.9.0", [0, 1])
    store.meet("1.0.0", [0, 1])
    answers, labels = [], []
    for number in range(400):
        version, share = ("0.9.0", 0.5) if number % 4 == 0 else ("1.0.0", draw.random())
        answers.append(answer(number, ROW, share)._replace(version=version))
        truth = "1" if draw.random() < share else "0"
        labels.append(Label(answers[-1].id, 0, truth, 2e9))
    store.write(answers, labels)
    output = tmp_path / "labelled.csv"
    arguments = [address, "--output", str(output), "--home", str(people.path)]
    status, out, _ = run(*arguments, capsys=capsys)
    assert status == 0
    assert f"Wrote {output}: 400 row(s)" in out
    _, out, _ = run(*arguments, "--json", capsys=capsys)
    old, new = json.loads(out)["versions"]
    assert (old["version"], old["rows"], new["version"], new["rows"]) == (
        "0.9.0",
        100,
        "1.0.0",
        300,
    )
    # A coin's log loss is ln 2, and that of shares that are right is 0.5 where they are even.
    assert old["log_loss"]["value"] == pytest.approx(0.6931, abs=1e-4)
    assert new["log_loss"]["low"] < 0.5 < new["log_loss"]["high"]
    assert new["accuracy"]["low"] < 0.75 < new["accuracy"]["high"]


def test_without_inputs_nothing_is_written_and_the_cure_is_said(
    people: Home, store: Store, address: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(store, [None, None], ["1", "0"])
    output = tmp_path / "labelled.csv"
    output.write_text("as it was")
    status, _, err = run(
        address, "--output", str(output), "--home", str(people.path), capsys=capsys
    )
    assert status == Status.FAILED
    assert "its 2 rows with a label have no inputs; set STORE_INPUTS=yes" in err
    assert err.count("\n") == 1
    assert output.read_text() == "as it was"
    assert [file.name for file in tmp_path.glob("*labelled*")] == ["labelled.csv"]
    assert len([*store.truths(new=True)]) == 2


def test_rows_without_inputs_among_others_are_counted(people: Home, store: Store) -> None:
    fill(store, [ROW, None], ["1", "0"])
    found = export(store, people, BytesIO())
    assert (found.rows, found.without_inputs) == (1, 1)


def test_rows_whose_label_was_corrected_come_again_at_the_end_and_it_is_said(
    people: Home, store: Store, address: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = (address, "--output", str(tmp_path / "out.csv"), "--home", str(people.path))
    fill(store, [ROW], ["1"])
    assert "another label" not in run(*arguments, "--new", capsys=capsys)[1]
    fill(store, [ROW, ROW], ["0", "1"])
    said = " ".join(run(*arguments, "--new", capsys=capsys)[1].split())
    assert "1.0.0 2 50.0% [9.5%, 90.5%] 0.8370" in said
    assert "The last 1 row(s) were exported before with another label" in said
    lines = (tmp_path / "out.csv").read_text(encoding="utf-8").splitlines()
    assert [line[-1] for line in lines[1:]] == ["1", "0"]
    assert "another label" not in run(*arguments, "--new", capsys=capsys)[1]


def test_an_export_that_fails_marks_nothing(
    people: Home, store: Store, address: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(store, [ROW], ["1"])
    status, _, err = run(
        address, "--output", str(tmp_path / "no" / "out.csv"), "--home", str(people.path),
        capsys=capsys,
    )  # fmt: skip
    assert status == Status.FAILED
    assert "cannot be written" in err
    assert len([*store.truths(new=True)]) == 1
