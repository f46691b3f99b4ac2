"""What the command line shows of scoring files: a bar while it runs, a summary at the end."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Self

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from classification_model.batch import Scored

__all__ = ["ScoringProgress", "scored_json", "scored_summary"]


class ScoringProgress:
    """Scoring on a terminal: a bar with rows per second and the time left. Quiet elsewhere."""

    def __init__(self) -> None:
        columns = (
            BarColumn(),
            TaskProgressColumn(),
            TextColumn("{task.fields[rows]:,} rows, {task.fields[rate]:,.0f} a second,"),
            TimeRemainingColumn(),
            TextColumn("left"),
        )
        console = Console(stderr=True)
        self._bar = Progress(
            *columns, console=console, transient=True, disable=not console.is_terminal
        )
        self._task = self._bar.add_task("", total=None, rows=0, rate=0)
        self._start = time.monotonic()

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def scored(self, done: int, total: int, rows: int) -> None:
        rate = rows / max(time.monotonic() - self._start, 1e-9)
        self._bar.update(self._task, completed=done, total=total, rows=rows, rate=rate)


def scored_summary(scored: Scored, output: str) -> Iterator[str]:
    """How many rows there were, what became of them, and what was unusual about them."""
    if scored.reused:
        yield escape(f"{scored.reused} part(s) were there from an earlier run")
    yield escape(f"Scored {scored.scored:,} of {scored.read:,} row(s) into {output}")
    if scored.rejected:
        yield escape(f"Rejected {scored.rejected:,} row(s): see {scored.rejected_file}")
    for (column, rule), (count, message) in scored.warned.items():
        yield escape(f"  {count:,} row(s), {column}: {rule}; the first: {message}")


def scored_json(scored: Scored, output: str) -> str:
    """The same for machines."""
    return json.dumps(
        {
            "output": output,
            "read": scored.read,
            "scored": scored.scored,
            "rejected": scored.rejected,
            "rejected_file": scored.rejected_file and str(scored.rejected_file),
            "warnings": [
                {"column": column, "rule": rule, "rows": count, "first": message}
                for (column, rule), (count, message) in scored.warned.items()
            ],
        },
        ensure_ascii=False,
        indent=2,
    )
