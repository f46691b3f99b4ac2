"""One odd cell does not cost a column; labels and names of columns stay what they are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classification_model.init.names import counts_rows, is_identifier
from classification_model.init.odd_cells import fit_but_for, listed, missing_words
from classification_model.processing.labels import lookalikes, typed_labels

MEASURED = {str(n / 7): 1 for n in range(199)}


@pytest.mark.parametrize(
    "text",
    ["-", "None", "n.a.", "#DIV/0!", "<NA>", "(null)", ".", "inf", "unknown", "?", "N/A", "NaN"],
)
def test_a_marker_is_missing_among_numbers_however_often_it_stands_there(text: str) -> None:
    assert fit_but_for(MEASURED | {text: 1}, [text]) == "nearly all"
    assert fit_but_for(MEASURED | {text: 500}, [text]) == "nearly all"


def test_another_text_is_missing_among_measured_numbers_where_it_is_rare() -> None:
    assert fit_but_for(MEASURED | {"Total": 1}, ["Total"]) == "nearly all"
    assert fit_but_for(MEASURED | {"<0.1": 30}, ["<0.1"]) == "most"
    assert fit_but_for(MEASURED | {"<0.1": 300}, ["<0.1"]) == "no"


def test_a_word_among_codes_is_a_code() -> None:
    codes = {"0": 90, "1": 60, "2": 40, "3+": 2}
    assert fit_but_for(codes, ["3+"]) == "no"


def test_without_a_fitting_cell_nothing_fits() -> None:
    assert fit_but_for({"-": 3, "?": 4}, ["-", "?"]) == "no"
    assert fit_but_for({"1": 3}, []) == "all"


def test_a_marker_as_common_as_the_classes_is_a_class() -> None:
    assert not missing_words({"NA": 20, "EU": 20, "APAC": 20})
    assert not missing_words({"+": 20, "-": 38})
    assert missing_words({"yes": 100, "no": 90, "NA": 5, "?": 80}) == {"NA", "?"}


def test_odd_cells_are_named_with_their_lines() -> None:
    assert listed({"-": 1}, {"-": 52}) == "1 cell: '-' (line 52)"
    said = listed({"-": 3, "foo": 1}, {"-": 52, "foo": 3})
    assert said == "4 cells: '-' (3 times, from line 52), 'foo' (line 3)"
    assert listed(dict.fromkeys("abcde", 1), dict.fromkeys("abcde", 7)).endswith("2 more")


@pytest.mark.parametrize(
    "texts",
    [
        ["3.1", "3.10", "3.9"],
        ["+", "-"],
        ["01", "2"],
        ["1E5", "2"],
        ["0.5", "1", "1.5"],
        ["1582218195625938959", "1582218195625938960"],
        ["nan", "inf"],
        ["1", "1.0"],
        ["\u0661", "2"],
    ],
)
def test_labels_that_numbers_would_change_stay_text(texts: list[str]) -> None:
    assert typed_labels(texts) == texts


def test_labels_that_are_whole_numbers_are_numbers() -> None:
    assert typed_labels(["0", "1", "-1"]) == [0, 1, -1]
    labels = typed_labels(["0.0", "1.0"])
    assert [str(label) for label in labels] == ["0.0", "1.0"]


@given(st.lists(st.text("0123456789.+-eE ", max_size=20)))
def test_every_label_survives_the_way_there_and_back(texts: list[str]) -> None:
    labels = typed_labels(texts)
    assert [str(label) for label in labels] == texts
    assert len(set(labels)) == len(set(texts))


def test_labels_that_differ_in_case_or_blanks_are_found() -> None:
    assert lookalikes(["Yes", "yes", "no", "New York", "new  york"]) == [
        ("Yes", "yes"),
        ("New York", "new  york"),
    ]


@pytest.mark.parametrize("name", ["", "Unnamed: 0", "Unnamed: 12", "index", "row_names", "...1"])
def test_columns_of_row_numbers_are_known_by_their_names(name: str) -> None:
    assert counts_rows(name)


@pytest.mark.parametrize("name", ["CustomerId", "PassengerId", "customerID", "customer_id", "ID"])
def test_identifiers_are_known_by_their_last_word(name: str) -> None:
    assert is_identifier(name)


@pytest.mark.parametrize("name", ["paid", "grid", "x", "age", "identity", "casino"])
def test_other_names_say_nothing(name: str) -> None:
    assert not counts_rows(name)
    assert not is_identifier(name)


def test_ids_of_nineteen_digits_are_told_apart() -> None:
    assert not lookalikes(["1234567890123456788", "1234567890123456789"])
    assert lookalikes(["1", "1.0", "01"]) == [("01", "1", "1.0")]
