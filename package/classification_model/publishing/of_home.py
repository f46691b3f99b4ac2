"""What a home would publish, and the people in its table."""

from __future__ import annotations

import numpy as np

from classification_model.bundle import Bundle
from classification_model.config.core import Config
from classification_model.config.home import PACKAGE_HOME, Home
from classification_model.config.schema import Column
from classification_model.processing.data_manager import Dataset
from classification_model.processing.reading import blocks
from classification_model.processing.reading.whole import parts
from classification_model.processing.typed_columns import TypedColumn
from classification_model.processing.value_rules import parser
from classification_model.progress import Progress
from classification_model.publishing.audit import Published
from classification_model.publishing.people import People

__all__ = ["people_of", "published_by", "table_of"]


def people_of(config: Config, home: Home, data: Dataset, train: Dataset) -> People:
    """The rows of the table with all its columns, those that the model ignores as text.

    ``train`` are those that the judged model was fitted on.

    Raises:
        DataError: the file cannot be read.
    """
    ignored = _ignored(config, home, data)
    trained = np.flatnonzero(np.isin(data.lines, train.lines))
    return People({**data.columns, **ignored}, config.publish.min_rows, data.groups, trained)


def table_of(config: Config, home: Home) -> bytes:
    """The bytes of the table's file."""
    return (home.datasets / config.dataset).read_bytes()


def published_by(home: Home, config: Config, bundle: Bundle) -> Published:
    """What lies in the home, and beside the package where that is the home."""
    beside = {"features.py": config.features.encode()} if config.features else {}
    sample = home.path.parent / "sample_input.csv"
    if home.path == PACKAGE_HOME and sample.is_file():
        beside[sample.name] = sample.read_bytes()
    return Published(bundle, beside, config.model_dump(mode="json", exclude={"features"}))


def _ignored(config: Config, home: Home, data: Dataset) -> dict[str, TypedColumn]:
    if not config.ignored:
        return {}
    name = str(home.datasets / config.dataset) + (f"#{config.sheet}" if config.sheet else "")
    source = blocks.head(name, [*config.ignored], config.encoding)
    wanted = [column for column in config.ignored if column in source.columns]
    read = parser(Column(kind="raw"), missing_markers=config.missing_markers)
    cells: dict[str, list[object]] = {column: [] for column in wanted}
    for part in parts(source, wanted, Progress(), []):
        kept = part.take(np.flatnonzero(np.isin(part.lines, data.lines)))
        for column in wanted:
            cells[column] += map(read, kept.texts(column))
    return {column: TypedColumn.of(found) for column, found in cells.items()}
