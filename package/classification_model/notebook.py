"""What the commands ``init`` and ``train`` do, for Python: a frame in, what they print out."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from classification_model.config.home import Home
from classification_model.errors import DataError
from classification_model.init import scaffold
from classification_model.init.inferred_schema import InferredSchema
from classification_model.progress import Progress
from classification_model.train_pipeline import Trained, run_training

__all__ = ["Initialised", "init_home", "train_home"]


@dataclass(frozen=True, slots=True)
class Initialised:
    """A home that was written, and what was decided of each column, and why."""

    home: Home
    learned: InferredSchema


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
        progress: told of each column.

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
    home: str | os.PathLike[str] | None = None,
    *,
    force: bool = False,
    progress: Progress | None = None,
) -> Trained:
    """Train the model of a home; see :func:`run_training`, whose errors it raises."""
    return run_training(home, force=force, progress=progress)


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
