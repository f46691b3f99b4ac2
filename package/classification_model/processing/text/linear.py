"""A linear model of the classes on the terms of texts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.optimize import minimize
from scipy.special import log_softmax
from threadpoolctl import threadpool_limits

from classification_model.processing.arrays import Floats, Indices
from classification_model.processing.text.counting import Counted, holders
from classification_model.processing.text.encoder import idf

__all__ = ["Design", "Linear", "Vocabulary"]


_MOST_TERMS = 50_000
_ROUNDS = 200
# Where a round lowers the loss by a smaller share it ends.
_EXACT, _ROUGH = 1e-9, 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Vocabulary:
    """The terms that enough texts hold: for words, pairs and groups the columns, and who holds."""

    kept: tuple[Indices, Indices, Indices]
    rows: tuple[Indices, Indices, Indices]
    trained_on: int

    @classmethod
    def of(cls, counted: Counted, least: int, who: Indices | None = None) -> Vocabulary:
        """Find the terms that ``least`` texts hold; of more than 50,000 the commonest."""
        held = (
            holders(counted.words, who=who),
            holders(counted.pairs, who=who),
            holders(counted.words, within=counted.groups, who=who),
        )
        kept = tuple(_commonest(counts, least) for counts in held)
        rows = tuple(counts[columns] for counts, columns in zip(held, kept, strict=True))
        return cls(kept, rows, len(counted))  # type: ignore[arg-type]

    def familiar(self, counted: Counted) -> float:
        """The share of texts with words that hold one that is kept."""
        some = (counted.words.sum(axis=1) > 0).sum()
        return float((counted.words[:, self.kept[0]].sum(axis=1) > 0).sum() / max(some, 1))

    def weights(self) -> tuple[Floats, Floats, Floats]:
        """The inverse document frequencies of the terms."""
        words, pairs, groups = (idf(rows, self.trained_on) for rows in self.rows)
        return words, pairs, groups

    def design(self, counted: Counted, *, words: bool, groups: bool) -> Design:
        """Texts as vectors of these terms, scaled as the encoder scales them."""
        of_words, of_pairs, of_groups = self.weights()
        kept_words, kept_pairs, kept_groups = self.kept
        outer = sparse.hstack(
            [counted.words[:, kept_words] * of_words, counted.pairs[:, kept_pairs] * of_pairs],
            format="csr",
        )
        inner = (counted.groups[:, kept_groups] * of_groups).tocsr()
        squares = counted.words.power(2) @ (inner.power(2) @ np.ones(inner.shape[1]))
        return Design(
            _shortened(outer, outer.power(2) @ np.ones(outer.shape[1])) if words else outer[:, :0],
            _shortened(counted.words, squares),
            inner if groups else inner[:, :0],
        )


@dataclass(frozen=True, slots=True, eq=False)
class Design:
    """Texts as vectors: of their words and pairs, and of the groups that are in their words.

    The latter is ``texts @ groups``, which is never multiplied out: it is twenty times as large.
    """

    words: sparse.csr_array
    texts: sparse.csr_array
    groups: sparse.csr_array

    @property
    def width(self) -> int:
        return int(self.words.shape[1] + self.groups.shape[1])

    def scores(self, coefficients: Floats) -> Floats:
        """Coefficients of shape ``(width, scores)`` to scores of shape ``(texts, scores)``."""
        words = self.words.shape[1]
        scores: Floats = self.words @ coefficients[:words]
        scores += self.texts @ (self.groups @ coefficients[words:])
        return scores

    def back(self, residuals: Floats) -> Floats:
        """The gradient by coefficient, from the gradient by score."""
        of_groups = self.groups.T @ (self.texts.T @ residuals)
        return np.vstack([self.words.T @ residuals, of_groups])


@dataclass(frozen=True, slots=True, eq=False)
class Linear:
    """Coefficients of shape ``(terms, scores)``, and as many intercepts as there are scores."""

    coefficients: Floats
    intercepts: Floats

    @classmethod
    def fit(
        cls,
        design: Design,
        labels: Indices,
        classes: int,
        penalties: Floats,
        weights: Floats | None = None,
        begin: Linear | None = None,
    ) -> Linear:
        """Multinomial logistic regression with quadratic penalties, as scikit-learn's.

        Of two classes only the second has a score. ``penalties`` are those of words and of groups;
        scikit-learn's ``C`` is the inverse of one. From ``begin``, a model with other penalties, it
        is a shorter way, which ends earlier: good enough to compare.
        """
        of_row = np.ones(len(labels)) if weights is None else weights
        scores, total = (classes if classes > 2 else 1), of_row.sum()
        truth = np.eye(classes)[labels]
        penalty = np.repeat(penalties, [design.words.shape[1], design.groups.shape[1]])[:, None]

        def loss(parameters: Floats) -> tuple[float, Floats]:
            model = cls._of(parameters, scores)
            logs = model.logs(design)
            residuals = ((np.exp(logs) - truth) * of_row[:, None])[:, -scores:]
            gradient = np.vstack([design.back(residuals), residuals.sum(axis=0)])
            gradient[:-1] += penalty * model.coefficients
            value = -(logs * truth).sum(axis=1) @ of_row
            value += (penalty * model.coefficients**2).sum() / 2
            return value / total, gradient.ravel() / total

        zeros = np.zeros((design.width + 1) * scores)
        first = (
            zeros if begin is None else np.vstack([begin.coefficients, begin.intercepts]).ravel()
        )
        # How a product is rounded depends on the threads, and the bundle's bytes on that.
        with threadpool_limits(limits=1):
            found = minimize(
                loss, first, jac=True, method="L-BFGS-B",
                options={"maxiter": _ROUNDS, "gtol": 1e-6, "ftol": _EXACT if begin is None else _ROUGH},
            )  # fmt: skip
        return cls._of(found.x, scores)

    @classmethod
    def _of(cls, parameters: Floats, scores: int) -> Linear:
        both = parameters.reshape(-1, scores)
        return cls(both[:-1], both[-1])

    def logs(self, design: Design) -> Floats:
        """The logarithm of each class's probability, shape ``(texts, classes)``."""
        scores = design.scores(self.coefficients) + self.intercepts
        if scores.shape[1] == 1:
            scores = np.hstack([np.zeros_like(scores), scores])
        logs: Floats = log_softmax(scores, axis=1)
        return logs


def _commonest(counts: Indices, least: int) -> Indices:
    held = np.flatnonzero(counts >= least)
    by_count = held[np.argsort(-counts[held], kind="stable")]
    return np.sort(by_count[:_MOST_TERMS])


def _shortened(matrix: sparse.csr_array, squares: Floats) -> sparse.csr_array:
    """Rows divided by the root of ``squares``; where that is 0 they stay."""
    factors = 1 / np.sqrt(np.where(squares > 0, squares, 1.0))
    return (sparse.diags_array(factors) @ matrix).tocsr()
