"""From training rows to a fitted pipeline: encode them, choose the estimator, fit it."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_limits

from classification_model.bundle.provenance import Choice
from classification_model.config.core import Config
from classification_model.config.schema import Label
from classification_model.errors import ConfigError
from classification_model.inference.engines import Probabilities
from classification_model.pipeline import (
    EncodingStep,
    FramePipeline,
    build_classifier,
    encoding_step,
)
from classification_model.processing.data_manager import Dataset
from classification_model.processing.features import Matrix
from classification_model.processing.splitting import Units
from classification_model.progress import Progress
from classification_model.training.selection import choose

__all__ = ["Encoded", "choose_estimator", "encode", "fit", "scores"]


@dataclass(frozen=True, slots=True)
class Encoded:
    """Training rows as the classifier sees them, and the step that encodes others alike."""

    step: EncodingStep
    matrix: Matrix
    labels: Sequence[Label]
    units: Units


def encode(config: Config, train: Dataset) -> Encoded:
    """Learn the features of the training rows, which were validated."""
    step = encoding_step(config)
    return Encoded(step, step.fit_matrix(train.typed()), train.labels, train.units)


def choose_estimator(config: Config, train: Encoded, progress: Progress) -> Choice:
    """The estimator that config.yml names, or the winner of a comparison."""
    if config.estimator.name != "auto":
        return Choice(estimator=config.estimator)
    progress.say(f"Comparing candidates on {len(train.labels)} rows by cross-validation")
    choice = choose(
        train.matrix,
        train.labels,
        train.step.features_,
        seed=config.random_state,
        time_budget=config.time_budget,
        units=train.units,
        progress=progress,
    )
    if choice.cut_short:
        progress.say(
            f"The time budget of {config.time_budget:g} s ended before every candidate was "
            "compared; time_budget in config.yml raises it"
        )
    return choice


def fit(config: Config, choice: Choice, train: Encoded) -> FramePipeline:
    """A pipeline that is fitted on the training rows.

    Raises:
        ConfigError: the estimator refuses its parameters.
    """
    classify = build_classifier(train.step.features_, choice.estimator, config.random_state)
    try:
        with warnings.catch_warnings():
            # Whether it converged or not, it is judged by its answers.
            warnings.simplefilter("ignore", ConvergenceWarning)
            classify.fit(train.matrix, train.labels)
    except ValueError as error:  # scikit-learn's word for a parameter that it refuses
        raise ConfigError(f"estimator {choice.estimator.name}: {error}") from error
    return FramePipeline([("encode", train.step), ("classify", classify)])


def scores(pipeline: FramePipeline, matrix: Matrix) -> Probabilities:
    """What a fitted pipeline says of encoded rows, shape ``(rows, classes)``.

    It keeps to one thread, in which sums are rounded the same however many cores there are.
    """
    with threadpool_limits(limits=1):
        found: Probabilities = pipeline.named_steps["classify"].predict_proba(matrix)
    return found
