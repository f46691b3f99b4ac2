"""The rows of a store whose truth is known, as rows of the training table."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import IO

import numpy as np

from classification_model import bundle
from classification_model.config.core import Config, load_config
from classification_model.config.home import Home
from classification_model.config.schema import Label
from classification_model.errors import BundleError, StoreError
from classification_model.evaluation.metrics import Outcomes, align
from classification_model.monitoring.answers import Answer
from classification_model.monitoring.store import Store, Truth
from classification_model.monitoring.truth import Interval, mean_interval, wilson
from classification_model.processing.decisions import Decision
from classification_model.processing.labelled import source_of
from classification_model.processing.reading.sources import Source
from classification_model.processing.written import RowWriter

__all__ = ["Exported", "OfVersion", "export"]


@dataclass(frozen=True, slots=True)
class OfVersion:
    """What a served model made of the rows: its answers beside the truth."""

    version: str
    rows: int
    accuracy: Interval
    log_loss: Interval


@dataclass(slots=True)
class Exported:
    """What was exported, and what was not.

    ``refused`` has the reason for each row that cannot be a row of the table, and
    ``without_inputs`` counts those of which the store has the answer alone. ``truths`` are those
    of the rows that were written, without their inputs, and ``corrected`` counts the last of them, which
    were exported before with another label.
    """

    rows: int = 0
    corrected: int = 0
    without_inputs: int = 0
    refused: list[str] = field(default_factory=list)
    versions: tuple[OfVersion, ...] = ()
    truths: list[Truth] = field(default_factory=list)


def export(store: Store, home: Home, stream: IO[bytes], *, new: bool = False) -> Exported:
    """Write the rows whose truth is known, in the shape of the home's training table.

    Args:
        store: with the answers, their inputs and their labels.
        home: whose table it is; config.yml says how each column is written.
        stream: gets the CSV, its header first.
        new: leave out what was exported before with the same label; see :meth:`Store.mark`.

    Raises:
        ConfigError: config.yml is wrong.
        DataError: the training table cannot be read.
        StoreError: the store cannot be read, or has labels and no inputs at all.
    """
    config = load_config(home)
    table = _Table(config, source_of(str(home.datasets / config.dataset), config))
    found = Exported()
    stream.write(table.line(table.columns))
    for truth in store.truths(new=new):
        line = _line(table, truth, found)
        if line is not None:
            stream.write(line)
            found.truths.append(replace(truth, answer=replace(truth.answer, inputs=None)))
    found.rows = len(found.truths)
    found.corrected = sum(one.exported_as is not None for one in found.truths)
    if found.without_inputs and not found.rows and not found.refused:
        raise StoreError(
            f"store {store.name}: its {found.without_inputs:,} rows with a label have no inputs; "
            "set STORE_INPUTS=yes where the service runs, and export what it answers from then on"
        )
    found.versions = tuple(_by_version(store, home, found.truths))
    return found


class _Table:
    """How a line of the training table is written."""

    def __init__(self, config: Config, source: Source) -> None:
        self.columns = source.columns
        self._writer = RowWriter(config.row_schema(), source.columns)
        self._target = source.columns.index(config.target)
        is_csv = source.format == "csv"
        self._delimiter = source.delimiter if is_csv else ","
        self._encoding = source.encoding if is_csv else "utf-8"

    def row(self, truth: Truth) -> bytes:
        """A row with its label; raises ValueError where the table cannot hold it."""
        cells = self._writer.write(truth.answer.inputs or {})
        cells[self._target] = truth.label
        return self.line(cells)

    def line(self, cells: Sequence[str]) -> bytes:
        text = io.StringIO()
        # The writer quotes what has a character of its line end, so that must be both of them.
        csv.writer(text, delimiter=self._delimiter, lineterminator="\r\n").writerow(cells)
        line = text.getvalue().removesuffix("\r\n") + "\n"
        if "\0" in line:
            raise ValueError("a NUL character cannot stand in a CSV")
        try:
            return line.encode(self._encoding)
        except UnicodeEncodeError as error:
            unknown = line[error.start]
            raise ValueError(f"{self._encoding}, as the table is, has no {unknown!r}") from None


def _line(table: _Table, truth: Truth, found: Exported) -> bytes | None:
    """A row as a line; where it cannot be one, ``found`` is told."""
    answer = truth.answer
    if answer.inputs is None:
        found.without_inputs += 1
        return None
    try:
        return table.row(truth)
    except ValueError as error:
        found.refused.append(f"answer {answer.id}, row {answer.row}: {error}")
        return None


def _by_version(store: Store, home: Home, truths: Iterable[Truth]) -> Iterator[OfVersion]:
    """What each model made of the rows, the version that answered first before the others."""
    classes, decisions = store.classes(), _decision(home)
    answered = defaultdict[str, list[tuple[Answer, str]]](list)
    for truth in truths:
        answer, label = truth.answer, truth.label
        known = [str(one) for one in classes.get(answer.version, ())]
        if label in known and len(known) == len(answer.probabilities):
            answered[answer.version].append((answer, label))
    for version, pairs in answered.items():
        known = [str(one) for one in classes[version]]
        shares = np.array([answer.probabilities for answer, _ in pairs])
        labels: list[Label] = [label for _, label in pairs]
        yield _judged(version, align(labels, shares, known, decisions.get(version)))


def _decision(home: Home) -> dict[str, Decision | None]:
    """How the home's model decides; of others it is not known, and they say the likeliest."""
    try:
        manifest = bundle.load(home).manifest
    except BundleError:
        return {}
    return {manifest.version: manifest.decision}


def _judged(version: str, judged: Outcomes) -> OfVersion:
    """With the intervals that /live has."""
    rows = len(judged.truth)
    accuracy = wilson(int(judged.correct.sum()), rows)
    return OfVersion(version, rows, accuracy, mean_interval(judged.losses))
