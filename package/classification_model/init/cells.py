"""The cells of a column, each distinct text once, and the values that its rule makes of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from classification_model.config.schema import Column
from classification_model.errors import shorten
from classification_model.init.shapes import Shapes
from classification_model.processing.csv_reader import Table
from classification_model.processing.number_columns import numbers_of
from classification_model.processing.scalars import plain
from classification_model.processing.typed_columns import scalars
from classification_model.processing.value_rules import TypedValue, number_format, parser

__all__ = ["Cells", "not_taken", "typed_texts"]


@dataclass(frozen=True, slots=True)
class Cells:
    """The labelled cells of a column, without blanks around them, and their lines.

    ``raw`` has the values and lines of what is no CSV.
    """

    name: str
    texts: list[str]
    counts: Counter[str]
    lines: dict[str, int]
    missing: int
    shapes: Shapes
    raw: Sequence[tuple[object, int]] = ()

    @classmethod
    def of(cls, table: Table, name: str, rows: Sequence[int]) -> Cells:
        column = table.column(name)
        texts = [column[i].strip() for i in rows]
        # Of lines with one text the first is written last.
        lines = dict(zip(reversed(texts), [table.lines[i] for i in reversed(rows)], strict=True))
        counts = Counter(texts)
        missing = counts.pop("", 0)
        raw = [(table.raw[i].get(name), table.lines[i]) for i in rows] if table.raw else ()
        return cls(name, texts, counts, lines, missing, Shapes.of(counts), raw)


def not_taken(column: Column, raw: Sequence[tuple[object, int]], markers: Sequence[str]) -> str:
    """Why training would refuse a column of typed values: the first that its rule does not take."""
    parse = parser(column, markers)
    for value, line in raw:
        try:
            parse(plain(value))
        except ValueError as error:
            shown = shorten(value)
            return f"a {type(value).__name__} in line {line}, {shown}, {error}: write it as text or number"
    return ""


def typed_texts(
    column: Column, texts: Collection[str], markers: Sequence[str]
) -> dict[str, TypedValue]:
    """Each text with the value that the column's rule makes of it."""
    parse = parser(column, markers)
    if column.kind in ("integer", "number"):
        rule: Callable[[str], Any] = parse
        whole = column.kind == "integer"
        words = {*markers, *column.missing_markers}
        cells = [None if text in words else text for text in texts]
        numbers, refused = numbers_of(
            pa.array(cells, pa.string()), number_format(column), rule, whole=whole
        )
        if not refused.any():
            return dict(zip(texts, scalars(numbers, whole=whole), strict=True))
    return {text: parse(text) for text in texts}
