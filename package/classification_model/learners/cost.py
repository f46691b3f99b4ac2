"""About how long a fit takes on one core: reckoned and not timed, so the same on every machine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from classification_model.learners import boosting, networks

__all__ = ["seconds"]

# Measured with LightGBM 4.6 on tables of 4,000 to 400,000 rows and 20 to 2,000 columns: the cells
# of a tree, the bins that are looked at for each leaf and column, and one bin drawn at random; and
# a cell when it is put into its bin, once for all trees.
_CELL, _BIN, _DRAWN_BIN, _BINNED = 6e-9, 2.2e-8, 7e-7, 1.5e-7
# A row in a hidden unit, and a row times a weight, in a pass of Adam; a cell of a linear model.
_UNIT, _WEIGHT, _LINEAR = 8e-9, 6e-11, 1e-7


def seconds(
    name: str, parameters: Mapping[str, Any], *, rows: int, columns: int, margins: int
) -> float:
    """About how many seconds one fit of a blend's member takes on one core.

    Args:
        name: ``lightgbm``, ``linear`` or ``network``.
        parameters: of the member; defaults stand in for others.
        rows: that it learns from.
        columns: of the encoded matrix, with a column for each category unless it is of trees.
        margins: the number of classes, or 1 for two.
    """
    if name == "lightgbm":
        given = {**boosting.DEFAULTS, **parameters}
        leaves = min(given["num_leaves"], max(1, rows // given["min_data_in_leaf"]))
        each = _DRAWN_BIN if given["extra_trees"] else _BIN * given["max_bin"]
        tree = columns * given["feature_fraction"] * (rows * _CELL + leaves * each)
        return float(given["rounds"] * margins * tree + rows * columns * _BINNED)
    if name == "linear":
        return rows * columns * margins * _LINEAR
    given = {**networks.NETWORK_DEFAULTS, **parameters}
    hidden, layers = given["hidden"], given["layers"]
    weights = hidden * (columns + hidden * (layers - 1) + margins)
    return float(given["epochs"] * rows * (hidden * layers * _UNIT + weights * _WEIGHT))
