"""Take out of a fitted model what prediction does not read.

A fitted estimator keeps more than the model: the edges of bins, which are midpoints between
people's values, the state of an optimiser, the seeds that say which rows a tree was grown on,
and how many rows each node has. Predicting, exporting, cloning and fitting again need none of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

__all__ = ["inside", "strip", "walk"]


def strip(fitted: object) -> None:
    """Take out of a fitted estimator, and of all inside it, what prediction does not read."""
    for part in list(walk(fitted)):
        for kind in type(part).__mro__:
            if kind.__name__ in _STRIPPERS:
                _STRIPPERS[kind.__name__](part)


def walk(root: object) -> Iterator[Any]:
    """Every object that a fitted estimator holds, itself first, each once."""
    seen: set[int] = set()
    waiting = [root]
    while waiting:
        part = waiting.pop()
        if id(part) not in seen:
            seen.add(id(part))
            yield part
            waiting += reversed([value for _, value in inside(part)])


_PLAIN = (str, bytes, int, float, type, type(None), np.generic)


def inside(part: Any) -> Iterator[tuple[str, Any]]:
    """The parts of an object that are no plain values, with their names."""
    for name, value in _parts(part):
        if not isinstance(value, _PLAIN):
            yield name, value


def _parts(part: Any) -> Iterator[tuple[str, object]]:
    if isinstance(part, Mapping):
        yield from ((str(key), value) for key, value in part.items())
    elif isinstance(part, list | tuple | set | frozenset):
        yield from ((str(i), value) for i, value in enumerate(part))
    elif isinstance(part, np.ndarray):
        if part.dtype == object:
            yield from ((str(i), value) for i, value in enumerate(part.ravel().tolist()))
    elif type(part).__module__.partition(".")[0] != "numpy":
        slots = (name for kind in type(part).__mro__ for name in getattr(kind, "__slots__", ()))
        names = [*getattr(part, "__dict__", ()), *slots]
        yield from ((name, getattr(part, name)) for name in names if hasattr(part, name))


def _forget(part: Any, *names: str) -> None:
    for name in names:
        vars(part).pop(name, None)


def _histogram_boosting(part: Any) -> None:
    _forget(part, "_feature_subsample_rng", "_random_seed", "train_score_", "validation_score_")


def _bins(part: Any) -> None:
    # Those of categories are codes, which every encoding publishes, and prediction reads them.
    part.bin_thresholds_ = [
        edges if categorical else edges[:0]
        for edges, categorical in zip(part.bin_thresholds_, part.is_categorical_, strict=True)
    ]


def _histogram_tree(part: Any) -> None:
    for field in ("count", "gain", "bin_threshold"):
        part.nodes[field] = 0
    part.nodes["value"][part.nodes["is_leaf"] == 0] = 0
    part.binned_left_cat_bitsets = part.binned_left_cat_bitsets[:0]


def _tree(part: Any) -> None:
    """A tree of scikit-learn: only leaves answer, so inner nodes need no values."""
    state = part.__getstate__()
    nodes, values = state["nodes"].copy(), state["values"].copy()
    nodes["impurity"] = nodes["n_node_samples"] = nodes["weighted_n_node_samples"] = 0
    values[nodes["left_child"] != -1] = 0
    part.__setstate__({**state, "nodes": nodes, "values": values})


def _tree_estimator(part: Any) -> None:
    if hasattr(part, "tree_"):  # an ensemble also keeps one that was never fitted
        _tree(part.tree_)


def _forget_seeds(ensemble: Any) -> None:
    """Which rows a tree was grown on follows from its seed; fitting again draws new ones."""
    for tree in np.ravel(np.array(getattr(ensemble, "estimators_", []), dtype=object)):
        tree.random_state = None


def _forest(part: Any) -> None:
    _forget_seeds(part)
    _forget(part, "_n_samples", "_n_samples_bootstrap")


def _gradient_boosting(part: Any) -> None:
    _forget_seeds(part)
    _forget(part, "_rng", "train_score_", "oob_improvement_", "oob_scores_", "oob_score_")


def _neural_network(part: Any) -> None:
    _forget(part, "_optimizer", "_random_state", "_best_coefs", "_best_intercepts", "loss_curve_",
            "validation_scores_", "best_loss_", "best_validation_score_", "t_",
            "_no_improvement_count")  # fmt: skip


def _min_max(part: Any) -> None:
    _forget(part, "data_min_", "data_max_", "data_range_", "n_samples_seen_")


def _standard(part: Any) -> None:
    _forget(part, "n_samples_seen_", "var_")


_STRIPPERS: dict[str, Callable[[Any], None]] = {
    "BaseForest": _forest,
    "BaseGradientBoosting": _gradient_boosting,
    "BaseHistGradientBoosting": _histogram_boosting,
    "BaseDecisionTree": _tree_estimator,
    "BaseMultilayerPerceptron": _neural_network,
    "MinMaxScaler": _min_max,
    "StandardScaler": _standard,
    "TreePredictor": _histogram_tree,
    "_BinMapper": _bins,
}
"""By the name of a class or of one that it inherits from: none is imported for being named."""
