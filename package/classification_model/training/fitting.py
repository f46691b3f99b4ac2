"""From training rows to a fitted pipeline: encode them, choose the estimator, fit it."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sklearn.exceptions import ConvergenceWarning

from classification_model.bundle import Bundle
from classification_model.bundle.provenance import Choice
from classification_model.config.core import Config
from classification_model.config.schema import Label
from classification_model.errors import ConfigError
from classification_model.pipeline import (
    EncodingStep,
    FramePipeline,
    build_classifier,
    encoding_step,
)
from classification_model.processing.data_manager import Dataset
from classification_model.processing.features import Matrix
from classification_model.progress import Progress
from classification_model.training.selection import choose, folds

__all__ = ["Encoded", "choose_estimator", "encode", "fit", "recorded_choice"]


@dataclass(frozen=True, slots=True)
class Encoded:
    """Training rows as the classifier sees them, and the step that encodes others alike."""

    step: EncodingStep
    matrix: Matrix
    labels: Sequence[Label]
    of_fold: Callable[[int], Matrix]


def encode(config: Config, train: Dataset) -> Encoded:
    """Learn the features of the training rows, which were validated."""
    step = encoding_step(config)
    found = step.fit_folds(train.typed(), train.labels, folds(train.labels, config.random_state))
    return Encoded(step, found.matrix, train.labels, found.of_fold)


def recorded_choice(old: Bundle | None, data: Dataset, config: Config) -> Choice | None:
    """What was chosen before for the same data and configuration."""
    if old and old.manifest.is_of(data_sha256=data.digest, config_sha256=config.digest):
        return old.manifest.choice
    return None


def choose_estimator(
    config: Config, train: Encoded, recorded: Choice | None, progress: Progress
) -> Choice:
    """The estimator that config.yml names, or the winner of a comparison.

    A comparison that is recorded is made again as it was: without a clock, so with the same
    result.
    """
    if config.estimator.name != "auto":
        return Choice(estimator=config.estimator)
    progress.say(f"Comparing candidates on {len(train.labels)} rows by cross-validation")
    choice = choose(
        train.matrix,
        train.labels,
        train.step.features_,
        of_fold=train.of_fold,
        seed=config.random_state,
        time_budget=config.time_budget,
        only=[one.name for one in recorded.compared] if recorded else None,
        began=progress.comparing,
        progress=progress.compared,
    )
    if recorded and recorded.cut_short:
        choice = choice.model_copy(update={"cut_short": True})
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
    classify = build_classifier(
        train.step.features_, choice.estimator, config.random_state, config.features
    )
    try:
        with warnings.catch_warnings():
            # Whether it converged or not, it is judged by its answers.
            warnings.simplefilter("ignore", ConvergenceWarning)
            classify.fit(train.matrix, train.labels)
    except ValueError as error:  # scikit-learn's word for a parameter that it refuses
        raise ConfigError(f"estimator {choice.estimator.name}: {error}") from error
    return FramePipeline([("encode", train.step), ("classify", classify)])
