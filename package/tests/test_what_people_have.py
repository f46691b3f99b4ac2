"""Tables as people have them: read, said, trained on, and answered alike by every road."""

from __future__ import annotations

import csv
import json
import random
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from classification_model import cli, make_prediction
from classification_model.batch import scoring
from classification_model.batch.run import score_files
from classification_model.config.core import load_config
from classification_model.config.home import Home
from classification_model.config.schema import Column
from classification_model.errors import DataError
from classification_model.init import scaffold
from classification_model.init.infer_schema import learn
from classification_model.init.inferred_schema import Finding, InferredSchema
from classification_model.processing import csv_reader
from classification_model.processing.data_manager import load_dataset
from classification_model.train_pipeline import run_training
from homes import make_home, parsed
from tables import Sample


def learned(lines: list[str], target: str = "y", **options: Any) -> InferredSchema:
    table = parsed("\n".join(lines).encode(), name="data.csv", **options)
    return learn("data.csv", table, target, test_size=0.25)


def finding(cells: list[str], name: str = "x", delimiter: str = ",") -> Finding:
    """What is found of one column, beside a target and a column that can be used."""
    draw = random.Random(0)
    rows = [
        f'"{cell}"{delimiter}{draw.randint(0, 9)}{delimiter}{draw.choice("pq")}' for cell in cells
    ]
    found = learned([f"{name}{delimiter}other{delimiter}y", *rows])
    return found.findings[0]


def measured(rows: int = 200, seed: int = 3) -> list[str]:
    draw = random.Random(seed)
    return [f"{draw.uniform(1, 99):.1f}" for _ in range(rows)]


@pytest.mark.parametrize(
    ("cells", "column"),
    [
        ([f"{n}.5%" for n in range(40)], Column(kind="number", unit="%")),
        ([f"${n},002.50" for n in range(1, 41)], Column(kind="number", thousands=",", unit="$")),
        ([f"{n} 234,56" for n in range(1, 41)], Column(kind="number", decimal=",", thousands=" ")),
        ([f"{n}.234,56" for n in range(1, 41)], Column(kind="number", decimal=",", thousands=".")),
        ([f"{n},52" for n in range(40)], Column(kind="number", decimal=",")),
        ([f"({n})" for n in range(20)] * 2, Column(kind="integer")),
        ([f"0{n % 9}.2{n % 7}" for n in range(60)], Column(kind="number")),
        (
            [f"31-Dec-{2000 + n % 24}" for n in range(60)],
            Column(kind="date", date_format="%d-%b-%Y"),
        ),
        ([f"202401{1 + n % 28:02}" for n in range(60)], Column(kind="date", date_format="%Y%m%d")),
        (
            [f"12/{1 + n % 28}/2024 10:15" for n in range(60)],
            Column(kind="date", date_format="%m/%d/%Y %H:%M"),
        ),
        (
            [f"2024-05-{1 + n % 28:02}T10:00:00+02:00" for n in range(60)],
            Column(kind="date", date_format="%Y-%m-%dT%H:%M:%S%z", time_zone="+02:00"),
        ),
        ([f"2024-W{1 + n % 52:02}" for n in range(60)], Column(kind="date", date_format="%G-W%V")),
        (
            [f"2024-W{1 + n % 52:02}-{1 + n % 7}" for n in range(60)],
            Column(kind="date", date_format="%G-W%V-%u"),
        ),
        (
            [f"202{n % 5}-{1 + n % 12:02}" for n in range(60)],
            Column(kind="date", date_format="%Y-%m"),
        ),
        (
            [f"{1 + n % 12:02}/202{n % 5}" for n in range(60)],
            Column(kind="date", date_format="%m/%Y"),
        ),
        (
            [f"{1 + n % 28:02}JAN2{n % 5}" for n in range(60)],
            Column(kind="date", date_format="%d%b%y"),
        ),
        (
            [f"{1 + n % 28} December 202{n % 5}" for n in range(60)],
            Column(kind="date", date_format="%d %B %Y"),
        ),
        (
            [f"Dec {1 + n % 28}, 202{n % 5}" for n in range(60)],
            Column(kind="date", date_format="%b %d, %Y"),
        ),
        (["true", "false", "NA"] * 20, Column(kind="boolean")),
        ([f"{n}{'-' if n % 3 else ''}" for n in range(40, 80)], Column(kind="integer")),
        (["\uff11\uff12\uff0e\uff15", "\uff13"] * 30, Column(kind="number")),
        ([f"{n}\u2019234.5" for n in range(1, 41)], Column(kind="number", thousands="'")),
    ],
)
def test_init_finds_out_how_a_column_is_written(cells: list[str], column: Column) -> None:
    found = finding(cells)
    assert (found.column, found.decision) == (column, "used")


@pytest.mark.parametrize(
    "marker", ["-", "None", "n.a.", "#DIV/0!", "<NA>", "(null)", ".", "inf", "unknown", "Total"]
)
def test_one_odd_cell_does_not_cost_a_column(marker: str) -> None:
    cells = measured()
    cells[50] = marker
    found = finding(cells)
    assert (found.column.kind, found.decision, found.seen.missing) == ("number", "used", 1)
    assert f"a number but for 1 cell: {marker!r} (line 52); taken as missing" in found.reason


@pytest.mark.parametrize(
    "text", ["-999", "9999", "-99.0", "9999-12-31", "1900-01-01", "1970-01-01", "0001-01-01"]
)
def test_a_value_that_stands_for_nothing_is_pointed_out(text: str) -> None:
    draw = random.Random(1)
    days = [
        f"202{draw.randint(0, 3)}-0{draw.randint(1, 9)}-1{draw.randint(0, 9)}" for _ in range(90)
    ]
    cells = days if text.count("-") == 2 else measured(90)
    cells = [text if n % 9 == 4 else cell for n, cell in enumerate(cells)]
    found = finding(cells)
    assert found.decision == "used, look at it"
    assert f"{text!r} stands in 10 cells, far from all others" in found.reason


def test_a_value_that_only_looks_like_one_is_not() -> None:
    for odd in ("-1", "99", "100", "2019-12-31"):
        cells = [f"2020-{1 + n % 12:02}-05" for n in range(60)] if "-12" in odd else measured(60)
        assert finding([odd, *cells]).decision == "used"


def test_a_zero_date_is_no_date() -> None:
    cells = ["0000-00-00" if n % 9 == 4 else f"2024-05-{1 + n % 28:02}" for n in range(90)]
    found = finding(cells)
    assert (found.column.kind, found.seen.missing) == ("date", 10)
    assert "a date but for 10 cells: '0000-00-00'" in found.reason


def test_seasons_are_no_months() -> None:
    cells = [f"20{n:02}-{n + 1:02}" for n in (8, 9, 10, 11)] * 15
    assert finding(cells).column.kind == "category"


def test_dates_that_are_written_in_two_ways_are_pointed_out() -> None:
    cells = [f"2024-05-1{n % 9}" if n % 2 else f"5/1{n % 9}/2024" for n in range(60)]
    found = finding(cells)
    assert found.decision == "used, look at it"
    assert "30 cells are dates such as 2024-12-31, and these are not, of 30 cells: '5/10/2024'" in (
        found.reason
    )


def test_a_marker_that_is_taken_as_a_category_is_named() -> None:
    found = finding(["NA", "EU", "APAC"] * 20)
    assert found.column.kind == "category"
    assert "20 cells: 'NA' (20 times, from line 2) taken as a category" in found.reason


def test_a_cell_of_a_whole_page_does_not_fill_the_table() -> None:
    found = finding(["lorem ipsum " * 12_000, *["short"] * 59])
    assert len(found.values) < 100


def test_a_column_that_is_a_number_but_for_many_cells_is_said_to_be_so() -> None:
    cells = ["<0.1" if n % 10 == 0 else cell for n, cell in enumerate(measured())]
    found = finding(cells)
    assert found.decision == "used, look at it"
    assert "a number but for 20 cells: '<0.1' (20 times, from line 2): set kind" in found.reason


def test_what_may_be_read_in_two_ways_is_to_be_looked_at() -> None:
    dates = finding([f"{1 + n % 12:02}/01/{2021 + n % 3}" for n in range(60)])
    assert (dates.column.date_format, dates.decision) == ("%m/%d/%Y", "used, look at it")
    assert "is read month first, and nothing decides: else set date_format: '%d/%m/%Y'" in (
        dates.reason
    )
    numbers = finding([f"{n}.{234 + n}" for n in range(1, 41)])
    assert numbers.decision == "used, look at it"
    assert "1.235 is read as 1.235, and may mean 1235: then set decimal: ','" in numbers.reason


def test_where_decimals_are_commas_a_point_marks_thousands() -> None:
    draw = random.Random(5)
    rows = [
        f"{draw.randint(1, 15)}.{draw.randint(100, 999)};{draw.uniform(0, 5):.2f};".replace(
            ".", ",", 0
        )
        + draw.choice("pq")
        for _ in range(60)
    ]
    rows = [";".join((a, b.replace(".", ","), c)) for a, b, c in (row.split(";") for row in rows)]
    turnover, other = learned(["turnover;x;y", *rows]).findings
    assert turnover.column == Column(kind="integer", decimal=",", thousands=".")
    assert (turnover.decision, other.column) == ("used", Column(kind="number", decimal=","))


def test_a_marker_that_is_as_common_as_a_class_is_a_class() -> None:
    rows = [f"{n % 7},{('NA', 'EU', 'APAC')[n % 3]}" for n in range(60)]
    found = learned(["a,region", *rows], target="region")
    assert (found.classes, found.unlabelled) == ({"NA": 20, "EU": 20, "APAC": 20}, 0)
    assert any("'NA' is taken as a class of 'region'" in note for note in found.notes)
    rows += ["3,n.a.", "4,n.a."]
    found = learned(["a,region", *rows], target="region")
    assert "2 row(s) left out, whose 'region' is 'n.a.'" in found.notes


def test_classes_that_look_alike_are_pointed_out() -> None:
    rows = [f"{n % 7},{('Yes', 'yes', 'no')[n % 3]}" for n in range(60)]
    found = learned(["a,y", *rows])
    assert (
        "classes of 'y' that differ only in case, blanks or how a number is written: 'Yes', 'yes'"
        in (found.notes)
    )


@pytest.mark.parametrize("name", ["", "Unnamed: 0", "CustomerId", "PassengerId", "customerID"])
def test_columns_that_number_the_rows_are_left_out(name: str) -> None:
    numbers = random.Random(1).sample(range(10_000), 60)
    assert finding([*map(str, numbers)], name).decision == "left out"


def test_many_classes_of_many_rows_are_classes() -> None:
    rows = [f"{n % 7},{n % 30}" for n in range(510)]
    assert len(learned(["x,y", *rows]).classes) == 30
    with pytest.raises(DataError, match=r"a quantity or a name .* write them as words"):
        learned(["x,y", *(f"{n % 7},{n % 50}" for n in range(200))])


def test_a_rare_class_does_not_end_the_look_for_leaks() -> None:
    rows = [f"{n % 9},{'ab'[n % 2]},{'pq'[n % 2]}" for n in range(400)]
    rows[0] = rows[7] = rows[9] = rows[11] = rows[300] = "1,c,r"
    assert learned(["x,after,y", *rows]).findings[1].decision == "left out"


def test_a_table_without_a_header_is_known_by_its_first_line() -> None:
    rows = [f"{n % 9}.5,{n % 7}.1,{'pq'[n % 2]}" for n in range(60)]
    with pytest.raises(DataError, match=r"line 1 is a row \(0\.5, 0\.1, p\) and no header"):
        learned(rows)


def test_what_a_stream_cannot_show_is_escaped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    """As Windows shows it in a pipe, or Linux with ``LC_ALL=POSIX``."""
    import io
    import sys

    rows = [(n % 7, "ja" if n % 2 else "größer als Ω") for n in range(40)]
    source = Sample("y", ("x", "y"), rows).write(tmp_path / "data.csv")
    ascii_only = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", ascii_only)
    cli.main(["init", str(source), "--target", "y", "--home", str(tmp_path / "home")])
    ascii_only.flush()
    assert rb"gr\xf6\xdfer als \u03a9" in ascii_only.buffer.getvalue()


# A table in which nothing is written plainly.
def _sales() -> Sample:
    draw, rows = random.Random(11), []
    for number in range(200):
        moment = datetime.fromisoformat("2024-01-01") + timedelta(minutes=977 * number)
        price = draw.uniform(1, 9999)
        rows.append(
            (
                f"{price:,.2f} €".replace(",", "t").replace(".", ",").replace("t", "."),
                f"{draw.uniform(0, 100):.1f}%".replace(".", ","),
                draw.choice(["-", "5", "17", "1.204", "988"]),
                moment.strftime("%d/%m/%Y %H:%M"),
                f"{moment.isoformat()}+02:00",
                draw.choice(["NA", "EU", "APAC"]),
                "late" if moment.hour >= 18 else "day",
            )
        )
    header = ("price", "share", "count", "when", "stamp", "region", "y")
    return Sample("y", header, rows, delimiter=";")


@pytest.fixture(scope="module")
def sales(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = make_home(_sales(), tmp_path_factory.mktemp("sales") / "made")
    run_training(home.path)
    return home


def test_a_table_of_nothing_plain_is_understood(sales: Home) -> None:
    config = load_config(sales)
    assert config.missing_markers == ("", "-")
    assert config.columns == {
        "price": Column(kind="number", decimal=",", thousands=".", unit="€"),
        "share": Column(kind="number", decimal=",", unit="%"),
        "count": Column(kind="integer", decimal=",", thousands="."),
        "when": Column(kind="date", date_format="%d/%m/%Y %H:%M"),
        "stamp": Column(kind="date", date_format="%Y-%m-%dT%H:%M:%S%z", time_zone="+02:00"),
        "region": Column(kind="category"),
    }
    columns = load_dataset(config, sales).columns
    assert set(columns["count"].each()) == {None, 5, 17, 1204, 988}
    assert set(columns["region"].each()) == {"NA", "EU", "APAC"}


def test_the_hour_decides_where_it_does(sales: Home) -> None:
    rows = [dict(zip(_sales().header[:-1], row[:-1], strict=True)) for row in _sales().rows]
    found = make_prediction(input_data=rows, home=sales.path)["predictions"]
    right = sum(answer == row[-1] for answer, row in zip(found, _sales().rows, strict=True))
    assert right > 0.9 * len(rows)


@pytest.mark.parametrize("arrow", [True, False])
def test_every_road_gives_one_row_the_same_bits(
    sales: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arrow: bool
) -> None:
    header, rows = _sales().header[:-1], [row[:-1] for row in _sales().rows]
    records = [dict(zip(header, row, strict=True)) for row in rows]
    expected = make_prediction(input_data=records, home=sales.path)["probabilities"]
    alone = [
        make_prediction(input_data=[r], home=sales.path)["probabilities"][0] for r in records[:5]
    ]
    assert alone == expected[:5]
    if not arrow:
        monkeypatch.setattr(scoring, "has_arrow", lambda: False)
    with (tmp_path / "new.csv").open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([header, *rows])
    lines = [json.dumps(record) for record in records]
    (tmp_path / "new.jsonl").write_text("\n".join(lines), encoding="utf-8")
    for name in ("new.csv", "new.jsonl"):
        score_files([tmp_path / name], tmp_path / "out.csv", home=sales.path)
        with (tmp_path / "out.csv").open(encoding="utf-8") as stream:
            found = [*csv.reader(stream)][1:]
        assert [[float(share) for share in row[-2:]] for row in found] == expected


def test_a_date_beyond_those_seen_is_a_warning(sales: Home) -> None:
    row = dict(zip(_sales().header[:-1], _sales().rows[0][:-1], strict=True))
    found = make_prediction(input_data=[{**row, "when": "01/01/2031 10:00"}], home=sales.path)
    assert [(w["column"], w["rule"]) for w in found["warnings"]] == [("when", "out_of_range")]


def test_what_is_no_number_of_its_column_says_what_it_may_be(sales: Home) -> None:
    row = dict(zip(_sales().header[:-1], _sales().rows[0][:-1], strict=True))
    found = make_prediction(input_data=[{**row, "price": "1.5"}], home=sales.path, on_error="skip")
    errors = found["errors"] or []
    assert len(errors) == 1
    assert "it may mean 1.5 or 15" in errors[0]["message"]


@pytest.mark.parametrize("ending", [".parquet", ".jsonl", ".csv.gz", ".xlsx"])
def test_init_and_training_read_what_predict_reads(tmp_path: Path, ending: str) -> None:
    import pandas as pd

    draw = random.Random(2)
    frame = pd.DataFrame(
        {
            "x": [draw.randint(0, 9) for _ in range(60)],
            "day": pd.date_range("2024-01-01", periods=60),
            "k": [draw.choice("ab") for _ in range(60)],
        }
    )
    frame["y"] = ["yes" if x + 9 * draw.random() > 9 else "no" for x in frame["x"]]
    source = tmp_path / f"t{ending}"
    if ending == ".parquet":
        frame.to_parquet(source)
    elif ending == ".jsonl":
        frame.to_json(source, orient="records", lines=True, date_format="iso")
    elif ending == ".xlsx":
        frame.to_excel(source, index=False)
    else:
        frame.to_csv(source, index=False)
    home, found = scaffold.create(source, "y", tmp_path / "home")
    assert {f.name: f.column.kind for f in found.findings} == {
        "x": "integer",
        "day": "date",
        "k": "category",
    }
    config = load_config(home)
    assert config.dataset == f"raw{ending}"
    data = load_dataset(config, home)
    assert (len(data), data.columns["x"].each()) == (60, frame["x"].tolist())


def test_lines_that_are_no_rows_are_said_by_training_too(tmp_path: Path) -> None:
    rows: list[tuple[object, ...]] = [(n % 7, "ab"[n % 2], "pq"[n % 3 % 2]) for n in range(60)]
    sample = Sample("y", ("x", "k", "y"), [*rows, ("", "", ""), ("x", "k", "y")])
    home = make_home(sample, tmp_path / "made")
    data = load_dataset(load_config(home), home)
    assert (len(data), data.unlabelled) == (60, 0)
    assert data.notes == (
        "1 line(s) left out: line 62 holds nothing but delimiters",
        "1 line(s) left out: line 63 is the header once more",
    )


def test_a_long_name_makes_a_home(tmp_path: Path) -> None:
    rows = [(n % 7, "pq"[n % 3 % 2]) for n in range(60)]
    home = make_home(Sample("y", ("q" * 1_100, "y"), rows), tmp_path / "made")
    assert [*load_config(home).columns] == ["q" * 1_100]


def printed(findings: list[str], rows: list[str], tmp_path: Path, capsys: Any) -> str:
    """What ``init`` prints of a table with a target ``y``."""
    source = tmp_path / "data.csv"
    source.write_text("\n".join([";".join([*findings, "y"]), *rows]), encoding="utf-8")
    cli.main(["init", str(source), "--target", "y", "--home", str(tmp_path / "home")])
    return str(capsys.readouterr().out)


def test_how_a_whole_file_writes_its_numbers_is_said_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    draw = random.Random(4)
    names = [f"c{n}" for n in range(58)]
    rows = [
        ";".join(
            [*(f"{draw.uniform(0, 50):.2f}".replace(".", ",") for _ in names), draw.choice("pq")]
        )
        for _ in range(60)
    ]
    text = printed(names, rows, tmp_path, capsys)
    assert "Numbers written as 1234,5 in 58 columns: c0, c1, c2, c3, c4, c5 and 52 more" in text
    assert "and 58 columns that are simply used: 58 number" in text
    assert len(text.splitlines()) < 15
    assert "written as" not in (tmp_path / "home" / "config.yml").read_text(encoding="utf-8")


def test_of_many_remarks_what_is_worth_a_look_comes_first_and_the_rest_is_folded(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    draw = random.Random(4)
    names = [*(f"empty{n}" for n in range(60)), *(f"c{n}" for n in range(60)), "doubt"]
    rows = []
    for n in range(100):
        cells = [str(draw.randint(0, 99)) for _ in range(60)]
        cells[n % 60] = "-"
        rows.append(";".join([*[""] * 60, *cells, f"{1 + n % 12:02}/01/2021", draw.choice("pq")]))
    text = printed(names, rows, tmp_path, capsys)
    assert len(text.splitlines()) < 60
    assert text.index("doubt") < text.index("empty0")
    told = " ".join(text.split())
    assert "and 21 columns that are left out, as config.yml says: empty39, empty40" in told
    assert "and 60 columns that are used, with a note in config.yml: c0, c1" in told


def test_a_half_is_no_unit() -> None:
    assert finding([f"{n % 7}\u00bd" for n in range(60)]).column.kind == "category"


def test_a_number_beyond_any_feature_is_an_odd_cell() -> None:
    cells = [*measured(), "1" + "0" * 45]
    found = finding(cells)
    assert (found.column.kind, found.seen.missing) == ("number", 1)
    assert "a number but for 1 cell: '1000" in found.reason
    assert finding([f"{n}{'7' * 42}" for n in range(10, 60)]).decision == "left out"


@pytest.mark.parametrize("cells", [[f"{n % 24}:{n % 60:02}" for n in range(60)], ["1:02:03"] * 60])
def test_a_time_of_day_alone_is_said_to_be_one(cells: list[str]) -> None:
    cells = [f"{n}{cell[cell.index(':') :]}" for n, cell in enumerate(cells)]
    assert finding(cells).reason.startswith("a time of day or a duration: write it as a number")


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_needs_no_mark(encoding: str) -> None:
    text = "größe,y\n" + "".join(f"{n % 7},{'pq'[n % 2]}\n" for n in range(60))
    table = parsed(text.encode(encoding), name="t.csv")
    assert (table.columns, table.encoding, len(table.rows)) == (("größe", "y"), encoding, 60)


@pytest.mark.parametrize(
    ("classes", "alike"), [(("1", "1.0", "0"), "'1', '1.0'"), (("p", "p\u200b", "q"), "'p', 'p")]
)
def test_classes_that_are_one_number_or_look_the_same_are_pointed_out(
    classes: tuple[str, ...], alike: str
) -> None:
    found = learned(["x,y", *(f"{n % 7},{classes[n % 3]}" for n in range(60))])
    assert any("that differ only in" in note and alike in note for note in found.notes)


@pytest.mark.parametrize(
    ("value", "told"),
    [({"a": 1}, "a dict in line 1"), ([1], "a list in line 1"), (True, "a bool in line 1")],
)
def test_what_no_kind_takes_is_left_out_by_init_and_not_refused_by_training(
    tmp_path: Path, value: object, told: str
) -> None:
    source = tmp_path / "t.jsonl"
    rows = [
        {"x": n % 7, "odd": value if n % 2 == 0 else "k", "y": "pq"[n % 3 % 2]} for n in range(60)
    ]
    source.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    home, found = scaffold.create(source, "y", tmp_path / "home")
    assert told in found.ignored()["odd"]
    assert len(load_dataset(load_config(home), home)) == 60


@pytest.mark.parametrize("kind", ["duration", "time", "binary"])
def test_types_of_parquet_that_no_kind_takes_are_left_out(tmp_path: Path, kind: str) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    types = {"duration": pa.duration("s"), "time": pa.time32("s"), "binary": pa.binary()}
    values = [str(n % 9).encode() if kind == "binary" else n % 9 for n in range(60)]
    columns = {
        "odd": pa.array(values, types[kind]),
        "x": pa.array([n % 7 for n in range(60)]),
        "y": pa.array(["pq"[n % 3 % 2] for n in range(60)]),
    }
    parquet.write_table(pa.table(columns), tmp_path / "t.parquet")
    home, found = scaffold.create(tmp_path / "t.parquet", "y", tmp_path / "home")
    assert "in line 1" in found.ignored()["odd"]
    assert len(load_dataset(load_config(home), home)) == 60


@pytest.mark.parametrize(
    ("mark", "told"),
    [
        (b"\x1f\x8b", "packed by gzip.* rename it to end in .gz"),
        (b"PK\x03\x04", "a workbook.* rename it to end in .xlsx or .zip"),
        (b"PAR1", "Parquet.* rename it to end in .parquet"),
        (bytes.fromhex("d0cf11e0a1b11ae1"), "a workbook of old Excel.* save it as .xlsx or CSV"),
        (b"\x89PNG\r\n\x1a\n", r"a picture \(PNG\).* save the table as CSV"),
        (b"SQLite format 3\0", r"a database \(SQLite\).* save the table as CSV"),
        (b"BZh91AY&SY", "packed by bzip2.* unpack it"),
    ],
)
def test_a_file_that_is_no_csv_and_does_not_say_so_is_named(
    tmp_path: Path, mark: bytes, told: str
) -> None:
    file = tmp_path / "t.csv"
    file.write_bytes(mark + bytes(60))
    with pytest.raises(DataError, match=f"t.csv: is {told}"):
        csv_reader.read(str(file))
