"""Text from elsewhere, made safe for a line, for Markdown and for a terminal."""

from __future__ import annotations

import re
import unicodedata

__all__ = ["clean", "markdown", "printable", "unprintable"]

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~&$!@^])")

# Joiners belong to words and emoji; other invisible characters steer what shows the text.
_JOINERS = frozenset("\u200c\u200d")
_STEERING = frozenset(("Cc", "Cf", "Cs", "Zl", "Zp"))


def unprintable(text: str) -> str:
    """The characters of a text that control a terminal, break a line or turn its direction."""
    return "".join(c for c in text if unicodedata.category(c) in _STEERING and c not in _JOINERS)


def clean(text: object) -> str:
    """Text on one line, of characters that can be seen; others are replaced."""
    words = " ".join(str(text).split())
    bad = frozenset(unprintable(words))
    return "".join("\ufffd" if c in bad else c for c in words) if bad else words


def markdown(text: object) -> str:
    """Text that means nothing to Markdown or HTML, on one line."""
    return _SPECIAL.sub(r"\\\1", clean(text))


def printable(text: str) -> str:
    """Text for a terminal or a log: what cannot be seen is written as Python writes it."""
    bad = frozenset(unprintable(text)) - {"\n"}
    return "".join(ascii(c)[1:-1] if c in bad else c for c in text) if bad else text
