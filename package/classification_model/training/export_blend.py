"""A blend as an ONNX graph: one node for all trees, a few for each linear model or network.

The graph is written from the arrays that the blend answers by, operation by operation.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from classification_model.errors import MissingExtraError
from classification_model.learners import Blend
from classification_model.learners.networks import Layers, Preparation
from classification_model.learners.trees import MISSING_CODE, Trees
from classification_model.training.graphs import OPSETS, node

__all__ = ["written"]


class _Writer:
    """Nodes and constants in the order in which they are needed."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: dict[str, npt.NDArray[np.generic]] = {}

    def add(self, kind: str, sources: list[str], target: str, **attributes: Any) -> str:
        self.nodes.append(node(kind, sources, target, **attributes))
        return target

    def constant(self, name: str, value: npt.NDArray[np.generic]) -> str:
        self.constants[name] = value
        return name


def written(blend: Blend, *, padded: bool = False) -> Any:
    """The graph of a fitted blend, from ``features`` to ``probabilities``.

    ``padded`` lets matrices be multiplied with one row more than is asked for: one row alone
    takes another path there, which rounds otherwise. Trees give a row the same bits anyway.

    Raises:
        MissingExtraError: onnx is not installed.
    """
    try:
        from onnx import TensorProto, helper, numpy_helper
    except ImportError:
        raise MissingExtraError(purpose="exporting to ONNX", extra="train", module="onnx") from None
    classes, graph = len(blend.classes_), _Writer()
    parts = []
    if blend.trees_ is not None:
        parts += [_tree_margins(graph, blend.trees_, classes if classes > 2 else 1)]
    if blend.preparation_ is not None:
        parts += _layer_margins(graph, blend, blend.preparation_, padded=padded)
    _probabilities(graph, parts, classes)
    shape = [None, blend.n_features_in_]
    return helper.make_model(
        helper.make_graph(
            graph.nodes,
            "classify",
            [helper.make_tensor_value_info("features", TensorProto.FLOAT, shape)],
            [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, [None, classes])],
            [numpy_helper.from_array(value, name) for name, value in graph.constants.items()],
        ),
        opset_imports=[helper.make_opsetid(*opset) for opset in OPSETS.items()],
        ir_version=8,
    )


def _tree_margins(graph: _Writer, trees: Trees, width: int) -> str:
    return graph.add(
        "TreeEnsembleRegressor",
        ["features"],
        "tree_margins",
        domain="ai.onnx.ml",
        n_targets=width,
        **_tree_attributes(trees),
    )


def _layer_margins(
    graph: _Writer, blend: Blend, preparation: Preparation, *, padded: bool
) -> Iterator[str]:
    """The margins of each linear model or network, of the same prepared rows."""
    prepared = _prepared(graph, preparation)
    if padded:
        columns = len(preparation.numbers) + len(preparation.codes)
        row = graph.constant("row", np.zeros((1, columns), np.float32))
        prepared = graph.add("Concat", [prepared, row], "prepared_more", axis=0)
    for number, layers in enumerate(blend.layers_):
        margins = _layers(graph, layers, prepared, f"network_{number}")
        if padded:
            first = graph.constant("first_row", np.array([0]))
            last = graph.constant("last_row", np.array([-1]))
            margins = graph.add("Slice", [margins, first, last], f"{margins}_asked")
        yield margins


def _probabilities(graph: _Writer, parts: Sequence[str], classes: int) -> None:
    """Add the margins up, two classes having one margin, and make probabilities of them."""
    total = parts[0]
    for number, part in enumerate(parts[1:]):
        total = graph.add("Add", [total, part], f"sum_{number}")
    if classes == 2:
        halves = graph.constant("halves", np.array([[-0.5, 0.5]], np.float32))
        total = graph.add("Mul", [total, halves], "two_margins")
    graph.add("Softmax", [total], "probabilities", axis=1)


def _prepared(graph: _Writer, preparation: Preparation) -> str:
    """What :class:`Preparation` does with a matrix."""
    from onnx import TensorProto

    fills = preparation.fills.astype(np.float64).tolist()
    filled = graph.add(
        "Imputer", ["features"], "filled", domain="ai.onnx.ml",
        imputed_value_floats=fills, replaced_value_float=float("nan"),
    )  # fmt: skip
    parts = []
    if len(preparation.numbers):
        at = graph.constant("numbers_at", preparation.numbers)
        numbers = graph.add("Gather", [filled, at], "numbers", axis=1)
        for kind, values in (
            ("Max", preparation.low),
            ("Min", preparation.high),
            ("Sub", preparation.centre),
            ("Mul", preparation.scale),
        ):
            name = f"numbers_{kind.lower()}"
            by = graph.constant(f"{name}_by", values[np.newaxis])
            numbers = graph.add(kind, [numbers, by], name)
        parts += [numbers]
    if len(preparation.codes):
        at = graph.constant("categories_at", preparation.columns)
        codes = graph.constant("codes", preparation.codes[np.newaxis])
        categories = graph.add("Gather", [filled, at], "categories", axis=1)
        equal = graph.add("Equal", [categories, codes], "is_category")
        parts += [graph.add("Cast", [equal], "one_hot", to=TensorProto.FLOAT)]
    return parts[0] if len(parts) == 1 else graph.add("Concat", parts, "prepared", axis=1)


def _layers(graph: _Writer, layers: Layers, source: str, name: str) -> str:
    found = source
    for depth, (weights, offset) in enumerate(zip(layers.weights, layers.offsets, strict=True)):
        here = f"{name}_{depth}"
        if depth:
            found = graph.add("Relu", [found], f"{here}_input")
        by = graph.constant(f"{here}_weights", weights)
        found = graph.add("MatMul", [found, by], f"{here}_product")
        offsets = graph.constant(f"{here}_offset", offset)
        found = graph.add("Add", [found, offsets], f"{here}_sum")
    return found


def _tree_attributes(trees: Trees) -> dict[str, Any]:
    """The attributes of ``TreeEnsembleRegressor``, one entry for each node."""
    names = ("treeids", "nodeids", "featureids", "modes", "values", "truenodeids", "falsenodeids",
             "missing_value_tracks_true")  # fmt: skip
    found: dict[str, list[Any]] = {name: [] for name in names}
    weights: dict[str, list[Any]] = {"treeids": [], "nodeids": [], "ids": [], "weights": []}
    edges = [*trees.roots.tolist(), len(trees.value)]
    for number, (first, last) in enumerate(pairwise(edges)):
        rows = list(_tree(trees, first, last))
        for name, values in zip(names[1:], zip(*rows, strict=True), strict=True):
            found[name] += values
        found["treeids"] += [number] * len(rows)
        leaves = [at for at, mode in ((row[0], row[2]) for row in rows) if mode == "LEAF"]
        weights["treeids"] += [number] * len(leaves)
        weights["nodeids"] += leaves
        weights["ids"] += [int(trees.targets[number])] * len(leaves)
        weights["weights"] += trees.value[first:last][leaves].tolist()
    return {
        **{f"nodes_{name}": values for name, values in found.items()},
        **{f"target_{name}": values for name, values in weights.items()},
    }


def _tree(trees: Trees, first: int, last: int) -> Iterator[tuple[Any, ...]]:
    """The nodes of a tree: number, feature, mode, value, true branch, false branch, missing.

    A node that asks for one of several categories becomes as many that ask for one, each of
    which leads on to the same branch; the runtime makes one of them again.
    """
    more = last - first
    for at in range(last - first):
        place = first + at
        feature, value = int(trees.feature[place]), float(trees.threshold[place])
        left, right = int(trees.left[place]) - first, int(trees.right[place]) - first
        if left == at:
            yield at, 0, "LEAF", 0.0, 0, 0, 0
        elif trees.group[place] < 0:
            missing = int(trees.missing_left[place])
            yield at, feature, "BRANCH_LEQ", value, left, right, missing
        else:
            codes = np.flatnonzero(trees.groups[trees.group[place]]).tolist()
            missing = int(MISSING_CODE in codes)
            asked = [code for code in codes if code != MISSING_CODE] or [MISSING_CODE]
            places = [at, *range(more, more + len(asked) - 1)]
            more += len(asked) - 1
            following = [*places[1:], right]
            for here, code, otherwise in zip(places, asked, following, strict=True):
                yield here, feature, "BRANCH_EQ", float(code), left, otherwise, missing
