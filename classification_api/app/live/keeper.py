"""What keeps answers and labels beyond this process, where an operator wants that."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from classification_model.monitoring.answers import Answer, Label

__all__ = ["Keeper"]


class Keeper(Protocol):
    """Takes answers and labels.

    ``keeps_inputs`` says whether answers come with their rows. ``answers`` is called by the event
    loop, after the answers have left, and must return at once. ``labels`` is called in a thread,
    and its caller is answered once it has returned.
    """

    keeps_inputs: bool

    def answers(self, batch: Sequence[Answer]) -> None: ...

    def labels(self, batch: Sequence[Label]) -> None: ...
