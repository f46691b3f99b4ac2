"""CSV in, pipeline in and out: the only place where data and pickles are read or written."""

from __future__ import annotations

import hashlib
import io
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import joblib
from sklearn.pipeline import Pipeline

from classification_model.config.core import Config
from classification_model.config.home import Home
from classification_model.config.schema import Label
from classification_model.errors import DataError, RowError
from classification_model.processing import csv_reader
from classification_model.processing.csv_reader import Table
from classification_model.processing.validation import RowValidator, TypedRow, Validated
from classification_model.progress import Progress

__all__ = [
    "Dataset",
    "Split",
    "dump_pipeline",
    "faults",
    "load_dataset",
    "load_pipeline",
    "parse_labels",
    "read_csv",
    "smallest_class",
    "split_dataset",
]

_SHOWN = 5
_PART = 10_000
_WHOLE = re.compile(r"[+-]?(0|[1-9]\d{0,17})", re.ASCII)
_DECIMAL = re.compile(r"[+-]?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d{1,3})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Dataset:
    """Typed rows with their labels.

    ``digest`` is the sha256 of the CSV; ``unlabelled`` counts the rows that were left out
    because their label is missing; ``notes`` says what differs from the configuration and
    is trained on all the same.
    """

    rows: list[TypedRow]
    labels: list[Label]
    digest: str
    unlabelled: int = 0


@dataclass(frozen=True, slots=True)
class Split:
    """Two parts of a data set that have no row in common."""

    train: Dataset
    held_out: Dataset


def read_csv(file: Path, known_columns: Sequence[str] = ()) -> Table:
    """Read a CSV as text; see :func:`csv_reader.parse`.

    Raises:
        DataError: there is no such file, or it is no CSV.
    """
    return csv_reader.parse(str(file), _read_bytes(file), known_columns)


def load_dataset(config: Config, home: Home, progress: Progress | None = None) -> Dataset:
    """Read and validate the labelled CSV of a home; ``progress`` is told of the rows.

    Raises:
        DataError: see :func:`read_csv`; or a column is missing, a cell breaks its column's
            rule, or there are fewer than two classes.
    """
    file = home.datasets / config.dataset
    source = _read_bytes(file)
    wanted = [config.target, *config.columns]
    table = csv_reader.parse(str(file), source, wanted)
    if absent := [name for name in wanted if name not in table.columns]:
        raise DataError(
            f"{file}: no column {', '.join(map(repr, absent))}; the file has "
            f"{', '.join(map(repr, table.columns))}; mend the file, or columns in config.yml"
        )
    texts = [text.strip() for text in table.column(config.target)]
    labelled = [i for i, text in enumerate(texts) if text not in config.missing_markers]
    labels = parse_labels([texts[i] for i in labelled])
    if len(set(labels)) < 2:
        found = f"one class, {labels[0]!r}" if labels else "no class"
        raise DataError(
            f"{file}: the target {config.target!r} has {found}, in all {len(texts)} rows; "
            "a classifier needs at least two"
        )
    # Columns that the configuration does not know are nothing to train on, nor to stop for.
    columns = {name: table.column(name) for name in config.columns}
    raw = [{name: cells[i] for name, cells in columns.items()} for i in labelled]
    validator = RowValidator(config.row_schema())
    checked = _validated(validator, raw, progress or Progress())
    if checked.errors:
        lines = [table.lines[i] for i in labelled]
        raise DataError(
            f"{file}: {faults(checked.errors, lines)}; mend the file, or columns in config.yml"
        )
    rows = [row for row in checked.rows if row is not None]
    return Dataset(
        rows=rows,
        labels=labels,
        digest=hashlib.sha256(source).hexdigest(),
        unlabelled=len(texts) - len(labelled),
    )


def _validated(
    validator: RowValidator, raw: Sequence[Mapping[str, object]], progress: Progress
) -> Validated:
    """Check rows part by part, so that whoever waits can be told how far it is."""
    whole = Validated([], [])
    for start in range(0, len(raw), _PART):
        progress.count(start, len(raw), "rows")
        part = validator.validate(raw[start : start + _PART])
        whole.rows.extend(part.rows)
        whole.errors.extend(replace(error, row=start + error.row) for error in part.errors)
    progress.count(len(raw), len(raw), "rows")
    return whole


def parse_labels(texts: Sequence[str]) -> list[Label]:
    """Labels as the CSV means them: numbers where all are numbers, words as they are.

    A number with leading zeros is a code, which is a word.
    """
    distinct = set(texts)
    kinds: tuple[tuple[re.Pattern[str], type[int] | type[float]], ...] = (
        (_WHOLE, int),
        (_DECIMAL, float),
    )
    for pattern, kind in kinds:
        if all(pattern.fullmatch(text) for text in distinct):
            return [kind(text) for text in texts]
    return list(texts)


def smallest_class(test_size: float) -> int:
    """How many rows a class needs, so that the held-out part has at least one of each."""
    return math.ceil(1 / min(test_size, 1 - test_size))


def split_dataset(data: Dataset, config: Config) -> Split:
    """Hold out ``config.test_size`` of each class, the same rows every time.

    A row is held out by its content, not by its place: of each class those with the smallest
    digests. So the order of the file does not matter, a row and its duplicate are on the same
    side, and when rows are added almost all of the others stay where they were: a model can be
    judged against the one before it on rows that neither was trained on.

    Raises:
        DataError: a class has too few rows to be in both parts.
    """
    needed = smallest_class(config.test_size)
    places: dict[Label, list[int]] = {}
    for i, label in enumerate(data.labels):
        places.setdefault(label, []).append(i)
    rarest = min(places, key=lambda label: len(places[label]))
    if len(places[rarest]) < needed:
        raise DataError(
            f"target {config.target!r}: class {rarest!r} has {len(places[rarest])} row(s), and at "
            f"test_size {config.test_size} a class needs {needed}, so that it can be both trained "
            "on and tested; add rows, or remove that class"
        )
    digests = [_row_digest(row, config.random_state) for row in data.rows]
    held_out: set[int] = set()
    for members in places.values():
        share = round(len(members) * config.test_size)
        held_out.update(sorted(members, key=lambda i: (digests[i], i))[:share])
    train = [i for i in range(len(data.rows)) if i not in held_out]
    return Split(_take(data, train), _take(data, sorted(held_out)))


def _row_digest(row: TypedRow, seed: int) -> bytes:
    content = json.dumps([seed, *row.items()], default=str, sort_keys=True)
    return hashlib.sha256(content.encode()).digest()


def faults(errors: Sequence[RowError], lines: Sequence[int]) -> str:
    """The first faults of a file's rows, each with the line that the row is on."""
    shown = [
        str(error).replace(f"row {error.row}", f"line {lines[error.row]}", 1)
        for error in errors[:_SHOWN]
    ]
    more = f"; and {len(errors) - _SHOWN} more" if len(errors) > _SHOWN else ""
    return "; ".join(shown) + more


def dump_pipeline(pipeline: Pipeline) -> bytes:
    """A fitted pipeline as the bytes of a .pkl file."""
    buffer = io.BytesIO()
    joblib.dump(pipeline, buffer, compress=3)
    return buffer.getvalue()


def load_pipeline(source: bytes) -> Pipeline:
    """Bytes of a .pkl back to a pipeline. Unpickling runs code: verify the bytes first."""
    return cast("Pipeline", joblib.load(io.BytesIO(source)))


def _read_bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except FileNotFoundError:
        raise DataError(f"{file}: no such file") from None
    except OSError as error:
        raise DataError(f"{file}: cannot be read: {error.strerror}") from None


def _take(data: Dataset, indices: Sequence[int]) -> Dataset:
    return Dataset([data.rows[i] for i in indices], [data.labels[i] for i in indices], data.digest)
