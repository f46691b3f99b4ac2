"""From the texts of a config.yml to the parameters of its estimators."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from classification_model.config.yaml_reader import Node

__all__ = ["with_typed_parameters"]

# As YAML 1.2's core schema reads them.
_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("null", "Null", "NULL", "~"), None),
}


def with_typed_parameters(values: Mapping[str, Node]) -> dict[str, Any]:
    """The same with numbers, booleans and null in the parameters of all estimators."""
    typed: dict[str, Any] = dict(values)
    if "estimator" in typed:
        typed["estimator"] = _typed_parameters(typed["estimator"])
    candidates = typed.get("candidates")
    if isinstance(candidates, dict) and isinstance(added := candidates.get("add"), dict):
        some = {name: _typed_parameters(estimator) for name, estimator in added.items()}
        typed["candidates"] = {**candidates, "add": some}
    return typed


def _typed_parameters(estimator: Node) -> Any:
    """YAML text to numbers, booleans and null in an estimator's parameters, and its members'."""
    if not isinstance(estimator, dict):
        return estimator
    typed: dict[str, Any] = dict(estimator)
    if "parameters" in typed:
        typed["parameters"] = _typed(typed["parameters"])
    if isinstance(members := typed.get("members"), list):
        typed["members"] = [_typed_parameters(member) for member in members]
    return typed


def _typed(node: Node) -> Any:
    if isinstance(node, dict):
        return {key: _typed(value) for key, value in node.items()}
    return [_typed(value) for value in node] if isinstance(node, list) else _scalar(node)


def _scalar(text: str) -> int | float | bool | str | None:
    if text in _WORDS:
        return _WORDS[text]
    for number in (int, float):
        try:
            return number(text)
        except ValueError:
            continue
    return text
