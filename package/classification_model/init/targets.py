"""The column to predict: whether it is there, and whether its values are classes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from classification_model.config.schema import Label, Publish
from classification_model.errors import DataError
from classification_model.init.odd_cells import is_marker
from classification_model.plain_text import unprintable
from classification_model.processing.csv_reader import Table
from classification_model.processing.labels import lookalikes
from classification_model.processing.near_names import alike, nearest
from classification_model.processing.reading.heads import looks_like_data
from classification_model.processing.splitting import smallest_class

__all__ = ["FEW", "check_classes", "check_names", "check_target", "notes_on", "positive_class"]

FEW = Publish().min_rows
"""What fewer rows hold is not published: see ``publish`` in config.yml."""

_NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?", re.ASCII)
_POSITIVE = frozenset({"1", "positive", "pos", "true", "t", "yes", "y"})
_NEAREST = 5
"""Of more columns the nearest are named."""

_MOST_CLASSES, _FEW_CLASSES, _ROWS_OF_A_CLASS = 100, 20, 10


def check_target(name: str, table: Table, target: str) -> None:
    """See that a table has the column to predict, and another.

    Raises:
        DataError: it has not, or its first line seems to be a row.
    """
    if target not in table.columns:
        columns = [frozenset(table.column(column)) for column in table.columns]
        if looks_like_data(table.columns, columns):
            raise DataError(
                f"{name}: line 1 is a row ({', '.join(table.columns[:5])}) and no header; put a line "
                "with the names of the columns above it"
            )
        near = nearest(target, table.columns)
        hint = f"; did you mean {near!r}?" if near else ""
        shown, has = [*table.columns], "the file has"
        if len(shown) > _NEAREST:
            shown = alike(target, table.columns, most=_NEAREST, least=0)
            has = f"the nearest of its {len(table.columns)} columns are"
        raise DataError(f"{name}: no column {target!r}; {has} {', '.join(map(repr, shown))}{hint}")
    if len(table.columns) < 2:
        raise DataError(f"{name}: {target!r} is the only column, so there is nothing to learn from")


def check_names(name: str, columns: Sequence[str]) -> None:
    """See that the names of columns can be seen, and steer nothing that shows them.

    Raises:
        DataError: one holds a control character.
    """
    for number, column in enumerate(columns, start=1):
        if bad := unprintable(column):
            raise DataError(
                f"{name}: the name of column {number}, {column!r}, holds {bad!r}, which cannot be "
                "seen and steers what shows it; rename the column in the file"
            )


def check_classes(name: str, target: str, labels: Sequence[Label], test_size: float) -> None:
    """See that labels are classes, each with rows enough.

    Raises:
        DataError: they are not.
    """
    counts = Counter(labels)
    if len(counts) < 2:
        found = f"one class, {labels[0]!r}" if labels else "no class: every value is missing"
        raise DataError(f"{name}: the target {target!r} has {found}; a classifier needs two")
    numeric = all(_NUMBER.fullmatch(str(label)) for label in counts)
    fractions = numeric and any(_is_fraction(str(label)) for label in counts)
    most = _FEW_CLASSES // 2 if fractions else max(_FEW_CLASSES, len(labels) // _ROWS_OF_A_CLASS)
    if (numeric and len(counts) > most) or len(counts) > _MOST_CLASSES:
        raise DataError(
            f"{name}: the target {target!r} has {len(counts)} different values in {len(labels)} "
            "rows, so it is a quantity or a name and no class; choose another target, or put its "
            "values into groups first; if they are classes, write them as words, such as 'class 7'"
        )
    needed = max(smallest_class(test_size), FEW)
    if rare := [label for label, count in counts.items() if count < needed]:
        shown = ", ".join(f"{label!r} has {counts[label]}" for label in rare[:5])
        raise DataError(
            f"{name}: a class of {target!r} needs {needed} rows, so that it can be both trained on "
            f"and tested, but {shown}; add rows, or remove or merge such classes"
        )


def _is_fraction(text: str) -> bool:
    return not float(text.replace(",", ".")).is_integer()


def notes_on(
    target: str, counts: Mapping[str, int], missing: Collection[str], labels: Collection[Label]
) -> list[str]:
    """What a person should know of the target's texts: which are missing, and which look alike."""
    notes = [
        f"{counts[text]} row(s) left out, whose {target!r} is {text!r}"
        for text in sorted(missing)
        if text and counts.get(text)
    ]
    notes += [
        f"{text!r} is taken as a class of {target!r}: it is as common as the others "
        f"({counts[text]} rows); missing_markers in config.yml decides"
        for text in counts
        if is_marker(text) and text not in missing
    ]
    notes += [
        f"classes of {target!r} that differ only in case, blanks or how a number is written: {', '.join(map(repr, alike))}"
        for alike in lookalikes(labels)
    ]
    return notes


def positive_class(counts: Mapping[Label, int]) -> Label | None:
    """The one of two classes that a person most likely asks about: a yes, else the rarer."""
    if len(counts) != 2:
        return None
    said = [label for label in counts if str(label).casefold() in _POSITIVE]
    return said[0] if len(said) == 1 else min(counts, key=lambda label: (counts[label], str(label)))
