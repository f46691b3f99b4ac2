"""Two sides that differ by little: both in one server, which asks them in many short turns.

Where its objects lie in memory makes one of two equal sides faster for a server's whole life, so it
is started anew several times, and each is the first as often as the second.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from math import sqrt
from pathlib import Path
from statistics import mean, median, stdev

from bench import load
from bench.servers import serving
from bench.sides.table import COUNTED, FOUND, KEPT, OURS, Side, together

__all__ = ["Paired", "measure"]

_PAIRS = {OURS: (OURS, 0.1, 60), COUNTED: (OURS, 0.1, 60), KEPT: (COUNTED, 1.0, 12)}
"""What each is held against, a turn's seconds, and the pairs of turns of each start.

A store is given what came in a second, so that its turns are not shorter. Ours against itself shows
what the measure is worth.
"""

_WARM_SECONDS = 5
"""After which a service counts as much as in the long run."""

Paired = Mapping[tuple[str, int], tuple[float, float]]
"""By side and number of rows: its rate over that of the side that it is held against, and twice the
standard error of that."""

Body = Callable[[Side, int], bytes]


def measure(sides: Mapping[str, Side], starts: int, body: Body) -> Paired:
    """The mean over an even number of starts of each one's median."""
    found = {}
    for name, (other, seconds, pairs) in _PAIRS.items():
        one, two = (
            together(sides[a], sides[b], seconds) for a, b in ((name, other), (other, name))
        )
        for rows in (1, 100):
            content = body(one, rows)
            ratios = [median(_ratios(one, pairs, content)) for _ in range(starts // 2)]
            ratios += [1 / median(_ratios(two, pairs, content)) for _ in range(starts // 2)]
            error = 2 * stdev(ratios) / sqrt(len(ratios))
            found[name, rows] = mean(ratios), error
            text = f"{name} against {other}, {rows} row(s): {mean(ratios):.3f} ± {error:.3f}"
            print(text, file=sys.stderr)
    return found


def _ratios(side: Side, pairs: int, content: bytes) -> Iterator[float]:
    """Of each pair of turns: the first service's rate over the second's."""
    server_core, load_core, *_ = sorted(os.sched_getaffinity(0))
    with (
        tempfile.TemporaryDirectory() as folder,
        serving(side, content, server_core) as (server, _),
    ):

        def turns() -> list[tuple[int, float]]:
            """Which service each turn was of, and the seconds that a request of it took."""
            load.run(server, content, seconds=_WARM_SECONDS, core=load_core, folder=Path(folder))
            found: list[tuple[int, float]] = json.loads(server.ask("GET", FOUND).content)
            return found

        found = turns()
        start = len(found) + len(found) % 2
        while len(found) < start + 2 * pairs:
            found = turns()
        for at in range(start, start + 2 * pairs, 2):
            took = dict(found[at : at + 2])
            yield took[1] / took[0]
