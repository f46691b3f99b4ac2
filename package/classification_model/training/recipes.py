"""A recipe on the rows of a training: fitted on the training rows, asked about the held-out ones."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from classification_model.bundle.provenance import Choice, Recipe
from classification_model.config.core import Config
from classification_model.config.home import Home
from classification_model.config.schema import Column, Label
from classification_model.errors import DataError
from classification_model.evaluation import Report
from classification_model.evaluation.metrics import Outcomes, align, positions
from classification_model.evaluation.paired import class_shares, guess_losses
from classification_model.inference.engines import Probabilities
from classification_model.pipeline import FramePipeline
from classification_model.processing.arrays import Floats
from classification_model.processing.data_manager import Split, load_dataset, sampled
from classification_model.processing.decisions import Decision
from classification_model.processing.sets import PredictionSets
from classification_model.progress import Progress
from classification_model.training import fitting

__all__ = ["Candidate", "Contestant", "as_trained", "fitted_here", "recipe_of"]


def recipe_of(config: Config, choice: Choice) -> Recipe:
    """What config.yml asks for, and what was chosen."""
    own = bool(config.derived) or "features." in choice.model_dump_json()
    return Recipe(
        target=config.target,
        columns=config.columns,
        derived=config.derived,
        features=config.features if own else "",
        seed=config.random_state,
        estimator=config.estimator,
        chosen=choice.estimator,
        publish=config.publish,
        metric=config.metric,
        max_model_mb=config.max_model_mb,
        weight=config.weight,
        class_weight=config.class_weight,
        monotonic=config.monotonic,
        candidates=config.candidates,
    )


@dataclass
class Contestant:
    """A recipe on the two parts of a table.

    Attributes:
        config: says how to encode, and has the seed.
        choice: has the estimator that is fitted.
        split: the rows with the columns that the recipe needs.
        pipelines: what was fitted already, by the number of its seed.
        answers: the probabilities of the held-out rows, by the same number.
        decision: how it answers with one class; by default with the most probable one.
        sets: how it answers with a set of classes, where that is asked for.
        progress: told how far a fit is.
    """

    config: Config
    choice: Choice
    split: Split
    pipelines: dict[int, FramePipeline] = field(default_factory=dict)
    answers: dict[int, Probabilities] = field(default_factory=dict)
    decision: Decision | None = None
    sets: PredictionSets | None = None
    progress: Progress | None = None

    def pipeline(self, number: int = 0) -> FramePipeline:
        """Fitted on the training rows, with the recipe's seed or one of the next."""
        if number not in self.pipelines:
            config = self.config.model_copy(
                update={"random_state": (self.config.random_state + number) % 2**32}
            )
            self.pipelines[number] = fitting.fit(config, self.choice, self.encoded, self.progress)
        return self.pipelines[number]

    @cached_property
    def encoded(self) -> fitting.Encoded:
        """The training rows as the classifier sees them, whatever its seed."""
        return fitting.encode(self.config, self.split.train)

    @cached_property
    def classes(self) -> tuple[Label, ...]:
        """The labels as plain values, in the order of the probabilities."""
        plain = {label: label for label in self.split.train.labels}
        return tuple(plain[label] for label in self.pipeline().classes_.tolist())

    def outcomes(self, number: int = 0) -> Outcomes:
        """Its answers to the held-out rows beside the truth."""
        held_out = self.split.held_out
        if number not in self.answers:
            pipeline = self.pipeline(number)
            matrix = pipeline.named_steps["encode"].matrix(held_out.typed())
            self.answers[number] = fitting.scores(pipeline, matrix)
        return align(held_out.labels, self.answers[number], self.classes, self.decision)

    @cached_property
    def out_of_fold(self) -> Outcomes:
        """Its answers to the training rows, each by a fit without the row's fold."""
        config, train = self.config, self.split.train
        rows, scores = fitting.out_of_fold(config, self.choice, self.encoded, self.classes)
        return align([train.labels[i] for i in rows.tolist()], scores, self.classes)

    def losses(self, number: int = 0) -> Floats:
        """The log loss of each held-out row."""
        return self.outcomes(number).losses

    def guess(self) -> Floats:
        """The losses of answering the class shares of the training rows."""
        shares = class_shares(self.split.train.labels, self.classes)
        return guess_losses(positions(self.split.held_out.labels, self.classes), shares)


def fitted_here(
    recipe: Recipe, config: Config, home: Home, split: Split, progress: Progress | None = None
) -> Contestant:
    """Fit a recipe of an earlier training on the same rows.

    How values are written is the table's affair, so config.yml says it; a column that config.yml
    no longer names is read as the recipe read it.

    Args:
        recipe: of the same target.
        config: of this training.
        home: where the table is.
        split: this training's rows.
        progress: told how far the fit is.

    Raises:
        ClassificationModelError: a column, a function or an estimator that it needs is not here.
    """
    then = as_trained(recipe, config)
    rows, choice = _rows(then, config, home, split), Choice(estimator=recipe.chosen)
    contestant = Contestant(then, choice, rows, progress=progress)
    contestant.pipeline()
    return contestant


def as_trained(recipe: Recipe, config: Config) -> Config:
    """What config.yml said when a recipe was trained, read as the table is written today."""
    return config.model_copy(
        update={
            "columns": {n: _column(n, column, config) for n, column in recipe.columns.items()},
            "ignored": {},
            "derived": recipe.derived,
            "features": recipe.features,
            "random_state": recipe.seed,
            "estimator": recipe.chosen,
            "publish": recipe.publish,
            "weight": recipe.weight,
            "class_weight": recipe.class_weight,
            "monotonic": recipe.monotonic,
        }
    )


def _column(name: str, then: Column, config: Config) -> Column:
    now = config.columns.get(name)
    if now is not None and now.kind == then.kind:
        return now
    return Column(kind=then.kind, date_format=then.date_format)


def _rows(then: Config, config: Config, home: Home, split: Split) -> Split:
    """The rows of the split, with the columns of a recipe."""
    same_weight = then.weight in (None, config.weight)
    if same_weight and all(config.columns.get(n) == column for n, column in then.columns.items()):
        return split
    # Read as this training reads: the seed draws the same records.
    reader = then.model_copy(update={"random_state": config.random_state})
    data = sampled(load_dataset(reader, home), reader)
    if len(data) != len(split.mask):
        raise DataError("the table has changed while it was read; train again")
    return Split.of(data, split.mask)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A new recipe that the gate has to judge.

    Attributes:
        version: the version that it would have.
        recipe: what shapes it.
        contestant: the recipe on this training's rows.
        report: how good it is on those held out.
    """

    version: str
    recipe: Recipe
    contestant: Contestant
    report: Report

    @property
    def config(self) -> Config:
        return self.contestant.config
