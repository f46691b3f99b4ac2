"""Cells that do not fit the rest of their column: which texts mean "missing", and which do not."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from statistics import median
from typing import Literal

__all__ = ["Fit", "fit_but_for", "is_marker", "listed", "missing_words"]

Fit = Literal["all", "nearly all", "most", "no"]

# No text of these is a category to anybody.
_NOTHING = frozenset(
    (
        *("", "?", "nan", "-nan", "1.#qnan", "nat", "null", "(null)", "<null>", "\\n", "<na>"),
        *(
            "0000-00-00",
            "0000-00-00 00:00:00",
            "n/a",
            "#n/a",
            "#div/0!",
            "#value!",
            "#ref!",
            "#name?",
            "#num!",
            "#null!",
            "(missing)",
        ),
    )
)
# These may be one: NA is a continent and a country, none an answer, and - a label beside +.
_WORDS = frozenset(
    (
        *("na", "n.a.", "n.a", "n. a.", "none", "nil", "-", "--", "---", ".", "..", "..."),
        *("\u2013", "\u2014", "inf", "-inf", "+inf", "infinity", "-infinity", "unknown", "unk"),
        *("undefined", "missing", "not available", "not applicable", "no data", "tbd", "k.a."),
    )
)

_MARKERS = _NOTHING | _WORDS

# A text that is no marker is taken as missing in this share of a column's cells at most, and in
# columns with more different values than codes have.
_FEW, _CODES = 0.02, 20
_LONGEST = 60  # characters that are shown of a text


def is_marker(text: str) -> bool:
    """Whether people write a text where there is nothing to write."""
    return text.lower() in _MARKERS


def missing_words(counts: Mapping[str, int], among: Iterable[str] | None = None) -> frozenset[str]:
    """The texts of a column of words, such as the target, that mean "missing".

    A word as common as the others is one of them. ``counts`` has each text's number of cells;
    ``among`` are those that are looked at, by default all.
    """
    found = [*filter(is_marker, counts if among is None else among)]
    if not found:
        return frozenset()
    others = [count for text, count in counts.items() if not is_marker(text)]
    usual = median(others) / 2 if others else 0
    return frozenset(text for text in found if text.lower() in _NOTHING or counts[text] < usual)


def fit_but_for(counts: Mapping[str, int], odd: Collection[str]) -> Fit:
    """How well a kind of values fits a column in which some texts are ``odd``.

    Where it fits nearly all cells, the odd ones are best taken as missing: they are markers, or
    few. Where it fits most, only a person can know.
    """
    if not odd:
        return "all"
    cells = sum(counts.values())
    strange = [text for text in odd if not is_marker(text)]
    strange_cells = sum(counts[text] for text in strange)
    fitting = cells - sum(counts[text] for text in odd)
    if not fitting:
        return "no"
    many = len(counts) - len(odd) > _CODES
    if not strange or (many and strange_cells <= max(1, _FEW * cells)):
        return "nearly all"
    return "most" if many and fitting >= 0.8 * cells else "no"


def _shown(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}\u2026"


def listed(counts: Mapping[str, int], lines: Mapping[str, int], most: int = 3) -> str:
    """Texts with their number of cells and the line of the first: ``2 cells: '-' (line 52)``."""
    cells = sum(counts.values())
    ordered = sorted(counts, key=lambda text: (-counts[text], lines[text]))
    shown = [
        f"{_shown(text)!r} ({'line' if counts[text] == 1 else f'{counts[text]} times, from line'} "
        f"{lines[text]})"
        for text in ordered[:most]
    ]
    more = [f"{len(ordered) - most} more"] if len(ordered) > most else []
    return f"{cells} cell{'s' if cells > 1 else ''}: {', '.join(shown + more)}"
