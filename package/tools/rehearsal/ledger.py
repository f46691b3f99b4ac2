"""What was done, what came of it, and how long it took."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

__all__ = ["Broken", "Ledger"]

Verdict = Literal["passed", "caught", "not rehearsed", "FAILED"]


class Broken(Exception):  # noqa: N818
    """The rehearsal ends here; the message is what there is to know."""


@dataclass
class Ledger:
    """The rows of the final table; each is printed as soon as it is known, too."""

    rows: list[tuple[str, Verdict, float]] = field(default_factory=list)
    reasons: dict[str, str] = field(default_factory=dict)

    @contextmanager
    def timed(self, title: str, verdict: Verdict = "passed") -> Iterator[None]:
        """A row for the block: the verdict, or FAILED where it raises."""
        start = time.monotonic()
        try:
            yield
        except BaseException:
            self._add(title, "FAILED", time.monotonic() - start)
            raise
        self._add(title, verdict, time.monotonic() - start)

    def not_here(self, title: str, reason: str) -> None:
        """A row for what cannot be done here, and below the table, once, why."""
        self._add(title, "not rehearsed", 0)
        self.reasons.setdefault(reason, title)

    def _add(self, title: str, verdict: Verdict, seconds: float) -> None:
        self.rows.append((title, verdict, seconds))
        print(f"{verdict:13} {seconds:6.1f} s  {title}", flush=True)

    def table(self) -> str:
        width = max(len(title) for title, _, _ in self.rows)
        lines = [
            f"{title:{width}}  {verdict:13}  {f'{seconds:.1f}' if seconds else '':>7}"
            for title, verdict, seconds in self.rows
        ]
        total = sum(seconds for _, _, seconds in self.rows)
        count = {
            verdict: [v for _, v, _ in self.rows].count(verdict) for _, verdict, _ in self.rows
        }
        summary = ", ".join(f"{number} {verdict}" for verdict, number in count.items())
        head = f"{'step':{width}}  {'verdict':13}  {'seconds':>7}"
        rule = "-" * len(head)
        why = [f"not rehearsed: {title}: {reason}" for reason, title in self.reasons.items()]
        return "\n".join([head, rule, *lines, rule, f"{summary}; {total:.0f} s", *why])
