"""What the texts of a column look like: digits but zero are all the same.

Whether a format reads a text, and which unit it has, is told by its shape; and of shapes there
are few.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from classification_model.processing.arrays import Indices
from classification_model.processing.number_format import fold

__all__ = ["Shapes"]


@dataclass(frozen=True, slots=True)
class Shapes:
    """The shapes of distinct texts.

    ``names[codes[i]]`` is that of text ``i``, folded as numbers are read, and ``cells`` counts the
    cells of each.
    """

    names: list[str]
    codes: Indices
    cells: Counter[str]

    @classmethod
    def of(cls, counts: Mapping[str, int]) -> Shapes:
        """From each text with its number of cells."""
        texts = pa.array([*counts], pa.string())
        found = pc.replace_substring_regex(texts, "[1-8]", "9").dictionary_encode()
        codes = found.indices.to_numpy().astype(np.int64)
        names = [fold(shape) for shape in found.dictionary.to_pylist()]
        rows = np.bincount(codes, [*counts.values()], len(names))
        cells = Counter[str]()
        for name, count in zip(names, rows.tolist(), strict=True):
            cells[name] += round(count)
        return cls(names, codes, cells)

    def without(self, shapes: frozenset[str], counts: Mapping[str, int]) -> Iterator[str]:
        """The texts that have other shapes than these."""
        odd = np.array([name not in shapes for name in self.names], np.bool_)
        if odd.any():
            texts = [*counts]
            yield from (texts[i] for i in np.flatnonzero(odd[self.codes]).tolist())
