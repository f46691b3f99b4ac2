"""How a column of texts writes its numbers, and which other reading fits as well."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from classification_model.config.schema import LARGEST, Decimal
from classification_model.init.shapes import Shapes
from classification_model.processing.number_format import DECIMALS, THOUSANDS, NumberFormat, fold

__all__ = ["Reading", "infer"]

_PARTS = re.compile(
    r"\(?[+-]? ?(?P<before>[^\s\d.,'()+-]{0,6}) ?[+-]?"
    r"[.,]?[0-9][0-9.,' ]*(?:[eE][+-]?[0-9]+)?(?P<behind>[^\s\d.,'()-]{0,8})(?: ?-)?\)?",
    re.ASCII,
)
_SHAPES = 2**16
_LONG = 38  # so many digits fit into a float32
_CURRENCY = re.compile(
    "AUD|BRL|CAD|CHF|CNY|CZK|DKK|EUR|GBP|HKD|HUF|INR|JPY|KRW?|MXN|NOK|NZD|PLN|RM|RUB|SEK|SGD|TRY|"
    "USD|ZAR|Fr|Rs|[A-Z]{1,3}[$]"
)


@dataclass(frozen=True, slots=True)
class Reading:
    """How numbers are written, and what of a column is not.

    ``other`` is a format that reads as many of the texts, but to other numbers. ``odd`` are
    the texts that are no number in ``written``; ``without_unit`` counts cells.
    """

    written: NumberFormat
    other: NumberFormat | None
    odd: tuple[str, ...]
    without_unit: int
    marked: bool

    def decimal(self) -> Decimal | None:
        """The decimal mark, where the column shows beyond doubt which it is."""
        return self.written.decimal if self.marked and not self.other else None


def infer(
    counts: Mapping[str, int],
    *,
    decimal: Decimal | None = None,
    usual: Decimal = ".",
    shapes: Shapes | None = None,
) -> Reading | None:
    """Find the format that reads the most cells.

    Args:
        counts: each text of the column with its number of cells.
        decimal: the decimal mark that other columns of the file have.
        usual: the decimal mark to assume where nothing decides, as ``1,234``.
        shapes: those of the texts, where they are at hand.

    Returns:
        Nothing where no text is a number.
    """
    shapes = shapes or Shapes.of_counts(counts)
    numeric = {shape: n for shape, n in shapes.cells.items() if _is_numeric(shape)}
    units = Counter[str]()
    for shape, count in numeric.items():
        units[_unit(shape)] += count
    unit = _shared_unit(units, shapes.cells.total())
    forms = _formats(unit)
    fits = [0] * len(forms)
    for shape, count in numeric.items():
        for i in _readers(shape, unit):
            fits[i] += count
    most = max(fits)
    if not most:
        return None
    best = [form for form, fit in zip(forms, fits, strict=True) if fit == most]
    written, other = _choose(best, counts, numeric, decimal, usual)
    chosen = forms.index(written)
    read = frozenset(shape for shape in numeric if chosen in _readers(shape, unit))
    return Reading(
        written,
        other,
        odd=tuple(shapes.without(read, counts)) + _beyond(written, counts, shapes),
        without_unit=shapes.cells.total() - units.total() + units[""] if unit else 0,
        marked=len({form.decimal for form in best}) == 1,
    )


@lru_cache(_SHAPES)
def _formats(unit: str) -> tuple[NumberFormat, ...]:
    """Every format, those without a mark for thousands first."""
    return tuple(NumberFormat(d, t, unit) for t in THOUSANDS for d in DECIMALS if d != t)


def _beyond(written: NumberFormat, counts: Mapping[str, int], shapes: Shapes) -> tuple[str, ...]:
    """The numbers that are larger than any feature can be; short ones without a power are not."""
    short = frozenset(s for s in shapes.names if len(s) < _LONG and "e" not in s.lower())
    found = ((text, written.read(text)) for text in shapes.without(short, counts))
    return tuple(text for text, number in found if number is not None and abs(number) > LARGEST)


@lru_cache(_SHAPES)
def _readers(shape: str, unit: str) -> tuple[int, ...]:
    """The positions of the formats that read a shape; columns share shapes."""
    return tuple(i for i, form in enumerate(_formats(unit)) if form.read(shape) is not None)


@lru_cache(_SHAPES)
def _is_numeric(shape: str) -> bool:
    return _PARTS.fullmatch(shape) is not None


@lru_cache(_SHAPES)
def _unit(text: str) -> str:
    """What stands before or behind a number, or nothing."""
    found = _PARTS.fullmatch(fold(text))
    if not found:
        return ""
    before: str = found["before"]
    if not before:
        behind: str = found["behind"]
        return "" if behind[:1].isnumeric() else behind  # 1½ is no 1
    return before if _is_sign(before) or _CURRENCY.fullmatch(before) else ""


def _is_sign(unit: str) -> bool:
    return all(c in "%‰°" or unicodedata.category(c) == "Sc" for c in unit)


def _shared_unit(units: Mapping[str, int], cells: int) -> str:
    """The unit of a column.

    A sign such as ``%`` may be missing in some cells. A word must be in nearly all, or it may
    scale some of them (``3M`` beside ``900``), and in front of a number it must be a currency.
    """
    unit = max((u for u in units if u), key=lambda u: units[u], default="")
    return unit if _is_sign(unit) or 20 * units[unit] >= 19 * cells else ""


def _choose(
    best: Sequence[NumberFormat],
    counts: Mapping[str, int],
    numeric: Collection[str],
    decimal: Decimal | None,
    usual: Decimal,
) -> tuple[NumberFormat, NumberFormat | None]:
    """The format to read by, and the other one that would give other numbers."""
    for mark, grouped in ((".", ","), (",", ".")):
        plain = next((f for f in best if f.decimal == mark and not f.thousands), None)
        groups = next((f for f in best if f.decimal == grouped and f.thousands == mark), None)
        if plain and groups and any(plain.read(t) != groups.read(t) for t in numeric):
            if decimal == grouped:
                return groups, None
            if _are_thousands(plain, mark, counts):
                return groups, plain
            if decimal == mark:
                return plain, None
            return (plain, groups) if usual == mark else (groups, plain)
    simplest = [f for f in best if f.thousands == best[0].thousands]
    return next((f for f in simplest if f.decimal == (decimal or ".")), best[0]), None


def _are_thousands(plain: NumberFormat, mark: str, counts: Mapping[str, int]) -> bool:
    """Whether groups of three digits stand beside larger numbers, which have no mark.

    So people write ``900`` and ``1.200``. Who means decimals has ``900.000`` or ``1.2``, too.
    """
    texts = [fold(text) for text in counts]
    grouped = [abs(plain.read(t) or 0) for t in texts if mark in t and plain.read(t) is not None]
    ungrouped = [abs(n) for t in texts if mark not in t and (n := plain.read(t)) is not None]
    return bool(grouped and ungrouped) and max(grouped) < max(ungrouped) < 1000
