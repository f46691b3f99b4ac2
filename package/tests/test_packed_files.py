"""The same table, however it is packed."""

from __future__ import annotations

import gzip
import zipfile
from datetime import datetime
from pathlib import Path

import openpyxl
import pytest

from classification_model.errors import DataError
from classification_model.processing.data_manager import read_csv
from classification_model.processing.reading.sources import format_of

TEXT = "x,day,y\n5,2024-12-31,yes\n6,2025-01-01,no\n"


def packed(folder: Path, ending: str) -> str:
    file = folder / f"t.csv{ending}"
    if ending == ".gz":
        file.write_bytes(gzip.compress(TEXT.encode()))
    elif ending == ".zip":
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("t.csv", TEXT)
            archive.writestr("__MACOSX/._t.csv", "")
    else:
        file.write_text(TEXT, encoding="utf-8")
    return str(file)


def workbook(folder: Path) -> Path:
    book = openpyxl.Workbook()
    book.active.title = "2024"
    for row in (("x", "day", "y"), (5.0, datetime.fromisoformat("2024-12-31"), "yes")):
        book.active.append(row)
    book.active.append((6, datetime.fromisoformat("2025-01-01"), "no"))
    book.create_sheet("empty, too").append(("x", "y"))
    book.save(folder / "t.xlsx")
    return folder / "t.xlsx"


@pytest.mark.parametrize("ending", ["", ".gz", ".zip"])
def test_a_packed_table_is_the_table(tmp_path: Path, ending: str) -> None:
    table = read_csv(Path(packed(tmp_path, ending)))
    assert table.columns == ("x", "day", "y")
    assert table.rows == [("5", "2024-12-31", "yes"), ("6", "2025-01-01", "no")]
    assert table.lines.tolist() == [2, 3]


def test_the_first_sheet_of_a_workbook_is_the_table(tmp_path: Path) -> None:
    file = workbook(tmp_path)
    table = read_csv(file)
    assert table.rows == [("5", "2024-12-31", "yes"), ("6", "2025-01-01", "no")]
    assert read_csv(Path(f"{file}#2024")).rows == table.rows
    with pytest.raises(DataError, match=r"no sheet '2023'; it has '2024', 'empty, too'"):
        read_csv(Path(f"{file}#2023"))


def test_what_is_no_workbook_or_no_archive_is_refused(tmp_path: Path) -> None:
    for name in ("t.xlsx", "t.csv.zip"):
        (tmp_path / name).write_text(TEXT, encoding="utf-8")
        with pytest.raises(DataError, match=name):
            read_csv(tmp_path / name)


def test_an_archive_of_two_files_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "two.csv.zip", "w") as archive:
        archive.writestr("a.csv", TEXT)
        archive.writestr("b.csv", TEXT)
    with pytest.raises(DataError, match="holds 2 files, and must hold one"):
        read_csv(tmp_path / "two.csv.zip")


@pytest.mark.parametrize(
    ("name", "kind"),
    [("t.csv.zip", "csv"), ("t.jsonl.gz", "jsonl"), ("t.xlsx#a.b", "csv"), ("t.pq", "parquet")],
)
def test_a_name_says_what_a_file_is(name: str, kind: str) -> None:
    assert format_of(name) == kind
