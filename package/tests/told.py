"""What a person would read of a training."""

from __future__ import annotations

from classification_model.progress import Progress

__all__ = ["Told"]


class Told(Progress):
    """Every line that was said; ``in`` finds a part of one."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, line: str) -> None:
        self.lines.append(line)

    def __contains__(self, text: str) -> bool:
        return any(text in line for line in self.lines)
