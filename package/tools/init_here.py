"""Make this repository about another CSV: ``classification-model init`` for the package itself.

The Titanic that ships is replaced where git holds it as it is. What a person decided since is
replaced with --force only; --update adds the columns that the table has got.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import subprocess
from pathlib import Path

from classification_model import cli
from classification_model.config.core import load_config
from classification_model.config.home import Home
from classification_model.config.schema import Column
from classification_model.processing.data_manager import load_dataset
from classification_model.processing.functions import functions_of
from classification_model.processing.profiling import profile_of
from classification_model.processing.value_rules import number_format
from tools.fetch_data import CSV_SHA256

HOME = Path("classification_model")
SAMPLE = Path("sample_input.csv")


def is_shipped() -> bool:
    """Whether this is the Titanic still, as git holds it."""
    table = HOME / "datasets" / "raw.csv"
    if not table.is_file() or hashlib.sha256(table.read_bytes()).hexdigest() != CSV_SHA256:
        return False
    places = map(str, (HOME / "config.yml", HOME / "datasets", SAMPLE))
    command = ["git", "status", "--porcelain", "--", *places]
    try:
        run = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return False
    return not run.stdout


def write_sample(home: Home) -> None:
    """A made row as the columns are written, for main.py: nobody's, since git keeps it."""
    config = load_config(home)
    columns = config.row_schema().columns
    data = load_dataset(config, home)
    row = profile_of(
        config.row_schema(),
        data.columns,
        data.labels,
        min_rows=config.publish.min_rows,
        groups=data.groups,
        functions=functions_of(config.features),
    ).example()
    with SAMPLE.open("w", encoding="utf-8", newline="") as stream:
        cells = [_written(value, columns[name]) for name, value in row.items()]
        csv.writer(stream, lineterminator="\n").writerows([row.keys(), cells])


def _written(value: object, column: Column) -> object:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    return number_format(column).write(float(value))


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="tox -e init --", description="Make this repository about another CSV."
    )
    parser.add_argument("csv", nargs="?", metavar="DATA.csv")
    parser.add_argument("--target", metavar="COLUMN")
    parser.add_argument("--force", action="store_true", help="replace what a person decided, too")
    parser.add_argument("--update", action="store_true", help="add what columns the table has got")
    wanted = parser.parse_args()
    command = ["init", *([wanted.csv] if wanted.csv else []), "--home", str(HOME)]
    if wanted.target:
        command += ["--target", wanted.target]
    if wanted.update:
        command.append("--update")
    if wanted.force or (not wanted.update and is_shipped()):
        command.append("--force")
    cli.main(command)
    write_sample(Home(HOME.resolve()))
    print("Then: tox -e train, tox -e test_package, and tox -e run in classification_api")


if __name__ == "__main__":
    main()
