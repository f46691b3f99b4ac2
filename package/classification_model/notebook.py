"""What the commands ``init`` and ``train`` do, for Python: a frame in, what they print out."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypedDict, Unpack

from classification_model.config.home import Home
from classification_model.config.versions import Bump
from classification_model.errors import DataError
from classification_model.init import scaffold
from classification_model.init.inferred_schema import Finding, InferredSchema
from classification_model.progress import Progress
from classification_model.train_pipeline import Trained, run_training

__all__ = ["Initialised", "Options", "TrainedHome", "init_home", "train_home"]


@dataclass(frozen=True, slots=True, repr=False)
class TrainedHome(Trained):
    """A model that was saved, how good it is, and how it compares: shown as a line."""

    def __repr__(self) -> str:
        found, manifest = self.report.metrics, self.bundle.manifest
        how = f"log loss {found.log_loss:.3f}, accuracy {found.accuracy:.3f}"
        return f"Model {manifest.version} predicts {manifest.target!r}: {how} on {found.rows} held-out rows"


class Options(TypedDict, total=False):
    """The options of a training, as the command ``train`` has them."""

    force: bool
    search: bool
    data_changed: bool
    bump: Bump | None
    cluster: str | None
    progress: Progress | None


@dataclass(frozen=True, slots=True, repr=False)
class Initialised:
    """A home that was written, and what was decided of each column, and why: shown as a table."""

    home: Home
    learned: InferredSchema

    def __repr__(self) -> str:
        learned = self.learned
        header = ("column", "kind", "missing", "values", "decision")
        classes = ", ".join(f"{label} ({count})" for label, count in learned.classes.items())
        return "\n".join(
            (
                f"Columns to predict {learned.target!r} from",
                *_aligned([header, *map(_cells, learned.findings)]),
                f"{learned.rows} rows; {len(learned.classes)} classes: {classes}",
                *(f"Note: {note}" for note in learned.notes),
                f"Wrote {self.home.config_file}: look at it, then train",
            )
        )


def init_home(
    data: Any,
    target: str,
    home: str | os.PathLike[str],
    *,
    force: bool = False,
    encoding: str | None = None,
    sheet: str | None = None,
    progress: Progress | None = None,
) -> Initialised:
    """Read a labelled table, decide what each column is, and write a home for it.

    Args:
        data: the path of a CSV or of a folder of Parquet parts, or a frame of pandas, polars or whatever speaks Arrow.
        target: the column to predict.
        home: the folder to write.
        force: replace a home that is there.
        encoding: how the text of a file is encoded, where it does not say it.
        sheet: the sheet of a workbook; by default the first.
        progress: is told of the rows and the columns.

    Raises:
        DataError: the table cannot be read or has nothing to learn; nothing was written.
        ConfigError: there is a home already, and ``force`` is not set.
    """
    if isinstance(data, str | os.PathLike):
        return Initialised(
            *scaffold.create(
                Path(data),
                target,
                Path(home),
                force=force,
                encoding=encoding,
                sheet=sheet,
                progress=progress,
            )
        )
    with TemporaryDirectory() as folder:
        file = Path(folder) / "data.csv"
        _write(data, file)
        return Initialised(
            *scaffold.create(file, target, Path(home), force=force, progress=progress)
        )


def train_home(
    home: str | os.PathLike[str] | None = None, **options: Unpack[Options]
) -> TrainedHome:
    """Train the model of a home; see :func:`run_training` for its options and errors."""
    trained = run_training(home, **options)
    return TrainedHome(trained.bundle, trained.report, trained.comparison)


def _cells(finding: Finding) -> tuple[str, ...]:
    said = ": ".join(filter(None, (finding.decision, finding.reason)))
    missing = str(finding.seen.missing or "")
    return finding.name, finding.column.kind, missing, finding.values, said


def _aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip()


def _write(frame: Any, file: Path) -> None:
    if hasattr(frame, "to_csv"):
        frame.to_csv(file, index=False, encoding="utf-8")
    elif hasattr(frame, "write_csv"):
        frame.write_csv(file)
    elif hasattr(frame, "__arrow_c_stream__"):
        import pyarrow as pa
        from pyarrow import csv

        csv.write_csv(pa.table(frame), file)
    else:
        raise DataError(
            f"data: expected the path of a CSV or a frame, and found {type(frame).__name__}"
        )
