"""What a terminal shows while work goes on: bars with rate and time left, and a live table.

In a file or a pipe there are no bars, and lines are plain.
"""

from __future__ import annotations

from typing import Self

from rich.box import SIMPLE_HEAD
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Bar
from rich.table import Table
from rich.text import Text

from classification_model.cli.exit_status import Status, Stop
from classification_model.plain_text import printable
from classification_model.progress import Progress

__all__ = ["Output", "Screen", "console"]

_WIDTH = 120
"""Columns of a file or a pipe: enough for every table."""


class Output(Console):
    """A console that prints lines as they are, and ends quietly when its reader has gone."""

    def on_broken_pipe(self) -> None:
        self.quiet = True
        raise Stop(Status.PIPE_CLOSED)

    def say(self, text: str) -> None:
        """One line; only a terminal breaks it where it is too long, between words."""
        self.print(printable(text), soft_wrap=not self.is_terminal, highlight=False, markup=False)

    def command(self, text: str) -> None:
        """A command to copy: in one piece, however narrow the terminal is."""
        self.print(f"  {text}", soft_wrap=True, highlight=False, markup=False, style="bold")


def console(*, stderr: bool = False) -> Output:
    """A terminal as wide as it is; a file or a pipe wide enough for every table."""
    found = Output(stderr=stderr)
    return found if found.is_terminal else Output(stderr=stderr, width=_WIDTH)


class _Rate(ProgressColumn):
    """How many a second; where it is slow, how many seconds each."""

    def render(self, task: Task) -> Text:
        rate = task.finished_speed or task.speed
        if not rate:
            return Text("")
        return Text(f"{rate:,.0f}/s" if rate >= 10 else f"{rate:.1f}/s", style="cyan")


class Screen(Progress):
    """A terminal that is written on while work goes on; use it in a ``with`` block.

    Args:
        to: where it is shown.
        quiet: in a file or a pipe write nothing, not even lines.
    """

    def __init__(self, to: Output, *, quiet: bool = False) -> None:
        self._console = to
        self._looked_at = to.is_terminal
        self._silent = quiet and not self._looked_at
        self._live: Live | None = None
        self._bar = Bar()
        self._unit: str | None = None
        self._losses: dict[str, float] = {}
        self._now = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.settle()

    def wait(self, what: str) -> None:
        """Show that work of unknown length goes on, and for how long."""
        self._begin(what, SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())

    def say(self, line: str) -> None:
        self.settle()
        if not self._silent:
            self._console.say(line)
        self.wait("")

    def count(self, done: int, total: int, unit: str) -> None:
        if done >= total:
            self.wait("")
            return
        new = self._unit != unit
        if new:
            self._begin(
                unit,
                SpinnerColumn(),
                BarColumn(bar_width=20),
                MofNCompleteColumn(),
                TextColumn("{task.description}"),
                _Rate(),
                TimeElapsedColumn(),
                TimeRemainingColumn(),
                TextColumn("left"),
            )
            self._unit = unit
        if self._live:
            self._bar.update(self._bar.task_ids[0], completed=done, total=total)
            if new:  # it would else wait a moment, and show nothing of a short step
                self._live.refresh()

    def comparing(self, done: int, total: int, name: str) -> None:
        self._now = name
        self.count(done, total, "candidates")

    def compared(self, done: int, total: int, name: str, log_loss: float) -> None:
        if self._looked_at:
            self._losses[name] = log_loss
            self._now = ""
            if done < total:  # of the last the table stays open: a vote of them may follow
                self.count(done, total, "candidates")
        elif not self._silent:
            self.say(f"  {done}/{total} {name}: log loss {log_loss:.4f}")

    def _begin(self, what: str, *columns: ProgressColumn) -> None:
        self.settle()
        if self._looked_at:
            self._bar = Bar(*columns)
            self._bar.add_task(what, total=None)
            self._live = Live(get_renderable=self._picture, console=self._console, transient=True)
            self._live.start(refresh=True)  # what takes less than a tick is seen, too

    def settle(self) -> None:
        """Remove the bars; the table of candidates stays."""
        self._unit = None
        if self._live:
            self._live.stop()
            self._live = None
        if self._losses:
            self._now = ""
            self._console.print(self._candidates())
            self._losses = {}

    def _picture(self) -> RenderableType:
        if self._losses or self._now:
            # The bar first: of what is too long for the terminal the end is cut off.
            return Group(self._bar, self._candidates())
        return self._bar

    def _candidates(self) -> Table:
        """The candidates with their losses, the best so far in bold, and the one in work."""
        table = Table(box=SIMPLE_HEAD)
        table.add_column("candidate", overflow="fold")
        table.add_column("log loss", justify="right")
        best = min(self._losses.values(), default=None)
        for name, loss in self._losses.items():
            style = "bold green" if loss == best else ""
            table.add_row(name, f"{loss:.4f}", style=style)
        if self._now:
            table.add_row(self._now, "...", style="dim")
        return table
