"""What is needed to write an ONNX graph by hand."""

from __future__ import annotations

import copy
from typing import Any

__all__ = ["OPSETS", "node", "replace"]

OPSETS = {"": 18, "ai.onnx.ml": 3}
"""The newest operator sets that the exporter and a two-year-old runtime both know."""


def node(kind: str, sources: list[str], target: str, **attributes: Any) -> Any:
    from onnx import helper

    return helper.make_node(kind, sources, [target], **attributes)


def replace(repeated: Any, items: Any) -> None:
    """Give a repeated field of a protocol buffer other content."""
    kept = [copy.deepcopy(item) for item in items]
    del repeated[:]
    repeated.extend(kept)
