"""A ``Total`` row at the end of a table: no row, and said so, by ``init`` and by training."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classification_model import make_prediction
from classification_model.batch.run import score_files
from classification_model.config.core import load_config
from classification_model.errors import DataError, InvalidRowsError
from classification_model.init import scaffold
from classification_model.processing.data_manager import load_dataset
from classification_model.processing.reading import csv_blocks
from classification_model.processing.reading.totals import totals_at_end
from classification_model.train_pipeline import run_training


def shop(rows: int = 80) -> list[list[str]]:
    draw = random.Random(2)
    return [
        [
            draw.choice(["north", "south", "west"]),
            f"{draw.uniform(1, 2000):,.2f}",
            str(draw.randint(1, 9)),
            str(int(draw.random() < 0.4)),
        ]
        for _ in range(rows)
    ]


def sums(rows: list[list[str]], word: str) -> list[str]:
    numbers = [[float(row[i].replace(",", "")) for row in rows] for i in (1, 2, 3)]
    turnover, items, returned = map(sum, numbers)
    return [word, f"{turnover:,.2f}", f"{items:.0f}", f"{returned:.0f}"]


@pytest.mark.parametrize("word", ["Total", "TOTAL:", "Grand total", "Sum", "Summe", "Итого"])
def test_what_sums_up_the_rows_is_no_row(word: str) -> None:
    rows = shop()
    assert totals_at_end([*rows, sums(rows, word)]) == 1
    assert totals_at_end([*rows, [word, "", "", ""]]) == 1
    assert totals_at_end([*rows, ["", word, "", "9"]]) == 1
    assert totals_at_end([*rows, sums(rows, word), sums(rows, "Grand Total")]) == 2


@pytest.mark.parametrize(
    "last",
    [
        ["Total", "12.50", "3", "1"],  # the oil company
        ["totally", "", "", ""],
        ["north", "12.50", "3", "1"],
        ["", "", "", ""],
    ],
)
def test_a_row_that_only_looks_like_one_is_a_row(last: list[str]) -> None:
    assert totals_at_end([*shop(), last]) == 0


def test_a_word_that_stands_elsewhere_in_its_column_is_a_category() -> None:
    rows = [["Total", *row[1:]] if i == 7 else row for i, row in enumerate(shop())]
    assert totals_at_end([*rows, sums(rows, "Total")]) == 0


def test_where_most_cells_are_empty_in_every_row_that_says_nothing() -> None:
    rows = [[f"k{n}", "", "", "1"] for n in range(40)]
    assert totals_at_end([*rows, ["total", "", "", "1"]]) == 0


@given(st.lists(st.lists(st.sampled_from(["", "1", "2,5", "Total", "x"]), min_size=3, max_size=3)))
def test_no_more_rows_are_left_out_than_begin_with_such_a_word(rows: list[list[str]]) -> None:
    count = totals_at_end(rows)
    assert all("Total" in row for row in rows[len(rows) - count :])
    assert count < max(len(rows), 1)


def write(rows: list[list[str]], file: Path, delimiter: str = ";") -> Path:
    lines = [["place", "turnover", "items", "returned"], *rows]
    file.write_text("".join(delimiter.join(row) + "\n" for row in lines), encoding="utf-8")
    return file


@pytest.mark.parametrize("block", [csv_blocks.BLOCK, 64])
def test_init_and_training_leave_it_out_and_name_its_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    """Also where the file is read in many blocks. Its label would be a class of one row."""
    rows = shop()
    source = write([*rows, sums(rows, "Total")], tmp_path / "shop.csv")
    home, found = scaffold.create(source, "returned", tmp_path / "home")
    told = "1 line(s) left out: line 82 sums up the rows above; `keep_total: yes` in config.yml keeps it"
    assert found.notes == (told,)
    assert (found.rows, set(found.classes)) == (80, {0, 1})
    monkeypatch.setattr(csv_blocks.blocks, "__defaults__", (block,))
    data = load_dataset(load_config(home), home)
    assert (len(data), data.notes) == (80, (told,))
    with home.config_file.open("a", encoding="utf-8") as stream:
        stream.write("\nkeep_total: yes\n")
    kept = load_dataset(load_config(home), home)
    assert (len(kept), kept.notes) == (81, ())


@pytest.mark.parametrize("keep", [False, True])
def test_what_sums_up_a_file_to_score_is_no_row_either(tmp_path: Path, *, keep: bool) -> None:
    rows = shop()
    home, _ = scaffold.create(write(rows, tmp_path / "shop.csv"), "returned", tmp_path / "home")
    text = home.config_file.read_text(encoding="utf-8")
    text = text.replace("estimator: auto", "estimator: logistic_regression")
    home.config_file.write_text(text + ("keep_total: yes\n" if keep else ""), encoding="utf-8")
    run_training(home.path)
    new = write([*rows, sums(rows, "Total"), ["", "", "", ""]], tmp_path / "new.csv")
    found = score_files([new], tmp_path / "scored.csv", home=home.path)
    assert (found.scored, found.rejected) == ((81, 1) if keep else (80, 2))
    if not keep:
        rejected = Path(str(found.rejected_file)).read_text(encoding="utf-8")
        assert "82" in rejected
        assert "sums up the rows above; `keep_total: yes` in config.yml keeps it" in rejected
        with pytest.raises(InvalidRowsError, match="line 82 sums up the rows above"):
            make_prediction(input_data=str(new), home=home.path)


def test_a_table_of_nothing_but_what_is_no_row_is_refused(tmp_path: Path) -> None:
    home, _ = scaffold.create(write(shop(), tmp_path / "shop.csv"), "returned", tmp_path / "home")
    write([["", "", "", ""]], home.datasets / "raw.csv")
    with pytest.raises(DataError, match="has a header and no rows"):
        load_dataset(load_config(home), home)
