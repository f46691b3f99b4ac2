"""Make scratch clones of this repository about other tables, and run all of it in each.

``tox -c package -e own_data`` takes hours: init, train, both suites and the rehearsal, for each
table. ``-- --short`` makes one clone, and there runs the tests that read the home that ships.
"""

from __future__ import annotations

import argparse
import csv
import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

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


class Failed(Exception):  # noqa: N818 - which commands did
    """What failed about a table."""


def run(*command: str, cwd: Path) -> None:
    """Run a command that must pass."""
    print(f"$ {' '.join(command)}", flush=True)
    if subprocess.run(command, cwd=cwd, check=False).returncode:
        raise Failed(" ".join(command))


def clone(folder: Path) -> Path:
    """A clone of what is committed."""
    copy = folder / "clone"
    run("git", "clone", "--quiet", str(REPOSITORY), str(copy), cwd=folder)
    return copy


def whole(name: str, folder: Path) -> None:
    """Every command that the documents name, as a person types them.

    The tables share tox's environments, which take minutes to make. A suite that fails does not
    keep the next from being run.
    """
    copy, failed = clone(folder), list[str]()

    def tox(part: str, *arguments: str) -> None:
        environments = str(folder.parent / "environments" / part)
        command = [sys.executable, "-m", "tox", "-c", part, "--workdir", environments]
        run(*command, *arguments, cwd=copy)

    tox("package", "-e", "init", "--", str(write(name, folder)), "--target", "y")
    tox("package", "-e", "train")
    run("git", "add", "-A", cwd=copy)
    run("git", "commit", "--quiet", "-m", f"Be about {name}", cwd=copy)
    for command in (["package"], ["classification_api"], ["package", "-e", "rehearse"]):
        try:
            tox(*command)
        except Failed as error:
            failed.append(str(error))
    if failed:
        raise Failed("; ".join(failed))


def short(name: str, folder: Path) -> None:
    """Init, train, lint, and the tests that read the home that ships, in this environment."""
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
    run(python, "-m", "ruff", "check", ".", cwd=package)
    run(python, "-m", "pytest", "-q", "-m", "shipped_home and not torture", cwd=package)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="tox -e own_data --", description=__doc__)
    parser.add_argument("tables", nargs="*", metavar="TABLE", help=f"of {', '.join(TABLES)}")
    parser.add_argument("--short", action="store_true", help="one table, without the whole suites")
    parser.add_argument("--folder", type=Path, help="a new one that keeps clones and environments")
    wanted = parser.parse_args(arguments)
    walk = short if wanted.short else whole
    names = wanted.tables or (["semicolons"] if wanted.short else [*TABLES])
    with ExitStack() as stack:
        folder = wanted.folder or Path(stack.enter_context(TemporaryDirectory(prefix="own-data-")))
        failed = [name for name in names if not passes(walk, name, folder.resolve() / name)]
    if failed:
        sys.exit(f"Error: something fails about {', '.join(failed)}; see above")


def passes(walk: Callable[[str, Path], None], name: str, folder: Path) -> bool:
    """Whether everything passes about a table, in a new folder."""
    folder.mkdir(parents=True)
    try:
        walk(name, folder)
    except Failed as error:
        print(f"About {name} this fails: {error}", flush=True)
        return False
    print(f"About {name}: everything passes", flush=True)
    return True


if __name__ == "__main__":
    main()
