"""``init --update``: new columns come in, and what a person decided stays to the byte."""

from __future__ import annotations

import csv
import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from classification_model import cli
from classification_model.config.core import load_config
from classification_model.config.home import Home
from classification_model.errors import ConfigError
from classification_model.init import scaffold
from classification_model.init.update import update
from homes import make_home
from tables import PEOPLE, Sample


@pytest.fixture
def place(tmp_path: Path) -> Home:
    """A home whose config.yml a person has edited, not trained."""
    home = make_home(PEOPLE, tmp_path / "made")
    text = home.config_file.read_text(encoding="utf-8")
    for old, new in (
        ("  income: number\n", ""),
        ("ignored:\n", "ignored:\n  income: our lawyer forbids it\n"),
        ("  age: integer\n", "  age: {kind: number, required: no}  # in years, ours\n"),
        ("positive: 1\n", "positive: 0\n"),
    ):
        text = text.replace(old, new)
    if "ignored:" not in text:
        text += "ignored:\n  income: our lawyer forbids it\n"
    home.config_file.write_text(text + "acceptance: {roc_auc: 0.6}\n", encoding="utf-8")
    return home


def with_columns(home: Home, **columns: Callable[[int], object]) -> None:
    """Give the table more columns, by what each line says."""
    file = home.datasets / "raw.csv"
    with file.open(encoding="utf-8", newline="") as stream:
        head, *rows = csv.reader(stream)
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow([*columns, *head])
        writer.writerows([*(of(i) for of in columns.values()), *r] for i, r in enumerate(rows))


def noise(line: int) -> int:
    return random.Random(line).randint(0, 40)


def test_new_columns_are_added_and_every_other_line_stays(place: Home) -> None:
    before = place.config_file.read_text(encoding="utf-8").splitlines()
    with_columns(place, region=lambda i: "NSWE"[i % 4], visits=noise, row_id=lambda i: 7 * i + 3)
    found = update(place)
    after = place.config_file.read_text(encoding="utf-8").splitlines()
    assert [line for line in after if line in before] == before
    config = load_config(place)
    assert config.columns["region"].kind == "category"
    assert config.columns["visits"].kind == "integer"
    assert config.ignored["row_id"].startswith("identifier")
    assert config.ignored["income"] == "our lawyer forbids it"
    assert set(found.added) == {"region", "visits", "row_id"}
    added = [line[1:] for line in found.diff.splitlines() if line[0] == "+" and line[1] != "+"]
    assert sorted(added) == sorted(line for line in after if line not in before)


def test_what_init_would_decide_otherwise_is_told_and_not_done(
    place: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    with_columns(place, visits=noise)
    cli.main(["init", "--update", "--home", str(place.path)])
    said = capsys.readouterr().out
    assert "Look: 'income' stays ignored (our lawyer forbids it); init would use it as" in said
    assert "Look: 'age' is number; init would take it as integer" in said
    assert "Look: positive is '0'; init would say '1'" in said
    assert "+  visits: integer" in said


def test_a_second_time_nothing_is_written(place: Home, capsys: pytest.CaptureFixture[str]) -> None:
    with_columns(place, visits=noise)
    update(place)
    before = place.config_file.read_bytes()
    cli.main(["init", "--update", "--home", str(place.path)])
    assert "knows every column of the table; nothing was written" in capsys.readouterr().out
    assert place.config_file.read_bytes() == before


def test_a_column_that_is_gone_stays_and_its_likeliest_new_name_is_said(place: Home) -> None:
    file = place.datasets / "raw.csv"
    file.write_text(file.read_text().replace("member", "membership", 1))
    found = update(place)
    assert any(
        line == "'member' is not in the table (is it 'membership' now?)" for line in found.otherwise
    )
    assert {"member", "membership"} <= load_config(place).columns.keys()


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("last", ["ignored:\n  income: ours", "ignored:"])
def test_line_ends_stay_and_a_file_may_end_without_one(place: Home, end: str, last: str) -> None:
    text = place.config_file.read_text(encoding="utf-8")
    start = text.index("ignored:")
    stop = text.find("\n\n", start)
    block = text[start : stop if stop > 0 else len(text)]
    rest = text.replace(block, "").replace("acceptance: {roc_auc: 0.6}\n", "").rstrip("\n")
    place.config_file.write_bytes((rest + "\n" + last).replace("\n", end).encode())
    with_columns(place, row_id=lambda i: 7 * i + 3)
    update(place)
    after = place.config_file.read_bytes().decode()
    assert after.count("\n") == after.count(end)
    assert "row_id" in load_config(place).ignored


def test_what_lines_cannot_be_added_to_is_refused_and_stays(place: Home) -> None:
    text = place.config_file.read_text(encoding="utf-8")
    start, stop = text.index("columns:"), text.index("\n\n", text.index("columns:"))
    names = ", ".join(f"{name}: raw" for name in ("name", "member", "size", "since"))
    place.config_file.write_text(text[:start] + f"columns: {{{names}}}" + text[stop:])
    before = place.config_file.read_bytes()
    with_columns(place, visits=noise)
    with pytest.raises(ConfigError, match=r"lines cannot be added to it.* by hand"):
        update(place)
    assert place.config_file.read_bytes() == before


WORDS = st.text(st.sampled_from("ab 1#:-'\"\u00e9?"), min_size=1, max_size=8)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(comment=WORDS, name=WORDS.map(lambda text: "c" + text.strip()))
def test_whatever_stands_beside_an_entry_stays(place: Home, comment: str, name: str) -> None:
    folder = place.path.parent / "tried"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(place.path, folder)
    home = Home(folder)
    text = home.config_file.read_text(encoding="utf-8")
    text = text.replace("  size: category\n", f"  size: category   # {comment}\n\n  # {comment}\n")
    home.config_file.write_text(text, encoding="utf-8")
    with_columns(home, **{name: noise})
    update(home)
    after = home.config_file.read_text(encoding="utf-8")
    kept = [line for line in after.splitlines() if line in text.splitlines()]
    assert kept == text.splitlines()
    assert load_config(home).columns[name].kind == "integer"


def test_init_lists_what_replacing_a_home_would_drop_and_drops_it_with_force_only(
    place: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, before = PEOPLE.write(tmp_path / "data.csv"), place.config_file.read_bytes()
    command = ["init", str(source), "--target", "stays", "--home", str(place.path)]
    with pytest.raises(SystemExit):
        cli.main(command)
    said = capsys.readouterr().err
    for part in ("our lawyer forbids it", "acceptance (roc_auc)", "'age' is number", "estimator"):
        assert part in said
    assert "add new columns with --update" in said
    assert place.config_file.read_bytes() == before
    cli.main([*command, "--force"])
    assert "Note: dropped: acceptance (roc_auc)" in capsys.readouterr().out
    assert "lawyer" not in place.config_file.read_text(encoding="utf-8")


def test_a_table_in_another_format_takes_the_place_of_the_one_before(
    place: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "data.parquet"
    pd.read_csv(PEOPLE.write(tmp_path / "data.csv")).to_parquet(source)
    command = ["init", str(source), "--target", "stays", "--home", str(place.path)]
    cli.main([*command, "--force"])
    assert "Note: dropped: datasets/raw.csv" in capsys.readouterr().out
    assert [file.name for file in place.datasets.iterdir()] == ["raw.parquet"]


def test_update_answers_machines_and_takes_no_table(
    place: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    with_columns(place, visits=noise)
    with pytest.raises(SystemExit):
        cli.main(["init", "x.csv", "--update", "--home", str(place.path)])
    assert "put the new one in its place" in capsys.readouterr().err.replace("\n", " ")
    cli.main(["init", "--update", "--home", str(place.path), "--json"])
    assert json.loads(capsys.readouterr().out)["added"] == ["visits"]


def test_a_file_of_the_old_format_is_not_added_to(place: Home) -> None:
    text = place.config_file.read_text(encoding="utf-8").replace("format: 2\n", "")
    place.config_file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match="has no `format: 2`"):
        update(place)


def test_a_new_column_keeps_the_markers_that_are_missing_for_it_alone(tmp_path: Path) -> None:
    rows = [(i % 7, "?" if i % 5 == 0 else i % 11, "ab"[i % 3 % 2]) for i in range(90)]
    source = Sample("y", ("x", "z", "y"), rows).write(tmp_path / "data.csv")
    home, _ = scaffold.create(source, "y", tmp_path / "home")
    text = home.config_file.read_text(encoding="utf-8")
    assert "- '?'" in text
    text = text.replace("- '?'\n", "").replace("  z: integer\n", "")
    home.config_file.write_text(text, encoding="utf-8")
    update(home)
    assert load_config(home).columns["z"].missing_markers == ("?",)
