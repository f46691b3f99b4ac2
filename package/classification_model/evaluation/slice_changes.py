"""Which parts of the rows a new model answers worse than an old one."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import stats

from classification_model.bundle.provenance import SliceChange
from classification_model.config.schema import RowSchema
from classification_model.evaluation.slices import Few, parts
from classification_model.processing.arrays import Floats
from classification_model.processing.typed_columns import Columns

__all__ = ["ByColumn", "slice_changes"]

_FEWEST_ROWS = 20
_FALSE_ALARMS = 0.05


class ByColumn(NamedTuple):
    """What rows are parted by: the columns, of the training rows for the quartiles and of these."""

    schema: RowSchema
    train: Columns
    rows: Columns


def slice_changes(change: Floats, by: ByColumn) -> tuple[SliceChange, ...]:
    """Each slice of 20 rows or more with the change of its log loss, the worst first.

    Of those called worse 5% at most are expected to be so only by chance (paired t test;
    Benjamini and Hochberg 1995).

    Args:
        change: of the log loss of each row, new minus old.
        by: the columns.
    """
    found: list[tuple[str, str]] = []
    sums: list[Floats] = []
    for name, column in by.schema.columns.items():
        names, place = parts(column.kind, by.train[name], by.rows[name], Few(1, None))
        inside, size = place >= 0, len(names)
        rows, total, squares = (
            np.bincount(place[inside], change[inside] ** power, minlength=size)
            for power in range(3)
        )
        kept = np.flatnonzero(rows >= _FEWEST_ROWS)
        found += [(name, names[i]) for i in kept.tolist()]
        sums.append(np.stack([rows, total, squares])[:, kept].astype(np.float64))
    if not found:
        return ()
    rows, total, squares = np.concatenate(sums, axis=1)
    mean = total / rows
    error = np.sqrt(np.maximum(squares - total * mean, 0) / (rows - 1) / rows)
    certain = np.where(error > 0, error, np.inf)  # rows that did not change tell of nothing
    chances = stats.t.sf(mean / certain, rows - 1)
    worse = stats.false_discovery_control(chances) < _FALSE_ALARMS
    reach = stats.t.ppf(0.975, rows - 1) * error
    changes = [
        SliceChange(
            column=column,
            value=value,
            rows=int(rows[i]),
            difference=float(mean[i]),
            low=float(mean[i] - reach[i]),
            high=float(mean[i] + reach[i]),
            worse=bool(worse[i]),
        )
        for i, (column, value) in enumerate(found)
    ]
    return tuple(sorted(changes, key=lambda one: (not one.worse, -one.difference, one.column)))
