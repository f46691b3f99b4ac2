"""Learn encoders from the columns and labels of a table. Not imported where a model serves."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from classification_model.config.schema import RowSchema
from classification_model.processing import target_statistics
from classification_model.processing.arrays import Indices, Matrix
from classification_model.processing.cross_fitting import CrossFit, Fold, Says
from classification_model.processing.features import Feature
from classification_model.processing.learned import Encoder, Learned
from classification_model.processing.target_statistics import MISSING_CODE
from classification_model.processing.text.fitting import Recipe, TextColumn
from classification_model.processing.typed_columns import Columns, TypedColumn

__all__ = ["ONE_HOT", "Learning", "learnable", "stratified"]

ONE_HOT = 64
"""Up to so many categories a column has a column of the matrix for each; beyond, statistics."""

FitColumn = Callable[[Indices], Encoder]


def learnable(plan: Sequence[Feature], columns: Columns, min_rows: int) -> tuple[Feature, ...]:
    """The features of a plan that are learned: texts, and columns of many categories."""
    return tuple(
        feature
        for feature in plan
        if feature.kind == "text"
        or (
            feature.kind == "category"
            and feature.function is None
            and _many(columns[feature.inputs[0]], min_rows)
        )
    )


@dataclass(frozen=True, slots=True)
class Learning:
    """Encoders that were learned from all rows, and cross-fitted ones for the same rows.

    Attributes:
        learned: the encoders of all rows, which serve.
        cross_fit: encodes a row by encoders that have not seen its label; all columns side by side.
        texts: the columns of text, with the recipe chosen for each.
        min_rows: what fewer rows hold was not learned.
    """

    learned: Learned
    cross_fit: CrossFit
    texts: dict[str, tuple[TextColumn, Recipe]]
    folds: Sequence[Fold]
    min_rows: int

    @classmethod
    def of(
        cls,
        features: Sequence[Feature],
        schema: RowSchema,
        columns: Columns,
        labels: Sequence[object],
        folds: Sequence[Fold],
        *,
        min_rows: int,
        who: Indices | None = None,
    ) -> Learning:
        """Learn the features from labelled rows.

        Args:
            features: those of :func:`learnable`.
            schema: the columns.
            columns: the typed columns of the rows.
            labels: their classes.
            folds: by which texts choose what they use, and by which rows are parted.
            min_rows: what fewer rows hold is not learned.
            who: a number for each row's group; then so many groups must hold it.
        """
        classes, truth = np.unique([str(label) for label in labels], return_inverse=True)
        chosen: dict[str, tuple[TextColumn, Recipe]] = {}
        fits: dict[str, FitColumn] = {}
        for feature in features:
            (name,) = feature.inputs
            column = columns[name]
            if feature.kind == "text":
                texts = TextColumn(
                    name, [None if v is None else str(v) for v in column.each()], truth,
                    classes.tolist(), min_rows=min_rows, who=who,
                    max_chars=schema.columns[name].max_chars,
                )  # fmt: skip
                chosen[name] = texts, texts.choose(folds)
                fits[name] = _fit_text(*chosen[name])
            else:
                fits[name] = _fit_codes(name, column, truth, classes.tolist(), min_rows, who)

        def fit(rows: Indices) -> Says:
            looks = [(columns[name], fit_one(rows).reader()) for name, fit_one in fits.items()]
            return lambda asked: np.hstack([_said(column, look, asked) for column, look in looks])

        everybody = np.arange(len(truth))
        learned = Learned(columns=tuple(fit_one(everybody) for fit_one in fits.values()))
        cross_fit = CrossFit(fit, folds, len(truth))
        return cls(learned, cross_fit, chosen, folds, min_rows)

    def remarks(self) -> Iterator[str]:
        """What was chosen for each text, and what it costs to leave out what few rows hold."""
        for name, (texts, recipe) in self.texts.items():
            cost = texts.cost(self.folds, recipe) if self.min_rows > 1 and self.folds else 0.0
            kept = (
                f"; leaving out what fewer than {self.min_rows} rows hold costs {cost:.1%} of the "
                "log loss, and `publish: min_rows: 1` is for public texts"
            )
            yield f"{name}: learned from its {recipe.parts}{kept if cost > 0 else ''}"


def stratified(labels: Sequence[object], seed: int) -> list[Fold]:
    """Five folds of rows, or as many as the smallest class has rows; each has its share of each class."""
    _, truth, counts = np.unique(
        [str(label) for label in labels], return_inverse=True, return_counts=True
    )
    random = np.random.default_rng(seed)
    number = np.empty(len(truth), np.int64)
    for position in range(len(counts)):
        members = random.permutation(np.flatnonzero(truth == position))
        number[members] = np.arange(len(members)) % 5
    found = [number == fold for fold in range(5)]
    return [(np.flatnonzero(~test), np.flatnonzero(test)) for test in found if test.any()]


def _said(
    column: TypedColumn, look: Callable[[object], tuple[float, ...]], rows: Indices
) -> Matrix:
    codes, numbers = column.take(rows).seen(look)
    return np.array(numbers, np.float32)[codes]


def _fit_text(texts: TextColumn, recipe: Recipe) -> FitColumn:
    return lambda rows: texts.fit(rows, recipe)


def _fit_codes(
    name: str,
    column: TypedColumn,
    truth: Indices,
    classes: Sequence[str],
    min_rows: int,
    who: Indices | None,
) -> FitColumn:
    codes = [MISSING_CODE if value is None else str(value) for value in column.each()]

    def fit(rows: Indices) -> Encoder:
        return target_statistics.fit(
            name, [codes[i] for i in rows.tolist()], truth[rows], classes, min_rows=min_rows,
            who=None if who is None else who[rows].tolist(),
        )  # fmt: skip

    return fit


def _many(column: TypedColumn, min_rows: int) -> bool:
    codes, values = column.distinct()
    return int((np.bincount(codes, minlength=len(values)) >= min_rows).sum()) > ONE_HOT
