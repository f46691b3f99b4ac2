"""Which name a person most likely meant, or a column most likely has now."""

from __future__ import annotations

import difflib
from collections.abc import Collection

__all__ = ["alike", "nearest", "renamed_to"]


def nearest(name: str, others: Collection[str]) -> str | None:
    """The one of other names that is most like a name, if any is."""
    return next(iter(alike(name, others, most=1)), None)


def alike(name: str, others: Collection[str], *, most: int, least: float = 0.5) -> list[str]:
    """The names that are most like a name, by a likeness from 0 to 1, the nearest first."""
    folded = {other.casefold(): other for other in others}
    near = difflib.get_close_matches(name.casefold(), folded, n=most, cutoff=least)
    return [folded[one] for one in near]


def renamed_to(gone: str, unknown: Collection[str]) -> str:
    """Which of the columns that nobody knows one that is gone may be, as the end of a phrase."""
    likely = nearest(gone, unknown) or (next(iter(unknown)) if len(unknown) == 1 else None)
    return f" (is it {likely!r} now?)" if likely else ""
