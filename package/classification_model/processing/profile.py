"""What training saw in each column: learned anew by each training, kept in the bundle.

Warnings, the API's document, page, card and command line read it here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from classification_model.config.schema import FrozenModel, Label

__all__ = ["ColumnProfile", "HeldOutProfile", "Profile", "bin_counts", "bin_edges"]

_BINS = 10


class ColumnProfile(FrozenModel):
    """What the training rows hold in one column.

    ``missing`` counts rows without a value. ``minimum`` and ``maximum`` are those of numbers,
    ``earliest`` and ``latest`` the days of dates, as ISO 8601 writes them.
    ``categories`` maps each category, in sorted order, to its number of rows; only columns of
    kind category have them. ``example`` is a usual value: a median, or the commonest value.
    ``edges`` divide what :mod:`~classification_model.processing.measures` makes of the values into
    bins of about a tenth each; ``counts`` has the rows of each bin. See :func:`bin_edges`.
    """

    missing: int = 0
    minimum: int | float | None = None
    maximum: int | float | None = None
    earliest: str | None = None
    latest: str | None = None
    categories: Mapping[str, int] = {}
    example: int | float | bool | str | None = None
    edges: tuple[float, ...] = ()
    counts: tuple[int, ...] = ()

    def range(self) -> tuple[int | float | str | None, int | float | str | None]:
        """The least and the greatest number or date; nothing where there is none."""
        if self.earliest is not None:
            return self.earliest, self.latest
        return self.minimum, self.maximum


class HeldOutProfile(FrozenModel):
    """What only rows that the judged model has not seen can tell, of ``rows`` of them.

    ``texts`` has the bins of columns of text, whose known words were learned from the others.
    ``categories`` counts the commonest categories of columns that have many: which those are was
    seen in the others, or the counts would be those of the luckiest. ``prediction`` counts the
    answers, and ``confidence`` bins the probability of each.
    """

    rows: int
    texts: Mapping[str, ColumnProfile] = {}
    categories: Mapping[str, ColumnProfile] = {}
    prediction: ColumnProfile
    confidence: ColumnProfile


class Profile(FrozenModel):
    """All columns of ``rows`` training rows, and how many of them each class has."""

    rows: int
    classes: tuple[tuple[Label, int], ...]
    columns: Mapping[str, ColumnProfile]
    held_out: HeldOutProfile | None = None

    def example(self) -> dict[str, int | float | bool | str | None]:
        """A row of usual values."""
        return {name: column.example for name, column in self.columns.items()}

    def source(self) -> bytes:
        """The profile as the bytes of its file."""
        return self.model_dump_json().encode() + b"\n"


def bin_edges(values: npt.NDArray[np.float64]) -> tuple[float, ...]:
    """Return the upper edges of all bins but the last, which is open.

    They are the deciles; where there are at most ten different values, each has a bin of its own.
    ``NaN`` is a missing value and is in no bin.
    """
    known = values[~np.isnan(values)]
    if not len(known):
        return ()
    distinct = np.unique(known)
    if len(distinct) <= _BINS:
        return tuple(distinct[:-1].tolist())
    shares = np.arange(1, _BINS) / _BINS
    return tuple(np.unique(np.quantile(known, shares, method="lower")).tolist())


def bin_counts(values: npt.NDArray[np.float64], edges: Sequence[float]) -> tuple[int, ...]:
    """Count the values of each bin; one that equals an edge is in the bin below it."""
    known = values[~np.isnan(values)]
    bins = np.searchsorted(np.asarray(edges, np.float64), known, side="left")
    return tuple(np.bincount(bins, minlength=len(edges) + 1).tolist())
