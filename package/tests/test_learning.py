"""From any CSV to a home: what is learned, what is decided, and that the road then works."""

from __future__ import annotations

import codecs
import csv
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from classification_model import bundle, cli, make_prediction
from classification_model.config.core import load_config
from classification_model.config.home import Home
from classification_model.config.schema import Column
from classification_model.errors import DataError
from classification_model.init import scaffold
from classification_model.init.infer_schema import learn
from classification_model.init.inferred_schema import InferredSchema
from classification_model.processing.data_manager import load_dataset, read_csv
from classification_model.processing.labels import typed_labels
from classification_model.processing.profile import ColumnProfile
from classification_model.processing.reading import csv_blocks
from homes import make_home, parsed
from tables import PEOPLE, TABLES, Sample


def learned(*rows: str, header: str, target: str = "y", **options: Any) -> InferredSchema:
    source = "\n".join([header, *rows]).encode(options.pop("encoding", "utf-8"))
    return learn("data.csv", parsed(source, name="data.csv"), target, test_size=0.25)


def column(values: list[str], name: str = "x", delimiter: str = ",") -> Any:
    """The finding for one column, beside a target that it does not predict."""
    draw = random.Random(0)
    rows = [f'"{value}"{delimiter}{draw.choice("pq")}' for value in values]
    found = learned(*rows, header=f"{name}{delimiter}y")
    return next(finding for finding in found.findings if finding.name == name)


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["1", "2", "3", "?"], "integer"),
        (["1.0", "2.0", "5.0"], "integer"),
        (["1.5", "2", "-3e2"], "number"),
        (["yes", "No", "YES"], "boolean"),
        (["true", "false"], "boolean"),
        (["T", "F"], "boolean"),
        (["0", "1"], "integer"),
        (["red", "green", "N/A"], "category"),
        (["007", "008", "009"], "category"),
        (["2024-12-31", "2023-01-01"], "date"),
        (["2024-12-31T10:00:00", "2023-01-01 11:30"], "date"),
        (["31.12.2024", "01.01.2023"], "date"),
        (["12/31/2024", "01/01/2023"], "date"),
        (["31/12/2024", "01/01/2023"], "date"),
    ],
)
def test_the_narrowest_kind_that_takes_every_value(values: list[str], kind: str) -> None:
    finding = column(values * 20)
    assert (finding.column.kind, finding.decision) == (kind, "used")
    assert finding.seen.missing == 20 * sum(value in ("?", "N/A") for value in values)


@pytest.mark.parametrize(
    ("name", "values", "reason"),
    [
        ("row", [str(i) for i in range(60)], "identifier"),
        ("customer_id", [str(i * 7919 % 1009) for i in range(60)], "identifier"),
        ("code", [f"A{i:04}" for i in range(60)], "identifier"),
        ("same", ["1"] * 60, "constant"),
        ("same", ["x"] * 60, "constant"),
        ("none", ["?"] * 60, "empty"),
    ],
)
def test_a_column_that_says_nothing_is_left_out(name: str, values: list[str], reason: str) -> None:
    # A column that can be used stands beside it: without any there is nothing to learn.
    rows = [f"{value},{i % 5},{'pq'[i % 3 % 2]}" for i, value in enumerate(values)]
    (finding, *_) = learned(*rows, header=f"{name},other,y").findings
    assert finding.decision == "left out"
    assert reason in finding.reason


def test_measurements_that_are_all_different_are_no_identifier() -> None:
    draw = random.Random(3)
    assert column([str(n) for n in draw.sample(range(10_000), 60)]).decision == "used"
    assert column([f"{draw.random():.6f}" for _ in range(60)]).decision == "used"


def test_a_column_that_gives_the_answer_away_is_left_out_or_flagged() -> None:
    draw = random.Random(0)
    rows = []
    for _ in range(400):
        answer = draw.random() < 0.5
        nearly = answer if draw.random() < 0.97 else not answer
        rows.append(f"{'won' if answer else 'lost'},{int(nearly)},{draw.random():.3f},{answer}")
    leak, nearly_leak, noise = learned(*rows, header="outcome,hint,noise,y").findings
    assert (leak.decision, leak.reason[:22]) == ("left out", "gives the answer away:")
    assert nearly_leak.decision == "used, look at it"
    assert noise.decision == "used"


@pytest.mark.parametrize(
    ("encoding", "mark"),
    [
        ("utf-8", b""),
        ("utf-8", codecs.BOM_UTF8),
        ("utf-16-le", codecs.BOM_UTF16_LE),
        ("cp1252", b""),
        ("latin-1", b""),
    ],
)
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_a_table_is_read_however_it_is_written(encoding: str, mark: bytes, delimiter: str) -> None:
    rows = [("größe, cm", "naïve|x", "a\tb", "c;d"), ("1", 'say "so"', "line\nbreak", " ")]
    text = "".join(
        delimiter.join(f'"{cell.replace(chr(34), chr(34) * 2)}"' for cell in row) + "\r\n"
        for row in rows
    )
    table = parsed(mark + text.encode(encoding))
    assert table.columns == rows[0]
    assert table.rows == [rows[1]]
    assert table.lines.tolist() == [2]


def test_lines_are_those_of_the_file_also_after_quoted_line_breaks() -> None:
    table = parsed(b'a,b\n"1\n2\n3",x\n\n4,y\n')
    assert (table.rows, table.lines.tolist()) == ([("1\n2\n3", "x"), ("4", "y")], [2, 6])


def test_known_columns_decide_the_delimiter_of_one_row() -> None:
    source = b"a;b, c;d, e\n1;2, 3;4, 5\n"
    assert parsed(source, ["a", "b, c"]).columns == ("a", "b, c", "d, e")


@pytest.mark.parametrize(
    ("texts", "labels"),
    [
        (["0", "1"], [0, 1]),
        (["1.0", "2.0"], [1.0, 2.0]),
        (["1.0", "2.5"], ["1.0", "2.5"]),
        (["yes", "no"], ["yes", "no"]),
        (["1", "two"], ["1", "two"]),
        (["01", "02"], ["01", "02"]),
        (["True", "False"], ["True", "False"]),
        (["nan", "1"], ["nan", "1"]),
    ],
)
def test_labels_are_numbers_where_all_are_whole_numbers(
    texts: list[str], labels: list[object]
) -> None:
    found = typed_labels(texts)
    assert found == labels
    assert list(map(type, found)) == list(map(type, labels))


def test_rows_without_a_label_are_left_out_and_counted(tmp_path: Path) -> None:
    rows = [(*row[:-1], "?") if i % 40 == 0 else row for i, row in enumerate(PEOPLE.rows)]
    home = make_home(Sample("stays", PEOPLE.header, rows), tmp_path / "made")
    data = load_dataset(load_config(home), home)
    assert (len(data), data.unlabelled) == (156, 4)


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=1, max_size=20)


@settings(max_examples=60, deadline=None)
@given(
    names=st.lists(
        TEXT.map(str.strip).filter(lambda t: t.isprintable() and t), min_size=3, max_size=6, unique=True
    ),
    words=st.lists(
        TEXT.map(str.strip).filter(lambda t: t.isprintable() and t and t.lower() not in ("?", "na", "n/a", "nan", "null", "#n/a")),
        min_size=2, max_size=4, unique_by=str.casefold,
    ),
)  # fmt: skip
def test_any_names_and_words_survive_the_configuration(
    names: list[str], words: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """What init writes is read back as what was learned, whatever the columns are called."""
    folder = tmp_path_factory.mktemp("names")
    draw = random.Random(0)
    rows = [
        (draw.choice(words), draw.randint(0, 9), *[draw.random()] * (len(names) - 3), "pq"[i % 2])
        for i in range(80)
    ]
    source = Sample(names[-1], names, rows).write(folder / "data.csv")
    home, found = scaffold.create(source, names[-1], folder / "home")
    config = load_config(home)
    assert config.columns == found.used()
    assert config.ignored == found.ignored()
    assert config.target == names[-1]
    assert config.missing_markers == found.missing_markers
    assert load_dataset(config, home).labels == [row[-1] for row in rows]


@pytest.mark.parametrize("name", TABLES)
def test_from_a_csv_to_predictions_by_the_command_line(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """init, train, evaluate, verify, info, predict; and the file has what make_prediction says."""
    sample = TABLES[name]()
    home = make_home(sample, tmp_path / "made")
    source, output = tmp_path / "made" / "data.csv", tmp_path / "out.csv"
    option = ["--home", str(home.path)]
    for command in ("train", "evaluate", "verify", "info"):
        cli.main([command, *option])
    printed = capsys.readouterr().out
    assert f"{sample.target}" in printed
    assert "always the commonest class" in printed
    cli.main(["predict", str(source), "--output", str(output), *option])

    manifest = bundle.load(home).manifest
    assert ".onnx" in manifest.files, manifest.onnx_refused
    table = read_csv(source)
    labels = typed_labels(table.column(sample.target))
    assert set(manifest.classes) == set(labels)
    assert manifest.metrics["accuracy"] > manifest.metrics["majority_accuracy"]

    known = [*manifest.row_schema.columns]
    columns = [table.column(name) for name in known]
    rows = [dict(zip(known, row, strict=True)) for row in zip(*columns, strict=True)]
    expected = make_prediction(input_data=rows, home=home.path)
    with output.open(encoding="utf-8", newline="") as stream:
        header, *written = csv.reader(stream)
    classes = [f"probability_{label}" for label in manifest.classes]
    assert header == [*table.columns, "prediction", *classes]
    width = len(table.columns)
    # A cell that a spreadsheet would run is written as text.
    cells = [tuple("'" + cell if cell[:1] == "=" else cell for cell in row) for row in table.rows]
    assert [tuple(row[:width]) for row in written] == cells
    assert [row[width] for row in written] == [str(label) for label in expected["predictions"]]
    scores = [[float(share) for share in row[width + 1 :]] for row in written]
    assert scores == expected["probabilities"]


def test_a_column_that_was_never_missing_is_warned_about_when_it_is(people: Home) -> None:
    row = dict(zip(PEOPLE.header, PEOPLE.rows[0], strict=True))
    result = make_prediction(input_data=[{**row, "income": None, "age": None}], home=people.path)
    assert [(w["column"], w["rule"]) for w in result["warnings"]] == [("income", "never_missing")]


def test_on_error_skip_scores_the_good_rows(people: Home) -> None:
    good = dict(zip(PEOPLE.header, PEOPLE.rows[0], strict=True))
    rows = [good, {**good, "age": "x"}, good]
    result = make_prediction(input_data=rows, home=people.path, on_error="skip")
    alone = make_prediction(input_data=[good], home=people.path)
    assert result["predictions"] == [alone["predictions"][0], None, alone["predictions"][0]]
    assert result["probabilities"] == [alone["probabilities"][0], None, alone["probabilities"][0]]
    assert [(e["row"], e["column"], e["value"]) for e in result["errors"] or ()] == [
        (1, "age", "x")
    ]
    nothing = make_prediction(input_data=[{}], home=people.path, on_error="skip")
    assert (nothing["predictions"], nothing["probabilities"]) == ([None], [None])


def test_a_date_in_its_own_format_is_a_date_in_iso_too() -> None:
    finding = column(["31.12.2024", "01.01.2023"] * 20)
    assert finding.column == Column(kind="date", date_format="%d.%m.%Y")
    assert finding.seen == ColumnProfile(
        example="2023-01-01", earliest="2023-01-01", latest="2024-12-31"
    )


def test_one_byte_of_another_encoding_is_named_and_the_rest_stays_utf8(tmp_path: Path) -> None:
    rows = [(i % 7, ("Zürich", "Basel")[i % 2], ("yes", "no")[i % 3 % 2]) for i in range(60)]
    home = make_home(Sample("y", ("x", "city", "y"), rows), tmp_path / "made")
    file = home.datasets / "raw.csv"
    file.write_bytes(file.read_bytes() + "61,Zürich,yes\n".encode("cp1252"))
    with pytest.raises(
        DataError, match=r"raw\.csv, line 62: is not utf-8; mend the lines, or save"
    ):
        load_dataset(load_config(home), home)
    file.write_bytes(b"x,city,y\n" + "".join(f"{x},{c},{y}\n" for x, c, y in rows).encode("cp1252"))
    columns = load_dataset(load_config(home), home).columns
    assert set(columns["city"].each()) == {"Zürich", "Basel"}


def test_what_follows_ascii_for_a_megabyte_still_tells_the_encoding(tmp_path: Path) -> None:
    text = "x,city,y\n" + "1,Basel,no\n" * 200_000 + "2,Zürich,yes\n" * 3
    file = tmp_path / "late.csv"
    file.write_bytes(text.encode("cp1252"))
    assert csv_blocks.head(str(file), ["city"]).encoding == "cp1252"
    file.write_bytes(text.encode())
    assert csv_blocks.head(str(file), ["city"]).encoding == "utf-8"
