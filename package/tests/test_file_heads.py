"""Files as they come: what stands above the header, between the rows and at their end."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest

from classification_model.config.core import load_config
from classification_model.errors import DataError
from classification_model.processing.csv_reader import Table
from classification_model.processing.data_manager import load_dataset
from classification_model.processing.reading import blocks, csv_blocks
from classification_model.processing.reading.columns import check_columns
from classification_model.processing.reading.csv_records import UNCLOSED
from classification_model.processing.reading.heads import looks_like_data
from classification_model.processing.reading.records import records
from classification_model.processing.reading.sources import (
    Block,
    Source,
)
from classification_model.processing.reading.tables import table_of
from homes import make_home, parsed
from tables import Sample

ROWS = [("5", "a", "yes"), ("6", "b", "no")]


def table(text: str) -> Table:
    return parsed(text.encode())


@pytest.mark.parametrize(
    "text",
    [
        "x,k,y\n5,a,yes\n6,b,no\n",
        "sep=,\nx,k,y\n5,a,yes\n6,b,no\n",
        "sep=;\nx;k;y\n5;a;yes\n6;b;no\n",
        '"sep=;"\r\nx;k;y\r\n5;a;yes\r\n6;b;no\r\n',
        "Report of 2024\nx,k,y\n5,a,yes\n6,b,no\n",
        "Report of 2024,,\n\nx,k,y\n5,a,yes\n6,b,no\n",
        "\n\nx,k,y\n5,a,yes\n6,b,no\n",
        "x,k,y,\n5,a,yes,\n6,b,no,\n",
        "x;k;y;;\n5;a;yes;;\n6;b;no;;\n",
        "x,k,y\n5,a,yes,\n6,b,no\n",
        'x, "k", y\n5, "a", yes\n6, "b", no\n',
    ],
)
def test_a_table_is_found_in_what_stands_around_it(text: str) -> None:
    found = table(text)
    assert found.columns == ("x", "k", "y")
    assert [tuple(cell.strip() for cell in row) for row in found.rows] == ROWS
    lines = text.splitlines()
    assert all(
        lines[line - 1].startswith(row[0]) for row, line in zip(ROWS, found.lines, strict=True)
    )


def test_a_nameless_column_that_holds_something_stays() -> None:
    assert table("x,k,\n5,a,yes\n6,b,no\n").columns == ("x", "k", "")
    assert table(",y\n0,yes\n1,no\n").columns == ("", "y")


def test_known_columns_find_the_header_below_any_title() -> None:
    text = "Sales,of,2024\nby,us,all\nx,k,y\n5,a,yes\n"
    assert parsed(text.encode(), ["x", "y"]).columns == ("x", "k", "y")


def test_lines_that_are_no_rows_are_left_out_and_counted() -> None:
    found = table("x,k,y\n5,a,yes\nx,k,y\n6,b,no\n,,\n,\n")
    assert [*found.rows] == ROWS
    assert [*found.notes] == [
        "2 line(s) left out: line 5 holds nothing but delimiters",
        "1 line(s) left out: line 3 is the header once more",
    ]


def test_cells_may_be_longer_than_the_csv_module_likes() -> None:
    cell = "q" * 140_000
    assert table(f"x,k\n5,{cell}\n").rows == [("5", cell)]
    assert table(f"{cell},k\n5,b\n").columns == (cell, "k")


def test_cells_that_are_too_many_are_still_refused() -> None:
    with pytest.raises(DataError, match=r"line 3: has 4 cells, and the header has 3"):
        table("x,k,y\n5,a,yes\n6,b,no,more\n")


@pytest.mark.parametrize(
    "text",
    [
        "x,k,y\n5,a,yes\n,,\n6,b,no\n,\n",
        "x,k,y\n5,a,yes\nx,k,y\n6,b,no\nx,k,y\n",
        "sep=,\nx,k,y,\n5,a,yes,\n6,b,no,\n,,,\n",
        "k\na\nb\n",
    ],
)
def test_whole_columns_see_the_rows_that_a_reader_of_rows_sees(text: str) -> None:
    source = csv_blocks.head_of("t.csv", io.BytesIO(text.encode()), ())
    every = [*csv_blocks.body(source, text.encode())]
    block = _block(source, text)
    by_columns = table_of(block, source.columns, as_csv=True)
    assert by_columns is not None
    plain = by_columns.starts()[~by_columns.odd].tolist()
    odd = [
        record
        for row, is_odd in enumerate(by_columns.odd.tolist())
        if is_odd
        for record in by_columns.records(row)
    ]
    assert sorted(plain + [record.line for record in odd]) == [record.line for record in every]
    faulty = [(record.line, record.fault) for record in every if record.fault]
    assert [(record.line, record.fault) for record in odd if record.fault] == faulty


def _block(source: Source, text: str) -> Block:
    above = source.above + 1
    content = "".join(text.splitlines(keepends=True)[above:])
    return Block(source, above + 1, content.encode(), plain=True, done=0)


@pytest.mark.parametrize(
    ("header", "columns"),
    [
        (["5.1", "3.5"], [{"4.9"}, {"3.0", "2.8"}]),
        (["5.1", "Iris-setosa"], [{"4.9"}, {"Iris-setosa", "Iris-virginica"}]),
    ],
)
def test_a_first_line_that_is_a_row_is_seen(header: list[str], columns: list[set[str]]) -> None:
    assert looks_like_data(header, columns)


@pytest.mark.parametrize(
    ("header", "columns"),
    [
        (["0", "1", "2"], [{"5"}, {"6"}, {"7"}]),
        (["2019", "2020", "y"], [{"5"}, {"6"}, {"yes"}]),
        (["x", "y"], [{"1"}, {"2"}]),
    ],
)
def test_a_first_line_that_names_columns_is_a_header(
    header: list[str], columns: list[set[str]]
) -> None:
    assert not looks_like_data(header, columns)


QUOTED = [f'{n % 7},"{("red", "blue")[n % 3 % 2]}",{"pq"[n % 2]}' for n in range(60)]


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (
            ['x,"k,y', '12,red",p', *QUOTED],
            "line 1: a quote opens the name 'k,y' and is closed on line 2",
        ),
        (
            ["2024", 'x,"k,y', "1,red,p", '12,red",p', *QUOTED],
            "line 2: a quote opens the name 'k,y'",
        ),
        (['x,"k,y', *(row.replace('"', "") for row in QUOTED)], "line 1: a quote opens a cell"),
        (['x,k",y', *QUOTED], "the name 'k\"', on line 1, holds a quote: take it out"),
        (["x,k,y", '12,"red,p', *QUOTED], "line 2: a quote opens a cell and is not closed"),
        (["x,k,y", '"12,red,p', *QUOTED], "line 2: a quote opens a cell and is not closed"),
    ],
)
def test_a_quote_that_is_not_closed_is_said_and_not_what_it_hides(
    lines: list[str], told: str, tmp_path: Path
) -> None:
    """By training and by ``predict``, which know the columns, and would miss them."""
    sample = Sample("y", ("x", "k", "y"), [tuple(row.split(",")) for row in QUOTED])
    home = make_home(sample, tmp_path / "made")
    file = home.datasets / "raw.csv"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    with pytest.raises(DataError, match=re.escape(told)) as error:
        load_dataset(load_config(home), home)
    assert "UTF-8" not in str(error.value)  # another encoding would not close it
    if told.startswith("line 1") or "name" in told:
        with pytest.raises(DataError, match=re.escape(told)):
            check_columns(blocks.head(str(file), ["x", "k"]), ["x", "k"], ())
        return
    found = [
        record
        for block in blocks.blocks(blocks.head(str(file), ["x", "k"]))
        for record in records(block)
    ]
    assert [(record.line, record.fault) for record in found if record.fault] == [(2, UNCLOSED)]
    assert len(found) == 1 + len(QUOTED)
