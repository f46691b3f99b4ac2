"""What a search tries: boosted trees of many shapes, linear models along a path, networks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from classification_model.config.fitting_rules import Candidates
from classification_model.config.schema import EstimatorConfig
from classification_model.errors import ConfigError
from classification_model.processing.features import Feature

__all__ = ["bags", "candidates", "check_candidates", "without"]

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
    "network": {"hidden": 192, "layers": 1, "decay": 0.2, "learning_rate": 0.0015},
    "network, deep": {"hidden": 128, "layers": 2, "decay": 0.5, "learning_rate": 0.001},
}

# Shapes of boosted trees that are drawn at random, beside those named here.
_DRAWN = 12

# Beyond so many columns trees look at fewer bins, and beyond more each at half of the columns. A
# share for each node beside that hides the few columns that say something: on made tables of 1,000
# and 2,000 columns the loss was 5% and 10% higher.
_WIDE: tuple[tuple[int, dict[str, Any]], ...] = (
    (100, {"max_bin": 63}),
    (400, {"feature_fraction": 0.5, "feature_fraction_bynode": 1.0}),
)

# Up to so many rows, and rows times columns with one-hot, networks are tried.
_NETWORK_ROWS, _NETWORK_CELLS = 60_000, 40_000_000


def candidates(rows: int, plan: Sequence[Feature]) -> dict[str, EstimatorConfig]:
    """What is compared for a table of this size, by name, in the order of its turn.

    Args:
        rows: how many there are to learn from.
        plan: the features.
    """
    drawn = {f"boosted trees, drawn {i + 1}": _drawn(i) for i in range(_DRAWN)}
    wide = {k: v for columns, more in _WIDE if len(plan) > columns for k, v in more.items()}
    boosted = {name: {**shape, **wide} for name, shape in {**_BOOSTED, **drawn}.items()}
    width = sum(max(1, len(feature.categories)) for feature in plan)
    found: dict[str, EstimatorConfig] = {}
    first, *others = boosted
    found[first] = EstimatorConfig(name="lightgbm", parameters=boosted[first])
    found["linear"] = EstimatorConfig(name="linear")
    if rows <= _NETWORK_ROWS and rows * width <= _NETWORK_CELLS:
        for name, parameters in _NETWORKS.items():
            found[name] = EstimatorConfig(name="network", parameters=parameters)
    for name in others:
        found[name] = EstimatorConfig(name="lightgbm", parameters=boosted[name])
    return found


def without(
    available: Mapping[str, EstimatorConfig], removed: Sequence[str]
) -> dict[str, EstimatorConfig]:
    """The candidates but for some: by name, or by what their names begin with, up to a comma."""
    return {
        name: config
        for name, config in available.items()
        if not any(_is(name, word) for word in removed)
    }


def check_candidates(told: Candidates) -> None:
    """See that config.yml removes what there is, and leaves something to compare.

    Raises:
        ConfigError: it does not.
    """
    names = [*_BOOSTED, *(f"boosted trees, drawn {i + 1}" for i in range(_DRAWN))]
    names += ["linear", *_NETWORKS]
    for word in told.remove:
        if not any(_is(name, word) for name in names):
            kinds = ", ".join(map(repr, [*_BOOSTED, "linear", *_NETWORKS]))
            raise ConfigError(f"candidates: there is no {word!r} to remove; there are {kinds}")
    for name, estimator in told.add.items():
        if name in names or estimator.name == "auto":
            raise ConfigError(
                f"candidates: {name!r} is one of our own already, or auto itself; give what is "
                "added another name, and an estimator"
            )
    if not told.add and all(any(_is(name, word) for word in told.remove) for name in names):
        raise ConfigError("candidates: all are removed and none is added; leave one")


def _is(name: str, word: str) -> bool:
    return name == word or name.startswith(f"{word},")


def bags(rows: int, name: str) -> int:
    """How many fits with other seeds a member is the mean of: where rows are few, fits vary."""
    if name == "linear":
        return 1
    number = 6 if rows <= 2_000 else 4 if rows <= 10_000 else 2 if rows <= 30_000 else 1
    return (number + 1) // 2 if name == "network" else number


def _drawn(number: int) -> dict[str, Any]:
    """A shape of boosted trees, the same one for the same number."""
    draw = np.random.default_rng(1000 + number)

    def between(low: float, high: float) -> float:
        """Evenly on the scale of logarithms, to two digits."""
        return float(f"{np.exp(draw.uniform(np.log(low), np.log(high))):.2g}")

    return {
        "learning_rate": between(0.03, 0.1),
        "num_leaves": int(between(4, 100)),
        "min_data_in_leaf": int(between(5, 50)),
        "feature_fraction_bynode": between(0.25, 1.0),
        "bagging_fraction": between(0.6, 1.0),
        "lambda_l2": between(0.1, 20),
        "extra_trees": bool(draw.random() < 0.35),
        "cat_smooth": between(2, 50),
        "cat_l2": between(1, 20),
    }
