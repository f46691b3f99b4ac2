"""Where a model lives: one folder with its configuration, version, data and trained bundle."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from classification_model.config.conflicts import CONFLICT, conflict_line
from classification_model.errors import ConfigError

__all__ = ["PACKAGE_HOME", "Home"]

PACKAGE_HOME = Path(__file__).resolve().parent.parent
"""The home that ships: the package folder itself."""

_VERSION = re.compile(r"\d+(\.\d+)*([._-]?[a-z]+\.?\d*)*(\+[a-z0-9.]+)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Home:
    """The paths of one home. Nothing is read until it is asked for."""

    path: Path

    @classmethod
    def find(cls, home: str | os.PathLike[str] | None = None) -> Home:
        """The home that is named, else the one in ``MODEL_HOME``, else the one that ships.

        Raises:
            ConfigError: the folder does not exist.
        """
        path = Path(home or os.environ.get("MODEL_HOME") or PACKAGE_HOME).resolve()
        if not path.is_dir():
            raise ConfigError(
                f"{path}: no such folder; classification-model init makes a home from a CSV: "
                "config.yml, VERSION, datasets/ and trained_models/"
            )
        return cls(path)

    @property
    def config_file(self) -> Path:
        return self.path / "config.yml"

    @property
    def datasets(self) -> Path:
        return self.path / "datasets"

    @property
    def trained_models(self) -> Path:
        return self.path / "trained_models"

    def features_source(self) -> str:
        """The source of the home's own features.py; empty where there is none.

        Raises:
            ConfigError: it is not UTF-8, or somebody merged it and left a conflict.
        """
        file = self.path / "features.py"
        try:
            source = file.read_text(encoding="utf-8")
        except FileNotFoundError:
            return ""
        except UnicodeDecodeError as error:
            raise ConfigError(
                f"{file}: byte {error.start} is not UTF-8; save it as UTF-8"
            ) from None
        if line := conflict_line(source):
            raise ConfigError(f"{file}, line {line}: {CONFLICT}")
        return source

    def version(self) -> str:
        """The version in VERSION, which the next training makes: the one place for it.

        Raises:
            ConfigError: the file is missing or holds something else.
        """
        file = self.path / "VERSION"
        try:
            version = file.read_text(encoding="utf-8").strip()
        except FileNotFoundError:
            raise ConfigError(f"{file}: missing; write the version in it, such as 1.0.0") from None
        if line := conflict_line(version):
            raise ConfigError(f"{file}, line {line}: {CONFLICT}; a version above both is best")
        if not _VERSION.fullmatch(version):
            raise ConfigError(f"{file}: {version!r} is not a version; write one such as 1.0.0")
        return version

    def next_version(self) -> str | None:
        """The same, or nothing where VERSION holds none: who serves need not know."""
        try:
            return self.version()
        except ConfigError:
            return None
