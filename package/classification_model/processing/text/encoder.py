"""From a text to a few numbers, by looking up and adding: what serving and training run."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from functools import lru_cache
from operator import mul
from typing import Annotated, Literal

import numpy as np
import numpy.typing as npt
from pydantic import ConfigDict, Field

from classification_model.config.schema import MAX_CHARS, FrozenModel
from classification_model.processing.text.tokens import groups, pairs, tokens

__all__ = ["Terms", "TextEncoder", "idf", "scored"]

_WORDS_REMEMBERED = 50_000
_COUNTS = ("length", "digits", "capitals", "known words")

Entry = tuple[float, ...]
"""What a term adds: to the square of a text's length as a vector, and to each score."""


class Terms(FrozenModel):
    """Terms, with how many rows hold each and what it speaks for.

    ``weights`` are little-endian float32, one row for each term, one number for each score: the
    coefficient of a linear model times the term's inverse document frequency.
    """

    model_config = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")

    names: tuple[str, ...] = ()
    rows: tuple[int, ...] = ()
    weights: bytes = b""

    @classmethod
    def of(
        cls, names: Sequence[str], rows: npt.NDArray[np.int64], weights: npt.NDArray[np.float64]
    ) -> Terms:
        """Terms from arrays; weights are rounded to float32."""
        rounded = weights.astype("<f4").tobytes()
        return cls(names=tuple(names), rows=tuple(rows.tolist()), weights=rounded)

    def matrix(self) -> npt.NDArray[np.float64]:
        """The weights, shape ``(terms, scores)``."""
        flat = np.frombuffer(self.weights, "<f4").astype(np.float64)
        return flat.reshape(len(self.names), -1)

    def entries(self, trained_on: int) -> dict[str, Entry]:
        """What each term adds where it occurs once."""
        squares = (idf(np.array(self.rows), trained_on) ** 2).tolist()
        weights = self.matrix().tolist() if self.names else []
        return {
            name: (square, *scores)
            for name, square, scores in zip(self.names, squares, weights, strict=True)
        }


class TextEncoder(FrozenModel):
    """What was learned from the texts of a column: data alone, as the bundle has it.

    A text is scored by a linear model on TF-IDF, with sublinear counts. Its words and pairs of
    words are one vector of length one; the groups of characters within its words are another.
    The squared length of the latter is taken to be the sum of that of its words, as if no two
    had a group in common: so all that a word adds can be remembered.

    Attributes:
        column: its name.
        classes: there is a score for each; of two, for the second one alone.
        trained_on: how many rows there were.
        familiar: of those with any word, the share with a known one.
        words: words, and pairs of them.
        groups: groups of characters.
        intercepts: the scores of a text without a known term.
        max_chars: how much of a text is read.
    """

    kind: Literal["text"] = "text"
    column: str
    classes: tuple[str, ...]
    trained_on: int
    familiar: float = 1.0
    words: Terms = Terms()
    groups: Terms = Terms()
    intercepts: tuple[float, ...]
    max_chars: Annotated[int, Field(gt=0)] = MAX_CHARS

    @property
    def names(self) -> tuple[str, ...]:
        """What each number that it gives is."""
        scores = (f"{self.column}: score of {label}" for label in scored(self.classes))
        return (*scores, *(f"{self.column}: {count}" for count in _COUNTS))

    def vocabulary(self) -> frozenset[str]:
        """The words that are known, and the pairs of them."""
        return frozenset(self.words.names)

    def telling(self, most: int) -> dict[str, list[str]]:
        """For each class the words that speak most for it, the strongest first; no pairs.

        Where words say nothing it is groups of characters.
        """
        terms = self.words if any(self.words.weights) else self.groups
        weights = terms.matrix() if terms.names else np.zeros((0, len(self.intercepts)))
        if len(self.classes) == 2:
            weights = np.hstack([-weights, weights])
        single = [i for i, name in enumerate(terms.names) if " " not in name.strip()]
        found: dict[str, list[str]] = {}
        for place, label in enumerate(self.classes):
            by_weight = sorted(single, key=lambda i: -weights[i, place])
            found[label] = [terms.names[i] for i in by_weight[:most] if weights[i, place] > 0]
        return found

    def made(self, texts: int, random: np.random.Generator) -> list[str]:
        """Texts of known words in random order, which nobody wrote; among them an empty one."""
        words = [word for word in self.words.names if " " not in word] or ["?"]
        sizes = random.geometric(0.1, texts - 1)
        drawn = [random.integers(0, len(words), size).tolist() for size in sizes.tolist()]
        return ["", *(" ".join(words[place] for place in places) for places in drawn)]

    def example(self) -> str:
        """The ten commonest words, as a text."""
        held = zip(self.words.names, self.words.rows, strict=True)
        words = [(-rows, word) for word, rows in held if word[0].isalpha() and " " not in word]
        return " ".join(word for _, word in sorted(words)[:10])

    def reader(self) -> Callable[[object], tuple[float, ...]]:
        """The function from a text to one number for each of ``names``.

        A missing text is an empty one. The length is the logarithm of one more than the number
        of characters; the other counts are shares, of the characters and of the distinct words.
        """
        known, word_adds = self.words.entries(self.trained_on), self._word_adds()
        none = [0.0] * len(self.intercepts)

        def numbers(value: object) -> tuple[float, ...]:
            text = "" if value is None else str(value)[: self.max_chars]
            words = tokens(text, self.max_chars)
            counts = Counter(words)
            terms = [(_damped(n), known[word]) for word, n in counts.items() if word in known]
            share = len(terms) / max(len(counts), 1)
            for pair, n in Counter(filter(known.__contains__, pairs(words))).items():
                terms.append((_damped(n), known[pair]))
            within = [(_damped(n), word_adds(word)) for word, n in counts.items()]
            scores = zip(self.intercepts, _scores(terms, none), _scores(within, none), strict=True)
            size = len(text) or 1
            return (
                *(intercept + of_words + of_groups for intercept, of_words, of_groups in scores),
                math.log1p(len(text)),
                sum(map(str.isdigit, text)) / size,
                sum(map(str.isupper, text)) / size,
                share,
            )

        return numbers

    def _word_adds(self) -> Callable[[str], Entry]:
        """The function from a word to what its groups of characters add; most words come again."""
        known = self.groups.entries(self.trained_on)
        nothing = (0.0,) * (len(self.intercepts) + 1)
        if not known:
            return lambda _: nothing

        @lru_cache(maxsize=_WORDS_REMEMBERED)
        def adds(word: str) -> Entry:
            counts = Counter(filter(known.__contains__, groups(word)))
            if not counts:
                return nothing
            squares, *weights = zip(*map(known.__getitem__, counts), strict=True)
            times = [*map(float, counts.values())]
            square = math.fsum(map(mul, map(mul, times, times), squares))
            return (square, *(math.fsum(map(mul, times, scores)) for scores in weights))

        return adds


def scored(classes: Sequence[str]) -> Sequence[str]:
    """The classes that have a score; of two only the second."""
    return classes[1:] if len(classes) == 2 else classes


def idf(rows: npt.NDArray[np.int64], trained_on: int) -> npt.NDArray[np.float64]:
    """The smoothed inverse document frequency of terms that so many rows hold.

    As scikit-learn's ``TfidfTransformer``: the natural logarithm of (1 + n) / (1 + rows), and 1.
    """
    return np.log((1 + trained_on) / (1 + rows)) + 1


def _damped(count: int) -> float:
    """Sublinear counts: the second occurrence of a term adds less than the first."""
    return 1.0 if count == 1 else 1.0 + math.log(count)


def _scores(adds: Sequence[tuple[float, Entry]], none: list[float]) -> list[float]:
    """The scores of a vector of length one; fsum does not depend on the order or the Python."""
    if not adds:
        return none
    times, entries = zip(*adds, strict=True)
    squares, *weights = zip(*entries, strict=True)
    length = math.sqrt(math.fsum(map(mul, map(mul, times, times), squares)))
    if not length:
        return none
    return [math.fsum(map(mul, times, scores)) / length for scores in weights]
