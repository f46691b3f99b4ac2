"""Boosted trees as arrays: how they answer, and how LightGBM's become such arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from functools import cached_property, partial
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from classification_model.processing.arrays import Matrix

__all__ = ["CODES", "MISSING_CODE", "UNSEEN_CODE", "Trees", "from_text", "joined"]

Integers = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]

CODES = 256
"""How many codes of categories a tree can tell apart."""

MISSING_CODE, UNSEEN_CODE = 254, 255
"""What a missing category is to a tree, and one that training has not seen."""

# Bits of LightGBM's decision_type.
_CATEGORICAL, _DEFAULT_LEFT, _MISSING_KNOWN = 1, 2, 8


@dataclass(frozen=True, eq=False)
class Trees:
    """Trees whose leaves add up to margins.

    All arrays but the last three have one entry for each node. A leaf points at itself.

    Attributes:
        feature: the column that a node looks at.
        threshold: at most this goes left. Of a leaf, infinity.
        missing_left: whether a missing value goes left.
        left, right: the positions of the children.
        group: the row of ``groups`` by which a category goes left, or -1 where a number decides.
        value: what a leaf adds to the margin.
        groups: categories that go left, shape ``(groups, codes)``.
        roots: where each tree begins.
        targets: the margin that each tree adds to.
    """

    feature: Integers
    threshold: Floats
    missing_left: Flags
    left: Integers
    right: Integers
    group: Integers
    value: Floats
    groups: Flags
    roots: Integers
    targets: Integers

    def margins(self, matrix: Matrix, width: int) -> Floats:
        """What the leaves add up to, shape ``(rows, width)``.

        The sum runs from tree to tree in float32, as ONNX Runtime's does.
        """
        values = matrix.astype(np.float64)
        margins = np.zeros((width, len(matrix)), np.float32)
        for target, tree in zip(self.targets.tolist(), self.predictors, strict=True):
            margins[target] += tree(values).astype(np.float32)
        return margins.T

    def leaves(self, matrix: Matrix) -> Iterator[npt.NDArray[np.int64]]:
        """For each tree the position of the leaf that each row reaches, shape ``(rows,)``."""
        values = matrix.astype(np.float64)
        positions = np.arange(len(self.value), dtype=np.float64)
        for tree in _with(self, value=positions).predictors:
            yield tree(values).astype(np.int64)

    def scaled(self, weight: float) -> Trees:
        """The same trees with margins ``weight`` times as large."""
        return _with(self, value=(self.value * np.float64(weight)).astype(np.float32))

    @cached_property
    def predictors(self) -> list[Callable[[npt.NDArray[np.float64]], npt.NDArray[np.float64]]]:
        """Each tree as a function of rows, by scikit-learn's compiled walk through trees."""
        from sklearn.ensemble._hist_gradient_boosting.common import PREDICTOR_RECORD_DTYPE
        from sklearn.ensemble._hist_gradient_boosting.predictor import TreePredictor

        nodes = np.zeros(len(self.value), PREDICTOR_RECORD_DTYPE)
        edges = [*self.roots.tolist(), len(nodes)]
        first = np.repeat(self.roots, np.diff(edges))
        nodes["value"], nodes["feature_idx"] = self.value, self.feature
        nodes["num_threshold"], nodes["missing_go_to_left"] = self.threshold, self.missing_left
        nodes["left"], nodes["right"] = self.left - first, self.right - first
        nodes["is_leaf"] = self.left == np.arange(len(nodes))
        nodes["is_categorical"] = self.group >= 0
        nodes["bitset_idx"] = np.maximum(self.group, 0)
        padded = np.pad(self.groups, ((0, 0), (0, CODES - self.groups.shape[1])))
        groups = np.packbits(padded, axis=1, bitorder="little").view(np.uint32)
        none = np.zeros((1, CODES // 32), np.uint32)
        places = np.zeros(int(self.feature.max(initial=0)) + 1, np.uint32)
        trees = [
            TreePredictor(nodes[a:b], none, groups if len(groups) else none)
            for a, b in pairwise(edges)
        ]
        return [
            partial(tree.predict, known_cat_bitsets=none, f_idx_map=places, n_threads=1)
            for tree in trees
        ]

    def __getstate__(self) -> dict[str, npt.NDArray[np.generic]]:
        return {field.name: getattr(self, field.name) for field in fields(self)}


def joined(parts: Sequence[Trees]) -> Trees:
    """Several collections of trees as one."""
    nodes = np.cumsum([0, *(len(part.value) for part in parts)])
    groups = np.cumsum([0, *(len(part.groups) for part in parts)])
    codes = max(part.groups.shape[1] for part in parts)
    moved = [
        _with(
            part,
            left=part.left + first,
            right=part.right + first,
            roots=part.roots + first,
            group=np.where(part.group >= 0, part.group + group, -1),
            groups=np.pad(part.groups, ((0, 0), (0, codes - part.groups.shape[1]))),
        )
        for part, first, group in zip(parts, nodes.tolist(), groups.tolist(), strict=False)
    ]
    return Trees(
        **{
            field.name: np.concatenate([getattr(part, field.name) for part in moved]).astype(
                getattr(parts[0], field.name).dtype
            )
            for field in fields(Trees)
        }
    )


def from_text(text: str, *, width: int, min_rows: int) -> Trees:
    """LightGBM's own text for a model as arrays.

    A leaf that fewer than ``min_rows`` rows of training reached is given to its neighbour:
    LightGBM's own bound is an estimate from second derivatives, and this one is a promise.

    Args:
        text: what ``Booster.model_to_string`` gives.
        width: how many margins there are; tree ``i`` adds to margin ``i % width``.
        min_rows: the fewest rows of a leaf.
    """
    blocks = text.split("end of trees", maxsplit=1)[0].split("\nTree=")[1:]
    trees = [_tree(dict(_entries(block)), min_rows) for block in blocks]
    return joined(
        [_with(tree, targets=np.array([i % width], np.int32)) for i, tree in enumerate(trees)]
    )


def _entries(block: str) -> Iterator[tuple[str, list[str]]]:
    for line in block.splitlines():
        name, equals, values = line.partition("=")
        if equals:
            yield name, values.split()


def _tree(entries: dict[str, list[str]], min_rows: int) -> Trees:
    """One tree: LightGBM numbers splits from 0 up, and leaves from -1 down."""

    def read(name: str, kind: type) -> npt.NDArray[np.generic]:
        return np.array(entries.get(name, []), dtype=np.float64).astype(kind)

    splits = len(entries.get("split_feature", []))
    leaves = int(entries["num_leaves"][0])
    decision = read("decision_type", np.int64).astype(np.int64)
    children = np.stack([read("left_child", np.int64), read("right_child", np.int64)])
    children = np.where(children < 0, splits + ~children.astype(np.int64), children)
    counts = np.concatenate([read("internal_count", np.int64), read("leaf_count", np.int64)])
    own = np.arange(splits, splits + leaves)
    threshold = read("threshold", np.float64).astype(np.float64)
    categorical = (decision & _CATEGORICAL) > 0
    group = np.where(categorical, threshold, -1).astype(np.int32)
    left, right = children if splits else np.zeros((2, 0), np.int64)
    # Where training had nothing missing, it goes where more rows went.
    larger = counts[left] >= counts[right] if splits else np.zeros(0, bool)
    known = (decision & _MISSING_KNOWN) > 0
    missing_left = np.where(known, (decision & _DEFAULT_LEFT) > 0, larger)
    tree = Trees(
        feature=np.concatenate([read("split_feature", np.int32), np.zeros(leaves)]).astype(
            np.int32
        ),
        threshold=np.concatenate(
            [_not_above(np.where(categorical, 0, threshold)), np.full(leaves, np.inf, np.float32)]
        ),
        missing_left=np.concatenate([missing_left & ~categorical, np.ones(leaves, bool)]),
        left=np.concatenate([left, own]).astype(np.int32),
        right=np.concatenate([right, own]).astype(np.int32),
        group=np.concatenate([group, np.full(leaves, -1)]).astype(np.int32),
        value=np.concatenate([np.zeros(splits), read("leaf_value", np.float64)]).astype(np.float32),
        groups=_groups(entries),
        roots=np.zeros(1, np.int32),
        targets=np.zeros(1, np.int32),
    )
    return _pruned(tree, counts.astype(np.int64), min_rows) if splits else tree


def _not_above(threshold: npt.NDArray[np.float64]) -> Floats:
    """The largest float32 that is not above: it splits float32 values alike."""
    rounded = threshold.astype(np.float32)
    lower = np.nextafter(rounded, np.float32(-np.inf))
    kept: Floats = np.where(rounded > threshold, lower, rounded)
    return kept


def _groups(entries: dict[str, list[str]]) -> Flags:
    """The categories that go left at each categorical split: LightGBM keeps 32 bits a word."""
    edges = [int(edge) for edge in entries.get("cat_boundaries", ["0"])]
    words = np.array(entries.get("cat_threshold", []), dtype=np.uint32)
    bits = np.unpackbits(words.view(np.uint8), bitorder="little").astype(bool)
    codes = 32 * max([b - a for a, b in pairwise(edges)], default=0)
    found = np.zeros((len(edges) - 1, codes), bool)
    for row, (a, b) in enumerate(pairwise(edges)):
        found[row, : 32 * (b - a)] = bits[32 * a : 32 * b]
    return found


def _pruned(tree: Trees, counts: npt.NDArray[np.int64], min_rows: int) -> Trees:
    """The tree without leaves of few rows, and only what its root still reaches.

    Who points at a split with such a child points at the other child instead.
    """
    goes_to = np.arange(len(counts))
    for node in range(len(counts) - 1, -1, -1):  # children come after their parents
        left, right = int(tree.left[node]), int(tree.right[node])
        if left == node:
            continue
        if counts[left] < min_rows or counts[right] < min_rows:
            goes_to[node] = goes_to[right if counts[left] < min_rows else left]
    to_left, to_right = goes_to[tree.left], goes_to[tree.right]
    root = int(goes_to[0])
    kept = _reached(root, to_left, to_right)
    place = np.full(len(counts), -1)
    place[kept] = np.arange(len(kept))
    shorter = {
        field.name: getattr(tree, field.name)[kept]
        for field in fields(Trees)
        if field.name not in ("groups", "roots", "targets")
    }
    shorter |= {"left": place[to_left[kept]], "right": place[to_right[kept]]}
    groups = np.unique(shorter["group"][shorter["group"] >= 0])
    shorter["group"] = np.where(
        shorter["group"] >= 0, np.searchsorted(groups, shorter["group"]), -1
    ).astype(np.int32)
    return _with(
        tree,
        **{name: value.astype(getattr(tree, name).dtype) for name, value in shorter.items()},
        groups=tree.groups[groups],
        roots=place[[root]].astype(np.int32),
    )


def _reached(root: int, left: npt.NDArray[np.intp], right: npt.NDArray[np.intp]) -> list[int]:
    waiting, found = [root], []
    while waiting:
        node = waiting.pop()
        found.append(node)
        if left[node] != node:
            waiting += [int(right[node]), int(left[node])]
    return found


def _with(trees: Trees, **changed: npt.NDArray[np.generic]) -> Trees:
    content = {field.name: getattr(trees, field.name) for field in fields(Trees)}
    return Trees(**{**content, **changed})
