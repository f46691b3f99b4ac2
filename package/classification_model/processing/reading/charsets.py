"""How text that is not UTF-8 is encoded: recognised where it is sure, else asked about."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from charset_normalizer import CharsetMatch

__all__ = ["Unsure", "recognised"]

# One byte a letter, and two or more.
_ALPHABETS = ("cp1251", "cp1253", "cp1255", "cp1256", "koi8_r", "cp866")
_IDEOGRAMS = frozenset(("big5", "cp932", "cp949", "euc_jis_2004", "euc_jp", "gb18030", "shift_jis"))
_NAMES = {"euc_jis_2004": "euc_jp"}
_ASKED = (
    *("cp1252", "cp1250", "cp1251", "koi8_r", "cp1253", "cp1254", "cp1257", "mac_roman", "cp850"),
    *("cp874", "gb18030", "cp932", "big5", "cp949"),
)

_WORD = re.compile(rb"[A-Za-z\x80-\xff]{2,}")
_HIGH = re.compile(rb"[\x80-\xff]")
# Inside a word no language of the West has signs, and after a small letter no capital.
_NO_WORD = re.compile(
    r"[^\W\d_][^\x00-\x7f\w\s\u2018\u2019\u201c-\u201e\u00ab\u00bb][^\W\d_]"
    "|[a-zß-ÿ][À-ÖØ-ÞŠŒŽŸ]|[ÝýÞþÐð]"
)
# Beside numbers and words: the euro, dots, quotes, dashes, degrees, squares and the like.
_SIGNS = bytes.fromhex("80 85 91 92 93 94 96 97 a0 a3 a7 ab b0 b1 b2 b3 b5 bb bd be d7")
_MOST_CHAOS, _LEAST_BYTES = 0.1, 40


class Unsure(Exception):  # noqa: N818 - a question
    """Several encodings are possible; the message shows what they would read."""


def recognised(lines: Sequence[bytes]) -> str:
    """The encoding of lines that are neither ASCII nor UTF-8.

    Raises:
        Unsure: more than one is likely.
    """
    text = b"\n".join(lines)
    if _is_western(text):
        return "cp1252"
    enough = _share_of_high_bytes(text) >= 0.5 and len(_HIGH.findall(text)) >= _LEAST_BYTES
    likely = [name for name in _ALPHABETS if _looks_written(text, name)] if enough else []
    if enough and len(likely) != 1:
        likely = _best(text, frozenset(likely) or _IDEOGRAMS)
    if not likely:
        raise Unsure("; ".join(_readings(text)))
    return _NAMES.get(likely[0], likely[0])


def _looks_written(text: bytes, encoding: str) -> bool:
    """Whether words are of one alphabet, and no small letter stands in front of a capital."""
    try:
        decoded = text.decode(encoding)
    except UnicodeDecodeError:
        return False
    words = re.findall(r"[^\W\d_]+", decoded)
    foreign = [word for word in words if not word.isascii()]
    alphabets = Counter(unicodedata.name(word[-1]).partition(" ")[0] for word in foreign)
    good = sum(not re.search("[a-z][A-Z]", _cases(word)) for word in foreign)
    signs = sum(not c.isascii() and not c.isalnum() for c in decoded)
    letters = sum(map(len, foreign))
    return (
        bool(foreign)
        and min(good, alphabets.most_common(1)[0][1]) >= 0.95 * len(foreign)
        and signs <= 0.05 * letters
    )


def _cases(word: str) -> str:
    return "".join("A" if c.isupper() else "a" if c.islower() else "-" for c in word)


def _best(text: bytes, known: Collection[str]) -> list[str]:
    """What charset-normalizer thinks best, if it is one of those and free of chaos."""
    likely = (m for m in _matches(text) if m.chaos < _MOST_CHAOS)
    return [m.encoding for m in likely if m.encoding in known][:1]


def _matches(text: bytes) -> Iterable[CharsetMatch]:
    try:
        import charset_normalizer
    except ImportError:  # it comes with the extras that read tables
        return ()
    return charset_normalizer.from_bytes(text)


def _is_western(text: bytes) -> bool:
    """Whether words look like those of Western Europe: some of their letters have accents."""
    if text.translate(None, _SIGNS).isascii():
        return True
    if _share_of_high_bytes(text) >= 0.5:
        return False
    try:
        decoded = text.decode("cp1252")
    except UnicodeDecodeError:
        return False
    # What Czechs, Slovaks and Croats write most is the same in both; then it matters not.
    eastern = re.search("[ŠšŽž]", decoded) and text.decode("cp1250", "replace") != decoded
    return not (eastern or _NO_WORD.search(decoded))


def _share_of_high_bytes(text: bytes) -> float:
    words = [word for word in _WORD.findall(text) if _HIGH.search(word)]
    letters = sum(map(len, words))
    return sum(len(_HIGH.findall(word)) for word in words) / letters if letters else 0.0


def _readings(text: bytes) -> Iterator[str]:
    """What the first word that is no ASCII would be in each of some encodings."""
    word = next(word for word in (*_WORD.findall(text), text) if _HIGH.search(word))
    latin = re.search(rb"[A-Za-z]", word)
    seen = set[str]()
    for name in _ASKED:
        shown = word.decode(name, "replace")
        if shown.isalpha() and shown not in seen and (not latin or all(map(_is_latin, shown))):
            seen.add(shown)
            yield f"{shown} ({name})"


def _is_latin(letter: str) -> bool:
    return unicodedata.name(letter, "").startswith("LATIN ")
