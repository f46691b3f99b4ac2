"""A folder of Parquet parts, as clusters write them, as one file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from classification_model.errors import DataError
from classification_model.processing.reading.sources import parquet

__all__ = ["one_file"]

_ENDINGS = (".parquet", ".pq")
_ROWS = 64_000  # at once in memory


@contextmanager
def one_file(source: Path) -> Iterator[Path]:
    """A file as it is; the parts of a folder joined in the order of their names, for a while.

    Raises:
        DataError: the folder holds no parts, or parts with different columns.
    """
    if not source.is_dir():
        yield source
        return
    with TemporaryDirectory(prefix="parts-") as folder:
        joined = Path(folder) / f"{source.name}.parquet"
        _join(source, joined)
        yield joined


def _join(folder: Path, to: Path) -> None:
    arrow = parquet()
    parts = sorted(file for file in folder.iterdir() if file.suffix.lower() in _ENDINGS)
    if not parts:
        raise DataError(
            f"{folder}: a folder without Parquet parts (.parquet); name a file, or a folder that "
            "holds the parts themselves"
        )
    schema = _schema(parts)
    with arrow.ParquetWriter(to, schema) as writer:
        for part in parts:
            for batch in arrow.ParquetFile(part).iter_batches(_ROWS):
                writer.write_batch(batch.select(schema.names).cast(schema))


def _schema(parts: list[Path]) -> Any:
    """Types that hold the values of every part: a part may miss all values of a column."""
    import pyarrow as pa

    found = []
    for part in parts:
        try:
            found.append(parquet().read_schema(part).remove_metadata())
        except (OSError, pa.ArrowInvalid) as error:
            raise DataError(f"{part}: no whole Parquet file ({error}); write it again") from None
        if other := sorted({*found[0].names} ^ {*found[-1].names}):
            raise DataError(
                f"{part}: other columns than {parts[0].name}: {', '.join(map(repr, other))} "
                "in one of them alone; give all parts the same columns"
            )
    try:
        return pa.unify_schemas(found, promote_options="permissive")
    except pa.ArrowTypeError as error:
        raise DataError(f"{parts[0].parent}: the parts cannot be one table: {error}") from None
