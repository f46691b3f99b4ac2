"""From training rows to a fitted pipeline: encode them, choose the estimator, fit it."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import joblib
import numpy as np
import numpy.typing as npt
from sklearn.exceptions import ConvergenceWarning
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from classification_model.bundle.provenance import Choice
from classification_model.config.core import Config
from classification_model.config.schema import EstimatorConfig, Label
from classification_model.errors import ConfigError
from classification_model.estimators import build_classifier, rows_of_enough, with_shared_leaves
from classification_model.fitting_rules import constrain, fit_weighted, signs_of
from classification_model.inference.engines import Probabilities
from classification_model.learners import Blend
from classification_model.pipeline import EncodingStep, FramePipeline, encoding_step
from classification_model.processing.arrays import Floats, Indices, Matrix
from classification_model.processing.data_manager import Dataset, Split
from classification_model.processing.splitting import Fold, Units, folds
from classification_model.processing.weights import combined
from classification_model.progress import Progress
from classification_model.publishing.audit import Confidence
from classification_model.training.added import Added
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
_PART = 1_000
_PERCENT = "% of the fit"


@dataclass(frozen=True, slots=True)
class Encoded:
    """Training rows as the classifier sees them, and the step that encodes others alike.

    ``weights`` say what each row counts, and ``signs`` how each column may move the answer.
    """

    step: EncodingStep
    matrix: Matrix
    labels: Sequence[Label]
    units: Units
    of_folds: Callable[[Sequence[Fold]], Sequence[Matrix]]
    remarks: Callable[[], Iterable[str]]
    groups: Indices | None = None
    weights: Floats | None = None
    signs: Sequence[int] = ()


def encode(config: Config, train: Dataset) -> Encoded:
    """Learn the features of the training rows, which were validated."""
    step = encoding_step(config)
    found = step.fit_folds(
        train.typed(), train.labels, folds(train.units, train.labels, count=_FOLDS)
    )
    return Encoded(
        step, found.matrix, train.labels, train.units, found.of_folds, found.remarks, train.groups,
        combined(train.weights, config.class_weight, train.labels),
        signs_of(config.monotonic, step.features_, train.labels, config.positive),
    )  # fmt: skip


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
        weights=train.weights,
        wanted=Wanted(
            metric=config.metric,
            min_rows=rows_of_enough(config.publish.min_rows, train.groups),
            max_model_mb=config.max_model_mb,
            signs=train.signs,
            removed=config.candidates.remove,
            added=_added(config, train),
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


def fit(
    config: Config, choice: Choice, train: Encoded, progress: Progress | None = None
) -> FramePipeline:
    """A pipeline that is fitted on the training rows; ``progress`` counts how far a blend is.

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
            constrain(classify, train.signs, train.matrix)
            told = _telling(classify, progress)
            fit_weighted(classify, train.matrix, train.labels, train.weights, told)
    except ValueError as error:  # scikit-learn's word for a parameter that it refuses
        raise ConfigError(f"estimator {choice.estimator.name}: {error}") from error
    return FramePipeline([("encode", train.step), ("classify", classify)])


def _telling(classify: Pipeline, progress: Progress | None) -> dict[str, Callable[[float], None]]:
    """What a blend takes beside the rows, so that its progress is seen."""
    if progress is None or not isinstance(classify.named_steps["estimator"], Blend):
        return {}
    seen, shown = progress, [-1]

    def told(share: float) -> None:
        percent = round(share * 100)
        if percent > shown[0]:
            shown[0] = percent
            seen.count(percent, 100, _PERCENT)

    return {"estimator__told": told}


def out_of_fold(
    config: Config, choice: Choice, train: Encoded, classes: Sequence[Label]
) -> tuple[Indices, Probabilities]:
    """What a recipe says of training rows that it was fitted without.

    Returns:
        The rows that are answered, which by time are not all, and their probabilities of
        ``classes``, shape ``(rows, classes)``.
    """
    parts = folds(train.units, train.labels, count=_FOLDS)
    answers = [
        _answers(config, choice, replace(train, matrix=matrix), fold, classes)
        for fold, matrix in zip(parts, train.of_folds(parts), strict=True)
    ]
    return np.concatenate([outside for _, outside in parts]), np.concatenate(answers)


def _answers(
    config: Config, choice: Choice, train: Encoded, fold: Fold, classes: Sequence[Label]
) -> Probabilities:
    """What a recipe that is fitted on a fold's first rows says of its others."""
    inside, outside = fold
    some = replace(
        train,
        matrix=train.matrix[inside],
        labels=[train.labels[i] for i in inside.tolist()],
        groups=None if train.groups is None else train.groups[inside],
        weights=None if train.weights is None else train.weights[inside],
    )
    pipeline = fit(config, choice, some)
    order = [pipeline.classes_.tolist().index(label) for label in classes]
    answers: Probabilities = scores(pipeline, train.matrix[outside])[:, order]
    return answers


def _added(config: Config, train: Encoded) -> dict[str, Added]:
    """The candidates that config.yml adds, as a search asks them."""
    classes = sorted(set(train.labels), key=str)

    def one(named: EstimatorConfig) -> Added:
        shared = with_shared_leaves(named, config.publish.min_rows, train.groups)
        choice = Choice(estimator=shared)
        return Added(
            shared,
            lambda matrix, fold: _answers(
                config, choice, replace(train, matrix=matrix), fold, classes
            ),
        )

    return {name: one(named) for name, named in config.candidates.add.items()}


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

    Libraries keep to one thread, in which sums are rounded the same however many cores there
    are. Rows that do not depend on each other are answered in parts beside each other.
    """
    classify = pipeline.named_steps["classify"]
    alone = getattr(classify.named_steps["estimator"], "row_independent", False)
    parts = np.array_split(
        matrix, min(joblib.cpu_count(), len(matrix) // _PART) or 1 if alone else 1
    )
    with threadpool_limits(limits=1):
        found = joblib.Parallel(n_jobs=len(parts), prefer="threads")(
            joblib.delayed(classify.predict_proba)(part) for part in parts
        )
    answers: Probabilities = np.concatenate(found)
    return answers
