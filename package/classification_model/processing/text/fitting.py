"""Learn from texts and labels what each term speaks for. Not imported where a model serves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np

from classification_model.config.schema import MAX_CHARS
from classification_model.processing.arrays import Floats, Indices
from classification_model.processing.text.counting import count
from classification_model.processing.text.encoder import Terms, TextEncoder
from classification_model.processing.text.linear import Design, Linear, Vocabulary

__all__ = ["Parts", "Recipe", "TextColumn"]

Fold = tuple[Indices, Indices]
Parts = Literal["words", "characters", "both"]

_PENALTIES = (0.3, 1.0, 3.0, 10.0, 30.0, 100.0)
_FIRST = 2
_FOLDS_TO_CHOOSE_BY = 3


@dataclass(frozen=True, slots=True)
class Recipe:
    """Which terms are used, and ``C``, the inverse of the penalty on their coefficients."""

    parts: Parts = "both"
    C: float = _PENALTIES[_FIRST]


class TextColumn:
    """The texts of a column with the labels of their rows, counted once for all fits.

    Args:
        column: its name.
        texts: one for each row; ``None`` is missing.
        labels: the position of each row's class in ``classes``.
        classes: their names.
        min_rows: terms that fewer rows hold are not learned.
        who: a number for each row's group; then so many groups must hold a term.
        weights: how much each row counts; by default 1.
        max_chars: how much of a text is read.
    """

    def __init__(
        self,
        column: str,
        texts: Sequence[str | None],
        labels: Indices,
        classes: Sequence[str],
        *,
        min_rows: int,
        who: Indices | None = None,
        weights: Floats | None = None,
        max_chars: int = MAX_CHARS,
    ) -> None:
        self._column = column
        self._labels = labels
        self._classes = tuple(classes)
        self._min_rows = min_rows
        self._who = who
        self._weights = weights
        self._max_chars = max_chars
        self._counted = count([text or "" for text in texts], max_chars)

    def choose(self, folds: Sequence[Fold]) -> Recipe:
        """The recipe whose scores have the smallest log loss on rows that it was not fitted on.

        For words, characters and both, ``C`` goes up or down for as long as that helps.
        """
        compare = [self._comparison(*fold) for fold in folds[:_FOLDS_TO_CHOOSE_BY]]
        losses: dict[Recipe, float] = {}

        def loss(recipe: Recipe) -> float:
            if recipe not in losses:
                losses[recipe] = round(float(np.mean([each(recipe) for each in compare])), 9)
            return losses[recipe]

        every: tuple[Parts, ...] = ("both", "words", "characters")
        for parts in every:
            for penalties in (_PENALTIES[_FIRST:], _PENALTIES[_FIRST::-1]):
                recipes = [Recipe(parts, C) for C in penalties]
                for recipe, following in pairwise(recipes):
                    if loss(following) >= loss(recipe):
                        break
        return min(losses, key=lambda recipe: losses[recipe])

    def cost(self, folds: Sequence[Fold], recipe: Recipe) -> float:
        """By what share leaving out what few rows hold raises the log loss on other rows."""
        some = folds[:_FOLDS_TO_CHOOSE_BY]
        kept = np.mean([self._comparison(*fold)(recipe) for fold in some])
        every = np.mean([self._comparison(*fold, least=1)(recipe) for fold in some])
        return float(kept / every - 1)

    def fit(self, rows: Indices, recipe: Recipe) -> TextEncoder:
        """What is learned from some of the rows."""
        vocabulary = self._vocabulary(rows)
        model = self._linear(self._design(vocabulary, rows, recipe.parts), rows, recipe.C)
        return TextEncoder(
            column=self._column,
            classes=self._classes,
            trained_on=len(rows),
            familiar=vocabulary.familiar(self._counted.take(rows)),
            **self._terms(vocabulary, model, recipe.parts),
            intercepts=tuple(model.intercepts.astype("<f4").tolist()),
            max_chars=self._max_chars,
        )

    def _comparison(
        self, train: Indices, test: Indices, least: int | None = None
    ) -> Callable[[Recipe], float]:
        """The function from a recipe to its log loss on ``test``."""
        vocabulary = self._vocabulary(train, least)
        designs: dict[Parts, tuple[Design, Design]] = {}
        truth = self._labels[test]

        def loss(recipe: Recipe) -> float:
            if recipe.parts not in designs:
                fitted, asked = (
                    self._design(vocabulary, rows, recipe.parts) for rows in (train, test)
                )
                designs[recipe.parts] = fitted, asked
            fitted, asked = designs[recipe.parts]
            logs = self._linear(fitted, train, recipe.C).logs(asked)
            return -float(logs[np.arange(len(truth)), truth].mean())

        return loss

    def _vocabulary(self, rows: Indices, least: int | None = None) -> Vocabulary:
        who = None if self._who is None else self._who[rows]
        return Vocabulary.of(self._counted.take(rows), least or self._min_rows, who)

    def _design(self, vocabulary: Vocabulary, rows: Indices, parts: Parts) -> Design:
        return vocabulary.design(
            self._counted.take(rows), words=parts != "characters", groups=parts != "words"
        )

    def _linear(self, design: Design, rows: Indices, C: float) -> Linear:
        weights = None if self._weights is None else self._weights[rows]
        return Linear.fit(design, self._labels[rows], len(self._classes), C, weights)

    def _terms(self, vocabulary: Vocabulary, model: Linear, parts: Parts) -> dict[str, Terms]:
        """The terms with what they speak for.

        Where only groups of characters do, words are there, too: to say which are known.
        """
        (words, pairs, groups), names = vocabulary.kept, self._counted.names
        held, weights = vocabulary.rows, vocabulary.weights()
        scores = model.coefficients.shape[1]
        of_words = np.zeros((len(words), scores))
        of_groups = np.zeros((0, scores))
        if parts == "characters":
            pairs = pairs[:0]
            of_groups = model.coefficients
        else:
            of_words = model.coefficients[: len(words) + len(pairs)]
            of_groups = model.coefficients[len(words) + len(pairs) :]
        if parts == "words":
            groups = groups[:0]
        frequencies = np.concatenate([weights[0], weights[1][: len(pairs)]])
        return {
            "words": Terms.of(
                [*(names[0][i] for i in words), *(names[1][i] for i in pairs)],
                np.concatenate([held[0], held[1][: len(pairs)]]),
                of_words * frequencies[:, None],
            ),
            "groups": Terms.of(
                [names[2][i] for i in groups],
                held[2][: len(groups)],
                of_groups * weights[2][: len(groups), None],
            ),
        }
