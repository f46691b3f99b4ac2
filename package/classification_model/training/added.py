"""Candidates that a person added to a search: each stands alone, beside the blend of ours."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from classification_model.bundle.provenance import Choice, Compared
from classification_model.config.schema import EstimatorConfig
from classification_model.errors import ConfigError
from classification_model.inference.engines import Probabilities
from classification_model.processing.arrays import Matrix
from classification_model.processing.splitting import Fold
from classification_model.progress import Progress
from classification_model.training.search import Search
from classification_model.training.vote import Metric
from classification_model.training.walk import Scores

__all__ = ["Added", "Blended", "best"]

_TINY = 1e-12


@dataclass(frozen=True, slots=True)
class Added:
    """An estimator, and what it answers: from a matrix and a fold of it to probabilities.

    The columns of the probabilities are the classes in the order of their texts.
    """

    config: EstimatorConfig
    answer: Callable[[Matrix, Fold], Probabilities]


@dataclass(frozen=True, slots=True)
class Blended:
    """A blend that was chosen, and its answers out of fold."""

    choice: Choice
    margins: Scores


def best(
    blended: Blended | None,
    search: Search,
    added: Mapping[str, Added],
    metric: Metric,
    progress: Progress,
) -> Choice:
    """The blend, or the one added candidate that is better than it by the metric.

    All of them are fitted, whatever the clock says: somebody asked for them.

    Raises:
        ConfigError: there is nothing to choose from.
    """
    if blended is None and not added:
        raise ConfigError(
            "candidates: of those that are left none can be compared on this table; remove fewer, "
            "or add one"
        )
    answers = dict[str, Scores]()
    for done, (name, one) in enumerate(added.items(), len(search.losses)):
        total = len(search.losses) + len(added)
        progress.comparing(done, total, name)
        answers[name] = _margins(one, search)
        progress.compared(done + 1, total, name, search.mean_loss(answers[name]))
    lowered = {name: metric(search.truth, margins) for name, margins in answers.items()}
    if blended is not None:
        lowered = {"": metric(search.truth, blended.margins), **lowered}
    winner = min(lowered, key=lowered.__getitem__)
    losses = {name: search.mean_loss(margins) for name, margins in answers.items()}
    others = tuple(
        Compared(name=name, log_loss=loss, weight=float(name == winner))
        for name, loss in losses.items()
    )
    ours = blended.choice.compared if blended else ()
    if blended is not None and not winner:
        return blended.choice.model_copy(update={"compared": (*ours, *others)})
    unused = tuple(one.model_copy(update={"weight": 0.0}) for one in ours)
    return Choice(
        estimator=added[winner].config,
        compared=(*unused, *others),
        log_loss=losses[winner],
        cut_short=search.ended,
    )


def _margins(one: Added, search: Search) -> Scores:
    """What a candidate answers to all folds, as margins."""
    parts = zip(search.matrices, search.folds, strict=True)
    shares = np.concatenate([one.answer(matrix, fold) for matrix, fold in parts])
    logs: Scores = np.log(np.maximum(shares, _TINY))
    return logs[:, 1:] - logs[:, :1] if search.classes == 2 else logs
