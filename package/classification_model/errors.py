"""Every error this package raises on purpose.

    ClassificationModelError
    |-- ConfigError (ValueError)            config.yml, VERSION or a home is wrong
    |-- DataError (ValueError)              a CSV cannot be read or trained on
    |   `-- ChangedDataError                a table is surely otherwise than it was
    |-- InvalidRowsError (ValueError)       rows do not fit the schema; carries each verdict
    |-- RejectedModelError (RuntimeError)   a new model is worse, or below the floor
    |-- BusyError (RuntimeError)            another training is going on in the home
    |-- ExportError (ValueError)            the ONNX graph does not agree with the pipeline
    |-- BundleError
    |   |-- MissingModelError (FileNotFoundError)   no model for this version
    |   |-- DamagedModelError (ValueError)          bytes are not those that were saved
    |   |   `-- ConflictedModelError                two were merged by git, line by line
    |   |-- IncompatibleModelError (RuntimeError)   made by a library that does not fit
    |   `-- SaveError (OSError)                     could not be written
    |-- StoreError (RuntimeError)           a database of answers does not do what it is asked
    `-- MissingExtraError (ImportError)     an optional dependency is not installed

Each message is one line that says what, where, the value and the cure. There is no
HTTP here: the API maps these to statuses in one place of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from importlib import metadata
from typing import Any

__all__ = [
    "BundleError",
    "BusyError",
    "ChangedDataError",
    "ClassificationModelError",
    "ConfigError",
    "ConflictedModelError",
    "DamagedModelError",
    "DataError",
    "ExportError",
    "IncompatibleModelError",
    "InvalidRowsError",
    "MissingExtraError",
    "MissingModelError",
    "RejectedModelError",
    "RowError",
    "SaveError",
    "StoreError",
    "installed_with",
    "shorten",
]


class ClassificationModelError(Exception):
    """The root: catch this to catch everything the package raises on purpose."""


class ConfigError(ClassificationModelError, ValueError):
    """A home, its VERSION or its config.yml is missing or wrong."""


class DataError(ClassificationModelError, ValueError):
    """A CSV is missing, unreadable, or cannot be trained on."""


class ChangedDataError(DataError):
    """A table has surely changed since the last training, and nobody said that it is meant."""


class RejectedModelError(ClassificationModelError, RuntimeError):
    """A newly trained model did not pass the gate; the one that was there stays.

    ``comparison`` holds the comparison of the two, where there was one.
    """

    def __init__(self, message: str, comparison: object = None) -> None:
        super().__init__(message)
        self.comparison = comparison


class BusyError(ClassificationModelError, RuntimeError):
    """Another training is going on in the same home."""


class ExportError(ClassificationModelError, ValueError):
    """The exported graph is refused: it is not the model that was trained."""


class BundleError(ClassificationModelError):
    """Something is wrong with the trained bundle."""


class MissingModelError(BundleError, FileNotFoundError):
    """There is no trained model for the version that is asked for."""


class DamagedModelError(BundleError, ValueError):
    """A file of the bundle is not the one that was saved."""


class ConflictedModelError(DamagedModelError):
    """Git merged the files of two bundles; what is there is neither."""


class IncompatibleModelError(BundleError, RuntimeError):
    """The bundle was made by a version that this installation cannot load."""


class SaveError(BundleError, OSError):
    """A bundle could not be written: the disk is full, read-only, or fails."""


class StoreError(ClassificationModelError, RuntimeError):
    """A database of answers cannot be opened, read or written."""


class MissingExtraError(ClassificationModelError, ImportError):
    """An optional dependency is needed and not installed."""

    def __init__(self, *, purpose: str, extra: str, module: str) -> None:
        self._named = {"purpose": purpose, "extra": extra, "module": module}
        super().__init__(
            f"{purpose} needs {module!r}, which is not installed: {installed_with(extra)}"
        )

    def __reduce__(self) -> tuple[Any, ...]:  # it comes back from a worker process, too
        return partial(type(self), **self._named), ()


def installed_with(extra: str) -> str:
    """The command that installs an extra."""
    return f"pip install '{_distribution()}[{extra}]'"


def _distribution() -> str:
    """The name that this package was installed by: set in pyproject.toml, and only there."""
    import_name = __name__.partition(".")[0]
    return next(iter(metadata.packages_distributions().get(import_name, ())), import_name)


@dataclass(frozen=True, slots=True)
class RowError:
    """Why one row was refused: its position, the column, the rule and the value."""

    row: int
    column: str | None
    rule: str
    message: str
    value: object

    def as_dict(self) -> dict[str, object]:
        """The same facts as a plain dictionary."""
        return asdict(self)

    def __str__(self) -> str:
        where = f"row {self.row}" + (f", column {self.column!r}" if self.column else "")
        found = "" if self.value is None else f", found {shorten(self.value)}"
        return f"{where}: {self.message}{found}"


class InvalidRowsError(ClassificationModelError, ValueError):
    """Rows do not fit the schema. ``errors`` holds one :class:`RowError` for each fault."""

    SHOWN = 5

    def __init__(self, errors: Sequence[RowError]) -> None:
        self.errors = tuple(errors)
        shown = "; ".join(str(error) for error in self.errors[: self.SHOWN])
        more = len(self.errors) - self.SHOWN
        super().__init__(shown + (f"; and {more} more" if more > 0 else ""))

    def __reduce__(self) -> tuple[Any, ...]:  # it comes back from a worker process, too
        return type(self), (self.errors,)


def shorten(value: object, limit: int = 80) -> str:
    """A value as a message can show it: on one line, of printable characters, cut to length."""
    text = repr(value[:limit] if isinstance(value, str) else value)
    return text if len(text) <= limit else text[: limit - 3] + "..."
