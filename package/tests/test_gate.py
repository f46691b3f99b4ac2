"""A new recipe earns its place, and can be compared with any other."""

from __future__ import annotations

import json
import random
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from told import Told

from classification_model import bundle, cli
from classification_model.bundle.provenance import Comparison, Gate, Reference
from classification_model.cli.exit_status import Status
from classification_model.config.home import Home
from classification_model.config.schema import Column, RowSchema
from classification_model.errors import ChangedDataError, DataError, RejectedModelError
from classification_model.evaluation.comparison import compare, markdown, schema_changes
from classification_model.evaluation.metrics import align
from classification_model.evaluation.paired import judge
from classification_model.predict import make_prediction
from classification_model.processing.functions import functions_of, module_of
from classification_model.train_pipeline import Trained, run_training
from homes import copy_of, files_of, make_home, saved_again
from tables import CUSTOMERS as HEADER
from tables import Sample
from tables import customers as rows

ROWS = 1200


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A trained home of version 1.0.0. Read it, and leave it as it is."""
    home = make_home(Sample("stays", HEADER, rows(ROWS, 0)), tmp_path_factory.mktemp("shop") / "x")
    run_training(home.path)
    return home


@pytest.fixture
def home(shop: Home, tmp_path: Path) -> Home:
    """A trained home of the test's own, whose next version is 1.1.0."""
    copy = copy_of(shop, tmp_path / "home")
    (copy.path / "VERSION").write_text("1.1.0")
    return copy


def gate_of(home: Home) -> Gate:
    return bundle.load(home).manifest.gate


def edit(home: Home, old: str, new: str) -> None:
    text = home.config_file.read_text()
    assert old in text
    home.config_file.write_text(text.replace(old, new, 1))


def add(home: Home, text: str) -> None:
    home.config_file.write_text(home.config_file.read_text() + text)


def ignore(home: Home, column: str) -> None:
    text = home.config_file.read_text()
    text, found = re.subn(rf"^  {column}: (?!.*left).*\n", "", text, count=1, flags=re.MULTILINE)
    assert found
    home.config_file.write_text(text.replace("ignored:\n", f"ignored:\n  {column}: no\n", 1))


def worsen(home: Home) -> None:
    """The same columns, and a model that is hardly allowed to learn from them."""
    edit(home, "C: 0.5", "C: 0.000001")


def change_table(
    home: Home, change: Callable[[list[list[str]]], Sequence[Sequence[object]]]
) -> None:
    """Change the cells of all rows; the first row is the header."""
    file = home.datasets / "raw.csv"
    table = change([line.split(",") for line in file.read_text().splitlines()])
    file.write_text("".join(",".join(map(str, row)) + "\n" for row in table))


def append(home: Home, more: list[list[object]]) -> None:
    with (home.datasets / "raw.csv").open("a") as stream:
        stream.writelines(",".join(map(str, row)) + "\n" for row in more)


def with_column(
    name: str, value: Callable[[list[str]], object]
) -> Callable[..., list[list[object]]]:
    """Add a column before the target."""
    return lambda table: [
        [*row[:-1], value(row) if position else name, row[-1]] for position, row in enumerate(table)
    ]


# What was there before.


def test_nothing_before_passes_with_a_line(shop: Home, tmp_path: Path) -> None:
    home, told = copy_of(shop, tmp_path / "home"), Told()
    for file in home.trained_models.iterdir():
        file.unlink()
    run_training(home.path, progress=told)
    assert "nothing was there to be compared with" in told
    assert gate_of(home).note == "nothing was there to be compared with"
    assert gate_of(home).reference.version == "1.0.0"


def test_another_target_passes_with_a_line(home: Home) -> None:
    told = Told()
    text = home.config_file.read_text()
    for old, new in (
        ("target: stays", "target: town"),
        ("  town: category\n", "  stays: integer\n"),
        ("positive: 1\n", ""),
    ):
        assert old in text
        text = text.replace(old, new)
    home.config_file.write_text(text)
    run_training(home.path, progress=told)
    assert "model 1.0.0 predicts 'stays'" in told


def test_a_bundle_that_this_package_does_not_read_passes_with_a_line(home: Home) -> None:
    file = next(home.trained_models.glob("*.json"))
    file.write_text(json.dumps({"format": 1, "files": {}}))
    told = Told()
    run_training(home.path, progress=told)
    assert "the model that is there cannot be compared with" in told


# The same recipe.


def test_the_same_recipe_and_table_give_the_same_bytes(shop: Home, tmp_path: Path) -> None:
    home = copy_of(shop, tmp_path / "home")
    before = files_of(home.trained_models)
    run_training(home.path)
    assert files_of(home.trained_models) == before


def test_the_same_recipe_and_table_with_a_larger_loss_say_that_code_or_libraries_changed(
    home: Home,
) -> None:
    edit(home, "dataset:", "dataset:")
    judged = gate_of(home).judged
    better = judged.model_copy(update={"log_loss": judged.log_loss - 0.02})
    saved_again(home, gate=gate_of(home).model_copy(update={"judged": better}))
    before = files_of(home.trained_models)
    with pytest.raises(RejectedModelError, match="the code or a library has changed"):
        run_training(home.path)
    assert files_of(home.trained_models) == before


def test_the_same_recipe_on_corrected_labels_passes_with_both_figures(home: Home) -> None:
    def corrected(table: list[list[str]]) -> Sequence[Sequence[object]]:
        return [
            [*row[:-1], 1 - int(row[-1])] if 0 < i < 30 else [*row] for i, row in enumerate(table)
        ]

    change_table(home, corrected)
    told = Told()
    run_training(home.path, progress=told)
    assert "which rows are new is not known" in told
    note = gate_of(home).note
    assert note is not None
    assert re.search(r"log loss 0\.\d+ \(.* on \d+ rows\), where model 1\.0\.0 had 0\.\d+", note)
    assert gate_of(home).reference.version == "1.0.0"


def test_the_same_recipe_on_shuffled_labels_has_lost_what_it_knew(home: Home) -> None:
    def shuffled(table: list[list[str]]) -> Sequence[Sequence[object]]:
        labels = [row[-1] for row in table[1:]]
        random.Random(0).shuffle(labels)
        return [
            [*table[0]],
            *([*row[:-1], str(label)] for row, label in zip(table[1:], labels, strict=True)),
        ]

    before = files_of(home.trained_models)
    change_table(home, shuffled)
    with pytest.raises(RejectedModelError, match=r"not surely better than .* the class shares"):
        run_training(home.path)
    assert files_of(home.trained_models) == before


# Another recipe.


def test_a_worse_recipe_is_refused_and_the_home_works_as_before(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    row = {"spent": 120, "visits": 12, "town": "Ulm", "when": "2020-01-01"}
    files, answer = files_of(home.trained_models), make_prediction(input_data=[row], home=home.path)
    stamps = files_of(home.datasets)
    worsen(home)
    with pytest.raises(SystemExit) as stop:
        cli.main(["train", "--home", str(home.path)])
    printed = capsys.readouterr()
    assert stop.value.code == Status.MODEL_REFUSED
    assert re.search(r"refused: worse than the recipe of 1\.0\.0: log loss \d", printed.err)
    assert "held-out rows get another label" in printed.err
    assert "--force" in printed.err
    assert "95% interval" in printed.out
    assert "for the better" in " ".join(printed.out.split())
    assert files_of(home.trained_models) == files
    assert files_of(home.datasets) == stamps
    assert make_prediction(input_data=[row], home=home.path) == answer
    cli.main(["info", "--home", str(home.path)])
    assert "1.0.0 (VERSION says 1.1.0)" in capsys.readouterr().out


def test_what_cannot_be_told_apart_passes_and_what_can_be_seen_is_printed(home: Home) -> None:
    edit(home, "C: 0.5", "C: 0.45")
    told = Told()
    trained = run_training(home.path, progress=told)
    assert isinstance(trained.comparison, Comparison)
    assert trained.comparison.verdict == "level"
    assert "Against the recipe of 1.0.0: level" in told
    assert "would be seen" in told
    record = gate_of(home)
    assert (record.against, record.verdict, record.overruled) == ("1.0.0", "level", ())
    assert record.reference.version == "1.0.0"


def test_the_reference_stays_until_something_is_surely_better(home: Home) -> None:
    """So that many small steps down are held against where they began."""
    for before, then, version in (("0.5", "0.4", "1.2.0"), ("0.4", "0.3", "1.3.0")):
        edit(home, f"C: {before}", f"C: {then}")
        run_training(home.path)
        assert (gate_of(home).against, gate_of(home).verdict) == ("1.0.0", "level")
        (home.path / "VERSION").write_text(version)
    edit(home, "C: 0.3", "C: 0.12")
    with pytest.raises(RejectedModelError, match=r"worse than the recipe of 1\.0\.0"):
        run_training(home.path)


def test_force_overrules_and_what_was_forced_is_the_reference(home: Home) -> None:
    worsen(home)
    run_training(home.path, force=True)
    record = gate_of(home)
    assert record.verdict == "worse"
    assert len(record.overruled) == 1
    assert record.overruled[0].startswith("worse than the recipe of 1.0.0")
    assert record.reference.version == "1.1.0"


def test_a_recipe_is_judged_on_rows_that_neither_has_seen_whatever_column_came(home: Home) -> None:
    """A column of noise is level; a look-up of the trained rows would not be."""
    change_table(home, with_column("noise", lambda row: hash(row[0]) % 7))
    edit(home, "columns:\n", "columns:\n  noise: number\n")
    trained = run_training(home.path)
    assert trained.comparison is not None
    assert trained.comparison.verdict in ("level", "unclear")
    assert abs(trained.comparison.differences[0].new - trained.comparison.differences[0].old) < 0.01


def test_a_column_that_was_moved_into_ignored_is_read_for_the_reference(home: Home) -> None:
    ignore(home, "visits")
    with pytest.raises(RejectedModelError, match=r"worse than the recipe of 1\.0\.0"):
        run_training(home.path)


def test_a_better_recipe_with_a_column_that_says_the_answer_is_suspected(home: Home) -> None:
    change_table(
        home, with_column("status_after", lambda row: "left" if row[-1] == "0" else "here")
    )
    edit(home, "columns:\n", "columns:\n  status_after: category\n")
    told = Told()
    run_training(home.path, progress=told)
    record = gate_of(home)
    assert (record.verdict, record.reference.version) == ("better", "1.1.0")
    assert record.suspicion is not None
    assert "'status_after'" in record.suspicion
    assert "too good to be true?" in told


# Features of one's own.

FEATURES = """
{start}

def reach(spent, visits):
    return None if spent is None or visits is None else {value}
"""


def with_features(home: Home, value: str, start: str = "") -> Trained:
    (home.path / "features.py").write_text(FEATURES.format(value=value, start=start))
    if "derived:" not in home.config_file.read_text():
        add(
            home,
            "derived:\n  reach:\n    function: reach\n    inputs:\n      - spent\n      - visits\n"
            "    kind: number\n",
        )
        edit(home, "C: 0.5", "C: 100")
    return run_training(home.path)


def test_a_changed_features_py_is_another_recipe_and_both_are_fitted(home: Home) -> None:
    with_features(home, "(spent - 100) / 12 + (visits - 10) / 3")
    (home.path / "VERSION").write_text("1.2.0")
    trained = with_features(home, "0.0")
    assert trained.comparison is not None
    manifest = trained.bundle.manifest
    assert manifest.gate.against == "1.0.0"
    assert "0.0" in manifest.recipe.features


def test_a_reference_whose_import_is_gone_gives_way_to_the_last_that_fits(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "helper_of_the_shop.py").write_text("scale = 12\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    value = "(spent - 100) / scale + visits"
    with_features(home, value, start="from helper_of_the_shop import scale")
    saved_again(
        home,
        gate=gate_of(home).model_copy(
            update={
                "reference": Reference(version="1.1.0", recipe=bundle.load(home).manifest.recipe)
            }
        ),
    )
    edit(home, "C: 100", "C: 90")
    (home.path / "VERSION").write_text("1.2.0")
    monkeypatch.undo()
    sys.modules.pop("helper_of_the_shop", None)
    functions_of.cache_clear()
    module_of.cache_clear()
    (home.path / "features.py").write_text(FEATURES.format(value=value, start="scale = 12"))
    with pytest.raises(
        RejectedModelError, match=r"cannot be compared: neither the recipe of 1\.1\.0"
    ):
        run_training(home.path)


# What cannot be compared.


def other_classes(home: Home) -> None:
    change_table(
        home,
        lambda table: [
            [*table[0]],
            *([*row[:-1], "gone" if i % 9 == 0 else row[-1]] for i, row in enumerate(table[1:])),
        ],
    )


def test_other_classes_cannot_be_compared_and_are_refused(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    before = files_of(home.trained_models)
    other_classes(home)
    with pytest.raises(SystemExit) as stop:
        cli.main(["train", "--home", str(home.path), "--json"])
    assert stop.value.code == Status.MODEL_REFUSED
    printed = capsys.readouterr()
    assert "cannot be compared: the classes are others: " in printed.err
    assert "'gone' (134 rows) is new" in printed.err
    assert "cannot be compared" in json.loads(printed.out)["refused"]
    assert files_of(home.trained_models) == before


def test_what_cannot_be_compared_passes_by_a_floor_that_is_met(home: Home) -> None:
    other_classes(home)
    add(home, "acceptance:\n  log_loss: 1.0\n")
    manifest = run_training(home.path).bundle.manifest
    assert manifest.gate.note is not None
    assert manifest.gate.note.startswith("cannot be compared: the classes are others")
    assert manifest.gate.note in (home.trained_models / manifest.files[".md"].name).read_text()


def test_a_column_that_the_reference_needs_and_that_is_gone_cannot_be_compared(home: Home) -> None:
    change_table(home, lambda table: [[row[0], *row[2:]] for row in table])
    edit(home, "  spent: number\n", "")
    with pytest.raises(
        RejectedModelError, match=r"cannot be compared: neither the recipe of 1\.0\.0"
    ):
        run_training(home.path)
    run_training(home.path, force=True)
    assert gate_of(home).overruled[0].startswith("it cannot be compared")


def test_a_first_model_needs_to_pass_the_floor_only(home: Home) -> None:
    for file in home.trained_models.iterdir():
        file.unlink()
    text = home.config_file.read_text()
    home.config_file.write_text(text + "acceptance:\n  log_loss: 0.001\n")
    with pytest.raises(
        RejectedModelError, match=r"log_loss .* above the 0\.001.*nothing was saved"
    ):
        run_training(home.path)
    assert files_of(home.trained_models) == {}
    home.config_file.write_text(text + "acceptance:\n  accuracy: 0.5\n")
    run_training(home.path)


# The rows are judged, too.


def swap(rows: list[list[object]]) -> list[list[object]]:
    return [[*row[:-1], 1 - int(str(row[-1]))] if i % 2 else row for i, row in enumerate(rows)]


def in_cents(rows: list[list[object]]) -> list[list[object]]:
    return [[row[0], float(str(row[1])) * 100, *row[2:]] for row in rows]


def without_town(rows: list[list[object]]) -> list[list[object]]:
    return [[*row[:3], "", *row[4:]] for row in rows]


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (swap, "answers them surely worse than it promised"),
        (in_cents, "column 'spent': its values are elsewhere"),
        (without_town, "column 'town': 100% of the values are missing"),
    ],
)
def test_a_broken_import_below_the_old_rows_stops_until_somebody_means_it(
    home: Home, spoil: Callable[[list[list[object]]], list[list[object]]], said: str
) -> None:
    before = files_of(home.trained_models)
    append(home, spoil(rows(120, seed=5)))
    with pytest.raises(ChangedDataError, match=f"the 120 new rows .*{said}.*--data-changed"):
        run_training(home.path)
    assert files_of(home.trained_models) == before
    run_training(home.path, data_changed=True)
    assert any(said in finding for finding in gate_of(home).data_changed)


def test_the_stamp_lets_the_release_train_on_the_table_that_somebody_meant(
    home: Home, shop: Home, tmp_path: Path
) -> None:
    append(home, swap(rows(120, seed=5)))
    run_training(home.path, data_changed=True)
    release = copy_of(shop, tmp_path / "release")  # the model of before, the table of now
    for file in home.datasets.iterdir():
        (release.datasets / file.name).write_bytes(file.read_bytes())
    run_training(release.path)


def test_a_unit_that_changed_is_told_as_one(home: Home) -> None:
    def cents(table: list[list[str]]) -> Sequence[Sequence[object]]:
        return [table[0], *in_cents([[*row] for row in table[1:]])]

    change_table(home, cents)
    with pytest.raises(ChangedDataError, match=r"'spent'.*about 100 times larger: another unit\?"):
        run_training(home.path)


def test_a_misspelt_class_stops_even_where_the_floor_is_met(home: Home) -> None:
    for old, new in (("0", "no"), ("1", "yes")):
        change_table(home, lambda table, o=old, n=new: [  # type: ignore[misc]
            [*row[:-1], n if row[-1] == o else row[-1]] for row in table
        ])  # fmt: skip
    edit(home, "positive: 1", "positive: yes")
    run_training(home.path, force=True)
    add(home, "acceptance:\n  log_loss: 2.0\n")
    change_table(home, lambda table: [
        [*row[:-1], "Yes" if row[-1] == "yes" and 3 < i < 60 else row[-1]]
        for i, row in enumerate(table)
    ])  # fmt: skip
    before = files_of(home.trained_models)
    with pytest.raises(ChangedDataError, match=r"new class 'Yes' \(lines \d+, .*'yes', misspelt"):
        run_training(home.path)
    assert files_of(home.trained_models) == before
    run_training(home.path, data_changed=True)
    run_training(home.path)  # the class is known now


def test_what_only_grows_is_taken_and_told_in_one_block(home: Home) -> None:
    more = [[*row[:3], "Graz" if i % 8 == 0 else row[3], *row[4:]]
            for i, row in enumerate(rows(120, seed=5))]  # fmt: skip
    append(home, more)
    change_table(home, with_column("region", lambda row: "NS"[len(row[0]) % 2]))
    told = Told()
    run_training(home.path, progress=told)
    block = told.lines.index("raw.csv, beside the table of model 1.0.0:")
    assert told.lines[block + 1] == "  1,320 rows, where 1,200 were"
    assert "column 'town': new 'Graz' (15 rows)" in told
    assert "config.yml does not know 'region': not looked at; classification-model init" in told
    told = Told()
    run_training(home.path, progress=told)
    assert "config.yml does not know 'region'" in told
    assert "beside the table" not in told


def test_a_column_that_is_gone_is_refused_with_its_likeliest_new_name(home: Home) -> None:
    change_table(home, lambda table: [["spent_eur" if c == "spent" else c for c in table[0]],
                                      *table[1:]])  # fmt: skip
    with pytest.raises(DataError, match=r"no column 'spent' \(is it 'spent_eur' now\?\)"):
        run_training(home.path)


def test_more_rows_of_the_same_kind_pass(home: Home) -> None:
    append(home, rows(120, seed=5))
    told = Told()
    run_training(home.path, progress=told)
    assert "is not known" not in told
    assert gate_of(home).data_changed == ()


def test_without_a_stamp_only_the_columns_are_looked_at(home: Home) -> None:
    append(home, swap(rows(120, seed=5)))
    next(home.datasets.glob("*.stamp.json")).unlink()
    told = Told()
    run_training(home.path, progress=told)
    assert "looked at by its columns alone" in told


# What is saved has learned from all rows.


def test_the_saved_model_is_fitted_on_all_rows_and_says_what_its_figures_are(home: Home) -> None:
    manifest = bundle.load(home).manifest
    assert (manifest.rows, manifest.refitted, manifest.held_out.rows) == (ROWS, True, ROWS // 4)
    card = (home.trained_models / manifest.files[".md"].name).read_text()
    assert "All figures are those of the same recipe without the held-out rows" in card
    add(home, "refit: no\n")
    manifest = run_training(home.path).bundle.manifest
    assert (manifest.rows, manifest.refitted) == (ROWS - ROWS // 4, False)


# Two models side by side.


CLASSES = ["a", "b", "c"]


def compared(labels: list[str], old: np.ndarray, new: np.ndarray) -> Comparison:
    """Two models' answers to rows on the lines from 2 on."""
    was, now = align(labels, old, CLASSES), align(labels, new, CLASSES)
    lines = range(2, len(labels) + 2)
    return compare(was, now, CLASSES, lines=lines, paired=judge(was.losses, now.losses, 0.01))


@given(st.integers(0, 2**32 - 1))
def test_a_model_against_itself_is_level_and_flips_nothing(seed: int) -> None:
    draw = np.random.default_rng(seed)
    scores = draw.dirichlet([1, 1, 1], size=60).astype(np.float32)
    labels = [CLASSES[i] for i in draw.integers(0, 3, 60)]
    found = compared(labels, scores, scores)
    assert found.verdict == "level"
    assert found.flips == ()
    assert all(d.old == d.new and d.low == d.high == 0 for d in found.differences)


@given(st.integers(0, 2**32 - 1))
def test_the_verdict_turns_round_with_the_models(seed: int) -> None:
    draw = np.random.default_rng(seed)
    truth = draw.integers(0, 3, 80)
    poor = draw.dirichlet([1, 1, 1], size=80)
    good = 0.3 * poor + 0.7 * np.eye(3)[truth]
    labels = [CLASSES[i] for i in truth]
    forth, back = compared(labels, poor, good), compared(labels, good, poor)
    assert (forth.verdict, back.verdict) == ("better", "worse")
    for there, again in zip(forth.differences, back.differences, strict=True):
        assert there.low == pytest.approx(-again.high)
        assert there.high == pytest.approx(-again.low)
    assert [(f.line, f.old, f.new) for f in forth.flips] == [
        (f.line, f.new, f.old) for f in back.flips
    ]


def test_metrics_are_those_of_scikit_learn() -> None:
    from sklearn.metrics import accuracy_score, brier_score_loss, log_loss

    draw = np.random.default_rng(0)
    scores = draw.dirichlet([1, 1, 1], size=100)
    labels = [CLASSES[i] for i in draw.integers(0, 3, 100)]
    loss, brier, accuracy = compared(labels, scores, scores).differences
    assert loss.new == pytest.approx(log_loss(labels, scores))
    assert brier.new == pytest.approx(brier_score_loss(labels, scores, scale_by_half=True))
    assert accuracy.new == pytest.approx(
        accuracy_score(labels, [CLASSES[i] for i in scores.argmax(axis=1)])
    )


def test_compare_fits_both_recipes_on_the_new_home_s_rows(
    shop: Home, home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    worsen(home)
    (home.path / "VERSION").write_text("2.0.0")
    run_training(home.path, force=True)
    output = tmp_path / "comparison.md"
    cli.main(["compare", str(shop.path), str(home.path), "--output", str(output)])
    assert "log loss" in capsys.readouterr().out
    text = output.read_text()
    assert text.startswith("## Model 2.0.0 against 1.0.0: worse\n")
    assert "| log loss |" in text
    assert re.search(r"\d+ rows get another label", text)
    assert "Schema: unchanged." in text


def test_compare_writes_one_page_that_names_what_got_worse_and_the_gate_writes_it_too(
    shop: Home, home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    worsen(home)
    (home.path / "VERSION").write_text("2.0.0")
    before = files_of(home.trained_models)
    with pytest.raises(SystemExit):
        cli.main(["train", "--home", str(home.path)])
    named = re.search(r"The comparison as a page: (.*)", capsys.readouterr().out)
    assert named is not None
    assert "The refused recipe against the recipe that is there: worse" in Path(named[1]).read_text(
        encoding="utf-8"
    )
    assert files_of(home.trained_models) == before
    run_training(home.path, force=True)
    output = tmp_path / "comparison.html"
    cli.main(["compare", str(shop.path), str(home.path), "--output", str(output)])
    page = output.read_text(encoding="utf-8")
    root = ET.fromstring(page.removeprefix("<!doctype html>"))
    assert not [
        one for one in root.iter() if one.tag in ("script", "img", "link") or one.get("src")
    ]
    assert "Model 2.0.0 against 1.0.0: worse" in page
    captions = ["".join(one.itertext()) for one in root.iter("caption")]
    assert [caption for caption in captions if "log loss rose most" in caption]
    assert [caption for caption in captions if "by the old label" in caption]
    assert len([one for one in root.iter("svg") if one.get("role") == "img"]) == 3


def test_with_a_labelled_file_compare_and_evaluate_ask_the_models_as_they_are(
    shop: Home, home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    labelled = Sample("stays", HEADER, rows(300, seed=9)).write(tmp_path / "new.csv")
    cli.main(["compare", str(shop.path), str(home.path), str(labelled), "--json"])
    found = json.loads(capsys.readouterr().out)
    assert (found["verdict"], found["rows"], found["flips"]) == ("level", 300, [])
    cli.main(["evaluate", str(labelled), "--home", str(home.path), "--json"])
    assert json.loads(capsys.readouterr().out)["metrics"]["rows"] == 300
    cli.main(["evaluate", "--home", str(home.path), "--json"])
    metrics = json.loads(capsys.readouterr().out)["metrics"]
    assert metrics == bundle.load(home).manifest.metrics


def test_schema_changes_are_named() -> None:
    old = RowSchema(columns={"a": Column(kind="integer"), "b": Column(kind="raw")})
    new = RowSchema(columns={"a": Column(kind="integer", required=True), "c|": Column(kind="raw")})
    changes = schema_changes(old, new)
    assert changes == [
        "column 'c|' is new",
        "column 'b' is gone",
        "column 'a': required changed",
    ]
    found = compared(["a", "b"] * 4, np.full((8, 3), 1 / 3), np.full((8, 3), 1 / 3))
    assert "- column 'c\\|' is new" in markdown(found, old="1", new="2", changes=changes)
