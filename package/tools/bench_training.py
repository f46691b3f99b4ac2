"""Where the time of a training goes: seconds of each phase, and those after the comparison.

    tox -e bench_training [-- --only NAME ...]

Each made table is trained on as anybody would, with the search. CPU seconds count all threads, so
that they say nearly the same on a machine that has other things to do; what runs after the
comparison is to take no longer than the comparison.
"""

from __future__ import annotations

import argparse
import csv
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from classification_model.init import scaffold
from classification_model.progress import Progress
from classification_model.train_pipeline import run_training

TABLES = {
    "100,000 x 21": (100_000, 20, 2),
    "20,000 x 21, 10 classes": (20_000, 20, 10),
    "5,000 x 21": (5_000, 20, 2),
}
"""Rows, numbers and classes of each; a category comes with them."""

COMPARING = "Comparing candidates"


@dataclass
class Phases(Progress):
    """A phase for each line that is said, with the seconds of the clock and of all cores."""

    found: list[tuple[str, float, float]] = field(default_factory=list)
    now: str = "Starting"
    since: tuple[float, float] = field(
        default_factory=lambda: (time.monotonic(), time.process_time())
    )

    def say(self, line: str) -> None:
        clocks = _clocks()
        self.found.append((self.now, clocks[0] - self.since[0], clocks[1] - self.since[1]))
        self.now, self.since = line, clocks

    def lines(self) -> Iterator[str]:
        """A Markdown table, and what it comes to."""
        yield "| phase | s | CPU, s |"
        yield "|---|---|---|"
        for phase, wall, cpu in self.found:
            if wall >= 0.5:
                yield f"| {phase.split(' on ')[0]} | {wall:.1f} | {cpu:.1f} |"
        at = next(i for i, (name, _, _) in enumerate(self.found) if name.startswith(COMPARING))
        compared, after = self.found[at], np.sum([one[1:] for one in self.found[at + 1 :]], axis=0)
        yield ""
        yield (
            f"After the comparison {after[0]:.1f} s ({after[1]:.1f} of CPU), which took "
            f"{compared[1]:.1f} ({compared[2]:.1f}): {after[1] / compared[2]:.2f} of it."
        )


def _clocks() -> tuple[float, float]:
    return time.monotonic(), time.process_time()


def made(rows: int, columns: int, classes: int, path: Path) -> None:
    """Write a table whose classes depend on sums, a product, a wave and much chance."""
    draw = np.random.default_rng(rows + classes)
    numbers = draw.normal(size=(rows, columns)).round(4)
    weights = draw.normal(size=(columns, classes)) * (draw.random((columns, 1)) < 0.6)
    score = numbers @ weights + draw.gumbel(size=(rows, classes))
    score += 0.7 * (numbers[:, [0]] * numbers[:, [1]]) * draw.normal(size=(1, classes))
    score += np.sin(2 * numbers[:, [2]]) * draw.normal(size=(1, classes))
    kinds = np.digitize(numbers[:, 3], np.linspace(-2, 2, 11))
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow([*(f"x{i}" for i in range(columns)), "kind", "label"])
        for row, kind, label in zip(numbers.tolist(), kinds, score.argmax(axis=1), strict=True):
            writer.writerow([*row, f"k{kind}", f"l{label}"])


def measured(shape: tuple[int, int, int]) -> Phases:
    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder) / "data.csv"
        made(*shape, table)
        phases = Phases(now="Looking at the columns (init)")
        home = scaffold.create(table, "label", Path(folder) / "home")[0]
        phases.say("Starting")
        run_training(home.path, progress=phases)
        phases.say("End")
    return phases


def main() -> None:
    parser = argparse.ArgumentParser(prog="tox -e bench_training --")
    parser.add_argument("--only", nargs="*", default=[*TABLES], help="names of tables")
    for name in parser.parse_args().only:
        print(f"\n{name}\n", *measured(TABLES[name]).lines(), sep="\n", flush=True)


if __name__ == "__main__":
    main()
