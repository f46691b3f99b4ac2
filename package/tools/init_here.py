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
from classification_model.config.core import load_config
from classification_model.config.home import Home
from classification_model.processing.data_manager import load_dataset
from classification_model.processing.functions import functions_of
from classification_model.processing.profiling import profile_of

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


def write_sample(home: Home) -> None:
    """A made row, for main.py: nobody's, since git keeps it."""
    config = load_config(home)
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
        csv.writer(stream, lineterminator="\n").writerows([row.keys(), row.values()])


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
    write_sample(Home(HOME.resolve()))
    print("Then: tox -e train, tox -e test_package, and tox -e run in classification_api")


if __name__ == "__main__":
    main()
