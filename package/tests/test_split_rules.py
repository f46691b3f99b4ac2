"""``split`` in config.yml, on real homes: groups, time and copies."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from classification_model import bundle
from classification_model.config.core import load_config
from classification_model.config.home import Home
from classification_model.errors import ConfigError, DataError
from classification_model.processing.data_manager import Split, load_dataset, split_dataset
from classification_model.train_pipeline import run_training
from homes import files_of, make_home
from tables import Sample

HEADER = ("customer", "when", "x", "y")


def shop(folder: Path, split: str) -> Home:
    draw = random.Random(0)
    rows = []
    for i in range(400):
        x = draw.gauss(0, 1)
        rows.append(
            (f"c{i // 4}", f"2024-{1 + i // 40:02}-{1 + i % 28:02}", round(x, 3),
             "yes" if x + draw.gauss(0, 1) > 0 else "no")
        )  # fmt: skip
    home = make_home(Sample("y", HEADER, rows), folder / "made")
    home.config_file.write_text(home.config_file.read_text() + split)
    return home


def split_of(home: Home) -> Split:
    config = load_config(home)
    return split_dataset(load_dataset(config, home), config)


def lines(split: Split) -> set[int]:
    return {*split.held_out.lines.tolist()}


def customers(home: Home, of: set[int]) -> set[str]:
    text = (home.datasets / "raw.csv").read_text().splitlines()
    return {text[line - 1].split(",")[0] for line in of}


def test_all_rows_of_a_customer_are_on_one_side_and_the_card_says_so(tmp_path: Path) -> None:
    home = shop(tmp_path, "split:\n  groups: customer\n")
    split = split_of(home)
    out, kept = lines(split), {*split.train.lines.tolist()}
    assert not customers(home, out) & customers(home, kept)
    assert len(out) == pytest.approx(100, abs=8)
    manifest = run_training(home.path).bundle.manifest
    assert manifest.held_out.rule.groups == "customer"
    card = (home.trained_models / manifest.files[".md"].name).read_text()
    assert "whole groups of “customer”" in card


def test_the_newest_rows_are_held_out(tmp_path: Path) -> None:
    home = shop(tmp_path, "split:\n  time: when\n")
    text = (home.datasets / "raw.csv").read_text().splitlines()
    split = split_of(home)
    newest = {text[line - 1].split(",")[1] for line in lines(split)}
    oldest = {text[line - 1].split(",")[1] for line in split.train.lines.tolist()}
    assert min(newest) > max(oldest)
    run_training(home.path)
    assert bundle.load(home).manifest.held_out.rule.time == "when"


def test_a_row_without_its_time_stops_training_by_line(tmp_path: Path) -> None:
    home = shop(tmp_path, "split:\n  time: when\n")
    file = home.datasets / "raw.csv"
    text = file.read_text().splitlines()
    customer, _, x, y = text[6].split(",")
    text[6] = f"{customer},,{x},{y}"
    file.write_text("\n".join(text) + "\n")
    with pytest.raises(DataError, match=r"line 7: no 'when'"):
        run_training(home.path)
    assert files_of(home.trained_models) == {}


def test_no_edit_of_the_configuration_moves_a_row(tmp_path: Path) -> None:
    home = shop(tmp_path, "")
    before = lines(split_of(home))
    text = home.config_file.read_text()
    for old, new in (
        ("  x: number\n", "  x: category\n"),
        ("when: date", "when: raw"),
        ("raw", "raw"),
    ):
        text = text.replace(old, new)
        home.config_file.write_text(text)
        assert lines(split_of(home)) == before
    home.config_file.write_text(
        text.replace("  when: raw\n", "").replace("ignored:\n", "ignored:\n  when: no\n")
    )
    assert lines(split_of(home)) == before


@pytest.mark.parametrize(
    ("split", "said"),
    [
        ("split:\n  groups: y\n", "split cannot be by the target 'y'"),
        ("split:\n  groups: customer\n  time: when\n", "groups and time cannot be combined"),
        ("split:\n  copies: maybe\n", "copies"),
    ],
)
def test_a_rule_that_cannot_be_is_refused(tmp_path: Path, split: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        load_config(shop(tmp_path, split))


def test_a_column_that_is_not_there_is_named(tmp_path: Path) -> None:
    home = shop(tmp_path, "split:\n  groups: shop\n")
    with pytest.raises(DataError, match=r"'shop'.*split in config.yml"):
        run_training(home.path)
