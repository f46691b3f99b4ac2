"""An attack on trees: how many people each leaf answers for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from classification_model.learners.boosting import with_codes
from classification_model.learners.trees import CODES, MISSING_CODE, Trees
from classification_model.processing.arrays import Indices, Matrix
from classification_model.processing.few_rows import held_by
from classification_model.publishing.findings import Attack, Finding
from classification_model.publishing.people import People

__all__ = ["leaves"]


def leaves(people: People, graph: bytes | None, matrix: Matrix) -> Attack:
    """Count the rows of the table that reach each leaf of each tree of the graph."""
    if graph is None:
        return Attack(name="leaves", tried="no graph", note="the pickle serves; not counted")
    sizes: list[int] = []
    thresholds = 0
    for trees, inputs in _ensembles(graph, matrix):
        thresholds += int((~trees.leaf).sum())
        for reached in trees.leaves(inputs):
            first = int(reached.min())
            held = held_by(reached - first, int(reached.max()) - first + 1, people.groups)
            sizes += held[held > 0].tolist()
    few = sum(size < people.least for size in sizes)
    what = f"{few} of {len(sizes)} leaves hold fewer than {people.least}"
    finding = (Finding(file=".onnx", where="trees", what=what),) if few else ()
    note = f"{thresholds} thresholds between values are published" if thresholds else ""
    return Attack(name="leaves", tried=f"{len(sizes)} leaves", found=finding, note=note)


@dataclass(frozen=True)
class _Trees:
    """The trees of a node of a graph, as arrays over all nodes."""

    roots: Indices
    feature: Indices
    threshold: npt.NDArray[np.float32]
    yes: Indices
    no: Indices
    missing_is_yes: npt.NDArray[np.bool_]
    leaf: npt.NDArray[np.bool_]
    modes: npt.NDArray[np.str_]

    @classmethod
    def of(cls, node: Any) -> _Trees:
        from onnx import helper

        given = {a.name: helper.get_attribute_value(a) for a in node.attribute}
        keys = [*zip(given["nodes_treeids"], given["nodes_nodeids"], strict=True)]
        place = {key: i for i, key in enumerate(keys)}
        modes = [mode.decode() for mode in given["nodes_modes"]]
        leaf = np.array([mode == "LEAF" for mode in modes])

        def child(name: str) -> Indices:
            return np.array(
                [i if leaf[i] else place[key[0], to]
                 for i, (key, to) in enumerate(zip(keys, given[name], strict=True))], np.int64
            )  # fmt: skip

        roots = [i for i, key in enumerate(keys) if i == 0 or key[0] != keys[i - 1][0]]
        return cls(
            roots=np.array(roots, np.int64),
            feature=np.array(given["nodes_featureids"], np.int64),
            threshold=np.array(given["nodes_values"], np.float32),
            yes=child("nodes_truenodeids"),
            no=child("nodes_falsenodeids"),
            missing_is_yes=np.array(given.get("nodes_missing_value_tracks_true") or [0] * len(keys))
            == 1,
            leaf=leaf,
            modes=np.array(modes),
        )

    def leaves(self, inputs: Matrix) -> Iterator[Indices]:
        """For each tree, the node that each row ends in."""
        equal, below = self.modes == "BRANCH_EQ", self.modes == "BRANCH_LT"
        under = np.nextafter(self.threshold, np.float32(-np.inf))
        codes = np.where(equal, self.threshold, 0).astype(np.int64)
        groups = np.zeros((int(equal.sum()), CODES), np.bool_)
        groups[np.arange(len(groups)), codes[equal]] = True
        groups[self.missing_is_yes[equal], MISSING_CODE] = True
        group = np.where(equal, np.cumsum(equal) - 1, -1)
        trees = Trees(
            feature=self.feature.astype(np.int32),
            threshold=np.where(below, under, self.threshold),
            missing_left=self.missing_is_yes & ~equal,
            left=self.yes.astype(np.int32),
            right=self.no.astype(np.int32),
            group=group.astype(np.int32),
            value=np.zeros(len(self.leaf), np.float32),
            groups=groups,
            roots=self.roots.astype(np.int32),
            targets=np.zeros(len(self.roots), np.int32),
        )
        return trees.leaves(with_codes(inputs, np.unique(self.feature[equal]).tolist()))


def _ensembles(graph: bytes, matrix: Matrix) -> Iterator[tuple[_Trees, Matrix]]:
    """Each node of trees, with what reaches it when the rows are scored."""
    import onnx
    import onnxruntime

    model = onnx.load_from_string(graph)
    nodes = [node for node in model.graph.node if node.op_type.startswith("TreeEnsemble")]
    wanted = dict.fromkeys(node.input[0] for node in nodes)
    given = {value.name for value in model.graph.input}
    for name in wanted:
        if name not in given:
            kind = onnx.TensorProto.FLOAT
            model.graph.output.append(onnx.helper.make_tensor_value_info(name, kind, None))
    session = onnxruntime.InferenceSession(model.SerializeToString())
    asked = [name for name in wanted if name not in given]
    answers = session.run(asked, {session.get_inputs()[0].name: matrix}) if asked else []
    inputs = {**dict.fromkeys(given, matrix), **dict(zip(asked, answers, strict=True))}
    for node in nodes:
        yield _Trees.of(node), inputs[node.input[0]]
