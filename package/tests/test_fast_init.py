"""``init`` looks at shapes and whole columns; the laws: each cell is what its own rule makes of it."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from sklearn.tree import DecisionTreeClassifier

from classification_model.config.schema import LARGEST, Column
from classification_model.init import cells, kinds, leakage, number_formats, odd_cells
from classification_model.init.cells import Cells
from classification_model.init.infer_schema import learn
from classification_model.init.odd_cells import missing_words
from classification_model.init.shapes import Shapes
from classification_model.processing.number_format import DECIMALS, THOUSANDS, NumberFormat
from classification_model.processing.value_rules import parser
from homes import parsed

NUMBERS = st.from_regex(
    r"\A[-+(\u2212]?[$\u20ac]?[0-9]{0,4}([.,' \u00a0]?[0-9]{3}){0,3}([.,][0-9]{0,4})?([eE]-?[0-9])?%?\)?\Z"
)
TEXTS = st.one_of(
    NUMBERS,
    st.integers(-(10**19), 10**19).map(str),
    st.floats(allow_nan=False, width=32).map(repr),
    st.sampled_from(
        ["-", "n/a", "0", "00", "1.000", "900", "007", "5 kg", "x", "\u00bd", "\u0661"]
    ),
)
COUNTS = st.dictionaries(TEXTS.map(str.strip).filter(bool), st.integers(1, 9), min_size=1)


def by_cell(counts: dict[str, int], form: NumberFormat) -> int:
    return sum(n for text, n in counts.items() if form.read(text) is not None)


@given(COUNTS)
@example({"1.5e3": 1, "1": 1})
@example({"0.000": 1, "1.000": 2})
def test_a_format_is_chosen_by_every_cell(counts: dict[str, int]) -> None:
    reading = number_formats.infer(counts)
    fits = {
        form: by_cell(counts, form)
        for unit in ({reading.written.unit} if reading else {""})
        for form in (NumberFormat(d, t, unit) for d in DECIMALS for t in THOUSANDS if d != t)
    }
    if reading is None:
        assert not max(fits.values())
        return
    assert fits[reading.written] == max(fits.values())
    numbers = {text: reading.written.read(text) for text in counts}
    odd = {text for text, n in numbers.items() if n is None or abs(n) > LARGEST}
    assert set(reading.odd) == odd
    if reading.other:
        assert fits[reading.other] == fits[reading.written]
        assert any(reading.other.read(t) != reading.written.read(t) for t in counts)


@given(COUNTS)
@example({"1.25e1": 1, "3": 1})
@example({"12345678901234567.5": 1})
def test_numbers_are_whole_if_each_of_them_is(counts: dict[str, int]) -> None:
    reading = number_formats.infer(counts)
    assume(reading is not None)
    assert reading
    odd = frozenset(reading.odd)
    expected = all(kinds._is_whole(reading.written, text) for text in counts.keys() - odd)
    assert kinds._are_whole(reading.written, counts, odd, Shapes.of_counts(counts)) is expected


@given(COUNTS, st.sampled_from(["integer", "number"]), st.data())
def test_a_whole_column_has_the_values_of_its_cells(
    counts: dict[str, int], kind: str, data: st.DataObject
) -> None:
    reading = number_formats.infer(counts)
    assume(reading is not None)
    assert reading
    written = reading.written
    column = Column(
        kind=kind,
        decimal=written.decimal,
        thousands=written.thousands,
        unit=written.unit,
        missing_markers=reading.odd,
    )
    parse = parser(column, ["n/a"])
    values = {}
    for text in counts:
        try:
            values[text] = parse(text)
        except ValueError:
            assume(False)
    texts = pa.array([*counts], pa.string())
    whole = cells.Cells.of("x", texts, np.arange(len(texts)))
    found = cells.typed_texts(column, whole, ["n/a"])
    assert [(type(v), repr(v)) for v in found.each()] == [
        (type(v), repr(v)) for v in values.values()
    ]
    assert found.missing().tolist() == [v is None for v in values.values()]


@given(COUNTS)
def test_only_words_can_mean_missing(counts: dict[str, int]) -> None:
    words = [*Shapes.of_counts(counts).words(counts)]
    assert missing_words(counts, words) == missing_words(counts)


def test_no_marker_is_a_plain_number() -> None:
    counts = dict.fromkeys(odd_cells._MARKERS, 1)
    assert {*Shapes.of_counts(counts).words(counts)} == {*counts}


@given(st.lists(st.text(max_size=5) | st.sampled_from(["", " 12", "12 ", "a", "17.5"])))
def test_cells_are_those_of_the_column(column: list[str]) -> None:
    found = Cells.of("x", pa.array(column, pa.string()), np.arange(len(column)) + 2)
    stripped = [text.strip() for text in column]
    expected = Counter(text for text in stripped if text)
    assert [*found.counts.items()] == [*expected.items()]
    assert found.missing == stripped.count("")
    assert dict(found.lines) == {text: stripped.index(text) + 2 for text in expected}
    texts = [*expected, ""]
    assert [texts[code] for code in found.codes.tolist()] == stripped
    assert found.shapes.cells == Shapes.of_counts(expected).cells


def test_no_dict_is_made_of_plain_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    """A table of a million rows has as many texts in each column."""
    monkeypatch.setattr(cells.Counts, "_found", property(lambda _: pytest.fail("a dict")))
    draw = np.random.default_rng(0)
    rows = [f"{x:.3f},{n},{'pq'[n % 2]}" for n, x in enumerate(draw.normal(size=300), start=1)]
    found = learn("t.csv", parsed("\n".join(["x,n,y", *rows]).encode()), "y", test_size=0.25)
    assert [one.column.kind for one in found.findings] == ["number", "integer"]


def test_nothing_is_imported_that_init_does_not_need(tmp_path: Path) -> None:
    """It would take longer than a small table does."""
    draw = np.random.default_rng(0)
    rows = [f"{x:.3f},{'pq'[n % 2]}" for n, x in enumerate(draw.normal(size=600))]
    (tmp_path / "t.csv").write_text("\n".join(["x,y", *rows]))
    program = (
        "import sys\n"
        "from classification_model.cli import main\n"
        "main(['init', 't.csv', '--target', 'y', '--home', 'home'])\n"
        "print(sorted({'scipy', 'sklearn', 'lightgbm', 'onnx', 'matplotlib'} & set(sys.modules)))\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert run.stdout.splitlines()[-1] == "[]"


@given(COUNTS)
def test_shapes_hold_every_cell(counts: dict[str, int]) -> None:
    shapes = Shapes.of_counts(counts)
    assert shapes.cells.total() == Counter(counts).total()
    assert [*shapes.without(frozenset(), counts)] == [*counts]


@pytest.mark.parametrize("seed", range(40))
def test_what_is_not_looked_up_could_not_have_been_suspected(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw = np.random.default_rng(seed)
    rows, classes = int(draw.integers(20, 400)), int(draw.integers(2, 4))
    codes = draw.integers(0, draw.integers(2, 4 * rows), rows)
    labels = np.where(draw.random(rows) < draw.random(), codes % classes, 0)
    if len(np.unique(labels)) < 2:
        pytest.skip("one class")
    target = leakage.Target(labels)
    found = target.alone(codes, None)[1] >= leakage.SUSPECT
    with monkeypatch.context() as patch:
        patch.setattr(leakage, "SUSPECT", 0.0)  # everything is looked up
        looked_up = target.alone(codes, None)[1]
    assert found == (looked_up >= leakage.SUSPECT)


@pytest.mark.parametrize("seed", range(20))
def test_no_tree_removes_more_errors_than_its_bound(seed: int) -> None:
    draw = np.random.default_rng(seed)
    rows, classes = int(draw.integers(20, 2000)), int(draw.integers(2, 5))
    numbers = draw.integers(0, draw.integers(2, 500), rows).astype(np.float64)
    labels = draw.integers(0, classes, rows)
    signal = draw.random(rows) < draw.random()
    labels[signal] = (numbers[signal] * 7 // 100).astype(np.int64) % classes
    if len(np.unique(labels)) < 2:
        pytest.skip("one class")
    tree = DecisionTreeClassifier(max_leaf_nodes=8 * classes, random_state=0)
    found = tree.fit(numbers[:, None], labels).score(numbers[:, None], labels)
    _, removed = leakage._removed(found, labels)
    assert removed <= leakage._most_removed(numbers, labels, 8 * classes) + 1e-9
