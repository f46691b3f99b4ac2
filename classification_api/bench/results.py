"""What was measured, as ratios beside what is asked of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from bench.load import Load
from bench.paired import Paired
from bench.sides.table import COUNTED, KEPT, OURS

__all__ = ["EMPTY_ONE", "VETIVER_ONE", "Figures", "Ratio", "close", "ratios", "summary"]

BARE, EMPTY = "bare ASGI function, same work", "empty FastAPI endpoint, same models"
TUTORIAL, VETIVER = "tutorial", "vetiver"
EMPTY_ONE = "one row, against an empty FastAPI endpoint, same models"
VETIVER_ONE = "one row, against vetiver"


@dataclass(frozen=True)
class Figures:
    """One side in one round; ``memory`` is measured in the last."""

    start: float
    one: Load
    hundred: Load
    memory: float | None


Rounds = Mapping[str, Sequence[Figures]]


@dataclass(frozen=True)
class Ratio:
    """A figure of ours over another's, or the other way round where less is better.

    ``error`` is twice its standard error, where that was measured.
    """

    name: str
    found: float | None
    bar: float
    at_most: bool = False
    error: float | None = None

    @property
    def met(self) -> bool | None:
        if self.found is None:
            return None
        return self.found <= self.bar if self.at_most else self.found >= self.bar


def one(figures: Figures) -> float:
    return figures.one.per_second


def hundred(figures: Figures) -> float:
    return figures.hundred.per_second


def close(paired: Paired) -> list[Ratio]:
    """Those of sides that differ by little."""
    return [
        Ratio(
            f"{rows}, {what}",
            paired[side, number][0],
            bar,
            error=paired[side, number][1],
        )
        for side, what, bar in (
            (COUNTED, "counted for operators, against not", 0.97),
            (KEPT, "counted and kept in a store, against counted", 0.9),
        )
        for rows, number in (("one row", 1), ("100 rows", 100))
    ]


def ratios(rounds: Rounds, paired: Paired, requests: int) -> list[Ratio]:
    """The median over the rounds of each round's own ratio: its sides ran one after another.

    Those of ``paired`` were measured by themselves, for such sides differ by little.
    """

    def faster(than: str, figure: Callable[[Figures], float]) -> float | None:
        pairs = zip(rounds[OURS], rounds.get(than, ()), strict=False)
        found = [figure(ours) / figure(other) for ours, other in pairs]
        return median(found) if found else None

    def smaller(than: str, figure: Callable[[Figures], float | None]) -> float | None:
        pairs = [
            (figure(ours), figure(other))
            for ours, other in zip(rounds[OURS], rounds[than], strict=True)
        ]
        return median(other / ours for ours, other in pairs if ours and other)

    spread = median(figures.one.p99 / figures.one.p50 for figures in rounds[OURS])
    return [
        Ratio(EMPTY_ONE, faster(EMPTY, one), 1.2),
        Ratio("one row, against a bare ASGI function, same work", faster(BARE, one), 0.65),
        Ratio("one row, against the tutorial", faster(TUTORIAL, one), 50),
        Ratio(VETIVER_ONE, faster(VETIVER, one), 30),
        Ratio("100 rows, against a bare ASGI function, same work", faster(BARE, hundred), 0.9),
        Ratio(
            "100 rows, against an empty FastAPI endpoint, same models", faster(EMPTY, hundred), 0.6
        ),
        *close(paired),
        Ratio("p99 of one row, against its own p50", spread, 3, at_most=True),
        Ratio(
            "start to first answer, against the tutorial: times shorter",
            smaller(TUTORIAL, lambda figures: figures.start),
            2.5,
        ),
        Ratio(
            f"memory after {requests:,} requests, against the tutorial: times less",
            smaller(TUTORIAL, lambda figures: figures.memory),
            1.7,
        ),
    ]


def summary(rounds: Rounds) -> dict[str, dict[str, float | None]]:
    """The medians of what was measured, by side."""
    return {
        side: {
            "start_s": median(f.start for f in figures),
            "memory_mb": figures[-1].memory,
            "one_row_per_s": median(f.one.per_second for f in figures),
            "one_row_clock_per_s": median(f.one.clock_per_second for f in figures),
            "one_row_p50_ms": median(f.one.p50 for f in figures),
            "one_row_p99_ms": median(f.one.p99 for f in figures),
            "hundred_rows_per_s": median(f.hundred.per_second for f in figures),
            "hundred_rows_clock_per_s": median(f.hundred.clock_per_second for f in figures),
            "hundred_rows_p50_ms": median(f.hundred.p50 for f in figures),
            "hundred_rows_p99_ms": median(f.hundred.p99 for f in figures),
        }
        for side, figures in rounds.items()
    }
