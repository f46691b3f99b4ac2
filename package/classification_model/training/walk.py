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
from classification_model.processing.features import Matrix

__all__ = ["POSITION", "Path", "Positions", "Scores", "log_losses", "shared", "walk"]

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


def walk(
    config: EstimatorConfig,
    matrix: Matrix,
    target: Positions,
    train: Positions,
    test: Positions,
    *,
    categories: Sequence[int],
    min_rows: int,
    seed: int,
    deadline: float,
    furthest: float,
    at_least: int = 0,
) -> Path:
    """Fit on ``train`` step by step, and answer ``test`` at each stop.

    Args:
        config: the candidate.
        matrix: encoded rows.
        target: the class of each.
        train: the rows to learn from.
        test: the rows to answer.
        categories: the columns that hold codes.
        min_rows: the fewest rows that anything learned may stand for.
        seed: of what is drawn.
        deadline: when the clock ends the walk, in seconds as ``time.time`` counts them.
        furthest: the last position that may be tried.
        at_least: how many stops are made whatever the clock says.
    """
    path = Path()
    if at_least == 0 and time.time() >= deadline:
        path.ended = True
        return path
    since, best = 0, np.inf
    truth = target[test]
    for position, margins in _stops(
        config, matrix, target, train, test, categories=categories, min_rows=min_rows, seed=seed
    ):
        if position > furthest and path.positions:
            break
        path.positions.append(float(position))
        path.losses.append(float(log_losses(truth, margins).mean()))
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
    """The one position at which all folds together lose least, and the margins there."""
    stops = min(len(path.positions) for path in paths)
    if not stops:
        return None
    losses = np.average([path.losses[:stops] for path in paths], axis=0, weights=rows)
    best = int(losses.argmin())
    found = np.concatenate([path.margins[best] for path in paths]).astype(np.float64)
    return paths[0].positions[best], found


def log_losses(truth: Positions, margins: npt.NDArray[np.floating]) -> Scores:
    """What each row costs, shape ``(rows,)``."""
    shares = softmax(margins)[np.arange(len(truth)), truth]
    losses: Scores = -np.log(np.maximum(shares, 1e-15))
    return losses


def _stops(
    config: EstimatorConfig,
    matrix: Matrix,
    target: Positions,
    train: Positions,
    test: Positions,
    *,
    categories: Sequence[int],
    min_rows: int,
    seed: int,
) -> Iterator[tuple[float, Scores]]:
    if config.name == "lightgbm":
        native = boosting.native(matrix, categories)
        yield from boosting.rounds(
            boosting.with_codes(matrix[train], native), target[train],
            boosting.with_codes(matrix[test], native), categories=native, parameters=config.parameters, seed=seed,
        )  # fmt: skip
        return
    preparation = networks.Preparation.of(matrix[train], categories, min_rows=min_rows)
    prepared, asked = preparation(matrix[train]), preparation(matrix[test])
    if config.name == "linear":
        yield from networks.strengths(prepared, target[train], asked)
        return
    yield from networks.epochs(
        prepared, target[train], asked, parameters=config.parameters, seed=seed
    )
