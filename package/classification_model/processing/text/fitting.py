"""Learn from texts and labels what each term speaks for. Not imported where a model serves."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from classification_model.config.schema import MAX_CHARS
from classification_model.processing.arrays import Floats, Indices
from classification_model.processing.text.counting import count
from classification_model.processing.text.encoder import Terms, TextEncoder
from classification_model.processing.text.linear import Design, Linear, Vocabulary

__all__ = ["Recipe", "TextColumn"]

Fold = tuple[Indices, Indices]

_PENALTIES = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0)
_FIRST = 3.0
_FOLDS_TO_CHOOSE_BY = 3


@dataclass(frozen=True, slots=True)
class Recipe:
    """``C``, the inverse of the penalty on coefficients: of words and their pairs, and of groups.

    Where one is 0, such terms are not used.
    """

    words: float = _FIRST
    groups: float = _FIRST

    @property
    def parts(self) -> str:
        """What is used, for a person."""
        if not self.groups:
            return "words"
        return "words and characters" if self.words else "characters"

    def beside(self) -> Iterator[Recipe]:
        """The recipes with one of the two a step up or down."""
        for part, C in (("words", self.words), ("groups", self.groups)):
            for step in (1, -1) if C else ():
                place = _PENALTIES.index(C) + step
                if 0 <= place < len(_PENALTIES):
                    yield replace(self, **{part: _PENALTIES[place]})


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

        For both kinds of terms, and for each alone, it goes to a better one beside for as long as
        there is one.
        """
        compare = [self._comparison(*fold) for fold in folds[:_FOLDS_TO_CHOOSE_BY]]
        losses: dict[Recipe, float] = {}

        def loss(recipe: Recipe) -> float:
            if recipe not in losses:
                losses[recipe] = round(float(np.mean([each(recipe) for each in compare])), 9)
            return losses[recipe]

        both = _climb(Recipe(), loss)
        for alone in (replace(both, groups=0), replace(both, words=0)):
            _climb(alone, loss)
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
        model = self._linear(self._design(vocabulary, rows, recipe), rows, recipe)
        return TextEncoder(
            column=self._column,
            classes=self._classes,
            trained_on=len(rows),
            familiar=vocabulary.familiar(self._counted.take(rows)),
            **self._terms(vocabulary, model, recipe),
            intercepts=tuple(model.intercepts.astype("<f4").tolist()),
            max_chars=self._max_chars,
        )

    def _comparison(
        self, train: Indices, test: Indices, least: int | None = None
    ) -> Callable[[Recipe], float]:
        """The function from a recipe to its log loss on ``test``."""
        vocabulary = self._vocabulary(train, least)
        designs: dict[str, tuple[Design, Design]] = {}
        last: dict[str, Linear] = {}
        truth = self._labels[test]

        def loss(recipe: Recipe) -> float:
            if recipe.parts not in designs:
                fitted, asked = (self._design(vocabulary, rows, recipe) for rows in (train, test))
                designs[recipe.parts] = fitted, asked
            fitted, asked = designs[recipe.parts]
            begin = last.get(recipe.parts)
            model = last[recipe.parts] = self._linear(fitted, train, recipe, begin)
            logs = model.logs(asked)
            return -float(logs[np.arange(len(truth)), truth].mean())

        return loss

    def _vocabulary(self, rows: Indices, least: int | None = None) -> Vocabulary:
        who = None if self._who is None else self._who[rows]
        return Vocabulary.of(self._counted.take(rows), least or self._min_rows, who)

    def _design(self, vocabulary: Vocabulary, rows: Indices, recipe: Recipe) -> Design:
        return vocabulary.design(
            self._counted.take(rows), words=recipe.words > 0, groups=recipe.groups > 0
        )

    def _linear(
        self, design: Design, rows: Indices, recipe: Recipe, begin: Linear | None = None
    ) -> Linear:
        weights = None if self._weights is None else self._weights[rows]
        penalties = 1 / np.array([recipe.words or np.inf, recipe.groups or np.inf])
        return Linear.fit(design, self._labels[rows], len(self._classes), penalties, weights, begin)

    def _terms(self, vocabulary: Vocabulary, model: Linear, recipe: Recipe) -> dict[str, Terms]:
        """The terms with what they speak for.

        Where only groups of characters do, words are there, too: to say which are known.
        """
        (words, pairs, groups), names = vocabulary.kept, self._counted.names
        held, weights = vocabulary.rows, vocabulary.weights()
        if not recipe.groups:
            groups = groups[:0]
        of_words, of_groups = np.split(model.coefficients, [len(model.coefficients) - len(groups)])
        if not recipe.words:
            pairs, of_words = pairs[:0], np.zeros((len(words), of_groups.shape[1]))
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


def _climb(recipe: Recipe, loss: Callable[[Recipe], float]) -> Recipe:
    while better := next((one for one in recipe.beside() if loss(one) < loss(recipe)), None):
        recipe = better
    return recipe
