"""One candidate on one division of the rows: answers after more and more work."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from classification_model.config.schema import EstimatorConfig
from classification_model.learners import boosting, networks
from classification_model.learners.blend import softmax
from classification_model.processing import losses
from classification_model.processing.arrays import Floats, Matrix
from classification_model.processing.splitting import Fold

__all__ = [
    "POSITION",
    "Path",
    "Positions",
    "Scores",
    "Table",
    "log_losses",
    "shared",
    "walk",
]

Scores = npt.NDArray[np.float64]
Positions = npt.NDArray[np.intp]

POSITION: Mapping[str, str] = {"lightgbm": "rounds", "linear": "C", "network": "epochs"}
"""The parameter along which each kind of candidate is walked."""

# A path ends where this many stops in a row have not lowered the loss by this share.
_PATIENCE: Mapping[str, int] = {"lightgbm": 3, "linear": 2, "network": 3}
_PROGRESS = 0.003


@dataclass
class Path:
    """The stops of a walk: where each is, its log loss, and the margins of the tested rows.

    ``ended`` says that the clock ended it.
    """

    positions: list[float] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)
    margins: list[npt.NDArray[np.float32]] = field(default_factory=list)
    ended: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Encoded rows, and what everything that learns from them is told.

    Attributes:
        matrix: shape ``(rows, features)``.
        target: the class of each row, from 0 up.
        categories: the columns that hold codes.
        min_rows: the fewest rows that anything learned may stand for.
        seed: of what is drawn.
        weights: what each row counts, where rows count differently.
        signs: how each column may move the second of two classes.
    """

    matrix: Matrix
    target: Positions
    categories: Sequence[int]
    min_rows: int
    seed: int
    weights: Floats | None = None
    signs: Sequence[int] = ()

    def weighed(self, rows: Positions) -> Floats | None:
        """What some of the rows count."""
        return None if self.weights is None else self.weights[rows]


def walk(
    config: EstimatorConfig,
    table: Table,
    fold: Fold,
    *,
    deadline: float,
    furthest: float = np.inf,
    at_least: int = 0,
) -> Path:
    """Fit on a fold's first part step by step, and answer the other at each stop.

    Args:
        config: the candidate.
        table: the rows.
        fold: the positions of those to learn from, and of those to answer.
        deadline: when the clock ends the walk, in seconds as ``time.time`` counts them.
        furthest: the last position that may be tried.
        at_least: how many stops are made whatever the clock says.
    """
    path = Path()
    if at_least == 0 and time.time() >= deadline:
        path.ended = True
        return path
    since, best = 0, np.inf
    for position, margins in _stops(config, table, fold):
        if position > furthest and path.positions:
            break
        path.positions.append(float(position))
        losses = log_losses(table.target[fold[1]], margins)
        path.losses.append(float(np.average(losses, weights=table.weighed(fold[1]))))
        path.margins.append(margins.astype(np.float32))
        since = 0 if path.losses[-1] < best * (1 - _PROGRESS) else since + 1
        best = path.losses[-1] if since == 0 else best
        if since >= _PATIENCE[config.name]:
            break
        if time.time() >= deadline and len(path.positions) >= at_least:
            path.ended = True
            break
    return path


def shared(paths: Sequence[Path], rows: Sequence[int]) -> tuple[float, Scores] | None:
    """The position at which the mean loss over all folds is smallest, and the margins there."""
    stops = min(len(path.positions) for path in paths)
    if not stops:
        return None
    losses = np.average([path.losses[:stops] for path in paths], axis=0, weights=rows)
    best = int(losses.argmin())
    found = np.concatenate([path.margins[best] for path in paths]).astype(np.float64)
    return paths[0].positions[best], found


def log_losses(truth: Positions, margins: npt.NDArray[np.floating]) -> Scores:
    """The log loss of each row, shape ``(rows,)``."""
    return losses.log_losses(softmax(margins), truth)


def _stops(config: EstimatorConfig, table: Table, fold: Fold) -> Iterator[tuple[float, Scores]]:
    rows, asked = (table.matrix[part] for part in fold)
    truth, weights = table.target[fold[0]], table.weighed(fold[0])
    if config.name == "lightgbm":
        native = boosting.native(table.matrix, table.categories)
        told = {"monotone_constraints": [*table.signs]} if any(table.signs) else {}
        yield from boosting.rounds(
            boosting.with_codes(rows, native), truth, boosting.with_codes(asked, native),
            categories=native, parameters={**config.parameters, **told}, seed=table.seed,
            min_rows=table.min_rows, weights=weights,
        )  # fmt: skip
        return
    preparation = networks.Preparation.of(rows, table.categories, min_rows=table.min_rows)
    prepared, asked = preparation(rows), preparation(asked)
    if config.name == "linear":
        yield from networks.strengths(prepared, truth, asked, weights)
        return
    yield from networks.epochs(
        prepared, truth, asked, parameters=config.parameters, seed=table.seed, weights=weights
    )
