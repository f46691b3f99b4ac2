"""What long work tells whoever waits for it."""

from __future__ import annotations

__all__ = ["Progress"]


class Progress:
    """Progress callbacks; the base class ignores them."""

    def say(self, line: str) -> None:
        """Something was begun, done or noticed."""

    def count(self, done: int, total: int, unit: str) -> None:
        """``done`` of ``total`` are done; ``unit`` says of what, such as ``columns``."""

    def comparing(self, done: int, total: int, name: str) -> None:
        """``done`` of ``total`` candidates are compared, and ``name`` is the next."""

    def compared(self, done: int, total: int, name: str, log_loss: float) -> None:
        """``done`` of ``total`` candidates are compared; ``name`` is the newest."""
