"""The whole model as one scikit-learn classifier on raw frames.

It has two steps. ``encode`` validates rows and turns them into one float32 matrix; ``classify`` is pure
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
from sklearn.metrics import accuracy_score
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, StandardScaler
from sklearn.svm import SVC
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from classification_model.config.core import Config
from classification_model.config.schema import EstimatorConfig, RowSchema
from classification_model.errors import ConfigError
from classification_model.learners.blend import MEMBERS, Blend
from classification_model.processing.blockwise import probabilities
from classification_model.processing.columns import ColumnEncoder, learn_categories
from classification_model.processing.features import Feature, Matrix, feature_plan
from classification_model.processing.frames import FrameValidator
from classification_model.processing.functions import functions_of
from classification_model.processing.typed_columns import Columns, Typed

__all__ = [
    "ESTIMATORS",
    "EncodingStep",
    "FramePipeline",
    "build_classifier",
    "build_pipeline",
    "categorical_columns",
    "encoding_step",
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

# Only these see scaled values: a tree's thresholds coincide with data values, and scaling
# in float32 moves values across them.
_NEED_SCALING = frozenset({"logistic_regression", "neural_network", "svc"})


class EncodingStep(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Raw rows to the float32 matrix that the classifier sees.

    Rows are a frame of pandas, polars or any library that speaks Arrow, a list of dicts, or an
    array with the columns of the schema in their order. They are validated by the same rules
    wherever they come from; columns of a table that were validated already come as ``Typed``.

    Args:
        schema: the raw columns and their rules.
        plan: the features of the matrix, in order.
        source: of the home's features.py, which the plan's functions come from.

    ``features_`` is the plan completed with learned categories: what serving encodes by.
    """

    def __init__(self, schema: RowSchema, plan: Sequence[Feature], source: str = "") -> None:
        self.schema = schema
        self.plan = plan
        self.source = source

    def fit(self, X: object, y: object = None) -> Self:  # noqa: ARG002
        """Learn the categories of the features.

        Raises:
            InvalidRowsError: a row does not fit the schema.
        """
        self._learn(self._typed(X))
        return self

    def fit_transform(self, X: object, y: object = None) -> Matrix:  # noqa: ARG002
        """The same as ``fit`` and ``transform``; the rows are validated once."""
        return self.fit_matrix(X)

    def transform(self, X: object) -> Matrix:
        """The matrix of raw rows, of shape ``(rows, features)``.

        Raises:
            InvalidRowsError: a row does not fit the schema.
        """
        return self.matrix(X)

    def fit_matrix(self, X: object) -> Matrix:
        """As ``fit_transform``, whatever ``set_output`` says."""
        columns = self._typed(X)
        self._learn(columns)
        return self._encoded(columns)

    def matrix(self, X: object) -> Matrix:
        """As ``transform``, whatever ``set_output`` says."""
        check_is_fitted(self)
        return self._encoded(self._typed(X))

    def _typed(self, X: object) -> Columns:
        return X.columns if isinstance(X, Typed) else FrameValidator(self.schema).columns(X)

    def _learn(self, columns: Columns) -> None:
        self.features_ = learn_categories(self.plan, columns, functions_of(self.source))
        self.feature_names_in_ = np.array([*self.schema.columns], dtype=object)
        self.n_features_in_ = len(self.feature_names_in_)

    def _encoded(self, columns: Columns) -> Matrix:
        functions = functions_of(self.source)
        return ColumnEncoder(self.schema, self.features_, functions).encode(columns)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        tags.input_tags.dict = True
        tags.input_tags.string = True
        return tags

    def get_feature_names_out(self, input_features: object = None) -> Any:  # noqa: ARG002
        """The names of the matrix's columns."""
        check_is_fitted(self)
        return np.array([feature.name for feature in self.features_], dtype=object)


class FramePipeline(Pipeline):  # type: ignore[misc]
    """A classifier on raw rows, with the steps ``encode`` and ``classify``.

    A row gets the same bits whatever rows it comes with, and a prediction is the class of the
    highest probability, the first where two are level.
    """

    def fit(self, X: object, y: object = None, **params: Any) -> Self:
        """Learn the features and the classifier; ``params`` are ``classify__...``."""
        own = {name.removeprefix("classify__"): value for name, value in params.items()}
        matrix = self.named_steps["encode"].fit_matrix(X)
        self.named_steps["classify"].fit(matrix, y, **own)
        return self

    def predict_proba(self, X: object) -> Any:
        """Probabilities of shape ``(rows, classes)``, in the order of ``classes_``."""
        check_is_fitted(self)
        matrix = self.named_steps["encode"].matrix(X)
        return probabilities(self.named_steps["classify"], matrix)

    def predict(self, X: object) -> Any:
        """The class of each row."""
        return self.classes_[self.predict_proba(X).argmax(axis=1)]

    def score(self, X: object, y: Any = None, sample_weight: Any = None) -> float:
        """The accuracy."""
        return float(accuracy_score(y, self.predict(X), sample_weight=sample_weight))

    def __getitem__(self, ind: Any) -> Any:
        """A step, or some of them as a plain pipeline."""
        return Pipeline(self.steps[ind]) if isinstance(ind, slice) else super().__getitem__(ind)


def build_pipeline(config: Config, estimator: EstimatorConfig | None = None) -> FramePipeline:
    """A new, unfitted pipeline for a configuration.

    Args:
        config: the columns, the features and the seed.
        estimator: in the place of the configuration's, which may say ``auto``.

    Raises:
        ConfigError: an estimator or one of its parameters is unknown.
    """
    encode = encoding_step(config)
    classify = build_classifier(encode.plan, estimator or config.estimator, config.random_state)
    return FramePipeline([("encode", encode), ("classify", classify)])


def encoding_step(config: Config) -> EncodingStep:
    """A new, unfitted first step for a configuration.

    Raises:
        ConfigError: a derived feature names a function that there is not.
    """
    plan = feature_plan(config.row_schema(), config.derived, functions_of(config.features))
    return EncodingStep(config.row_schema(), plan, config.features)


def build_classifier(
    plan: Sequence[Feature], config: EstimatorConfig, seed: int, *, min_rows: int = 5
) -> Pipeline:
    """What comes after the encoding: from the float32 matrix to classes.

    A blend, or one of its members by name, prepares its columns itself.
    """
    if config.name == "blend" or config.name in MEMBERS:
        return Pipeline([("estimator", _blend(plan, config, seed, min_rows))])
    estimator = _estimator(config, seed)
    if config.calibration == "sigmoid":
        if not isinstance(estimator, VotingClassifier):
            # A vote of one has probabilities and no other scores: the exporter calibrates those.
            estimator = _soft_vote([("0_only", estimator)], [1.0])
        estimator = CalibratedClassifierCV(estimator, method="sigmoid", ensemble=False)
    return Pipeline([("prepare", _imputed_and_one_hot(plan)), ("estimator", estimator)])


def categorical_columns(plan: Sequence[Feature]) -> list[int]:
    """Which columns of the matrix hold codes of categories."""
    return [column for column, feature in enumerate(plan) if feature.kind == "category"]


def _blend(plan: Sequence[Feature], config: EstimatorConfig, seed: int, min_rows: int) -> Blend:
    members = config.members or (config,)
    for member in members:
        if member.name not in MEMBERS:
            raise ConfigError(
                f"estimator blend: unknown member {member.name!r}; choose from {', '.join(MEMBERS)}"
            )
        _refuse_unknown(member.name, member.parameters, [*MEMBERS[member.name], "bags"])
    return Blend(
        members=[(member.name, member.weight, dict(member.parameters)) for member in members],
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
        known = ", ".join([*ESTIMATORS, *MEMBERS, "blend", "soft_vote"])
        raise ConfigError(f"estimator: unknown name {config.name!r}; choose one of {known}")
    kind = ESTIMATORS[config.name]
    accepted = sorted(inspect.signature(kind).parameters)
    _refuse_unknown(config.name, config.parameters, accepted)
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
