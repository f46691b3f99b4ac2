"""A made table: customers of a telephone company, and whether they left."""

from __future__ import annotations

import csv
import random
from collections.abc import Sequence
from pathlib import Path

__all__ = ["HEADER", "Row", "customers", "read", "write"]

Row = dict[str, str]

HEADER = ("customer", "months", "plan", "fee", "calls", "left")


def customers(count: int, seed: int) -> list[Row]:
    """So many customers; months, calls and plan decide who leaves."""
    draw = random.Random(seed)  # noqa: S311 - a made table
    rows = []
    for number in range(count):
        months, calls = draw.randint(1, 72), draw.randint(0, 9)
        plan, fee = draw.choice(["basic", "plus", "pro"]), round(draw.uniform(5, 90), 2)
        unhappy = 0.6 * calls - 0.07 * months + (plan == "basic") + draw.gauss(0, 1)
        cells = (f"C{seed:02}{number:05}", str(months), plan, str(fee), str(calls))
        rows.append(dict(zip(HEADER, [*cells, "yes" if unhappy > 0.5 else "no"], strict=True)))
    return rows


def read(file: Path) -> list[Row]:
    with file.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def write(file: Path, rows: Sequence[Row]) -> None:
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
