"""Which table a model was trained on: a note beside the table, and not in the bundle.

``datasets/<table>.stamp.json`` is committed with the table. A bundle is published, and a digest of
a small table would give it away.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from classification_model.config.conflicts import conflict_line
from classification_model.config.core import Config
from classification_model.config.home import Home
from classification_model.config.schema import FrozenModel
from classification_model.errors import SaveError
from classification_model.progress import Progress

if TYPE_CHECKING:  # it loads scikit-learn
    from classification_model.processing.data_manager import Dataset

__all__ = ["Stamp", "moved_on", "read", "write"]


class Stamp(FrozenModel):
    """What the table was when a version was trained on it.

    ``rows`` counts those that have a class. ``data_changed`` says that a person saw how the
    table had changed, and meant it.
    """

    version: str
    rows: int
    bytes: int
    sha256: str
    data_changed: bool = False

    def is_of(self, data: Dataset) -> bool:
        """Whether the table is the same to the byte."""
        return (self.bytes, self.sha256) == (data.size, data.digest)

    def begins(self, file: Path) -> bool:
        """Whether a file is that table with more below it."""
        digest, left = hashlib.sha256(), self.bytes
        with file.open("rb") as stream:
            while left and (chunk := stream.read(min(left, 1 << 20))):
                digest.update(chunk)
                left -= len(chunk)
        return not left and digest.hexdigest() == self.sha256


def read(home: Home, config: Config, progress: Progress) -> Stamp | None:
    """The stamp of a home's table, or nothing where there is none that can be read."""
    file = _file(home, config)
    try:
        source = file.read_text(encoding="utf-8", errors="replace")
        if line := conflict_line(source):
            progress.say(
                f"Note: {file}, line {line}: a conflict that git marked; this training writes it anew"
            )
        return Stamp.model_validate_json(source)
    except (OSError, ValidationError):
        return None


def moved_on(home: Home, config: Config, version: str) -> str | None:
    """The version that the table was last trained on for, where the model is of another one."""
    stamp = read(home, config, Progress())
    return stamp.version if stamp is not None and stamp.version != version else None


def write(home: Home, config: Config, data: Dataset, *, version: str, data_changed: bool) -> None:
    """Note that a version was trained on a table.

    Raises:
        SaveError: it cannot be written.
    """
    stamp = Stamp(
        version=version,
        rows=len(data),
        bytes=data.size,
        sha256=data.digest,
        data_changed=data_changed,
    )
    file = _file(home, config)
    staged = file.with_name(f".{file.name}.staged")
    try:
        staged.write_text(stamp.model_dump_json(indent=2) + "\n", encoding="utf-8")
        staged.replace(file)
    except OSError as error:
        raise SaveError(
            f"{file}: the model is saved, and the stamp of its table is not: {error.strerror}; "
            "mend that, and train again"
        ) from None


def _file(home: Home, config: Config) -> Path:
    return home.datasets / f"{config.dataset}.stamp.json"
