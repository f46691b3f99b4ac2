"""Validate raw rows of any kind: frames of any library, arrays, lists of dicts.

With pyarrow whole columns are checked, without it each row. The rules, and so the values, are the
same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from classification_model.config.schema import RowSchema
from classification_model.errors import InvalidRowsError, MissingExtraError, RowError
from classification_model.processing.scalars import plain
from classification_model.processing.typed_columns import (
    Columns,
    TypedColumn,
    columns_of_rows,
    raw_values,
    rows_of,
)
from classification_model.processing.validation import RowValidator, Validated
from classification_model.processing.value_rules import TypedRow

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["FrameValidator", "is_frame", "is_pandas"]

RawColumns = dict[str, "pa.Array | TypedColumn"]


def is_pandas(data: object) -> bool:
    """Whether it is a frame or series of pandas."""
    return any(kind.__module__.partition(".")[0] == "pandas" for kind in type(data).__mro__)


def is_frame(data: object) -> bool:
    """Whether it is a table of named columns, of pandas or of a library that speaks Arrow."""
    if is_pandas(data):
        return getattr(data, "ndim", 0) == 2
    return hasattr(data, "__arrow_c_stream__") or hasattr(data, "__dataframe__")


class FrameValidator:
    """The rules of a schema for tables. Columns that the schema does not know are ignored.

    A list of dicts goes through :class:`RowValidator`, which refuses them; an array of two
    dimensions, or a list of lists, has the columns of the schema in their order.
    """

    def __init__(self, schema: RowSchema, rows: RowValidator | None = None) -> None:
        self._schema = schema
        self._given = rows

    def columns(self, data: object) -> Columns:
        """The typed columns of raw rows.

        Raises:
            InvalidRowsError: a row does not fit the schema, or a column is missing or there twice.
            TypeError: it is no table.
            MissingExtraError: the frame is of a library that only pyarrow can read.
        """
        data = _table(data)
        if not _has_arrow() or isinstance(data, list):
            return columns_of_rows(_all_good(self._by_rows(data)), self._schema)
        raw = self._raw(data)
        typed, errors = self._checked(raw)
        if errors:
            raise InvalidRowsError(errors)
        return typed

    def validate(self, data: object) -> Validated:
        """The typed rows of a frame, ``None`` in the place of each bad one, and the errors."""
        if not _has_arrow():
            return self._by_rows(data)
        raw = self._raw(data)
        typed, errors = self._checked(raw)
        bad = {error.row for error in errors}
        good = iter(rows_of(typed))
        size = len(next(iter(raw.values())))
        return Validated([None if i in bad else next(good) for i in range(size)], errors)

    @cached_property
    def _rows(self) -> RowValidator:
        return self._given or RowValidator(self._schema)

    def _checked(self, raw: RawColumns) -> tuple[Columns, list[RowError]]:
        from classification_model.processing.column_rules import ColumnRules

        typed = ColumnRules(self._schema).check(raw)
        bad = np.flatnonzero(~typed.good)
        if not len(bad):
            return typed.columns, []
        cells = [raw_values(column.take(bad)) for column in raw.values()]
        rows = [dict(zip(raw, row, strict=True)) for row in zip(*cells, strict=True)]
        errors = self._rows.validate(rows).errors
        return typed.columns, [
            RowError(int(bad[e.row]), e.column, e.rule, e.message, e.value) for e in errors
        ]

    def _by_rows(self, data: object) -> Validated:
        if isinstance(data, np.ndarray) or is_frame(data):
            data = _records(data, [*self._schema.columns])
        return self._rows.validate(data)  # type: ignore[arg-type]

    def _raw(self, data: Any) -> RawColumns:
        import pyarrow as pa

        names = [*self._schema.columns]
        if isinstance(data, np.ndarray):
            _check_width(data, names)
            return {name: _of_values(data[:, i]) for i, name in enumerate(names)}
        if is_pandas(data):
            return {name: _of_series(series) for name, series in _series(data, names).items()}
        if hasattr(data, "__arrow_c_stream__"):
            table = pa.table(data)
        else:
            from pyarrow import interchange

            table = interchange.from_dataframe(data)
        _check_names(table.column_names, names)
        return {name: _of_arrow(table.column(name)) for name in names}


def _has_arrow() -> bool:
    try:
        import pyarrow  # noqa: F401, ICN001 - only asked for
    except ImportError:
        return False
    return True


def _table(data: Any) -> Any:
    """A frame or array as it is, a list of dicts as a list."""
    if isinstance(data, np.ndarray) or is_frame(data):
        return data
    if isinstance(data, Sequence) and not isinstance(data, str | bytes):
        rows = [*data]
        in_order = bool(rows) and isinstance(rows[0], list | tuple | np.ndarray)
        return np.array(rows, object) if in_order else rows
    if hasattr(data, "__array__"):
        return np.asarray(data)
    raise TypeError(
        f"expected a frame, a list of dicts or an array, found {type(data).__name__}; "
        "sparse data is not supported"
    )


def _all_good(checked: Validated) -> list[TypedRow]:
    if checked.errors:
        raise InvalidRowsError(checked.errors)
    return [row for row in checked.rows if row is not None]


def _check_names(found: Sequence[object], wanted: Sequence[str]) -> None:
    counts = Counter(found)
    errors = [
        RowError(0, name, "missing", "the column is missing", None)
        if not counts[name]
        else RowError(0, name, "twice", "two columns have this name", None)
        for name in wanted
        if counts[name] != 1
    ]
    if errors:
        raise InvalidRowsError(errors)


def _series(data: Any, wanted: Sequence[str]) -> dict[str, Any]:
    """The columns of a frame of pandas, whose names may be numbers."""
    names = [str(name) for name in data.columns]
    _check_names(names, wanted)
    places = {name: place for place, name in enumerate(names)}
    return {name: data.iloc[:, places[name]] for name in wanted}


def _check_width(data: np.ndarray[Any, Any], wanted: Sequence[str]) -> None:
    if data.ndim != 2:
        message = f"expected an array of 2 dimensions, found {data.ndim}. Reshape your data"
        raise InvalidRowsError([RowError(0, None, "width", message, None)])
    width = data.shape[1]
    if width != len(wanted):
        # In the words of scikit-learn.
        message = f"X has {width} features, but EncodingStep is expecting {len(wanted)} features"
        raise InvalidRowsError([RowError(0, None, "width", f"{message} as input", None)])


def _of_series(series: Any) -> pa.Array | TypedColumn:
    """A column of pandas: as Arrow has it, or value by value where Arrow would make it another."""
    import pyarrow as pa

    if series.dtype == object:
        from pandas.api.types import infer_dtype

        if infer_dtype(series, skipna=True) != "string":
            return TypedColumn.of(map(plain, series))
    try:
        array = pa.array(series, from_pandas=True)
    except (pa.ArrowException, TypeError, ValueError):
        return TypedColumn.of(map(plain, series))
    return _of_arrow(array)


def _of_values(values: np.ndarray[Any, Any]) -> pa.Array | TypedColumn:
    import pyarrow as pa

    if values.dtype.kind in "iuf":
        return pa.array(np.ascontiguousarray(values), from_pandas=True)
    return TypedColumn.of(map(plain, values))


def _of_arrow(array: Any) -> pa.Array | TypedColumn:
    import pyarrow as pa

    from classification_model.processing.reading.tables import one_array

    if pa.types.is_nested(array.type) or isinstance(array.type, pa.BaseExtensionType):
        return TypedColumn.of(map(plain, array.to_pylist()))
    return one_array(array)


def _records(data: Any, names: Sequence[str]) -> list[Mapping[str, object]]:
    """The rows of a frame or array as dicts of the columns that are wanted."""
    if isinstance(data, np.ndarray):
        _check_width(data, names)
        columns = [[*data[:, i]] for i in range(len(names))]
    elif is_pandas(data):
        columns = [[*series.astype(object)] for series in _series(data, names).values()]
    elif hasattr(data, "get_column"):  # polars
        _check_names(data.columns, names)
        columns = [data.get_column(name).to_list() for name in names]
    else:
        raise MissingExtraError(
            purpose=f"a frame of {type(data).__module__}", extra="batch", module="pyarrow"
        )
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
