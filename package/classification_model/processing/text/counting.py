"""Count the words of many texts, as sparse matrices."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from scipy import sparse

from classification_model.processing.arrays import Indices
from classification_model.processing.text.tokens import groups, pairs, tokens

__all__ = ["Counted", "count", "holders"]

Text = TypeVar("Text")

_BLOCK = 2000


@dataclass(frozen=True, slots=True, eq=False)
class Counted:
    """Texts by their terms.

    Attributes:
        words: damped counts, 1 + log(n), shape ``(texts, words)``.
        pairs: the same of pairs of words, shape ``(texts, pairs)``.
        groups: how often each word holds a group of characters, shape ``(words, groups)``.
        names: the words, the pairs and the groups, in the order of the columns.
    """

    words: sparse.csr_array
    pairs: sparse.csr_array
    groups: sparse.csr_array
    names: tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]

    def __len__(self) -> int:
        return int(self.words.shape[0])

    def take(self, texts: Indices) -> Counted:
        """Some of the texts, over the same terms."""
        return Counted(self.words[texts], self.pairs[texts], self.groups, self.names)


def count(texts: Sequence[str], max_chars: int) -> Counted:
    """Count the terms of texts; terms are sorted, so that the order of the texts is no matter."""
    split = [tokens(text, max_chars) for text in texts]
    words, word_names = _matrix(split, lambda words: words)
    of_pairs, pair_names = _matrix(split, pairs)
    of_groups, group_names = _matrix(word_names, groups)
    for matrix in (words, of_pairs):
        matrix.data = 1 + np.log(matrix.data)
    return Counted(words, of_pairs, of_groups, (word_names, pair_names, group_names))


def holders(
    terms: sparse.csr_array, within: sparse.csr_array | None = None, who: Indices | None = None
) -> Indices:
    """How many texts hold each term, or, with ``within``, each group that is in their words.

    With ``who``, a number for each text, how many of those hold it.
    """
    total: Indices | None = None
    if who is not None:
        rows = np.arange(len(who))
        by_holder = sparse.csr_array((np.ones(len(who)), (who, rows)))
        terms = (by_holder @ terms).tocsr()
    # In blocks: which text holds which group is much larger than which holds which word.
    for start in range(0, terms.shape[0], _BLOCK):
        block = terms[start : start + _BLOCK]
        held = (block if within is None else block @ within).tocsr()
        counts = np.bincount(held.indices, minlength=held.shape[1])
        total = counts if total is None else total + counts
    return np.zeros(0, np.int64) if total is None else total


def _matrix(
    texts: Iterable[Text], terms_of: Callable[[Text], Iterable[str]]
) -> tuple[sparse.csr_array, tuple[str, ...]]:
    """How often each text holds each term, as float64, and the terms in sorted order."""
    codes: dict[str, int] = {}
    columns: list[int] = []
    counts: list[int] = []
    ends = [0]
    for text in texts:
        found = Counter(terms_of(text))
        columns += [codes.setdefault(term, len(codes)) for term in found]
        counts += found.values()
        ends.append(len(columns))
    names = sorted(codes)
    places = np.empty(len(codes), np.int64)
    places[[codes[name] for name in names]] = np.arange(len(codes))
    shape = (len(ends) - 1, len(codes))
    matrix = sparse.csr_array(
        (np.array(counts, np.float64), places[columns] if columns else [], ends), shape
    )
    matrix.sort_indices()
    return matrix, tuple(names)
