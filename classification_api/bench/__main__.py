"""Measure every side in turn, several times, and write docs/bench/ at the repository's root."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

from bench import load, paired, report, results
from bench.results import Figures
from bench.servers import serving
from bench.sides.table import Side, sides
from classification_model import bundle
from classification_model.config.home import Home
from harness import API

TARGET = API.parent / "docs" / "bench"


def main() -> int:
    parser = argparse.ArgumentParser(prog="tox -e bench", description=__doc__)
    parser.add_argument(
        "--rounds", type=int, default=5, help="turns of each side; 0 keeps what was found last"
    )
    parser.add_argument("--seconds", type=float, default=4, help="how long wrk runs, each time")
    parser.add_argument("--starts", type=int, default=6, help="of the sides that differ by little")
    parser.add_argument("--requests", type=int, default=10_000, help="before memory is measured")
    parser.add_argument("--output", type=Path, default=TARGET)
    options = parser.parse_args()
    if options.starts < 2 or options.starts % 2:
        parser.error(
            f"--starts {options.starts}: an even number is needed, each side is as often first"
        )
    if not shutil.which("wrk"):
        print("wrk is not on PATH: install the package wrk, with apt-get install wrk or the like")
        return 2
    if len(os.sched_getaffinity(0)) < 2:
        print("two cores are needed: one for the server, one for the load")
        return 2
    all_sides = list(sides())
    alike = paired.measure({side.name: side for side in all_sides}, options.starts, body)
    if options.rounds:
        rounds = measure(all_sides, options.rounds, options.seconds, options.requests)
        found = results.ratios(rounds, alike, options.requests)
        summary: report.Summary = results.summary(rounds)
    else:
        found, summary = report.read(options.output)
        new = {ratio.name: ratio for ratio in results.close(alike)}
        found = [new.get(ratio.name, ratio) for ratio in found]
    report.write(options.output, found, summary)
    if options.output == TARGET:
        report.put_into(API.parent / "README.md", found)
    print(report.ratio_table(found), report.figures_table(summary), sep="\n\n")
    return 0


def measure(
    all_sides: list[Side], rounds: int, seconds: float, requests: int
) -> dict[str, list[Figures]]:
    """Each side once a round, each round beginning with another."""
    for side in all_sides:  # so that bytecode is there, and files are in the page cache
        with serving(side, body(side, 1), min(os.sched_getaffinity(0))):
            pass
    found: dict[str, list[Figures]] = {side.name: [] for side in all_sides}
    for number in range(rounds):
        start = number % len(all_sides)
        for side in all_sides[start:] + all_sides[:start]:
            figures = turn(side, seconds, requests if number == rounds - 1 else None)
            found[side.name].append(figures)
            rate = f"{figures.one.per_second:,.0f} and {figures.hundred.per_second:,.0f}"
            print(f"round {number + 1}: {side.name}: {rate} requests/s", file=sys.stderr)
    return found


def turn(side: Side, seconds: float, requests: int | None) -> Figures:
    """Start, one row, memory after so many requests where that is asked for, 100 rows."""
    server_core, load_core, *_ = sorted(os.sched_getaffinity(0))
    one, hundred, memory = body(side, 1), body(side, 100), None
    with (
        tempfile.TemporaryDirectory() as folder,
        serving(side, one, server_core) as (server, start),
    ):

        def send(content: bytes, seconds: float) -> load.Load:
            return load.run(server, content, seconds=seconds, core=load_core, folder=Path(folder))

        warm = send(one, 1)
        single = send(one, seconds)
        if requests:
            answers = warm.answers + single.answers
            while answers < requests:
                missing = requests - answers
                answers += send(one, missing / single.clock_per_second + 1).answers
            memory = server.memory()
        return Figures(start, single, send(hundred, seconds), memory)


def body(side: Side, rows: int) -> bytes:
    """The schema's example, so many times."""
    inputs = [bundle.load(Home.find()).profile().example()] * rows
    return json.dumps(inputs if side.bare_list else {"inputs": inputs}).encode()


if __name__ == "__main__":
    sys.exit(main())
