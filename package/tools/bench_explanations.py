"""Rows a second that the shipped model explains on one core: tox -e bench_explanations prints it.

The rows are those of its own CSV. Each number is the best of some rounds, in seconds of the
processor: for rows one by one, as a page asks, and a hundred at once, as a file does.
"""

from __future__ import annotations

import argparse
import csv
import time
from itertools import islice

from classification_model.config.home import Home
from classification_model.predict import Model, load_model
from classification_model.processing.validation import Validated

_AT_LEAST = 100
_AIM = 300


def rows_of(home: Home, model: Model, most: int) -> Validated:
    """The first rows of the home's CSV that the model takes."""
    columns = model.manifest.row_schema.columns
    with next(home.datasets.glob("raw.csv")).open(encoding="utf-8", newline="") as stream:
        records = [
            {name: row[name] for name in columns}
            for row in csv.DictReader(islice(stream, most + 1))
        ]
    return Validated([row for row in model.validator.validate(records).rows if row], [])


def rate(model: Model, checked: Validated, together: int) -> float:
    """Rows explained in a second of the processor, so many in each call."""
    begin = time.process_time()
    for first in range(0, len(checked.rows), together):
        part = Validated(checked.rows[first : first + together], [])
        model.explain(part, model.score(part), 3)
    return len(checked.rows) / (time.process_time() - begin)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rows", type=int, default=100)
    asked = parser.parse_args()
    home = Home.find(None)
    model = load_model(home)
    checked = rows_of(home, model, asked.rows)
    for together in (1, len(checked.rows)):
        best = max(rate(model, checked, together) for _ in range(asked.rounds))
        print(f"{together:4d} at once: {best:6.1f} rows a second")
    print(f"The bar is {_AT_LEAST}, the aim {_AIM}.")


if __name__ == "__main__":
    main()
