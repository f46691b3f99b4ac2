"""Decide the kind of one column by all of its texts, and note what a person should check."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from classification_model.config.schema import Column, Decimal
from classification_model.init import date_formats, number_formats
from classification_model.init.date_formats import DateReading
from classification_model.init.natures import nature_of, order_of
from classification_model.init.number_formats import Reading
from classification_model.init.odd_cells import Fit, fit_but_for, is_marker, listed, missing_words
from classification_model.init.shapes import Shapes
from classification_model.processing.number_format import NumberFormat

__all__ = ["File", "Guess", "kind_of"]

_BOOLEAN_PAIRS = ({"true", "false"}, {"t", "f"}, {"yes", "no"}, {"y", "n"}, {"on", "off"})
_CODE = re.compile(r"[+-]?0\d+", re.ASCII)
_WAYS = 8  # to write two words, in capitals or not
_EXACT = 15  # so many digits a float has
_EIGHT_DIGITS = re.compile(r"\d{8}", re.ASCII)


@dataclass(frozen=True, slots=True)
class File:
    """What is known of how numbers are written in a file.

    ``decimal`` is the mark that its columns show, if one does; ``usual`` is that of such files.
    """

    decimal: Decimal | None = None
    usual: Decimal = "."


@dataclass(frozen=True, slots=True)
class Guess:
    """A decision on a column.

    ``missing`` are the texts that mean "missing" in it, the empty one left out, and ``kept`` are
    markers that are values here. ``notes`` is what nobody would expect, but for how its numbers or
    dates are ``written``, which is often that of a whole file; a column with ``doubts`` should be
    looked at.
    """

    column: Column
    missing: frozenset[str] = frozenset()
    kept: frozenset[str] = frozenset()
    written: str = ""
    notes: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()


def kind_of(
    counts: Mapping[str, int],
    lines: Mapping[str, int],
    file: File,
    shapes: Shapes | None = None,
) -> Guess:
    """Decide what a column is: the narrowest kind that takes all cells, or all but a few.

    Args:
        counts: each text with its number of cells, the empty text left out.
        lines: the line on which each text stands first.
        file: how its file writes numbers.
        shapes: those of the texts, where they are at hand.
    """
    shapes = shapes or Shapes.of_counts(counts)
    markers = frozenset(filter(is_marker, shapes.words(counts)))
    words = missing_words(counts, markers)
    told = {t: n for t, n in counts.items() if t not in words} if words else counts
    if len(counts) <= _WAYS and {t.lower() for t in counts if t not in markers} in _BOOLEAN_PAIRS:
        words = markers  # however common they are: beside yes and no there is nothing else
        return Guess(Column(kind="boolean"), words, notes=_taken_as_missing(words, counts, lines))
    numbers = number_formats.infer(counts, decimal=file.decimal, usual=file.usual, shapes=shapes)
    if numbers and _are_codes(shapes.names):
        numbers = None
    dates = None
    if numbers is None or numbers.odd or all(map(_EIGHT_DIGITS.fullmatch, shapes.names)):
        dates = date_formats.infer(counts)
    of_dates = fit_but_for(counts, dates.odd) if dates else "no"
    if dates and of_dates in ("all", "nearly all"):
        return _dates(dates, counts, lines)
    of_numbers = fit_but_for(counts, numbers.odd) if numbers else "no"
    if numbers and of_numbers in ("all", "nearly all"):
        return _numbers(numbers, counts, lines, shapes)
    column = Column(kind="raw")
    about: tuple[str, ...] = ()
    if told:
        column, about = _words(told)
    if column.kind == "category" and (kept := markers - words):
        found = listed({text: counts[text] for text in kept}, lines)
        about = (*about, f"{found} taken as a category: missing_markers decides")
    return Guess(
        column,
        words,
        kept=markers - words if column.kind == "category" else frozenset(),
        notes=(*about, *_taken_as_missing(words, counts, lines)),
        doubts=_nearly(numbers, of_numbers, dates, of_dates, counts, lines),
    )


def _words(counts: Mapping[str, int]) -> tuple[Column, tuple[str, ...]]:
    """What a column of words is, and why where a person may want to overrule it."""
    nature = nature_of(counts)
    if nature.name == "identifiers":
        return Column(kind="raw"), ()
    if nature.name != "categories":
        return Column(kind="text"), (nature.reason,)
    order = order_of(counts) or ()
    return Column(kind="category", order=order), (
        (f"in order: {' < '.join(order)}",) if order else ()
    )


def _are_codes(counts: Collection[str]) -> bool:
    """Whether digits begin with a zero, as in 00501; a code has no decimal mark."""
    return any(map(_CODE.fullmatch, counts)) and not any(re.search("[.,]", t) for t in counts)


def _numbers(
    reading: Reading, counts: Mapping[str, int], lines: Mapping[str, int], shapes: Shapes
) -> Guess:
    written, odd = reading.written, frozenset(reading.odd)
    whole = _are_whole(written, counts, odd, shapes)
    notes = _odd_cells("a number", odd, counts, lines)
    if reading.without_unit - sum(counts[text] for text in odd) > 0:
        notes = (*notes, f"{reading.without_unit} cells have no {written.unit}")
    return Guess(
        Column(
            kind="integer" if whole else "number",
            decimal=written.decimal,
            thousands=written.thousands,
            unit=written.unit,
        ),
        odd,
        written="" if written == NumberFormat() else f"numbers written as {written.example()}",
        notes=notes,
        doubts=_two_readings(reading, counts),
    )


def _are_whole(
    written: NumberFormat, counts: Mapping[str, int], odd: Collection[str], shapes: Shapes
) -> bool:
    """Whether all numbers are whole, which their shape tells of those that are short and plain."""
    plain = [s for s in shapes.cells if len(s) <= _EXACT and "e" not in s.lower()]
    fit = [shape for shape in plain if written.read(shape) is not None]
    if not all(_is_whole(written, shape) for shape in fit):
        return False
    others = shapes.without(frozenset(plain), counts)
    return all(_is_whole(written, text) for text in others if text not in odd)


def _is_whole(written: NumberFormat, text: str) -> bool:
    try:
        return written.parse_whole(text).is_integer()
    except ValueError:
        return False


def _two_readings(reading: Reading, counts: Mapping[str, int]) -> tuple[str, ...]:
    if reading.other is None:
        return ()
    written, other = reading.written, reading.other
    text = next(text for text in counts if written.read(text) != other.read(text))
    said = f"{text} is read as {written.read(text):.15g}, and may mean {other.read(text):.15g}"
    return (f"{said}: then set decimal: {other.decimal!r}, thousands: {other.thousands!r}",)


def _dates(reading: DateReading, counts: Mapping[str, int], lines: Mapping[str, int]) -> Guess:
    odd, form = frozenset(reading.odd), reading.format
    notes: tuple[str, ...] = ()
    plain = not form.written or form.written.startswith("%Y-%m-%d")
    if form.zone and reading.zones and len(reading.zones) > 1:
        notes = (*notes, "offsets differ, so hours are those of UTC; time_zone sets another")
    doubts: tuple[str, ...] = ()
    if reading.other:
        text = next(text for text in counts if text not in odd)
        first = "month" if form.written.startswith("%m") else "day"
        said = f"{text} is read {first} first, and nothing decides: else set date_format: "
        doubts = (f"{said}{reading.other.written!r}",)
    column = Column(kind="date", date_format=form.written or None, time_zone=form.zone or None)
    return Guess(
        column,
        odd,
        written="" if plain else f"dates written as {form.example()}",
        notes=(*notes, *_odd_cells("a date", odd, counts, lines)),
        doubts=doubts,
    )


def _odd_cells(
    what: str, odd: Collection[str], counts: Mapping[str, int], lines: Mapping[str, int]
) -> tuple[str, ...]:
    if not odd:
        return ()
    found = listed({text: counts[text] for text in odd}, lines)
    return (f"{what} but for {found}; taken as missing: missing_markers decides",)


def _taken_as_missing(
    words: Collection[str], counts: Mapping[str, int], lines: Mapping[str, int]
) -> tuple[str, ...]:
    if not words:
        return ()
    return (f"{listed({text: counts[text] for text in words}, lines)} taken as missing",)


def _nearly(
    numbers: Reading | None,
    of_numbers: Fit,
    dates: DateReading | None,
    of_dates: Fit,
    counts: Mapping[str, int],
    lines: Mapping[str, int],
) -> tuple[str, ...]:
    """What the column looks like, but for too many cells to call them missing."""
    for what, kind, reading, fit in (
        ("a number", "number", numbers, of_numbers),
        ("a date", "date", dates, of_dates),
    ):
        if reading and fit == "most":
            found = listed({text: counts[text] for text in reading.odd}, lines)
            return (f"{what} but for {found}: set kind: {kind} and missing_markers if so",)
    if dates and of_dates == "no":
        odd = {text: counts[text] for text in dates.odd}
        cells, example = sum(counts.values()) - sum(odd.values()), dates.format.example()
        said = (
            f"{cells} cells are dates such as {example}, and these are not, of {listed(odd, lines)}"
        )
        return (f"{said}: write all of them in one way",)
    return ()
