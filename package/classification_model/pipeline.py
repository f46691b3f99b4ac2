"""The whole model as one scikit-learn classifier on raw frames.

It has two steps. ``encode`` validates rows and turns them into one float32 matrix; ``classify`` is pure
scikit-learn on that matrix, and is the part that is exported to ONNX.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.metrics import accuracy_score
from sklearn.pipeline import Pipeline
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from classification_model.config.core import Config
from classification_model.config.schema import EstimatorConfig, RowSchema
from classification_model.estimators import (
    build_classifier,
    match_columns,
    with_shared_leaves,
)
from classification_model.processing.arrays import Matrix
from classification_model.processing.blockwise import probabilities
from classification_model.processing.columns import ColumnEncoder, learn_features
from classification_model.processing.cross_fitting import Fold
from classification_model.processing.decisions import Decision, likeliest_of_rows
from classification_model.processing.features import Feature, feature_plan
from classification_model.processing.frames import FrameValidator
from classification_model.processing.functions import Functions, functions_of
from classification_model.processing.learned import Learned
from classification_model.processing.learning import Learning, learnable, stratified
from classification_model.processing.typed_columns import Columns, Typed

__all__ = ["EncodingStep", "FoldMatrices", "FramePipeline", "build_pipeline", "encoding_step"]


class EncodingStep(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Raw rows to the float32 matrix that the classifier sees.

    Rows are a frame of pandas, polars or any library that speaks Arrow, a list of dicts, or an
    array with the columns of the schema in their order. They are validated by the same rules
    wherever they come from; columns of a table that were validated already come as ``Typed``.

    Args:
        schema: the raw columns and their rules.
        plan: the features of the matrix, in order.
        source: of the home's features.py, which the plan's functions come from.
        min_rows: how many rows, or groups, hold each category, lie beyond each bound, and hold what is
            learned from labels.

    ``features_`` is the plan completed with categories and bounds: what serving encodes by. What a
    text or one of many categories says is learned from labels, and is in ``learned_``; of such
    columns ``fit_transform`` gives what was learned from other rows, and ``transform`` does not.
    """

    def __init__(
        self, schema: RowSchema, plan: Sequence[Feature], source: str = "", min_rows: int = 1
    ) -> None:
        self.schema = schema
        self.plan = plan
        self.source = source
        self.min_rows = min_rows

    def fit(self, X: object, y: object = None) -> Self:
        """Learn the categories and the bounds of the features, and texts from their labels.

        Raises:
            InvalidRowsError: a row does not fit the schema.
            ValueError: there is a text, and no labels to learn it by.
        """
        self._learn(X, self._typed(X), y)
        return self

    def fit_transform(self, X: object, y: object = None) -> Matrix:
        """The matrix of the rows that are learned from; what is learned is cross-fitted."""
        return self.fit_matrix(X, y)

    def transform(self, X: object) -> Matrix:
        """The matrix of raw rows, of shape ``(rows, features)``.

        Raises:
            InvalidRowsError: a row does not fit the schema.
        """
        return self.matrix(X)

    def fit_matrix(self, X: object, y: object = None) -> Matrix:
        """As ``fit_transform``, whatever ``set_output`` says."""
        return self.fit_folds(X, y).matrix

    def fit_folds(
        self, X: object, y: object = None, folds: Sequence[Fold] | None = None
    ) -> FoldMatrices:
        """As ``fit_matrix``, with a matrix for each fold; without ``folds`` five are made."""
        columns = self._typed(X)
        learning = self._learn(X, columns, y, folds)
        return FoldMatrices(self._encoded(columns, learning), learning, self._learned_bounds())

    def matrix(self, X: object) -> Matrix:
        """As ``transform``, whatever ``set_output`` says."""
        check_is_fitted(self)
        return self._encoded(self._typed(X))

    def _typed(self, X: object) -> Columns:
        return X.columns if isinstance(X, Typed) else FrameValidator(self.schema).columns(X)

    def _learn(
        self, X: object, columns: Columns, y: Any = None, folds: Sequence[Fold] | None = None
    ) -> Learning | None:
        groups = X.groups if isinstance(X, Typed) else None
        learning = None
        found = learnable(self.plan, columns, self.min_rows)
        if y is not None and found:
            made = stratified(y, 0) if folds is None else folds
            learning = Learning.of(
                found, self.schema, columns, y, made, min_rows=self.min_rows, who=groups
            )
        elif any(feature.kind == "text" for feature in found):
            raise ValueError(f"{found[0].name!r} is a text, which is learned from labels: give y")
        self.learned_ = learning.learned if learning else Learned()
        instead = self.learned_.features()
        plan = [part for one in self.plan for part in instead.get(one.name, (one,))]
        self.features_ = learn_features(
            plan, columns, self.functions(), min_rows=self.min_rows, groups=groups
        )
        self.feature_names_in_ = np.array([*self.schema.columns], dtype=object)
        self.n_features_in_ = len(self.feature_names_in_)
        return learning

    def _learned_bounds(self) -> dict[int, tuple[float, float]]:
        """The bounds of each column that is learned from labels, by its place in the matrix."""
        places = {feature.name: i for i, feature in enumerate(self.features_)}
        learned = [places[name] for encoder in self.learned_.columns for name in encoder.names]
        return {place: self.features_[place].bounds or (-np.inf, np.inf) for place in learned}

    def functions(self) -> Functions:
        """Those that the features name, the learned ones among them."""
        return self.learned_.functions(functions_of(self.source))

    def _encoded(self, columns: Columns, learning: Learning | None = None) -> Matrix:
        encoder = ColumnEncoder(self.schema, self.features_, self.functions())
        if learning is None:
            return encoder.encode(columns)
        learned = self._learned_bounds()
        others = [i for i in range(len(self.features_)) if i not in learned]
        matrix = np.empty((len(next(iter(columns.values()))), len(self.features_)), np.float32)
        matrix[:, others] = encoder.encode(columns, others)
        _put(matrix, learning.cross_fit.out_of_fold(), learned)
        return matrix

    def __setstate__(self, state: Any) -> None:
        super().__setstate__(state)
        # What comes after it in the pickle may be of a class that features.py defines.
        functions_of(self.source)

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


@dataclass(frozen=True, slots=True)
class FoldMatrices:
    """The matrices that a classifier may learn from: one of all rows, and one for each fold.

    They differ in the columns that are learned from labels: ``bounds`` has their places.
    """

    matrix: Matrix
    learning: Learning | None
    bounds: Mapping[int, tuple[float, float]]

    def remarks(self) -> Iterable[str]:
        """Notes for a person on what was learned from labels."""
        return () if self.learning is None else self.learning.remarks()

    def of_folds(self, folds: Sequence[Fold]) -> Sequence[Matrix]:
        """For each fold the matrix of all rows, as if the labels of its test rows were unknown."""
        if self.learning is None:
            return [self.matrix] * len(folds)
        cross_fit, matrices = self.learning.cross_fit.by(folds), []
        for number in range(len(folds)):
            matrix = self.matrix.copy()
            _put(matrix, cross_fit.of_fold(number), self.bounds)
            matrices.append(matrix)
        return matrices


def _put(matrix: Matrix, said: Matrix, bounds: Mapping[int, tuple[float, float]]) -> None:
    """Write the encoders' numbers into their columns, clipped to the columns' bounds."""
    lows, highs = np.array([*bounds.values()], np.float32).T
    matrix[:, [*bounds]] = np.clip(said, lows, highs)


class FramePipeline(Pipeline):  # type: ignore[misc]
    """A classifier on raw rows, with the steps ``encode`` and ``classify``.

    A row gets the same bits whatever rows it comes with. A prediction is what ``decision_`` says,
    which training sets where config.yml names a decision; else it is the class of the highest
    probability, the first where two are level.
    """

    def fit(self, X: object, y: object = None, **params: Any) -> Self:
        """Learn the features and the classifier; ``params`` are ``classify__...``."""
        own = {name.removeprefix("classify__"): value for name, value in params.items()}
        encode, classify = self.named_steps["encode"], self.named_steps["classify"]
        matrix = encode.fit_matrix(X, y)
        match_columns(classify, encode.features_)
        classify.fit(matrix, y, **own)
        return self

    def predict_proba(self, X: object) -> Any:
        """Probabilities of shape ``(rows, classes)``, in the order of ``classes_``."""
        check_is_fitted(self)
        matrix = self.named_steps["encode"].matrix(X)
        return probabilities(self.named_steps["classify"], matrix)

    def predict(self, X: object) -> Any:
        """The class of each row."""
        decision: Decision | None = getattr(self, "decision_", None)
        decide = likeliest_of_rows if decision is None else decision.of_rows
        return self.classes_[decide(self.predict_proba(X))]

    def score(self, X: object, y: Any = None, sample_weight: Any = None) -> float:
        """The accuracy."""
        return float(accuracy_score(y, self.predict(X), sample_weight=sample_weight))

    @property
    def feature_names_in_(self) -> Any:
        """The raw columns."""
        return self.named_steps["encode"].feature_names_in_

    @feature_names_in_.setter
    def feature_names_in_(self, names: object) -> None:
        """Nothing: SHAP's KernelExplainer sets it to ``None``, so as to pass arrays."""

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
    named = with_shared_leaves(estimator or config.estimator, config.publish.min_rows)
    classify = build_classifier(
        encode.plan,
        named,
        config.random_state,
        config.features,
        min_rows=config.publish.min_rows,
    )
    return FramePipeline([("encode", encode), ("classify", classify)])


def encoding_step(config: Config) -> EncodingStep:
    """A new, unfitted first step for a configuration.

    Raises:
        ConfigError: a derived feature names a function that there is not.
    """
    plan = feature_plan(config.row_schema(), config.derived, functions_of(config.features))
    return EncodingStep(config.row_schema(), plan, config.features, config.publish.min_rows)
