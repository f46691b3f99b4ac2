"""Numbers of versions: the next one, and the next one that no tag has."""

from __future__ import annotations

import re
from collections.abc import Container
from typing import Literal

__all__ = ["Bump", "free", "numbers", "raised"]

Bump = Literal["major", "minor", "patch"]

_PLACES = {"major": 0, "minor": 1, "patch": 2}


def raised(version: str, by: Bump) -> str:
    """The next version: 1.4.2 by a minor is 1.5.0; of 1.4.2rc1 only the numbers count."""
    found, place = [*numbers(version), 0, 0, 0][:3], _PLACES[by]
    return ".".join(map(str, [*found[:place], found[place] + 1, *([0] * (2 - place))]))


def numbers(version: str) -> tuple[int, ...]:
    """The numbers that a version begins with, so that 1.10 is above 1.9."""
    start = re.match(r"\d+(\.\d+)*", version)
    return tuple(map(int, start[0].split("."))) if start else ()


def free(version: str, taken: Container[str], by: Bump = "minor") -> str:
    """The version, or the next that is not taken."""
    while version in taken:
        version = raised(version, by)
    return version
