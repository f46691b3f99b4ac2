"""What a search tries: boosted trees of many shapes, linear models along a path, networks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from classification_model.config.schema import EstimatorConfig
from classification_model.processing.features import Feature

__all__ = ["bags", "candidates"]

# Known to be good on tables of many kinds, the quickest first.
_BOOSTED: dict[str, dict[str, Any]] = {
    "boosted trees": {"learning_rate": 0.1, "num_leaves": 31, "feature_fraction_bynode": 0.7},
    "boosted trees, small": {
        "learning_rate": 0.05, "num_leaves": 6, "min_data_in_leaf": 10,
        "feature_fraction_bynode": 0.4,
    },
    "boosted trees, slow": {
        "learning_rate": 0.03, "num_leaves": 24, "feature_fraction_bynode": 0.5,
        "bagging_fraction": 0.8,
    },
    "boosted trees, random": {
        "learning_rate": 0.06, "num_leaves": 40, "min_data_in_leaf": 5, "extra_trees": True,
        "feature_fraction_bynode": 0.7, "lambda_l2": 3.0,
    },
    "boosted trees, large": {
        "learning_rate": 0.05, "num_leaves": 80, "min_data_in_leaf": 10,
        "feature_fraction_bynode": 0.4, "lambda_l2": 5.0, "bagging_fraction": 0.9,
    },
}  # fmt: skip

_NETWORKS: dict[str, dict[str, Any]] = {
    "network": {"hidden": 128, "layers": 1, "alpha": 0.03},
    "network, deep": {"hidden": 128, "layers": 2, "alpha": 0.3, "learning_rate": 0.001},
}

# Rows times columns of the prepared matrix times classes.
_LARGEST_FOR_NETWORKS = 40_000_000


def candidates(
    rows: int, plan: Sequence[Feature], classes: int = 2, drawn: int = 12
) -> dict[str, EstimatorConfig]:
    """What is compared for a table of this size, by name, in the order of its turn.

    Args:
        rows: how many there are to learn from.
        plan: the features.
        classes: how many there are.
        drawn: how many shapes of boosted trees are drawn at random beside those named here.
    """
    boosted = {**_BOOSTED, **{f"boosted trees, drawn {i + 1}": _drawn(i) for i in range(drawn)}}
    width = sum(max(1, len(feature.categories)) for feature in plan)
    found: dict[str, EstimatorConfig] = {}
    first, *others = boosted
    found[first] = EstimatorConfig(name="lightgbm", parameters=boosted[first])
    found["linear"] = EstimatorConfig(name="linear")
    if rows * width <= _LARGEST_FOR_NETWORKS and rows <= 100_000:
        for name, parameters in _NETWORKS.items():
            found[name] = EstimatorConfig(name="network", parameters=parameters)
    for name in others:
        found[name] = EstimatorConfig(name="lightgbm", parameters=boosted[name])
    return found


def bags(rows: int) -> int:
    """How many fits with other seeds a member is the mean of: where rows are few, fits vary."""
    return 6 if rows <= 2_000 else 4 if rows <= 10_000 else 2 if rows <= 30_000 else 1


def _drawn(number: int) -> dict[str, Any]:
    """A shape of boosted trees, the same one for the same number."""
    draw = np.random.default_rng(1000 + number)

    def between(low: float, high: float) -> float:
        """Evenly on the scale of logarithms, to two digits."""
        return float(f"{np.exp(draw.uniform(np.log(low), np.log(high))):.2g}")

    return {
        "learning_rate": between(0.025, 0.1),
        "num_leaves": int(between(4, 100)),
        "min_data_in_leaf": int(between(5, 50)),
        "feature_fraction_bynode": between(0.25, 1.0),
        "bagging_fraction": between(0.6, 1.0),
        "lambda_l2": between(0.1, 20),
        "extra_trees": bool(draw.random() < 0.35),
        "cat_smooth": between(2, 50),
        "cat_l2": between(1, 20),
    }
