"""Read a labelled table part by part, check its rows, and name the lines that are wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from classification_model.config.core import Config
from classification_model.config.schema import Label, RowSchema
from classification_model.errors import DataError, RowError
from classification_model.processing.arrays import Indices
from classification_model.processing.labels import typed_labels
from classification_model.processing.reading import blocks, csv_blocks
from classification_model.processing.reading.columns import check_columns
from classification_model.processing.reading.sources import Source, opened
from classification_model.processing.reading.whole import Part
from classification_model.processing.splitting import Digests, record_digests
from classification_model.processing.typed_columns import Columns, joined, raw_values
from classification_model.processing.validation import RowValidator

__all__ = ["LabelledRows", "source_of", "unknown_columns"]

_SHOWN = 5


def source_of(name: str, config: Config) -> Source:
    """The head of a labelled table, which has every column that is wanted."""
    wanted, by = [*config.apart(), *config.columns], config.split.column
    source = blocks.head(name, wanted, config.encoding, keep_total=config.keep_total)
    if source.format == "csv":
        with opened(name) as stream:
            csv_blocks.refuse_binary(name, stream, source.encoding)
    check_columns(
        source,
        [*wanted, *([by] if by else [])],
        (),
        cure="mend the file, or columns, weight and split in config.yml",
        known=config.ignored,
    )
    return source


def unknown_columns(source: Source, config: Config) -> tuple[str, ...]:
    """The columns of a table that config.yml does not name."""
    known = {*config.apart(), *config.columns, *config.ignored, config.split.column}
    return tuple(name for name in source.columns if name not in known)


class LabelledRows:
    """The rows of a table that have a label, part after part; ``rows`` counts all of them."""

    def __init__(self, config: Config) -> None:
        self._config, self._schema = config, config.row_schema()
        self._typed: list[Columns] = []
        self._texts: list[str] = []
        self.errors = _Errors(self._schema)
        self.lines: list[Indices] = []
        self.digests: list[Digests] = []
        self.split_by: list[str] = []
        self.weights: list[str] = []
        self.rows = 0

    def add(self, part: Part) -> None:
        """Check a part's labelled rows, and keep them."""
        config = self._config
        found = [text.strip() for text in part.texts(config.target)]
        labelled = [i for i, text in enumerate(found) if text not in config.missing_markers]
        self.rows += len(found)
        self._texts += [found[i] for i in labelled]
        if len(labelled) < len(found):
            part = part.take(np.array(labelled, np.int64))
        self.lines.append(part.lines)
        self._typed.append(self.errors.checked(part))
        record = [part.texts(name) for name in sorted(part.columns)]
        self.digests.append(record_digests(record, config.random_state))
        self.split_by += part.texts(config.split.column) if config.split.column else []
        self.weights += part.texts(config.weight.column) if config.weight else []

    def labels(self, name: str) -> list[Label]:
        """The class of each row.

        Raises:
            DataError: there are fewer than two classes.
        """
        labels = typed_labels(self._texts)
        if len(set(labels)) < 2:
            only = f"one class, {labels[0]!r}" if labels else "no class"
            raise DataError(
                f"{name}: the target {self._config.target!r} has {only}, in all {self.rows} rows; "
                "a classifier needs at least two"
            )
        return labels

    def columns(self) -> Columns:
        """Every column of the schema, whole."""
        return {
            name: joined([part[name] for part in self._typed], column.kind)
            for name, column in self._schema.columns.items()
        }


class _Errors:
    """Checks parts of a table by their columns, and keeps why rows are refused.

    ``lines`` holds the line of the row that each error counts from.
    """

    def __init__(self, schema: RowSchema) -> None:
        from classification_model.processing.column_rules import ColumnRules

        self._columns = ColumnRules(schema)
        self._rows = RowValidator(schema)
        self.found: list[RowError] = []
        self.lines: list[int] = []

    def checked(self, part: Part) -> Columns:
        typed = self._columns.check(part.columns)
        if not typed.good.all():
            bad = part.take(np.flatnonzero(~typed.good))
            cells = {name: raw_values(bad.columns[name]) for name in typed.columns}
            raw = [dict(zip(cells, row, strict=True)) for row in zip(*cells.values(), strict=True)]
            before = len(self.lines)
            self.found += [
                replace(error, row=before + error.row) for error in self._rows.validate(raw).errors
            ]
            self.lines += bad.lines.tolist()
        return typed.columns

    def refuse(self, name: str) -> None:
        """Raise what was found, if anything was."""
        if self.found:
            told = _faults(self.found, self.lines)
            raise DataError(f"{name}: {told}; mend the file, or columns in config.yml")


def _faults(errors: Sequence[RowError], lines: Sequence[int]) -> str:
    """The first faults of a file's rows, each with the line that the row is on."""
    shown = [
        str(error).replace(f"row {error.row}", f"line {lines[error.row]}", 1)
        for error in errors[:_SHOWN]
    ]
    more = f"; and {len(errors) - _SHOWN} more" if len(errors) > _SHOWN else ""
    return "; ".join(shown) + more
