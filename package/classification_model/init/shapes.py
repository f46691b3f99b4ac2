"""What the texts of a column look like: digits but zero are all the same.

Whether a format reads a text, and which unit it has, is told by its shape; and of shapes there
are few.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from classification_model.processing.arrays import Indices
from classification_model.processing.number_format import fold

__all__ = ["Shapes"]

_PLAIN = re.compile(r"[+-]?[09]+([.,][09]+)?")
_NINES = np.arange(256, dtype=np.uint8)
_NINES[ord("1") : ord("9")] = ord("9")


@dataclass(frozen=True, slots=True)
class Shapes:
    """The shapes of distinct texts.

    ``names[codes[i]]`` is that of text ``i``, folded as numbers are read, and ``cells`` counts the
    cells of each. ``unfolded`` are the names before that.
    """

    unfolded: pa.Array
    names: list[str]
    codes: Indices
    cells: Counter[str]

    @classmethod
    def of(cls, texts: pa.Array, counts: npt.ArrayLike) -> Shapes:
        """From distinct texts, and the number of cells of each."""
        found = _with_nines(texts).dictionary_encode()
        codes = found.indices.to_numpy().astype(np.int64)
        names = [*map(fold, found.dictionary.to_pylist())]
        rows = np.bincount(codes, counts, len(names))
        cells = Counter[str]()
        for name, count in zip(names, rows.tolist(), strict=True):
            cells[name] += round(count)
        return cls(found.dictionary, names, codes, cells)

    @classmethod
    def of_counts(cls, counts: Mapping[str, int]) -> Shapes:
        """From each text with its number of cells."""
        return cls.of(pa.array([*counts], pa.string()), [*counts.values()])

    def words(self, counts: Mapping[str, int]) -> Iterator[str]:
        """The texts that are no plain numbers."""
        return self.without(frozenset(filter(_PLAIN.fullmatch, self.names)), counts)

    def without(self, shapes: frozenset[str], counts: Mapping[str, int]) -> Iterator[str]:
        """The texts that have other shapes than these."""
        odd = np.array([name not in shapes for name in self.names], np.bool_)
        if odd.any():
            texts = [*counts]
            yield from (texts[i] for i in np.flatnonzero(odd[self.codes]).tolist())


def _with_nines(texts: pa.Array) -> pa.Array:
    """Texts with a nine for each of the digits 1 to 8, which in UTF-8 are no part of others."""
    _, ends, data = texts.buffers()
    if data is None:
        return texts
    nines = _NINES[np.frombuffer(data, np.uint8)]
    there = [None, ends, pa.py_buffer(nines)]
    return pa.Array.from_buffers(pa.string(), len(texts), there, offset=texts.offset)
