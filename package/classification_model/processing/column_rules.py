"""Whole columns of raw values to typed ones: the rule of a column asked once for each value.

The rule is the one in value_rules.py. Columns of Arrow go by arrow_rules.py, where numbers that it
reads as the rule would are not asked about at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from classification_model.config.schema import RowSchema
from classification_model.processing.arrays import Mask
from classification_model.processing.typed_columns import Typed, TypedColumn, by_rule
from classification_model.processing.value_rules import parser

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["ColumnRules"]


class ColumnRules:
    """The rules of a schema for whole columns."""

    def __init__(self, schema: RowSchema) -> None:
        self._schema = schema
        self._rules = {
            name: parser(column, schema.missing_markers) for name, column in schema.columns.items()
        }

    def check(self, raw: Mapping[str, pa.Array | TypedColumn]) -> Typed:
        """Apply each column's rule to its raw values, all of one length.

        What is not Arrow's comes as a column of values. The columns returned hold the
        good rows only.
        """
        size = len(next(iter(raw.values())))
        good = np.ones(size, np.bool_)
        columns = {name: self._typed(name, raw[name], good) for name in self._schema.columns}
        if not good.all():
            rows = np.flatnonzero(good)
            columns = {name: column.take(rows) for name, column in columns.items()}
        return Typed(columns, good)

    def _typed(self, name: str, raw: pa.Array | TypedColumn, good: Mask) -> TypedColumn:
        rule = self._rules[name]
        if isinstance(raw, TypedColumn):
            return by_rule(rule, *raw.distinct(), good)
        from classification_model.processing.arrow_rules import typed

        return typed(raw, self._schema.columns[name], rule, self._schema.markers(name), good)
