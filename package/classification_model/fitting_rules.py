"""Fit a classifier with what each row counts, and let numbers move the answer one way only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from sklearn import config_context
from sklearn.base import BaseEstimator
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import VotingClassifier
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import has_fit_parameter

from classification_model.config.fitting_rules import Direction
from classification_model.config.schema import Label
from classification_model.errors import ConfigError
from classification_model.learners.blend import Blend
from classification_model.own_estimator import OwnEstimator
from classification_model.processing.arrays import Floats, Matrix
from classification_model.processing.features import Feature
from classification_model.processing.labels import positive_label

__all__ = [
    "check_monotonic",
    "check_two_classes",
    "check_weights",
    "constrain",
    "fit_weighted",
    "signs_of",
]

_PARAMETERS = ("monotonic_cst", "monotone_constraints")
_BOOSTING = ("catboost", "lightgbm", "xgboost")  # they take it, and do not all say so
_TAKE_BOTH = (
    "auto, hist_gradient_boosting, random_forest, extra_trees and lightgbm.LGBMClassifier do"
)


def fit_weighted(
    classify: Pipeline,
    matrix: Matrix,
    labels: Sequence[Label],
    weights: Floats | None,
    told: Mapping[str, Any] | None = None,
) -> None:
    """Fit a classifier; ``weights`` reach each estimator in it, and no step before one.

    ``told`` is what else a blend takes.
    """
    if weights is None or isinstance(classify.named_steps["estimator"], Blend):
        own = {} if weights is None else {"estimator__sample_weight": weights}
        classify.fit(matrix, labels, **own, **(told or {}))
        return
    with config_context(enable_metadata_routing=True):
        for part in (classify, *classify.get_params().values()):
            if hasattr(part, "set_fit_request") and has_fit_parameter(part, "sample_weight"):
                part.set_fit_request(sample_weight=not hasattr(part, "transform"))
        classify.fit(matrix, labels, sample_weight=weights)


def check_weights(classify: Pipeline) -> None:
    """See that every estimator can be told what a row counts.

    Raises:
        ConfigError: one cannot.
    """
    for leaf in _leaves(classify):
        if not has_fit_parameter(leaf, "sample_weight"):
            raise ConfigError(
                f"{type(leaf).__name__} cannot be told what a row counts (its fit takes no "
                "sample_weight); choose another estimator, or drop this"
            )


def check_two_classes(classes: Sequence[Label]) -> None:
    """See that there is a class which constraints are about.

    Raises:
        ConfigError: there are more than two classes.
    """
    if len(classes) != 2:
        raise ConfigError(
            f"monotonic is about the positive one of two classes, and there are {len(classes)}; "
            "drop monotonic"
        )


def check_monotonic(classify: Pipeline) -> None:
    """See that every estimator can be constrained.

    Raises:
        ConfigError: one cannot.
    """
    for leaf in _leaves(classify):
        if isinstance(leaf, Blend):
            other = next((name for name, _, _ in leaf.members if name != "lightgbm"), None)
        else:
            other = None if _parameter(leaf) else type(leaf).__name__
        if other is not None:
            raise ConfigError(
                f"{other} cannot be made monotonic ({_TAKE_BOTH}); choose another estimator, or "
                "drop monotonic"
            )


def signs_of(
    directions: Mapping[str, Direction],
    features: Sequence[Feature],
    labels: Sequence[Label],
    positive: str | None,
) -> tuple[int, ...]:
    """How the second class may move with each column of the matrix: 1, -1, or 0 for any way."""
    if not directions:
        return ()
    classes = np.unique(np.array(labels)).tolist()
    second = positive_label(positive, classes) == classes[1]
    rising = "increasing" if second else "decreasing"
    return tuple(
        0 if feature.name not in directions else 1 if directions[feature.name] == rising else -1
        for feature in features
    )


def constrain(classify: Pipeline, signs: Sequence[int], matrix: Matrix) -> None:
    """Let a classifier that is not yet fitted obey the signs of the matrix's columns."""
    if not any(signs):
        return
    for leaf in _leaves(classify):
        if isinstance(leaf, Blend):
            more = {"monotone_constraints": [*signs]}
            leaf.set_params(members=[(n, w, {**given, **more}) for n, w, given in leaf.members])
        else:
            told = _prepared(classify, signs, matrix)
            # CatBoost changes a list that it is given, which scikit-learn refuses to copy.
            as_text = _library(leaf) in ("catboost", "xgboost")
            value = f"({','.join(map(str, told))})" if as_text else told
            leaf.set_params(**{str(_parameter(leaf)): value})


def _prepared(classify: Pipeline, signs: Sequence[int], matrix: Matrix) -> list[int]:
    """The signs of what the estimator sees: numbers first, then a column for each category."""
    prepare = classify.named_steps["prepare"]
    _, _, numbers = next(step for step in prepare.transformers if step[0] == "numbers")
    width = prepare.fit_transform(matrix).shape[1]
    found = [signs[i] for i in numbers]
    return [*found, *[0] * (width - len(found))]


def _parameter(leaf: BaseEstimator) -> str | None:
    """What an estimator calls its constraints, if it takes any."""
    if _library(leaf) in _BOOSTING:
        return "monotone_constraints"
    taken = leaf.get_params()
    return next((name for name in _PARAMETERS if name in taken), None)


def _library(leaf: BaseEstimator) -> str:
    return type(leaf).__module__.partition(".")[0]


def _leaves(estimator: Any) -> Iterator[Any]:
    """The estimators that learn from rows, without what is around them."""
    if isinstance(estimator, Pipeline):
        yield from _leaves(estimator.steps[-1][1])
    elif isinstance(estimator, VotingClassifier):
        for _, member in estimator.estimators:
            yield from _leaves(member)
    elif isinstance(estimator, CalibratedClassifierCV | OwnEstimator):
        yield from _leaves(estimator.estimator)
    else:
        yield estimator
