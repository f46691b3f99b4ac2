"""What long work tells whoever waits for it."""

from __future__ import annotations

from classification_model.records import Compared

__all__ = ["Progress"]


class Progress:
    """Told how long work goes on. This one keeps it to itself."""

    def say(self, line: str) -> None:
        """Something was begun, done or noticed."""

    def count(self, done: int, total: int, unit: str) -> None:
        """``done`` of ``total`` are done; ``unit`` says of what, such as ``columns``."""

    def comparing(self, done: int, total: int, name: str) -> None:
        """``done`` of ``total`` candidates are compared, and ``name`` is the next."""

    def compared(self, done: int, total: int, candidate: Compared) -> None:
        """``done`` of ``total`` candidates are compared, the newest is ``candidate``."""
