"""What a column of words holds: categories, codes, prose or identifiers; and whether it is ordered.

Pure: distinct values with their counts in, a word and a reason out.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Literal

__all__ = ["Nature", "nature_of", "order_of"]

Name = Literal["categories", "codes", "prose", "identifiers", "tags"]

_HELD = 5  # nothing is learned from what fewer rows hold
_MOST_IN_ORDER = 12
_PROSE = 3.0
_PHRASE = 1.5
_SEPARATORS = ";|,"
_FEW_LISTS, _LOOKED_AT = 10, 2_000  # so few are categories; and the first tell enough
_SPACELESS = "\u0e00"  # from here on, most scripts are written without spaces

_SCALES = (
    "xxs xs s m l xl xxl xxxl",
    "tiny small medium large huge",
    "small middle large",
    "very_low low medium high very_high",
    "low moderate high critical",
    "low mid high",
    "low normal high",
    "none mild moderate severe",
    "none low medium high",
    "never rarely sometimes often always",
    "very_poor poor fair good very_good excellent",
    "bad average good",
    "bad ok good",
    "beginner intermediate advanced expert",
    "junior mid senior lead",
    "strongly_disagree disagree neutral agree strongly_agree",
    "very_dissatisfied dissatisfied neutral satisfied very_satisfied",
    "primary secondary tertiary",
    "first second third fourth fifth",
    "bronze silver gold platinum",
)


@dataclass(frozen=True, slots=True)
class Nature:
    """What the values are, and why."""

    name: Name
    reason: str


def nature_of(counts: Mapping[str, int]) -> Nature:
    """Tell what distinct texts are, by how often they come again and how many words they have.

    Args:
        counts: the number of rows of each, one at least, without missing values.
    """
    rows, distinct = sum(counts.values()), len(counts)
    again = sum(count for count in counts.values() if count >= _HELD) / rows
    words = sum(map(_words, counts)) / distinct
    many = f"{distinct} different values in {rows} rows"
    if tags := _tags(counts):
        return Nature("tags", f"lists of {tags} different tags; learned from the words within them")
    if distinct <= 2 or (2 * distinct <= rows and again >= 0.5 and (words < 8 or distinct <= 255)):
        return Nature("categories", f"{many}; most rows hold one that comes again")
    if words >= _PROSE:
        return Nature("prose", f"{words:.0f} words in a value")
    if words >= _PHRASE:
        return Nature("prose", f"short texts: {many}")
    if distinct >= 0.9 * rows:
        return Nature("identifiers", "all values are different" if distinct == rows else many)
    return Nature("codes", f"{many}; learned from the characters within them")


def _tags(values: Collection[str]) -> int:
    """How many tags there are where values are lists of some, in ever new company; else 0."""
    for separator in _SEPARATORS:
        lists = [value.split(separator) for value in islice(values, _LOOKED_AT)]
        tags = {tag.strip() for each in lists for tag in each}
        several = sum(len(each) > 1 for each in lists)
        if _FEW_LISTS < len(lists) < 2 * several and 2 * len(tags) <= len(lists):
            return len(tags)
    return 0


def _words(text: str) -> float:
    """About how many words a text has, also where it is written without spaces."""
    return max(len(text.split()), sum(character >= _SPACELESS for character in text) / 2)


def order_of(values: Iterable[str]) -> tuple[str, ...] | None:
    """The values from the least to the most, where their order is plain; else nothing.

    It is for words of one known scale, such as small, medium and large, and for at least three
    values that differ in their numbers alone: Q1 to Q4, 1 star to 5 stars, 18-24 to 65+.
    """
    found = [*values]
    if not 3 <= len(found) <= _MOST_IN_ORDER:
        return None
    plain = {value: re.sub(r"[\s-]+", "_", value.strip().casefold()) for value in found}
    for scale in _SCALES:
        places = {word: place for place, word in enumerate(scale.split())}
        if all(word in places for word in plain.values()):
            ordered = sorted(found, key=lambda value: places[plain[value]])
            return tuple(ordered) if len({*plain.values()}) == len(found) else None
    return _by_number(found)


def _by_number(values: list[str]) -> tuple[str, ...] | None:
    numbers = {value: [int(n) for n in re.findall(r"\d+", value)] for value in values}
    around = {re.sub(r"\d+", "0", value).rstrip("s") for value in values}
    first = [n[0] for n in numbers.values() if n]
    bands = all(
        re.fullmatch(r"\D{0,2}\d+(\s?(-|\u2013|to)\s?\D?\d+|\s?\+)", value) for value in values
    )
    alike = len(around) == 1 and all(len(n) == 1 for n in numbers.values())
    if len({*first}) != len(values) or not (alike or bands):
        return None
    return tuple(sorted(values, key=lambda value: numbers[value]))
