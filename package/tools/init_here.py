"""Make this repository about another CSV: ``classification-model init`` for the package itself.

What git holds can be had back, so a configuration and data that are committed are replaced;
changes that are not committed are replaced only with --force.
"""

from __future__ import annotations

import argparse
import csv
import subprocess
from pathlib import Path

from classification_model import cli
from classification_model.processing.data_manager import read_csv

HOME = Path("classification_model")
SAMPLE = Path("sample_input.csv")


def is_committed() -> bool:
    """Whether git holds the home's configuration and data as they are."""
    places = map(str, (HOME / "config.yml", HOME / "datasets", SAMPLE))
    command = ["git", "status", "--porcelain", "--", *places]
    try:
        run = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return False
    return not run.stdout


def write_sample(source: Path) -> None:
    """The first row of the CSV, for main.py."""
    table = read_csv(source)
    with SAMPLE.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream, lineterminator="\n").writerows([table.columns, table.rows[0]])


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="tox -e init --", description="Make this repository about another CSV."
    )
    parser.add_argument("csv", type=Path, metavar="DATA.csv")
    parser.add_argument("--target", required=True, metavar="COLUMN")
    parser.add_argument("--force", action="store_true", help="replace what is not committed, too")
    wanted = parser.parse_args()
    force = ["--force"] if wanted.force or is_committed() else []
    cli.main(["init", str(wanted.csv), "--target", wanted.target, "--home", str(HOME), *force])
    write_sample(HOME / "datasets" / "raw.csv")
    print("Then: tox -e train, tox -e test_package, and tox -e run in classification_api")


if __name__ == "__main__":
    main()
