"""What the name of a column says: whether it counts or names the rows."""

from __future__ import annotations

import re

__all__ = ["counts_rows", "is_identifier"]

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_IDENTIFIERS = frozenset(("id", "ids", "uuid", "guid", "index", "idx", "key", "nr", "no", "number"))
_INDEX = re.compile(
    r"|unnamed: ?\d+(_level_\d+)?|index|idx|level_0|row_?names?|\.\.\.1|X", re.IGNORECASE
)


def counts_rows(name: str) -> bool:
    """Whether a column is named as pandas and R name the numbers of rows, or not at all."""
    return bool(_INDEX.fullmatch(name.strip())) and name != "x"


def is_identifier(name: str) -> bool:
    """Whether the last word of a name is one such as id: ``CustomerId``, ``customer_id``, ``ID``."""
    words = [word.lower() for word in _WORDS.findall(name)]
    return bool(words) and (words[-1] in _IDENTIFIERS or words[-1] == "row")
