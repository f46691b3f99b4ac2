"""A classifier that adds up the margins of boosted trees, linear models and small networks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import Tags
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from classification_model.learners import boosting
from classification_model.learners.members import Member, Rows, Told, fit
from classification_model.learners.networks import Layers, Preparation
from classification_model.learners.trees import Trees, joined
from classification_model.processing.arrays import Matrix

__all__ = ["Blend", "softmax"]


class Blend(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Margins of several members, weighted and added up; their softmax is the answer.

    Adding margins up is taking the geometric mean of probabilities (an opinion pool). Weights
    that do not add up to one make the answer more or less sure: temperature scaling (Guo et
    al., "On Calibration of Modern Neural Networks", ICML 2017).

    Args:
        members: what is added up.
        categories: the columns that hold codes of categories.
        min_rows: the fewest training rows that a leaf, a bound or a category's column stands for.
        random_state: of what is drawn.

    Fitted, it holds arrays: ``trees_`` or None, ``preparation_`` or None, ``layers_``; and
    ``native_``, the categorical columns that trees know as such.
    """

    row_independent = True

    def __init__(
        self,
        members: Sequence[Member] = (("lightgbm", 1.0, {}),),
        categories: Sequence[int] = (),
        min_rows: int = 5,
        random_state: int = 0,
    ) -> None:
        self.members = members
        self.categories = categories
        self.min_rows = min_rows
        self.random_state = random_state

    def fit(
        self,
        X: Matrix,
        y: npt.ArrayLike,
        sample_weight: npt.NDArray[np.float64] | None = None,
        told: Told = lambda _: None,
    ) -> Self:
        """Fit the members; ``told`` is called again and again with the share that is done."""
        X, y = validate_data(self, X, y, dtype=np.float32, ensure_all_finite="allow-nan")
        check_classification_targets(y)
        if sample_weight is not None:
            sample_weight = _check_sample_weight(sample_weight, X)
        self.classes_, target = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError("Classifier can't train when only one class is present.")
        self.native_ = boosting.native(X, self.categories)
        self.preparation_: Preparation | None = None
        if any(name != "lightgbm" for name, _, _ in self.members):
            self.preparation_ = Preparation.of(X, self.categories, min_rows=self.min_rows)
        rows = Rows(
            boosting.with_codes(X, self.native_), self.native_,
            X if self.preparation_ is None else self.preparation_(X), target, self.min_rows,
            sample_weight,
        )  # fmt: skip
        parts = fit(self.members, rows, self.random_state, told)
        trees = [part for part in parts if isinstance(part, Trees)]
        self.trees_ = joined(trees) if trees else None
        self.layers_ = tuple(part for part in parts if isinstance(part, Layers))
        return self

    def decision_function(self, X: Matrix) -> npt.NDArray[np.float32]:
        """The margins, shape ``(rows,)`` for two classes, else ``(rows, classes)``."""
        margins = self._margins(X)
        return margins[:, 0] if len(self.classes_) == 2 else margins

    def predict_proba(self, X: Matrix) -> npt.NDArray[np.float64]:
        """Probabilities, shape ``(rows, classes)``."""
        return softmax(self._margins(X))

    def predict(self, X: Matrix) -> npt.NDArray[Any]:
        """The likeliest class of each row."""
        likeliest = self.predict_proba(X).argmax(axis=1)
        found: npt.NDArray[Any] = self.classes_[likeliest]
        return found

    def _margins(self, X: Matrix) -> npt.NDArray[np.float32]:
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float32, ensure_all_finite="allow-nan", reset=False)
        width = len(self.classes_) if len(self.classes_) > 2 else 1
        margins = np.zeros((len(X), width), np.float32)
        if self.trees_ is not None:
            coded = boosting.with_codes(X, self.native_)
            margins = self.trees_.margins(coded, width)
        if self.preparation_ is not None:
            # One product for each row: a product of many rows rounds each by their number and order.
            rows = np.ascontiguousarray(self.preparation_(X))[:, np.newaxis]
            for layers in self.layers_:
                margins = margins + layers.margins(rows)[:, 0]
        return margins

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags


def softmax(margins: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """Probabilities from margins; a single margin is that of the second of two classes."""
    if margins.shape[1] == 1:
        margins = margins * np.array([-0.5, 0.5], margins.dtype)
    grown = np.exp(margins.astype(np.float64) - margins.max(axis=1, keepdims=True))
    probabilities: npt.NDArray[np.float64] = grown / grown.sum(axis=1, keepdims=True)
    return probabilities
