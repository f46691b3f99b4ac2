"""Decide from a whole table what each of its columns is, and say why.

Pure: a table of text in, findings out. Whether a text is a number, a date or a boolean is
asked of the very rules that will check rows later.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from classification_model.config.schema import Column, Decimal
from classification_model.errors import DataError
from classification_model.init import number_formats
from classification_model.init.cells import Cells, Counts, Values, not_taken, typed_texts
from classification_model.init.inferred_schema import Finding, InferredSchema
from classification_model.init.kinds import File, Guess, kind_of
from classification_model.init.leakage import LEAK, SUSPECT, Target
from classification_model.init.names import counts_rows, is_identifier
from classification_model.init.natures import nature_of
from classification_model.init.odd_cells import is_marker, missing_words
from classification_model.init.split_hints import Hint, hints
from classification_model.init.stand_ins import stand_in
from classification_model.init.targets import (
    FEW,
    check_classes,
    check_names,
    check_target,
    notes_on,
)
from classification_model.processing.arrays import Indices
from classification_model.processing.centring import merged, with_centre
from classification_model.processing.csv_reader import Table
from classification_model.processing.features import Feature
from classification_model.processing.labels import typed_labels
from classification_model.processing.profile import ColumnProfile
from classification_model.processing.profiling import profile_of_counts, profile_of_numbers
from classification_model.processing.value_rules import TypedValue

__all__ = ["learn"]

_CLOCK = re.compile("[0-9]{1,4}:[0-5][0-9](:[0-5][0-9](.[0-9]+)?)?")
_SHOWN = 40  # characters of a value
_MISSING = -1e30  # below every number, for a tree that knows no missing ones


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
    columns = [*_columns(table, target, np.array(rows, np.int64))]
    given = Target(np.unique([str(label) for label in labels], return_inverse=True)[1])
    guesses = [*_guesses(columns, table.delimiter, progress)]
    markers = _markers(guesses, unlabelled, {*answers} - unlabelled)
    looked = [
        _finding(cells, guess, markers, given)
        for cells, guess in zip(columns, guesses, strict=True)
    ]
    findings = tuple(finding for finding, _ in looked)
    learned = InferredSchema(
        target=target,
        classes=dict(Counter(labels).most_common()),
        rows=len(rows),
        unlabelled=len(answers) - len(rows),
        duplicates=table.repeats(),
        missing_markers=markers,
        encoding=table.encoding,
        findings=findings,
        notes=(
            *table.notes,
            *notes_on(target, counts, unlabelled, set(labels)),
            *(note for _, note in looked if note),
        ),
        hints=_hints(findings, columns),
    )
    if not learned.used():
        reasons = "; ".join(f"{column}: {why}" for column, why in learned.ignored().items())
        raise DataError(f"{name}: no column is left to predict {target!r} from ({reasons})")
    return learned


def _columns(table: Table, target: str, rows: Indices) -> Iterator[Cells]:
    """The cells of every column but the target, in some of the rows."""
    lines = table.lines[rows]
    for name, texts in table.texts.items():
        if name != target:
            values = [table.raw[name][i] for i in rows.tolist()] if table.raw else ()
            raw = [*zip(values, lines.tolist(), strict=False)]  # none where they are texts
            yield Cells.of(name, texts.take(rows), lines, raw)


def _guesses(
    columns: Sequence[Cells], delimiter: str, progress: Callable[[int, int, str], None]
) -> Iterator[Guess]:
    file = _decimals(columns, delimiter)
    for done, cells in enumerate(columns):
        progress(done, len(columns), "columns")
        yield kind_of(cells.counts, cells.lines, file, cells.shapes)


def _hints(findings: Sequence[Finding], columns: Sequence[Cells]) -> tuple[Hint, ...]:
    found = {
        cells.name: (finding.column, len(cells.counts), cells.counts.total())
        for finding, cells in zip(findings, columns, strict=True)
    }
    return tuple(hints(found))


def _decimals(columns: Sequence[Cells], delimiter: str) -> File:
    """The decimal mark of most columns in which it is beyond doubt."""
    usual: Decimal = "," if delimiter == ";" else "."
    marks = Counter[Decimal]()
    for cells in columns:
        reading = number_formats.infer(cells.counts, usual=usual, shapes=cells.shapes)
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


def _finding(
    cells: Cells, guess: Guess, markers: Sequence[str], target: Target
) -> tuple[Finding, str]:
    """What was found in a column, and what the file as a whole should be said to have of it."""
    own = tuple(sorted(guess.missing - {*markers}))
    column = guess.column.model_copy(update={"missing_markers": own})
    values = typed_texts(column, cells, markers)
    seen = _seen(column, cells, values)
    told, missing = cells.counts, values.missing()
    if missing.any():
        told = told.of(~missing)
    reason = _why_left_out(cells.name, column, seen, told)
    reason = reason or not_taken(column, cells.raw, markers)
    doubts = (*guess.doubts, *stand_in(values, cells.counts))
    remarks = (reason, *guess.doubts) if reason else (*doubts, *guess.notes)
    finding = Finding(
        name=cells.name,
        column=column,
        seen=seen,
        values=_values(column, seen, told),
        decision="left out" if reason else "used, look at it" if doubts else "used",
        reason="; ".join(remarks),
        written="" if reason else guess.written,
    )
    finding = _look_for_leakage(finding, cells, values, target)
    return finding, _merged(finding, values)


def _seen(column: Column, cells: Cells, values: Values) -> ColumnProfile:
    """What a column holds, its empty cells among it."""
    if column.kind in ("integer", "number") and values.numbers is not None:
        of_rows = np.repeat(values.numbers, cells.counts.numbers)
        found = profile_of_numbers(of_rows, whole=column.kind == "integer")
        return found.model_copy(update={"missing": found.missing + cells.missing})
    cells_of = Counter[TypedValue]({None: cells.missing})
    for value, count in zip(values.each(), cells.counts.values(), strict=True):
        cells_of[value] += count
    return profile_of_counts(column.kind, cells_of)


def _why_left_out(name: str, column: Column, seen: ColumnProfile, counts: Counts) -> str:
    """Why a column says nothing, or an empty text."""
    missing = seen.missing
    if not counts:
        return "empty: every value is missing"
    if len(counts) == 1 and (not missing or column.kind != "category"):
        value = repr(_cut(next(iter(counts)))) if counts.total() >= FEW else "the same"
        return f"constant: {value} wherever there is a value"
    different = len(counts) == counts.total() > 2
    if column.kind == "category" and 2 * _rare(counts) > counts.total():
        return f"identifier or text: most values stand in fewer than {FEW} rows"
    if column.kind == "integer" and different and not missing:
        low, high = int(seen.minimum or 0), int(seen.maximum or 0)
        if is_identifier(name) or counts_rows(name) or high - low + 1 == len(counts):
            return "identifier: all values are different, and they only count the rows"
    if column.kind == "raw" and all(map(_CLOCK.fullmatch, counts)):
        return "a time of day or a duration: write it as a number, such as minutes"
    return f"identifier: {nature_of(counts).reason}" if column.kind == "raw" else ""


def _rare(counts: Counts) -> int:
    """The cells of values that are rare."""
    return sum(rows for rows in counts.values() if rows < FEW)


def _cut(text: str) -> str:
    """The beginning of a text: a table of columns is to be read at a glance."""
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}\u2026"


def _values(column: Column, seen: ColumnProfile, counts: Counts) -> str:
    """What the values are like, in a few words."""
    low, high = seen.range()
    if low is not None and high is not None:
        return " to ".join(b if isinstance(b, str) else f"{b:g}" for b in (low, high))
    if column.kind == "category":
        shown = [_cut(text) for text, _ in Counter(counts).most_common(4)]
        return ", ".join(shown) + (f" and {len(counts) - 4} more" if len(counts) > 4 else "")
    return f"{len(counts)} different" if column.kind != "boolean" else "/".join(sorted(counts))


def _look_for_leakage(finding: Finding, cells: Cells, values: Values, target: Target) -> Finding:
    """Flag a column that predicts the target almost alone, leave it out if it does so fully."""
    if finding.decision == "left out" or finding.column.kind == "text":
        return finding
    numbers = values.numbers
    if numbers is not None:
        numbers = np.append(np.nan_to_num(numbers, nan=_MISSING), _MISSING)
    accuracy, removed = target.alone(cells.codes, numbers)
    if removed >= LEAK:
        reason = f"gives the answer away: alone it predicts {accuracy:.1%} of the rows"
        return replace(finding, decision="left out", reason=reason, written="")
    if removed >= SUSPECT:
        reason = f"alone it predicts {accuracy:.1%}: is it known before the answer is?"
        more = f"; {finding.reason}" if finding.reason else ""
        return replace(finding, decision="used, look at it", reason=reason + more)
    return finding


def _merged(finding: Finding, values: Values) -> str:
    """How many numbers float32 does not tell apart, even when they are centred, or nothing."""
    if finding.decision == "left out" or finding.column.kind not in ("integer", "number"):
        return ""
    if values.numbers is None:
        return ""
    numbers = values.numbers[~values.missing()]
    feature = Feature(name=finding.name, kind="number", inputs=(finding.name,))
    alike = merged(numbers, with_centre(feature, numbers).centre)
    return (
        f"column {finding.name!r}: {alike} of {len(numbers)} different numbers lie so close "
        "together, beside their size, that the model takes them for others"
        if alike
        else ""
    )
