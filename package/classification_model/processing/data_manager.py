"""CSV in, pipeline in and out: the only place where data and pickles are read or written."""

from __future__ import annotations

import csv
import hashlib
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import joblib
import numpy as np
from sklearn.model_selection import train_test_split
from sklearn.pipeline import Pipeline

from classification_model.config.core import Config
from classification_model.config.home import Home
from classification_model.config.schema import Label
from classification_model.errors import DataError, RowError
from classification_model.processing.validation import RowValidator, TypedRow

__all__ = [
    "Dataset",
    "Split",
    "dump_pipeline",
    "load_dataset",
    "load_pipeline",
    "read_csv",
    "split_dataset",
]

RawRow = dict[str, str]

_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Dataset:
    """Typed rows with their labels, and the sha256 of the CSV that they come from."""

    rows: list[TypedRow]
    labels: list[Label]
    digest: str


@dataclass(frozen=True, slots=True)
class Split:
    """Two parts of a data set that have no row in common."""

    train: Dataset
    held_out: Dataset


def read_csv(file: Path) -> tuple[list[RawRow], list[int]]:
    """Read a CSV as text: one dict of column to cell for each row, and each row's line number.

    Raises:
        DataError: the file is missing, not UTF-8, empty, without rows, has two columns of
            one name, or has a row with more or fewer cells than there are columns.
    """
    return _parse_csv(file, _read_bytes(file))


def load_dataset(config: Config, home: Home) -> Dataset:
    """Read and validate the labelled CSV of a home.

    Raises:
        DataError: see :func:`read_csv`; or a column is missing, a cell breaks its column's
            rule, a label is missing, or there are fewer than two classes.
    """
    file = home.datasets / config.dataset
    source = _read_bytes(file)
    raw, lines = _parse_csv(file, source)
    wanted = [config.target, *config.columns]
    if absent := [name for name in wanted if name not in raw[0]]:
        raise DataError(
            f"{file}: no column {', '.join(map(repr, absent))}; the file has "
            f"{', '.join(map(repr, raw[0]))}; mend the file, or columns in config.yml"
        )
    labels = list(_labels(config, file, raw, lines))
    # A column that the configuration does not know is nothing to train on, nor to stop for.
    known = [{name: row[name] for name in config.columns} for row in raw]
    checked = RowValidator(config.row_schema()).validate(known)
    if checked.errors:
        raise DataError(f"{file}: {_faults(checked.errors, lines)}")
    rows = [row for row in checked.rows if row is not None]
    return Dataset(rows, labels, hashlib.sha256(source).hexdigest())


def split_dataset(data: Dataset, config: Config) -> Split:
    """Hold out ``config.test_size`` of the rows, stratified by class, the same every time.

    Raises:
        DataError: a class has too few rows to be in both parts.
    """
    counts = Counter(data.labels)
    rarest, count = min(counts.items(), key=lambda item: item[1])
    if count < 2:
        raise DataError(
            f"target {config.target!r}: class {rarest!r} has {count} row; a class needs at least "
            "2, so that it can be both trained on and tested; add rows, or leave it out"
        )
    try:
        train, held_out = train_test_split(
            np.arange(len(data.rows)),
            test_size=config.test_size,
            random_state=config.random_state,
            stratify=[str(label) for label in data.labels],
        )
    except ValueError as error:
        raise DataError(f"test_size {config.test_size}: {error}") from None
    return Split(_take(data, sorted(train)), _take(data, sorted(held_out)))


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


def _parse_csv(file: Path, source: bytes) -> tuple[list[RawRow], list[int]]:
    try:
        text = source.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = source[: error.start].count(b"\n") + 1
        raise DataError(f"{file}, line {line}: not UTF-8; save the file as UTF-8") from None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: list[RawRow] = []
    lines: list[int] = []
    try:
        header = next(reader, [])
        if not any(header):
            raise DataError(f"{file}: empty; the first line must name the columns")
        if twice := [name for name, count in Counter(header).items() if count > 1]:
            raise DataError(f"{file}: two columns have the name {twice[0]!r}; rename one")
        start = reader.line_num
        for cells in reader:
            first, start = start + 1, reader.line_num
            if not cells:
                continue
            if len(cells) != len(header):
                raise DataError(
                    f"{file}, line {first}: {len(cells)} cells where the header has {len(header)}"
                )
            rows.append(dict(zip(header, cells, strict=True)))
            lines.append(first)
    except csv.Error as error:
        raise DataError(f"{file}, line {reader.line_num}: {error}") from None
    if not rows:
        raise DataError(f"{file}: has a header and no rows")
    return rows, lines


def _labels(
    config: Config, file: Path, raw: Sequence[RawRow], lines: Sequence[int]
) -> Iterator[Label]:
    """Each row's label: numbers where all of them are numbers, words otherwise."""
    texts = [row[config.target].strip() for row in raw]
    for text, line in zip(texts, lines, strict=True):
        if text in config.missing_markers:
            raise DataError(
                f"{file}, line {line}: the target {config.target!r} is missing; "
                "give it a value or remove the row"
            )
    if len(set(texts)) < 2:
        raise DataError(
            f"{file}: the target {config.target!r} has one class, {texts[0]!r}, in all "
            f"{len(texts)} rows; a classifier needs at least two"
        )
    for kind in (int, float):
        try:
            yield from [kind(text) for text in texts]
        except ValueError:
            continue
        return
    yield from texts


def _faults(errors: Sequence[RowError], lines: Sequence[int]) -> str:
    """Faults with the line of the file in the place of the row's position."""
    shown = [
        str(error).replace(f"row {error.row}", f"line {lines[error.row]}", 1)
        for error in errors[:_SHOWN]
    ]
    more = f"; and {len(errors) - _SHOWN} more" if len(errors) > _SHOWN else ""
    return "; ".join(shown) + more


def _take(data: Dataset, indices: Sequence[int]) -> Dataset:
    return Dataset([data.rows[i] for i in indices], [data.labels[i] for i in indices], data.digest)
