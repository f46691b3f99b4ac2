"""Decide from a whole table what each of its columns is, and say why.

Pure: a table of text in, findings out. Whether a text is a number, a date or a boolean is
asked of the very rules that will check rows later.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

import numpy as np

from classification_model.config.schema import Column, Decimal, Label
from classification_model.errors import DataError
from classification_model.init import number_formats
from classification_model.init.inferred_schema import Finding, InferredSchema
from classification_model.init.kinds import File, Guess, kind_of
from classification_model.init.leakage import LEAK, SUSPECT, alone
from classification_model.init.names import counts_rows, is_identifier
from classification_model.init.natures import nature_of
from classification_model.init.odd_cells import is_marker, missing_words
from classification_model.init.split_hints import Hint, hints
from classification_model.init.targets import (
    FEW,
    check_classes,
    check_names,
    check_target,
    notes_on,
)
from classification_model.processing.centring import merged, with_centre
from classification_model.processing.csv_reader import Table
from classification_model.processing.features import Feature
from classification_model.processing.labels import typed_labels
from classification_model.processing.profile import ColumnProfile
from classification_model.processing.profiling import profile_of_counts
from classification_model.processing.value_rules import TypedValue, parser

__all__ = ["learn"]

_MISSING = -1e30  # below every number, for a tree that knows no missing ones


@dataclass(frozen=True, slots=True)
class _Cells:
    """The labelled cells of a column, without blanks around them, and their lines."""

    name: str
    texts: list[str]
    counts: Counter[str]
    lines: dict[str, int]

    @classmethod
    def of(cls, table: Table, name: str, rows: Sequence[int]) -> _Cells:
        column = table.column(name)
        texts = [column[i].strip() for i in rows]
        lines: dict[str, int] = {}
        for i, text in zip(rows, texts, strict=True):
            lines.setdefault(text, table.lines[i])
        return cls(name, texts, Counter(text for text in texts if text), lines)


def learn(
    name: str,
    table: Table,
    target: str,
    *,
    test_size: float,
    progress: Callable[[int, int, str], None] = lambda *_: None,
) -> InferredSchema:
    """Decide what each column of a table is.

    Args:
        name: the file's name, for messages.
        table: the whole of it.
        target: the column to predict.
        test_size: the share of rows that training will hold out.
        progress: told how many of how many columns are done.

    Raises:
        DataError: there is no such target, it is no set of classes, one of them has too few
            rows, or no column is left to predict from.
    """
    check_target(name, table, target)
    check_names(name, table.columns)
    answers = [text.strip() for text in table.column(target)]
    counts = Counter(answers)
    unlabelled = {"", *missing_words(counts)}
    rows = [i for i, text in enumerate(answers) if text not in unlabelled]
    labels = typed_labels([answers[i] for i in rows])
    check_classes(name, target, labels, test_size)
    columns = [_Cells.of(table, column, rows) for column in table.columns if column != target]
    guesses = [*_guesses(columns, table.delimiter, progress)]
    markers = _markers(guesses, unlabelled, {*answers} - unlabelled)
    findings = tuple(
        _look_for_leakage(_finding(cells, guess, markers), cells, labels, markers)
        for cells, guess in zip(columns, guesses, strict=True)
    )
    learned = InferredSchema(
        target=target,
        classes=dict(Counter(labels).most_common()),
        rows=len(rows),
        unlabelled=len(answers) - len(rows),
        duplicates=len(table.rows) - len(set(table.rows)),
        missing_markers=markers,
        encoding=table.encoding,
        findings=findings,
        notes=(
            *table.notes,
            *notes_on(target, counts, unlabelled, set(labels)),
            *_merged(findings, columns, markers),
        ),
        hints=_hints(findings, columns),
    )
    if not learned.used():
        reasons = "; ".join(f"{column}: {why}" for column, why in learned.ignored().items())
        raise DataError(f"{name}: no column is left to predict {target!r} from ({reasons})")
    return learned


def _guesses(
    columns: Sequence[_Cells], delimiter: str, progress: Callable[[int, int, str], None]
) -> Iterator[Guess]:
    file = _decimals(columns, delimiter)
    for done, cells in enumerate(columns):
        progress(done, len(columns), "columns")
        yield kind_of(cells.counts, cells.lines, file)


def _hints(findings: Sequence[Finding], columns: Sequence[_Cells]) -> tuple[Hint, ...]:
    found = {
        cells.name: (finding.column, len(cells.counts), cells.counts.total())
        for finding, cells in zip(findings, columns, strict=True)
    }
    return tuple(hints(found))


def _decimals(columns: Sequence[_Cells], delimiter: str) -> File:
    """The decimal mark of most columns in which it is beyond doubt."""
    usual: Decimal = "," if delimiter == ";" else "."
    marks = Counter[Decimal]()
    for cells in columns:
        reading = number_formats.infer(cells.counts, usual=usual)
        if reading and len(reading.odd) < len(cells.counts) and (mark := reading.decimal()):
            marks[mark] += 1
    return File(marks.most_common(1)[0][0] if marks else None, usual)


def _markers(guesses: Sequence[Guess], unlabelled: set[str], classes: set[str]) -> tuple[str, ...]:
    """The texts that mean "missing" in every column, and are a value in none."""
    everywhere = {"", *unlabelled}
    kept = set(classes)
    for guess in guesses:
        everywhere |= {text for text in guess.missing if is_marker(text)}
        kept |= guess.kept
    return tuple(sorted(everywhere - kept))


def _finding(cells: _Cells, guess: Guess, markers: Sequence[str]) -> Finding:
    own = tuple(sorted(guess.missing - {*markers}))
    column = guess.column.model_copy(update={"missing_markers": own})
    typed = _typed(column, cells.counts.keys(), markers)
    values = Counter[TypedValue]({None: cells.texts.count("")})
    for text, value in typed.items():
        values[value] += cells.counts[text]
    seen = profile_of_counts(column.kind, values)
    told = Counter({t: n for t, n in cells.counts.items() if typed[t] is not None})
    reason = _why_left_out(cells.name, column, seen, told)
    remarks = (reason, *guess.doubts) if reason else (*guess.doubts, *guess.notes)
    return Finding(
        name=cells.name,
        column=column,
        seen=seen,
        values=_values(column, seen, told),
        decision="left out" if reason else "used, look at it" if guess.doubts else "used",
        reason="; ".join(remarks),
    )


def _typed(column: Column, texts: Iterable[str], markers: Sequence[str]) -> dict[str, TypedValue]:
    """Each text with the value that the column's rule makes of it."""
    parse = parser(column, markers)
    return {text: parse(text) for text in texts}


def _why_left_out(name: str, column: Column, seen: ColumnProfile, counts: Counter[str]) -> str:
    """Why a column says nothing, or an empty text."""
    missing = seen.missing
    if not counts:
        return "empty: every value is missing"
    if len(counts) == 1 and (not missing or column.kind != "category"):
        value = repr(next(iter(counts))) if counts.total() >= FEW else "the same"
        return f"constant: {value} wherever there is a value"
    different = len(counts) == counts.total() > 2
    rare = sum(rows for rows in counts.values() if rows < FEW)
    if column.kind == "category" and 2 * rare > counts.total():
        return f"identifier or text: most values stand in fewer than {FEW} rows"
    if column.kind == "integer" and different and not missing:
        low, high = int(seen.minimum or 0), int(seen.maximum or 0)
        if is_identifier(name) or counts_rows(name) or high - low + 1 == len(counts):
            return "identifier: all values are different, and they only count the rows"
    return f"identifier: {nature_of(counts).reason}" if column.kind == "raw" else ""


def _values(column: Column, seen: ColumnProfile, counts: Counter[str]) -> str:
    """What the values are like, in a few words."""
    low, high = seen.range()
    if low is not None and high is not None:
        return " to ".join(b if isinstance(b, str) else f"{b:g}" for b in (low, high))
    if column.kind == "category":
        shown = [text for text, _ in counts.most_common(4)]
        return ", ".join(shown) + (f" and {len(counts) - 4} more" if len(counts) > 4 else "")
    return f"{len(counts)} different" if column.kind != "boolean" else "/".join(sorted(counts))


def _look_for_leakage(
    finding: Finding, cells: _Cells, labels: Sequence[Label], markers: Sequence[str]
) -> Finding:
    """Flag a column that predicts the target almost alone, leave it out if it does so fully."""
    if finding.decision == "left out" or finding.column.kind == "text":
        return finding
    typed = _typed(finding.column, {*cells.texts}, markers)
    numbers = {text: _MISSING if value is None else _number(value) for text, value in typed.items()}
    ordered = finding.column.kind in ("integer", "number", "date")
    kept = numbers if ordered else {t: _MISSING for t, value in typed.items() if value is None}
    accuracy, removed = alone(cells.texts, kept, labels)
    if removed >= LEAK:
        reason = f"gives the answer away: alone it predicts {accuracy:.1%} of the rows"
        return replace(finding, decision="left out", reason=reason)
    if removed >= SUSPECT:
        reason = f"alone it predicts {accuracy:.1%}: is it known before the answer is?"
        more = f"; {finding.reason}" if finding.reason else ""
        return replace(finding, decision="used, look at it", reason=reason + more)
    return finding


def _merged(
    findings: Sequence[Finding], columns: Sequence[_Cells], markers: Sequence[str]
) -> Iterator[str]:
    """Columns of numbers that float32 does not tell apart, even when they are centred."""
    for finding, cells in zip(findings, columns, strict=True):
        if finding.decision == "left out" or finding.column.kind not in ("integer", "number"):
            continue
        typed = _typed(finding.column, cells.counts.keys(), markers).values()
        numbers = np.array([value for value in typed if value is not None], np.float64)
        feature = Feature(name=cells.name, kind="number", inputs=(cells.name,))
        if alike := merged(numbers, with_centre(feature, numbers).centre):
            yield (
                f"column {cells.name!r}: {alike} of {len(numbers)} different numbers lie so close "
                "together, beside their size, that the model takes them for others"
            )


def _number(value: TypedValue) -> float:
    """A number as it is, a date as days with their fraction, anything else as 0."""
    if isinstance(value, datetime):
        return value.timestamp() / 86_400
    if isinstance(value, date):
        return float(value.toordinal())
    return float(value) if isinstance(value, int | float) else 0.0
