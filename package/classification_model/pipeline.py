"""The whole model as one scikit-learn Pipeline: a valid row in, a label out.

It has two steps. ``encode`` turns typed rows into one float32 matrix; ``classify`` is pure
scikit-learn on that matrix, and is the part that is exported to ONNX.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
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
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, StandardScaler
from sklearn.svm import SVC
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from classification_model.config.core import Config
from classification_model.config.schema import EstimatorConfig
from classification_model.errors import ConfigError
from classification_model.processing.features import (
    Feature,
    Matrix,
    RowEncoder,
    feature_plan,
    learn_categories,
)
from classification_model.processing.validation import TypedRow

__all__ = ["ESTIMATORS", "EncodingStep", "build_classifier", "build_pipeline"]

ESTIMATORS: Mapping[str, type[BaseEstimator]] = {
    "extra_trees": ExtraTreesClassifier,
    "gradient_boosting": GradientBoostingClassifier,
    "hist_gradient_boosting": HistGradientBoostingClassifier,
    "logistic_regression": LogisticRegression,
    "neural_network": MLPClassifier,
    "random_forest": RandomForestClassifier,
    "svc": SVC,
}
"""What ``estimator.name`` may say, besides ``soft_vote``."""

# Only these see scaled values: a tree's thresholds coincide with data values, and scaling
# in float32 moves values across them.
_NEED_SCALING = frozenset({"logistic_regression", "neural_network", "svc"})


class EncodingStep(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Typed rows, a sequence of dicts, to the float32 matrix that the classifier sees.

    Args:
        plan: the features of the matrix, in order.

    ``features_`` is the plan completed with learned categories: what serving encodes by.
    """

    def __init__(self, plan: Sequence[Feature]) -> None:
        self.plan = plan

    def fit(self, X: Sequence[TypedRow], y: object = None) -> Self:  # noqa: ARG002
        self.features_ = learn_categories(self.plan, X)
        return self

    def transform(self, X: Sequence[TypedRow]) -> Matrix:
        check_is_fitted(self)
        return RowEncoder(self.features_).encode(X)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.input_tags.dict = True
        tags.no_validation = True  # rows were validated at the border
        return tags

    def get_feature_names_out(self, input_features: object = None) -> Any:  # noqa: ARG002
        check_is_fitted(self)
        return np.array([feature.name for feature in self.features_], dtype=object)


def build_pipeline(config: Config, estimator: EstimatorConfig | None = None) -> Pipeline:
    """A new, unfitted pipeline for a configuration.

    Args:
        config: the columns, the features and the seed.
        estimator: in the place of the configuration's, which may say ``auto``.

    Raises:
        ConfigError: an estimator or one of its parameters is unknown.
    """
    plan = feature_plan(config.row_schema(), config.derived)
    classify = build_classifier(plan, estimator or config.estimator, config.random_state)
    return Pipeline([("encode", EncodingStep(plan)), ("classify", classify)])


def build_classifier(plan: Sequence[Feature], config: EstimatorConfig, seed: int) -> Pipeline:
    """What comes after the encoding: from the float32 matrix to classes."""
    estimator = _estimator(config, seed)
    if config.calibration == "sigmoid":
        if not isinstance(estimator, VotingClassifier):
            # A vote of one has probabilities and no other scores: the exporter calibrates those.
            estimator = _soft_vote([("0_only", estimator)], [1.0])
        estimator = CalibratedClassifierCV(estimator, method="sigmoid", ensemble=False)
    return Pipeline([("prepare", _imputed_and_one_hot(plan)), ("estimator", estimator)])


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
        ("numbers", SimpleImputer(strategy="median"), numbers),
        ("categories", one_hot, categories),
    ]
    return ColumnTransformer([step for step in transformers if step[2]])


def _estimator(config: EstimatorConfig, seed: int) -> BaseEstimator:
    if config.name == "soft_vote":
        members = [
            (f"{position}_{member.name}", _estimator(member, seed))
            for position, member in enumerate(config.members)
        ]
        return _soft_vote(members, [member.weight for member in config.members])
    if config.name not in ESTIMATORS:
        known = ", ".join([*ESTIMATORS, "soft_vote"])
        raise ConfigError(f"estimator: unknown name {config.name!r}; choose one of {known}")
    kind = ESTIMATORS[config.name]
    accepted = sorted(inspect.signature(kind).parameters)
    for name in config.parameters:
        if name not in accepted:
            raise ConfigError(
                f"estimator {config.name}: unknown parameter {name!r}; "
                f"choose from {', '.join(accepted)}"
            )
    seeded = {"random_state": seed} if "random_state" in accepted else {}
    estimator = kind(**{**seeded, **config.parameters})
    if config.name == "svc":  # it has no probabilities of its own
        estimator = CalibratedClassifierCV(estimator, method="sigmoid", ensemble=False)
    if config.name in _NEED_SCALING:
        # A value beyond those seen counts as the nearest that was, as it does for a tree: a
        # linear model would extrapolate without end, and float32 would not follow it there.
        clip = MinMaxScaler(clip=True)
        return Pipeline([("clip", clip), ("scale", StandardScaler()), ("estimator", estimator)])
    return estimator


def _soft_vote(
    members: Sequence[tuple[str, BaseEstimator]], weights: Sequence[float]
) -> VotingClassifier:
    # The exporter adds the weights up as an array, and handles only unflattened votes.
    return VotingClassifier(
        list(members), voting="soft", weights=np.array(weights), flatten_transform=False
    )
