"""CSV in, pipeline in and out: the only place where data and pickles are read or written."""

from __future__ import annotations

import hashlib
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

import joblib
import numpy as np

from classification_model.config.core import Config
from classification_model.config.home import Home
from classification_model.config.schema import Label
from classification_model.errors import DataError
from classification_model.processing import csv_reader
from classification_model.processing.arrays import Floats, Indices, Mask
from classification_model.processing.csv_reader import Table
from classification_model.processing.labelled import LabelledRows, source_of, unknown_columns
from classification_model.processing.reading.notes import notes_on
from classification_model.processing.reading.sources import Record
from classification_model.processing.reading.whole import parts
from classification_model.processing.splitting import Units, hold_out, sample, smallest_class
from classification_model.processing.typed_columns import Columns, Typed, rows_of
from classification_model.processing.value_rules import TypedRow
from classification_model.progress import Progress

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

__all__ = [
    "Dataset",
    "Split",
    "dump_pipeline",
    "load_dataset",
    "load_pipeline",
    "read_csv",
    "sampled",
    "split_dataset",
]


@dataclass(frozen=True, slots=True)
class Dataset:
    """A labelled table by typed columns.

    ``lines`` holds the line of the file that each row starts on, ``digest`` is the sha256 of
    the CSV, ``size`` its bytes, and ``unlabelled`` counts the rows that were left out because
    their label is missing. ``units`` says which rows are held out, or trained on, as a whole, and
    ``groups`` which are one person's, where that is known: each group, and each record that was
    imported twice, counts once. ``weights`` is what each row counts in fitting, where config.yml names
    a column of it. ``notes`` is what a person should know of how the file was read,
    and ``unknown`` names the columns of the file that config.yml does not.
    """

    columns: Columns
    labels: list[Label]
    lines: Indices
    units: Units
    digest: str
    size: int
    unlabelled: int = 0
    groups: Indices | None = None
    weights: Floats | None = None
    notes: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, rows: Indices) -> Dataset:
        """Some of the rows, by their positions."""
        columns = {name: column.take(rows) for name, column in self.columns.items()}
        labels = [self.labels[i] for i in rows.tolist()]
        units = self.units.take(rows)
        groups = None if self.groups is None else self.groups[rows]
        weights = None if self.weights is None else self.weights[rows]
        return replace(
            self, columns=columns, labels=labels, lines=self.lines[rows], units=units,
            groups=groups, weights=weights,
        )  # fmt: skip

    def typed(self) -> Typed:
        """The columns as what was checked, for what would check them otherwise."""
        return Typed(self.columns, np.ones(len(self), np.bool_), self.groups)

    def rows(self) -> list[TypedRow]:
        """Each row as a dict: for a few."""
        return rows_of(self.columns)


@dataclass(frozen=True, slots=True)
class Split:
    """Two parts of a data set that have no row in common; ``mask`` says who is held out."""

    train: Dataset
    held_out: Dataset
    mask: Mask

    @classmethod
    def of(cls, data: Dataset, mask: Mask) -> Split:
        return cls(data.take(np.flatnonzero(~mask)), data.take(np.flatnonzero(mask)), mask)


def read_csv(
    file: Path,
    known_columns: Sequence[str] = (),
    encoding: str | None = None,
    *,
    keep_total: bool = True,
    progress: Progress | None = None,
) -> Table:
    """Read a table as text; see :func:`csv_reader.read`.

    Raises:
        DataError: there is no such file, or it is no table.
        MissingExtraError: pyarrow is not installed.
    """
    name = str(file)
    return csv_reader.read(name, known_columns, encoding, keep_total=keep_total, progress=progress)


def load_dataset(config: Config, home: Home, progress: Progress | None = None) -> Dataset:
    """Read and validate the labelled table of a home; ``progress`` is told of the rows.

    Raises:
        DataError: the file cannot be read, a column is missing, a cell breaks its column's
            rule, or there are fewer than two classes.
        MissingExtraError: pyarrow is not installed.
    """
    from classification_model.processing.split_columns import units_of

    name, file = _table_of(config, home)
    source = source_of(name, config)
    read, left_out = LabelledRows(config), list[Record]()
    told = progress or Progress()
    for part in parts(source, source.columns, told, left_out):
        read.add(part)
    labels = read.labels(name)
    read.errors.refuse(name)
    starts = np.concatenate(read.lines)
    units = units_of(config, np.concatenate(read.digests), read.split_by, starts)
    with file.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return Dataset(
        read.columns(),
        labels,
        starts,
        units,
        digest,
        size=file.stat().st_size,
        unlabelled=read.rows - len(labels),
        groups=_people(config, units),
        weights=_weights(config, name, read.weights, starts),
        notes=tuple(notes_on(source, left_out)),
        unknown=unknown_columns(source, config),
    )


def _table_of(config: Config, home: Home) -> tuple[str, Path]:
    """The name of a home's table, its sheet included, and its file."""
    file = home.datasets / config.dataset
    return f"{file}#{config.sheet}" if config.sheet else str(file), file


def _weights(config: Config, file: str, texts: list[str], lines: Indices) -> Floats | None:
    from classification_model.processing.weights import own_weights

    if config.weight is None:
        return None
    markers = config.missing_markers
    return own_weights(config.weight, texts, lines, file=file, markers=markers)


def _people(config: Config, units: Units) -> Indices | None:
    """The number of each row's person, where some have several rows."""
    copied = units.repeats and units.copies == "together" and not units.by_time
    return units.of_row if config.split.groups is not None or copied else None


def sampled(data: Dataset, config: Config) -> Dataset:
    """At most about ``config.max_rows`` of the rows, the same ones every time."""
    if config.max_rows is None or len(data) <= config.max_rows:
        return data
    return data.take(np.flatnonzero(sample(data.units, data.labels, config.max_rows)))


def split_dataset(data: Dataset, config: Config) -> Split:
    """Hold out ``config.test_size`` of each class, the same rows every time.

    See :mod:`splitting`: a row is held out by its raw record, whatever config.yml says of its
    columns, so that recipes are judged on rows that none of them was fitted on.

    Raises:
        DataError: a class has too few rows to be in both parts.
    """
    needed = smallest_class(config.test_size)
    counts = Counter(data.labels)
    rarest = min(counts, key=lambda label: counts[label])
    if counts[rarest] < needed:
        raise DataError(
            f"target {config.target!r}: class {rarest!r} has {counts[rarest]} row(s), and at "
            f"test_size {config.test_size} a class needs {needed}, so that it can be both trained "
            "on and tested; add rows, or remove that class"
        )
    return Split.of(data, hold_out(data.units, data.labels, config.test_size))


def dump_pipeline(pipeline: Pipeline) -> bytes:
    """A fitted pipeline as the bytes of a .pkl file."""
    buffer = io.BytesIO()
    joblib.dump(pipeline, buffer, compress=3)
    return buffer.getvalue()


def load_pipeline(source: bytes) -> Pipeline:
    """Bytes of a .pkl back to a pipeline. Unpickling runs code: verify the bytes first."""
    return cast("Pipeline", joblib.load(io.BytesIO(source)))
