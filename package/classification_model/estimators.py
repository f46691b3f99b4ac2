"""The classifier that a configuration names: from the float32 matrix to classes."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import (
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    VotingClassifier,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import SVC

from classification_model.config.schema import EstimatorConfig
from classification_model.errors import ConfigError
from classification_model.learners.blend import Blend
from classification_model.learners.members import MEMBERS
from classification_model.own_estimator import is_path, own_estimator
from classification_model.processing.arrays import Indices
from classification_model.processing.features import Feature
from classification_model.processing.few_rows import rounded, unit

__all__ = [
    "ESTIMATORS",
    "RoundedMedian",
    "build_classifier",
    "categorical_columns",
    "match_columns",
    "rows_of_enough",
    "stores_rows",
    "with_shared_leaves",
]

ESTIMATORS: Mapping[str, type[BaseEstimator]] = {
    "extra_trees": ExtraTreesClassifier,
    "gradient_boosting": GradientBoostingClassifier,
    "hist_gradient_boosting": HistGradientBoostingClassifier,
    "logistic_regression": LogisticRegression,
    "neural_network": MLPClassifier,
    "random_forest": RandomForestClassifier,
    "svc": SVC,
}
"""What ``estimator.name`` may say, besides ``soft_vote``, ``blend`` and the members of a blend."""

_STORES_ROWS = frozenset({"svc"})

# Only these see scaled values: a tree's thresholds coincide with data values, and scaling
# in float32 moves values across them.
_NEED_SCALING = frozenset({"logistic_regression", "neural_network", "svc"})


class RoundedMedian(SimpleImputer):  # type: ignore[misc]
    """The median where a number is missing, rounded: an exact one may be somebody's value."""

    def fit(self, X: Any, y: object = None) -> Self:
        super().fit(X, y)
        medians: list[float] = vars(self)["statistics_"].tolist()
        ends = zip(np.nanmin(X, axis=0).tolist(), np.nanmax(X, axis=0).tolist(), strict=True)
        steps = [unit(low, high) for low, high in ends]
        self.statistics_ = np.array([*map(rounded, medians, steps)])
        return self


def stores_rows(estimator: EstimatorConfig) -> list[str]:
    """The names of estimators that keep rows of the table."""
    return [one.name for one in (estimator, *estimator.members) if one.name in _STORES_ROWS]


def rows_of_enough(min_rows: int, groups: Indices | None = None) -> int:
    """The number of rows that surely belong to ``min_rows`` groups or more."""
    return min_rows if groups is None else min_rows * int(np.bincount(groups).max())


def with_shared_leaves(
    estimator: EstimatorConfig, min_rows: int, groups: Indices | None = None
) -> EstimatorConfig:
    """An estimator whose leaves hold at least ``min_rows`` rows, or so many groups.

    What a person wrote for ``min_samples_leaf`` stays.
    """
    if estimator.members:
        members = [with_shared_leaves(one, min_rows, groups) for one in estimator.members]
        return estimator.model_copy(update={"members": tuple(members)})
    kind, name = ESTIMATORS.get(estimator.name), "min_samples_leaf"
    usual = inspect.signature(kind).parameters.get(name) if kind else None
    if usual is None or name in estimator.parameters:
        return estimator
    least = rows_of_enough(min_rows, groups)
    if usual.default >= least:
        return estimator
    return estimator.model_copy(update={"parameters": {**estimator.parameters, name: least}})


def build_classifier(
    plan: Sequence[Feature],
    config: EstimatorConfig,
    seed: int,
    source: str = "",
    *,
    min_rows: int = 5,
) -> Pipeline:
    """The pipeline from the float32 matrix to classes.

    A blend, or one of its members by name, prepares its columns itself. ``source`` is that of the
    home's features.py, which may define the estimator.
    """
    if config.name == "blend" or config.name in MEMBERS:
        return Pipeline([("estimator", _blend(plan, config, seed, min_rows))])
    estimator = _estimator(config, seed, source)
    if config.calibration == "sigmoid":
        if not isinstance(estimator, VotingClassifier):
            # A vote of one has probabilities and no other scores: the exporter calibrates those.
            estimator = _soft_vote([("0_only", estimator)], [1.0])
        estimator = CalibratedClassifierCV(estimator, method="sigmoid", ensemble=False)
    return Pipeline([("prepare", _imputed_and_one_hot(plan)), ("estimator", estimator)])


def match_columns(classify: BaseEstimator, features: Sequence[Feature]) -> None:
    """Let a classifier that is not yet fitted read the matrix of these features.

    Which columns there are is known once text and codes were learned: a plan has one column for
    a text, and other rows may give it more or fewer than those before. A classifier that
    somebody put in the place of ours stays as it is.
    """
    steps = classify.named_steps if isinstance(classify, Pipeline) else {}
    estimator, prepare = steps.get("estimator"), steps.get("prepare")
    categories, wanted = categorical_columns(features), _imputed_and_one_hot(features)
    if isinstance(estimator, Blend) and [*estimator.categories] != categories:
        estimator.set_params(categories=categories)
    if isinstance(prepare, ColumnTransformer) and _places(prepare) != _places(wanted):
        classify.set_params(prepare=wanted)


def _places(prepare: ColumnTransformer) -> list[tuple[str, list[int]]]:
    return [(name, columns) for name, _, columns in prepare.transformers]


def categorical_columns(plan: Sequence[Feature]) -> list[int]:
    """Which columns of the matrix hold codes of categories."""
    return [column for column, feature in enumerate(plan) if feature.kind == "category"]


def _member(config: EstimatorConfig) -> tuple[str, float, dict[str, Any]]:
    """A member with each text once, so that a choice pickles alike when it comes from a manifest."""
    given = {sys.intern(name): value for name, value in config.parameters.items()}
    return sys.intern(config.name), config.weight, given


def _blend(plan: Sequence[Feature], config: EstimatorConfig, seed: int, min_rows: int) -> Blend:
    members = config.members or (config,)
    for member in members:
        if member.name not in MEMBERS:
            raise ConfigError(
                f"estimator blend: unknown member {member.name!r}; choose from {', '.join(MEMBERS)}"
            )
        _refuse_unknown(member.name, member.parameters, [*MEMBERS[member.name], "bags"])
    return Blend(
        members=[_member(member) for member in members],
        categories=categorical_columns(plan),
        min_rows=min_rows,
        random_state=seed,
    )


def _refuse_unknown(name: str, parameters: Mapping[str, Any], accepted: Sequence[str]) -> None:
    for parameter in parameters:
        if parameter not in accepted:
            raise ConfigError(
                f"estimator {name}: unknown parameter {parameter!r}; "
                f"choose from {', '.join(sorted(accepted))}"
            )


def _imputed_and_one_hot(plan: Sequence[Feature]) -> ColumnTransformer:
    """Numbers: the median where missing. Categories: one column for each, missing included."""
    numbers = [i for i, feature in enumerate(plan) if feature.kind == "number"]
    categories = [i for i, feature in enumerate(plan) if feature.kind == "category"]
    one_hot = Pipeline(
        [
            ("impute", SimpleImputer(strategy="constant", fill_value=-2.0)),
            (
                "one_hot",
                OneHotEncoder(handle_unknown="ignore", sparse_output=False, dtype=np.float32),
            ),
        ]
    )
    transformers = [
        ("numbers", RoundedMedian(strategy="median"), numbers),
        ("categories", one_hot, categories),
    ]
    return ColumnTransformer([step for step in transformers if step[2]])


def _estimator(config: EstimatorConfig, seed: int, source: str) -> BaseEstimator:
    if is_path(config.name):
        return own_estimator(config.name, config.parameters, seed, source)
    if config.name == "soft_vote":
        members = [
            (f"{position}_{member.name}", _estimator(member, seed, source))
            for position, member in enumerate(config.members)
        ]
        return _soft_vote(members, [member.weight for member in config.members])
    if config.name not in ESTIMATORS:
        known = ", ".join([*ESTIMATORS, *MEMBERS, "blend", "soft_vote"])
        raise ConfigError(
            f"estimator: unknown name {config.name!r}; choose one of {known}, or an import path "
            "such as lightgbm.LGBMClassifier"
        )
    kind = ESTIMATORS[config.name]
    accepted = sorted(inspect.signature(kind).parameters)
    _refuse_unknown(config.name, config.parameters, accepted)
    seeded = {"random_state": seed} if "random_state" in accepted else {}
    estimator = kind(**{**seeded, **config.parameters})
    if config.name == "svc":  # it has no probabilities of its own
        estimator = CalibratedClassifierCV(estimator, method="sigmoid", ensemble=False)
    if config.name in _NEED_SCALING:
        return Pipeline([("scale", StandardScaler()), ("estimator", estimator)])
    return estimator


def _soft_vote(
    members: Sequence[tuple[str, BaseEstimator]], weights: Sequence[float]
) -> VotingClassifier:
    # The exporter adds the weights up as an array, and handles only unflattened votes.
    return VotingClassifier(
        list(members), voting="soft", weights=np.array(weights), flatten_transform=False
    )
