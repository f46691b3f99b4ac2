"""Two sides that differ by little: both run at once, and are asked in many short turns.

What else this machine does meets both of them, so the ratios of neighbours tell of the sides.
Where a process lies in memory makes it some percent faster or slower for its whole life, so
both are started anew several times.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from statistics import median

from bench import load
from bench.servers import serving
from bench.sides.table import COUNTED, KEPT, OURS, Side

__all__ = ["PAIRS", "Paired", "measure"]

PAIRS = {COUNTED: OURS, KEPT: COUNTED}
"""What each side is held against."""

_STARTS = 12

_WARM, _SECONDS = 3.0, 0.2
"""Seconds of the first turn, after which a service counts as much as in the long run, and of others."""

Paired = Mapping[tuple[str, int], float]
"""By side and number of rows: its rate over that of the side that it is held against."""

Body = Callable[[Side, int], bytes]


def measure(sides: Mapping[str, Side], rounds: int, body: Body) -> Paired:
    """The ratio of both rates: the median of each start's median over its part of the rounds."""
    found = {}
    for name, other in PAIRS.items():
        for rows in (1, 100):
            pair = sides[name], sides[other]
            each = max(1, rounds // _STARTS)
            starts = [[*_ratios(*pair, each, body, rows)] for _ in range(_STARTS)]
            ratios = [median(one) for one in starts]
            found[name, rows] = median(ratios)
            spread = f"{min(ratios):.3f} to {max(ratios):.3f}"
            print(f"{name}, {rows} row(s): {median(ratios):.3f} ({spread})", file=sys.stderr)
    return found


def _ratios(one: Side, other: Side, rounds: int, body: Body, rows: int) -> Iterator[float]:
    server_core, load_core, *_ = sorted(os.sched_getaffinity(0))
    content = {side.name: body(side, rows) for side in (one, other)}
    with (
        tempfile.TemporaryDirectory() as folder,
        serving(one, content[one.name], server_core) as (first, _),
        serving(other, content[other.name], server_core) as (second, _),
    ):
        servers = {one.name: first, other.name: second}
        ended = {name: server.processor_time() for name, server in servers.items()}

        def rate(side: Side, seconds: float) -> float:
            """Since its last turn: what it did after that turn's answers had left is its own, too."""
            server, body = servers[side.name], content[side.name]
            answers = load.run(
                server, body, seconds=seconds, core=load_core, folder=Path(folder)
            ).answers
            before, ended[side.name] = ended[side.name], server.processor_time()
            return answers / (ended[side.name] - before) if answers else 0.0

        for side in (one, other):
            rate(side, _WARM)
        for number in range(rounds):
            turns = (one, other) if number % 4 in (0, 3) else (other, one)
            rates = {side.name: rate(side, _SECONDS) for side in turns}
            # A turn without an answer had no processor.
            if min(rates.values()):
                yield rates[one.name] / rates[other.name]
