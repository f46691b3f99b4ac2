"""Translate a config.yml from before ``format: 2``."""

from __future__ import annotations

from collections.abc import Mapping

from classification_model.config.yaml_reader import Node

__all__ = ["NEWEST", "OLD_FORMAT", "from_old"]

NEWEST = 2
"""The format that ``init`` writes, and that all code but this module knows."""

OLD_FORMAT = (
    "config.yml has no `format: 2`: read with its old meaning; kind `text` is `raw`, a column that "
    "is not `nullable` is `required`, and categories, minimum, maximum and example are learned anew"
)
"""What a person is told of a file without a format."""

_SEEN_ONCE = ("categories", "minimum", "maximum", "example")
_REQUIRED = {
    **dict.fromkeys(("yes", "true", "on", "y", "t", "1"), "no"),
    **dict.fromkeys(("no", "false", "off", "n", "f", "0"), "yes"),
}


def from_old(values: Mapping[str, Node]) -> dict[str, Node]:
    """The values of a file without a format, as format 2 would say them.

    What is no column in the old sense stays as it is, for the check of its values to refuse.
    """
    columns = values.get("columns")
    if not isinstance(columns, dict):
        return dict(values)
    return {**values, "columns": {name: _column(column) for name, column in columns.items()}}


def _column(old: Node) -> Node:
    if not isinstance(old, dict):
        return old
    new = {key: value for key, value in old.items() if key not in _SEEN_ONCE}
    if new.get("kind") == "text":
        new["kind"] = "raw"
    nullable = str(new.get("nullable", "no")).lower()
    if nullable in _REQUIRED:
        new.pop("nullable", None)
        new.setdefault("required", _REQUIRED[nullable])
    return new
