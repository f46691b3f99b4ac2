"""From a text to its words: the one tokeniser, for training and serving."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache

__all__ = ["groups", "pairs", "pieces", "tokens"]

_PLAIN = re.compile(r"\w{1,64}|[^\w\s]{1,64}")
_GROUPS = range(2, 6)


def tokens(text: str, max_chars: int) -> list[str]:
    """The words of the first ``max_chars`` characters, and what stands between them, in order.

    A word is a run of letters, digits, underscores and the marks upon them, in any script. A run
    of anything else but spaces is one, too: ``!!!`` and emojis say much. Case and ways to write
    the same character (NFKC) make no difference. What is longer than 64 characters counts as
    several words, so that a writing without spaces costs no more than one with them.
    """
    text = text[:max_chars]
    if text.isascii():
        return _PLAIN.findall(text.lower())
    # Either may make one character several: what is cut once more stays as cheap.
    text = unicodedata.normalize("NFKC", text)[:max_chars].casefold()[:max_chars]
    mark, marked = _with_marks()
    return (marked if mark.search(text) else _PLAIN).findall(text)


def pieces(text: str, max_chars: int) -> list[tuple[str, int, int]]:
    """Each word with the places in the text as it is written where it begins and ends."""
    mark, marked = _with_marks()
    text = text[:max_chars]
    found = (marked if mark.search(text) else _PLAIN).finditer(text)
    return [
        (unicodedata.normalize("NFKC", one[0]).casefold(), one.start(), one.end()) for one in found
    ]


def pairs(words: Sequence[str]) -> Iterator[str]:
    """Each word with the next one, a space between them."""
    return map("{} {}".format, words, words[1:])


def groups(word: str) -> Iterator[str]:
    """The groups of 2 to 5 characters of a word that has a space on either side."""
    padded = f" {word} "
    for size in _GROUPS:
        for start in range(len(padded) - size + 1):
            yield padded[start : start + size]


@lru_cache(maxsize=1)
def _with_marks() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """A mark, such as a vowel sign, and words that hold some.

    Python's ``\\w`` leaves marks out, and words of Devanagari or Thai would fall apart.
    """
    every = map(chr, range(0x300, 0x10000))
    mark = f"[{''.join(c for c in every if unicodedata.category(c)[0] == 'M')}]"
    words = rf"(?:\w|{mark}){{1,64}}|(?:(?!{mark})[^\w\s]){{1,64}}"
    return re.compile(mark), re.compile(words)
