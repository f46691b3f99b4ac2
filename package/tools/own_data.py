"""Make scratch clones of this repository about other tables, and run all of it in each.

``tox -c package -e own_data`` takes an hour: init, train, both suites and the rehearsal, for each
table. ``-- --short`` makes one clone, and there runs the tests that read the home that ships.
"""

from __future__ import annotations

import argparse
import csv
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pyarrow as pa
from pyarrow import parquet

REPOSITORY = Path(__file__).resolve().parents[2]
ROWS = 320


def loans(draw: random.Random) -> Iterator[dict[str, object]]:
    """Semicolons and decimal commas; the class ``watch`` is rare, and never predicted."""
    for _ in range(ROWS):
        income, amount = draw.uniform(900, 9000), draw.uniform(500, 50_000)
        risk = amount / income + draw.gauss(0, 2)
        yield {
            "income": f"{income:.2f}".replace(".", ","),
            "amount": f"{amount:.2f}".replace(".", ","),
            "purpose": draw.choice(["car", "house", "other"]),
            "since": f"{draw.randint(1, 28):02}.{draw.randint(1, 12):02}.{draw.randint(2010, 2023)}",
            "y": "watch" if draw.random() < 0.06 else "late" if risk > 5 else "paid",
        }


def texts(draw: random.Random) -> Iterator[dict[str, object]]:
    """A column of prose, which is learned from."""
    good, bad = (
        ["great", "fine", "lovely", "quick", "friendly"],
        ["slow", "broken", "rude", "cold", "late"],
    )
    for _ in range(ROWS):
        liked = draw.random() < 0.6
        words = draw.choices(
            [*(good if liked else bad), *["the", "was", "and", "a", "room", "food"]], k=9
        )
        yield {
            "review": " ".join(words),
            "nights": draw.randint(1, 9),
            "y": "yes" if liked else "no",
        }


def wide(draw: random.Random) -> Iterator[dict[str, object]]:
    """Sixty columns of numbers and categories."""
    for _ in range(ROWS):
        row: dict[str, object] = {f"n{i}": round(draw.gauss(0, 1), 3) for i in range(40)}
        row |= {f"k{i}": draw.choice("abc") for i in range(20)}
        yield {
            **row,
            "y": int(float(str(row["n0"])) + (row["k0"] == "a") + draw.gauss(0, 0.5) > 0.4),
        }


def typed(draw: random.Random) -> Iterator[dict[str, object]]:
    """What Parquet has types for."""
    for row in loans(draw):
        numbers = {name: float(str(row[name]).replace(",", ".")) for name in ("income", "amount")}
        yield {**row, **numbers, "member": draw.random() < 0.5}


TABLES: dict[str, tuple[Callable[[random.Random], Iterator[dict[str, object]]], str]] = {
    "semicolons": (loans, ".csv"),
    "text": (texts, ".csv"),
    "sixty_columns": (wide, ".csv"),
    "parquet": (typed, ".parquet"),
}


def write(name: str, folder: Path) -> Path:
    """A table as a file."""
    make, ending = TABLES[name]
    draw = random.Random(name)  # noqa: S311 - nothing is secret here
    rows, file = [*make(draw)], folder / f"{name}{ending}"
    if ending == ".parquet":
        parquet.write_table(pa.Table.from_pylist(rows), file)
        return file
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, [*rows[0]], delimiter=";" if name == "semicolons" else ",")
        writer.writeheader()
        writer.writerows(rows)
    return file


def run(*command: str, cwd: Path) -> None:
    """Run a command, or end with its status."""
    print(f"$ {' '.join(command)}", flush=True)
    subprocess.run(command, cwd=cwd, check=True)


def clone(folder: Path) -> Path:
    """A clone of what is committed."""
    copy = folder / "clone"
    run("git", "clone", "--quiet", str(REPOSITORY), str(copy), cwd=folder)
    return copy


def whole(name: str, folder: Path) -> None:
    """Every command that the documents name, as a person types them."""
    copy = clone(folder)
    tox = [sys.executable, "-m", "tox"]
    run(
        *tox,
        "-c",
        "package",
        "-e",
        "init",
        "--",
        str(write(name, folder)),
        "--target",
        "y",
        cwd=copy,
    )
    run(*tox, "-c", "package", "-e", "train", cwd=copy)
    run("git", "add", "-A", cwd=copy)
    run("git", "commit", "--quiet", "-m", f"Be about {name}", cwd=copy)
    run(*tox, "-c", "package", cwd=copy)
    run(*tox, "-c", "classification_api", cwd=copy)
    run(*tox, "-c", "package", "-e", "rehearse", cwd=copy)


def short(name: str, folder: Path) -> None:
    """Init, train, and the tests that read the home that ships, in this environment."""
    package = clone(folder) / "package"
    os.environ["PYTHONPATH"] = str(package)
    python = sys.executable
    run(python, "-m", "tools.init_here", str(write(name, folder)), "--target", "y", cwd=package)
    config = package / "classification_model" / "config.yml"
    text = config.read_text(encoding="utf-8")
    # What a search finds within a time budget is not the same twice.
    quick = text.replace("estimator: auto", "estimator: logistic_regression")
    config.write_text(quick, encoding="utf-8")
    run(python, "-m", "classification_model", "train", cwd=package)
    run(python, "-m", "pytest", "-q", "-m", "shipped_home and not torture", cwd=package)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="tox -e own_data --", description=__doc__)
    parser.add_argument("tables", nargs="*", metavar="TABLE", help=f"of {', '.join(TABLES)}")
    parser.add_argument("--short", action="store_true", help="one table, without the whole suites")
    wanted = parser.parse_args(arguments)
    walk = short if wanted.short else whole
    for name in wanted.tables or (["semicolons"] if wanted.short else TABLES):
        with tempfile.TemporaryDirectory(prefix=f"own-data-{name}-") as folder:
            try:
                walk(name, Path(folder))
            except subprocess.CalledProcessError as error:
                sys.exit(f"Error: about the table {name!r} this fails: {' '.join(error.cmd)}")
        print(f"About {name}: everything passes", flush=True)


if __name__ == "__main__":
    main()
