"""Columns by which rows may belong together, or follow one another: what ``split`` is for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from classification_model.config.schema import Column
from classification_model.init.names import is_identifier

__all__ = ["Hint", "hints"]

Hint = tuple[str, str]
"""The key of ``split`` and the column: ``("groups", "customer_id")``."""

_FEWEST_GROUPS = 20
_FEWEST_MOMENTS = 30
_ROWS_OF_A_GROUP = 1.5


def hints(columns: Mapping[str, tuple[Column, int, int]]) -> Iterator[Hint]:
    """Name what a person may want to split by: repeated identifiers first, then dates.

    Args:
        columns: by name, what each is, how many different values it has, and in how many rows.
    """
    for name, (column, different, rows) in columns.items():
        repeated = different >= _FEWEST_GROUPS and different * _ROWS_OF_A_GROUP <= rows
        if column.kind != "date" and is_identifier(name) and repeated:
            yield "groups", name
    for name, (column, different, _) in columns.items():
        if column.kind == "date" and different >= _FEWEST_MOMENTS:
            yield "time", name
