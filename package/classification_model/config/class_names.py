"""The names that people read for classes: ``labels`` in config.yml. They shape no model."""

from __future__ import annotations

from collections.abc import Iterable

from classification_model.config.core import Config, place_of
from classification_model.config.home import Home
from classification_model.config.schema import Label
from classification_model.errors import ConfigError

__all__ = ["check_class_names"]


def check_class_names(config: Config, home: Home, classes: Iterable[Label]) -> None:
    """See that each name is that of a class, and that no two classes look the same.

    Raises:
        ConfigError: one is not; with the file, the line and the cure.
    """
    own = sorted({str(label) for label in classes})
    for key, name in config.labels.items():
        if key not in own:
            raise _wrong(home, key, f"no such class; the table has {', '.join(map(repr, own))}")
        if name in own and name != key and name not in config.labels:
            raise _wrong(home, key, f"{name!r} is another class; choose another name, or name both")


def _wrong(home: Home, key: str, why: str) -> ConfigError:
    return ConfigError(f"{place_of(home, 'labels', key)}: labels.{key}: {why}")
