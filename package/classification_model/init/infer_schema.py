"""Learn what a row looks like from a whole CSV, and say what was decided and why.

Pure: a table of text in, findings out. Whether a text is a number, a date or a boolean is
asked of the very rules that will check rows later.
"""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from pydantic_core import PydanticCustomError
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.tree import DecisionTreeClassifier

from classification_model.config.schema import Column, Kind, Label
from classification_model.errors import DataError
from classification_model.init.natures import nature_of, order_of
from classification_model.processing.csv_reader import Table
from classification_model.processing.data_manager import parse_labels
from classification_model.processing.profile import ColumnProfile
from classification_model.processing.profiling import profile_of_counts
from classification_model.processing.splitting import smallest_class
from classification_model.processing.validation import TypedValue, parser

__all__ = ["Finding", "Learned", "learn"]

Decision = Literal["used", "used, look at it", "left out"]

_MARKERS = frozenset({"", "?", "na", "n/a", "nan", "null", "#n/a"})
_DATE_FORMATS = (None, "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%Y/%m/%d", "%d-%m-%Y", "%d %b %Y")
_BOOLEAN_PAIRS = ({"true", "false"}, {"t", "f"}, {"yes", "no"}, {"y", "n"}, {"on", "off"})
_IDENTIFIER = re.compile(r"(^|[^a-z])(id|uuid|guid|index|key|nr|no|number|row)$", re.IGNORECASE)
_LEADING_ZERO = re.compile(r"[+-]?0\d")

_MOST_CLASSES = 100
# One column alone removes this share of the errors of always guessing the commonest class.
_LEAK, _SUSPECT = 0.99, 0.9
_ROWS_FOR_LEAKAGE = 2000


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found in one column, what was decided, and why.

    ``column`` is the decision; ``seen`` is what the file holds, and is not written down.
    """

    name: str
    column: Column
    seen: ColumnProfile
    values: str
    decision: Decision
    reason: str


@dataclass(frozen=True, slots=True)
class Learned:
    """What a CSV says about its rows."""

    target: str
    classes: Mapping[Label, int]
    rows: int
    unlabelled: int
    duplicates: int
    missing_markers: tuple[str, ...]
    decimal_comma: bool
    findings: tuple[Finding, ...]

    def used(self) -> dict[str, Column]:
        """The columns that the model will look at."""
        return {f.name: f.column for f in self.findings if f.decision != "left out"}

    def ignored(self) -> dict[str, str]:
        """The columns that it will not look at, and why."""
        return {f.name: f.reason for f in self.findings if f.decision == "left out"}


def learn(
    name: str,
    table: Table,
    target: str,
    *,
    test_size: float,
    progress: Callable[[int, int, str], None] = lambda *_: None,
) -> Learned:
    """Decide what each column of a table is.

    Args:
        name: the file's name, for messages.
        table: the whole CSV.
        target: the column to predict.
        test_size: the share of rows that training will hold out.
        progress: told how many of how many columns are done.

    Raises:
        DataError: there is no such target, it is no set of classes, one of them has too few
            rows, or no column is left to predict from.
    """
    _check_target_exists(name, table, target)
    markers = _markers(table)
    texts = [text.strip() for text in table.column(target)]
    labelled = [i for i, text in enumerate(texts) if text not in markers]
    labels = parse_labels([texts[i] for i in labelled])
    _check_classes(name, target, labels, test_size)
    decimal_comma = table.delimiter != "," and _has_decimal_commas(table, markers)
    findings = []
    for done, column in enumerate(table.columns):
        progress(done, len(table.columns), "columns")
        if column != target:
            cells = [cell.strip() for cell in table.column(column)]
            kept = [cells[i] for i in labelled]
            finding = _finding(column, kept, markers, decimal_comma=decimal_comma)
            findings.append(_look_for_leakage(finding, kept, labels, markers))
    learned = Learned(
        target=target,
        classes=dict(Counter(labels).most_common()),
        rows=len(labelled),
        unlabelled=len(texts) - len(labelled),
        duplicates=len(table.rows) - len(set(table.rows)),
        missing_markers=markers,
        decimal_comma=decimal_comma,
        findings=tuple(findings),
    )
    if not learned.used():
        reasons = "; ".join(f"{column}: {why}" for column, why in learned.ignored().items())
        raise DataError(f"{name}: no column is left to predict {target!r} from ({reasons})")
    return learned


def _check_target_exists(name: str, table: Table, target: str) -> None:
    if target not in table.columns:
        folded = {column.casefold(): column for column in table.columns}
        near = difflib.get_close_matches(target.casefold(), folded, n=1, cutoff=0.5)
        hint = f"; did you mean {folded[near[0]]!r}?" if near else ""
        raise DataError(
            f"{name}: no column {target!r}{hint} The file has {', '.join(map(repr, table.columns))}"
        )
    if len(table.columns) < 2:
        raise DataError(f"{name}: {target!r} is the only column, so there is nothing to learn from")


def _check_classes(name: str, target: str, labels: Sequence[Label], test_size: float) -> None:
    counts = Counter(labels)
    if len(counts) < 2:
        found = f"one class, {labels[0]!r}" if labels else "no class: every value is missing"
        raise DataError(f"{name}: the target {target!r} has {found}; a classifier needs two")
    numeric = not any(isinstance(label, str) for label in counts)
    fractions = any(isinstance(label, float) and not label.is_integer() for label in counts)
    many = len(counts) > max(20, len(labels) // 20) or (fractions and len(counts) > 10)
    if (numeric and many) or len(counts) > _MOST_CLASSES:
        raise DataError(
            f"{name}: the target {target!r} has {len(counts)} different values in {len(labels)} "
            "rows, so it is a quantity or a name and no class; choose another target, or put its "
            "values into groups first"
        )
    needed = smallest_class(test_size)
    if rare := [label for label, count in counts.items() if count < needed]:
        shown = ", ".join(f"{label!r} has {counts[label]}" for label in rare[:5])
        raise DataError(
            f"{name}: a class of {target!r} needs {needed} rows, so that it can be both trained on "
            f"and tested, but {shown}; add rows, or remove or merge such classes"
        )


def _markers(table: Table) -> tuple[str, ...]:
    """The spellings of "nothing here" that the file uses; an empty cell always is one."""
    found = {cell for row in table.rows for cell in map(str.strip, row) if cell.lower() in _MARKERS}
    return tuple(sorted(found | {""}))


def _has_decimal_commas(table: Table, markers: Sequence[str]) -> bool:
    comma = re.compile(r"[+-]?\d+,\d+", re.ASCII)
    number = re.compile(r"[+-]?\d+(,\d+)?", re.ASCII)
    for column in table.columns:
        distinct = {cell.strip() for cell in table.column(column)}.difference(markers)
        if any(map(comma.fullmatch, distinct)) and all(map(number.fullmatch, distinct)):
            return True
    return False


def _finding(
    name: str, cells: Sequence[str], markers: Sequence[str], *, decimal_comma: bool
) -> Finding:
    counts = Counter(cell for cell in cells if cell not in markers)
    missing = len(cells) - counts.total()
    column = _column(counts, decimal_comma=decimal_comma)
    seen = _seen(column, counts, missing, decimal_comma=decimal_comma)
    reason = _why_left_out(name, column, seen, counts)
    return Finding(
        name=name,
        column=column,
        seen=seen,
        values=_values(column, seen, counts),
        decision="left out" if reason else "used",
        reason=reason or _why_so(column, counts),
    )


def _column(counts: Counter[str], *, decimal_comma: bool) -> Column:
    """The narrowest kind that takes every value."""
    if {text.lower() for text in counts} in _BOOLEAN_PAIRS:
        return Column(kind="boolean")
    codes = any(map(_LEADING_ZERO.match, counts))
    numeric: tuple[Kind, ...] = () if codes else ("integer", "number")
    for kind in numeric:
        if _typed(Column(kind=kind), counts, decimal_comma=decimal_comma):
            return Column(kind=kind)
    for date_format in _DATE_FORMATS:
        column = Column(kind="date", date_format=date_format)
        if _typed(column, counts):
            return column
    nature = nature_of(counts).name if counts else "identifiers"
    if nature == "categories":
        return Column(kind="category", order=order_of(counts) or ())
    return Column(kind="raw" if nature == "identifiers" else "text")


def _typed(
    column: Column, counts: Counter[str], *, decimal_comma: bool = False
) -> dict[str, TypedValue] | None:
    """Every distinct text with its typed value, or nothing if one breaks the column's rule."""
    parse = parser(column, decimal_comma=decimal_comma)
    try:
        return {text: parse(text) for text in counts}
    except PydanticCustomError:
        return None


def _seen(
    column: Column, counts: Counter[str], missing: int, *, decimal_comma: bool
) -> ColumnProfile:
    """What the cells hold, in the values that the column's rule makes of them."""
    typed = _typed(column, counts, decimal_comma=decimal_comma) or {}
    values: Counter[TypedValue] = Counter({None: missing})
    for text, value in typed.items():
        values[value] += counts[text]
    return profile_of_counts(column.kind, values)


def _why_left_out(name: str, column: Column, seen: ColumnProfile, counts: Counter[str]) -> str:
    """Why a column says nothing, or an empty text."""
    missing = seen.missing
    if not counts:
        return "empty: every value is missing"
    if len(counts) == 1 and (not missing or column.kind != "category"):
        return f"constant: {next(iter(counts))!r} wherever there is a value"
    different = len(counts) == counts.total() > 2
    if column.kind == "integer" and different and not missing:
        low, high = int(seen.minimum or 0), int(seen.maximum or 0)
        if _IDENTIFIER.search(name) or high - low + 1 == len(counts):
            return "identifier: all values are different, and they only count the rows"
    return f"identifier: {nature_of(counts).reason}" if column.kind == "raw" else ""


def _why_so(column: Column, counts: Counter[str]) -> str:
    """Why words are read as they are, where a person may want to overrule it."""
    if column.order:
        return f"in order: {' < '.join(column.order)}"
    return nature_of(counts).reason if column.kind == "text" else ""


def _values(column: Column, seen: ColumnProfile, counts: Counter[str]) -> str:
    """What the values are like, in a few words."""
    if column.kind in ("integer", "number"):
        return f"{seen.minimum:g} to {seen.maximum:g}"
    if column.kind == "category":
        shown = [text for text, _ in counts.most_common(4)]
        return ", ".join(shown) + (f" and {len(counts) - 4} more" if len(counts) > 4 else "")
    return f"{len(counts)} different" if column.kind != "boolean" else "/".join(sorted(counts))


def _look_for_leakage(
    finding: Finding, values: Sequence[str], labels: Sequence[Label], markers: Sequence[str]
) -> Finding:
    """Flag a column that predicts the target almost alone, leave it out if it does so fully.

    A small decision tree sees nothing but this column; what counts is the share that it
    removes, cross-validated, of the errors of always guessing the commonest class.
    """
    if finding.decision == "left out" or finding.column.kind == "text":
        return finding
    codes: dict[str, Any] = {text: float(i) for i, text in enumerate(sorted(set(values)))}
    if finding.column.kind in ("integer", "number"):
        present = Counter(codes.keys() - set(markers))
        codes |= _typed(finding.column, present, decimal_comma=True) or {}
    codes |= dict.fromkeys(markers, -1e30)
    step = len(values) // _ROWS_FOR_LEAKAGE + 1
    X = np.array([[codes[value]] for value in values[::step]])
    y = np.array([str(label) for label in labels[::step]])
    counts = Counter(y.tolist())
    folds = min(5, *counts.values())
    if folds < 2:
        return finding
    tree = DecisionTreeClassifier(max_leaf_nodes=8 * len(counts), random_state=0)
    accuracy = cross_val_score(tree, X, y, cv=StratifiedKFold(folds, shuffle=True, random_state=0))
    majority = max(counts.values()) / len(y)
    removed = (float(accuracy.mean()) - majority) / (1 - majority)
    if removed >= _LEAK:
        reason = f"gives the answer away: alone it predicts {accuracy.mean():.1%} of the rows"
        return replace(finding, decision="left out", reason=reason)
    if removed >= _SUSPECT:
        reason = f"alone it predicts {accuracy.mean():.1%}: is it known before the answer is?"
        return replace(finding, decision="used, look at it", reason=reason)
    return finding
