"""scikit-learn's own checks of estimators, on the pipeline that is built for a table.

The pipeline that a training saves has the columns of its table, and scikit-learn's checks bring
tables of any width. So they go through :class:`AnyWidth`, which builds for each table the
pipeline that a home with these columns would have, and does nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import Tags
from sklearn.utils.estimator_checks import parametrize_with_checks
from sklearn.utils.validation import check_is_fitted

from classification_model.config.schema import Column, EstimatorConfig, RowSchema
from classification_model.estimators import build_classifier
from classification_model.pipeline import EncodingStep, FramePipeline
from classification_model.processing.features import feature_plan

SCHEMA = RowSchema(columns={"x": Column(kind="number"), "c": Column(kind="category")})


class AnyWidth(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """The pipeline of a home whose columns are the numbers of whatever table it is fitted on."""

    def __init__(self, name: str = "logistic_regression") -> None:
        self.name = name

    def fit(self, X: Any, y: Any) -> Self:
        shape = X.shape if hasattr(X, "tocsr") else np.asarray(X).shape
        width = shape[1] if len(shape) == 2 else 1
        names = [*X.columns] if hasattr(X, "columns") else [f"x{i}" for i in range(width)]
        schema = RowSchema(columns={str(name): Column(kind="number") for name in names})
        encode = EncodingStep(schema, feature_plan(schema, {}))
        classify = build_classifier(encode.plan, EstimatorConfig(name=self.name), 0)
        self.pipe_ = FramePipeline([("encode", encode), ("classify", classify)]).fit(X, y)
        self.classes_ = self.pipe_.classes_
        self.n_features_in_ = self.pipe_.n_features_in_
        if hasattr(X, "columns"):
            self.feature_names_in_ = self.pipe_.feature_names_in_
        return self

    def predict(self, X: Any) -> Any:
        check_is_fitted(self)
        return self.pipe_.predict(X)

    def predict_proba(self, X: Any) -> Any:
        check_is_fitted(self)
        return self.pipe_.predict_proba(X)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags


NOT_FOR_THIS = {
    "check_complex_data": "it is refused, by row and column, as any value that is no number",
    "check_dtype_object": "an object is refused, by row and column, and not in NumPy's words",
    "check_estimators_empty_data_messages": "a home has at least one column",
}
"""Checks of scikit-learn that cannot pass, and why."""


@pytest.mark.filterwarnings("ignore")
@parametrize_with_checks(  # type: ignore[untyped-decorator]
    [AnyWidth(), AnyWidth("hist_gradient_boosting")], expected_failed_checks=lambda _: NOT_FOR_THIS
)
def test_the_pipeline_is_an_estimator_as_scikit_learn_checks(
    estimator: Any, check: Callable[[Any], None]
) -> None:
    check(estimator)
