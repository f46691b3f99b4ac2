"""Which words of a text moved a probability: each is struck out, and the model is asked again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from classification_model.inference.engines import Probabilities, Scorer
from classification_model.processing.text.encoder import TextEncoder
from classification_model.processing.text.tokens import pieces
from classification_model.processing.value_rules import TypedRow

__all__ = ["Struck", "WordEffects"]

_MOST = 40
"""Words of a text that are struck out, one after the other."""

_CHARACTERS = 100_000
"""So many are read again for one text at most: of a long one fewer words are struck out."""

_FEWEST = 8

Struck = dict[str, list[tuple[str, float]]]
"""For each column of text its words, with how far the probability falls without them."""


class WordEffects:
    """Says what each word of a row's texts does to a probability.

    An effect is the row's probability, less that of the row without the word, all else as it is.
    So effects of words do not add up to the contribution of their column, which is measured
    against other rows. Of a text with many words those are asked about whose own scores are the
    strongest.

    Args:
        encode: one function for each feature, from a row to a number.
        inputs: the columns that each of them reads.
        scorer: from the matrix to probabilities.
        texts: the learned encoders of columns of text.
    """

    def __init__(
        self,
        encode: Sequence[Callable[[TypedRow], float]],
        inputs: Sequence[tuple[str, ...]],
        scorer: Scorer,
        texts: Sequence[TextEncoder],
    ) -> None:
        self._encode = encode
        self._scorer = scorer
        self._texts = [
            (
                text,
                text.reader(),
                [i for i, names in enumerate(inputs) if text.column in names],
            )
            for text in texts
        ]

    def of(self, row: TypedRow, position: int) -> Struck:
        """The words of each text that has some, the one that moves most first."""
        rows, changed, found = [row], [[*range(len(self._encode))]], dict[str, list[str]]()
        for text, look, features in self._texts:
            value = row[text.column]
            without = _without(str(value), text, look) if value else {}
            rows += [{**row, text.column: left} for left in without.values()]
            changed += [features] * len(without)
            found[text.column] = [*without]
        if len(rows) == 1:
            return {}
        whole, *parts = self._scores(rows, changed)[:, position].astype(np.float64).tolist()
        effects = iter([whole - part for part in parts])
        struck = {name: [(word, next(effects)) for word in words] for name, words in found.items()}
        return {name: sorted(words, key=lambda one: -abs(one[1])) for name, words in struck.items()}

    def _scores(self, rows: Sequence[TypedRow], changed: Sequence[list[int]]) -> Probabilities:
        """Score rows that differ from the first one in these features only."""
        matrix = np.zeros((len(rows), len(self._encode)), np.float32)
        for i, (row, features) in enumerate(zip(rows, changed, strict=True)):
            matrix[i] = matrix[0]
            matrix[i, features] = [self._encode[feature](row) for feature in features]
        return self._scorer.score(matrix)


def _without(
    text: str, encoder: TextEncoder, look: Callable[[Any], Sequence[float]]
) -> dict[str, str]:
    """The text without each of its words that say most by themselves."""
    text = text[: encoder.max_chars]
    places: dict[str, list[tuple[int, int]]] = {}
    for word, start, end in pieces(text, encoder.max_chars):
        places.setdefault(word, []).append((start, end))
    scores = len(encoder.intercepts)
    usual = np.array(encoder.intercepts)
    alone = {word: float(np.abs(np.array(look(word)[:scores]) - usual).max()) for word in places}
    most = min(_MOST, max(_FEWEST, _CHARACTERS // len(text)))
    chosen = sorted(filter(alone.__getitem__, places), key=lambda word: -alone[word])[:most]
    return {word: _struck(text, places[word]) for word in chosen}


def _struck(text: str, places: Sequence[tuple[int, int]]) -> str:
    kept, last = [], 0
    for start, end in places:
        kept.append(text[last:start])
        last = end
    return "".join([*kept, text[last:]])
