"""The repository about another table: its own tests follow the data."""

from __future__ import annotations

import csv
import random
import runpy
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from classification_model.processing import csv_reader
from homes import REPOSITORY

# The tools are no part of the installed package, and their folder must not be on the path.
own_data = SimpleNamespace(**runpy.run_path(str(REPOSITORY / "package/tools/own_data.py")))


@pytest.mark.parametrize("name", own_data.TABLES)
def test_each_table_has_a_target_of_classes(name: str, tmp_path: Path) -> None:
    table = csv_reader.read(str(own_data.write(name, tmp_path)))
    assert len(table.rows) == own_data.ROWS
    assert 2 <= len(set(table.column("y"))) <= 3


def test_the_same_table_is_made_every_time(tmp_path: Path) -> None:
    first = own_data.write("semicolons", tmp_path).read_bytes()
    assert own_data.write("semicolons", tmp_path).read_bytes() == first
    rows = [*csv.DictReader(first.decode().splitlines(), delimiter=";")]
    assert all("," in row["income"] for row in rows)
    assert [*own_data.loans(random.Random("semicolons"))] == rows


@pytest.mark.skipif(not (REPOSITORY / ".git").exists(), reason="only a repository can be cloned")
@pytest.mark.usefixtures("titanic")
def test_tests_of_the_shipped_home_pass_about_another_table() -> None:
    """Semicolons, decimal commas, and a class that is never predicted. ``own_data`` does more."""
    command = [sys.executable, "-m", "tools.own_data", "--short"]
    done = subprocess.run(
        command, cwd=REPOSITORY / "package", capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    assert "About semicolons: everything passes" in done.stdout
