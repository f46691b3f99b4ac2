"""Say what is wrong with a config.yml: the first fault, with its line, key and value."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from classification_model.config.yaml_reader import Document, Node

__all__ = ["NO_SUCH_KEY", "first_fault"]

NO_SUCH_KEY = "there is no such key"
_HINTS = {
    "nullable": f"{NO_SUCH_KEY}: a value may be missing, unless `required: yes` says otherwise",
    "license": f"{NO_SUCH_KEY}; write `licence`",
    "example": f"{NO_SUCH_KEY}: examples are learned by each training",
}


def first_fault(file: Path, document: Document, error: ValidationError) -> str:
    """The first fault that pydantic found, with the line that it is on; unknown keys first."""
    faults = error.errors(include_url=False)
    fault = min(faults, key=lambda found: found["type"] != "extra_forbidden")
    path: tuple[str | int, ...] = fault["loc"]
    while path and path not in document.lines:
        path = path[:-1]
    value = _at(document, path)
    found = f" (found {value!r})" if path and isinstance(value, str) else ""
    line = f", line {document.lines[path]}" if path else ""
    # The file has no line for a missing key, so the message names the key.
    key = ".".join(map(str, fault["loc"] if fault["type"] == "missing" else path))
    return f"{file}{line}: {key + ': ' if key else ''}{_message(fault)}{found}"


def _at(document: Document, path: tuple[str | int, ...]) -> Node:
    node: Any = document.value
    for step in path:
        node = node[step]
    return node  # type: ignore[no-any-return]


def _message(fault: Mapping[str, Any]) -> str:
    if fault["type"] == "extra_forbidden":
        return _HINTS.get(str(fault["loc"][-1]), NO_SUCH_KEY)
    return str(fault["msg"]).removeprefix("Value error, ")
