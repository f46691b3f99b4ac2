"""Conflicts that git marked in a text, which somebody merged and did not resolve."""

from __future__ import annotations

import re

__all__ = ["CONFLICT", "conflict_line", "is_mark"]

CONFLICT = "a conflict that git marked; keep one side, without the marks"
"""What is wrong, and the cure."""

_MARK = re.compile(r"^(<{7}|>{7}|\|{7}|={7})( |\r?$)", re.MULTILINE)


def is_mark(line: str) -> bool:
    """Whether a line is one that git writes around the two sides."""
    return _MARK.match(line) is not None


def conflict_line(text: str) -> int | None:
    """The line of the first mark, from 1."""
    found = _MARK.search(text)
    return text.count("\n", 0, found.start()) + 1 if found else None
