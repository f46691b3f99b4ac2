"""From training rows to a fitted pipeline: encode them, choose the estimator, fit it."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_limits

from classification_model.bundle.provenance import Choice
from classification_model.config.core import Config
from classification_model.config.schema import Label
from classification_model.errors import ConfigError
from classification_model.estimators import build_classifier, rows_of_enough, with_shared_leaves
from classification_model.inference.engines import Probabilities
from classification_model.pipeline import EncodingStep, FramePipeline, encoding_step
from classification_model.processing.arrays import Indices, Matrix
from classification_model.processing.data_manager import Dataset, Split
from classification_model.processing.splitting import Fold, Units, folds
from classification_model.progress import Progress
from classification_model.publishing.audit import Confidence
from classification_model.training.selection import Wanted, choose

__all__ = [
    "Encoded",
    "choose_estimator",
    "confidence",
    "encode",
    "fit",
    "met",
    "out_of_fold",
    "scores",
]


_FOLDS = 5


@dataclass(frozen=True, slots=True)
class Encoded:
    """Training rows as the classifier sees them, and the step that encodes others alike."""

    step: EncodingStep
    matrix: Matrix
    labels: Sequence[Label]
    units: Units
    of_folds: Callable[[Sequence[Fold]], Sequence[Matrix]]
    remarks: Callable[[], Iterable[str]]
    groups: Indices | None = None


def encode(config: Config, train: Dataset) -> Encoded:
    """Learn the features of the training rows, which were validated."""
    step = encoding_step(config)
    found = step.fit_folds(
        train.typed(), train.labels, folds(train.units, train.labels, count=_FOLDS)
    )
    return Encoded(
        step, found.matrix, train.labels, train.units, found.of_folds, found.remarks, train.groups
    )


def choose_estimator(config: Config, train: Encoded, progress: Progress) -> Choice:
    """The estimator that config.yml names, or the winner of a comparison."""
    for remark in train.remarks():
        progress.say(remark)
    if config.estimator.name != "auto":
        groups = train.groups
        return Choice(
            estimator=with_shared_leaves(config.estimator, config.publish.min_rows, groups)
        )
    progress.say(f"Comparing candidates on {len(train.labels)} rows")
    choice = choose(
        train.matrix,
        train.labels,
        train.step.features_,
        seed=config.random_state,
        time_budget=config.time_budget,
        units=train.units,
        of_folds=train.of_folds,
        wanted=Wanted(
            metric=config.metric,
            min_rows=rows_of_enough(config.publish.min_rows, train.groups),
            max_model_mb=config.max_model_mb,
        ),
        progress=progress,
    )
    compared, members = len(choice.compared), sum(one.weight > 0 for one in choice.compared)
    if members > 1 and choice.log_loss is not None:
        progress.compared(compared, compared, f"a vote of {members} of them", choice.log_loss)
    if choice.cut_short:
        progress.say(
            f"The time budget of {config.time_budget:g} s ended before every candidate was "
            "compared; time_budget in config.yml raises it, and train --search compares again"
        )
    return choice


def fit(config: Config, choice: Choice, train: Encoded) -> FramePipeline:
    """A pipeline that is fitted on the training rows.

    Raises:
        ConfigError: the estimator refuses its parameters.
    """
    classify = build_classifier(
        train.step.features_,
        choice.estimator,
        config.random_state,
        config.features,
        min_rows=rows_of_enough(config.publish.min_rows, train.groups),
    )
    try:
        with warnings.catch_warnings():
            # It is judged by its answers, whether it converged or not.
            warnings.simplefilter("ignore", ConvergenceWarning)
            classify.fit(train.matrix, train.labels)
    except ValueError as error:  # scikit-learn's word for a parameter that it refuses
        raise ConfigError(f"estimator {choice.estimator.name}: {error}") from error
    return FramePipeline([("encode", train.step), ("classify", classify)])


def out_of_fold(
    config: Config, choice: Choice, train: Encoded, classes: Sequence[Label]
) -> tuple[Indices, Probabilities]:
    """What a recipe says of training rows that it was fitted without.

    Returns:
        The rows that are answered, which by time are not all, and their probabilities of
        ``classes``, shape ``(rows, classes)``.
    """
    parts = folds(train.units, train.labels, count=_FOLDS)
    answers = []
    for (inside, outside), matrix in zip(parts, train.of_folds(parts), strict=True):
        groups = None if train.groups is None else train.groups[inside]
        labels = [train.labels[i] for i in inside.tolist()]
        some = replace(train, matrix=matrix[inside], labels=labels, groups=groups)
        pipeline = fit(config, choice, some)
        order = [pipeline.classes_.tolist().index(label) for label in classes]
        answers.append(scores(pipeline, matrix[outside])[:, order])
    return np.concatenate([outside for _, outside in parts]), np.concatenate(answers)


def met(train: Encoded, data: Dataset, split: Split) -> Matrix:
    """The matrix of all rows as the estimator saw them in training.

    Columns learned from labels are cross-fitted there, and so the leaves were filled.
    """
    if len(train.matrix) == len(data):
        return train.matrix
    matrix = train.step.matrix(data.typed())
    matrix[~split.mask] = train.matrix
    return matrix


def confidence(judged: FramePipeline, split: Split) -> Confidence:
    """How sure a model is of the true class, of the rows that it was fitted on and of the rest."""
    return Confidence(_of_truth(judged, split.train), _of_truth(judged, split.held_out))


def _of_truth(judged: FramePipeline, data: Dataset) -> npt.NDArray[np.float64]:
    place = {label: i for i, label in enumerate(judged.classes_.tolist())}
    truth = np.array([place[label] for label in data.labels])
    answers = scores(judged, judged.named_steps["encode"].matrix(data.typed()))
    found: npt.NDArray[np.float64] = answers[np.arange(len(data)), truth]
    return found


def scores(pipeline: FramePipeline, matrix: Matrix) -> Probabilities:
    """What a fitted pipeline says of encoded rows, shape ``(rows, classes)``.

    It keeps to one thread, in which sums are rounded the same however many cores there are.
    """
    with threadpool_limits(limits=1):
        found: Probabilities = pipeline.named_steps["classify"].predict_proba(matrix)
    return found
