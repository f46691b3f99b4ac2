"""Evaluate, audit and compare models that were saved."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from classification_model import bundle
from classification_model.bundle import Bundle
from classification_model.bundle.provenance import Comparison
from classification_model.config.core import Config, load_config
from classification_model.config.home import Home
from classification_model.errors import DataError
from classification_model.evaluation import Metrics, comparison, score
from classification_model.evaluation.metrics import align
from classification_model.evaluation.paired import (
    class_shares,
    guess_losses,
    judge,
    judge_recipes,
    margin_of,
)
from classification_model.evaluation.slice_changes import ByColumn
from classification_model.predict import Model, load_model
from classification_model.processing import data_manager
from classification_model.processing.data_manager import Dataset
from classification_model.processing.reading import blocks
from classification_model.progress import Progress
from classification_model.publishing.audit import audit
from classification_model.publishing.findings import Audit
from classification_model.publishing.of_home import people_of, published_by, table_of
from classification_model.training import fitting
from classification_model.training.recipes import as_trained, fitted_here, recipe_of

__all__ = ["Evaluation", "SideBySide", "audit_home", "compare_homes", "evaluate_saved"]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A saved model, and its metrics: of its training, or on the rows of a file."""

    model: Model
    metrics: Metrics


@dataclass(frozen=True, slots=True)
class SideBySide:
    """Two saved models, and how they compare on rows that neither has seen."""

    old: Bundle
    new: Bundle
    comparison: Comparison
    schema_changes: tuple[str, ...]

    def markdown(self, shown: int = 20) -> str:
        """The comparison as text for a pull request, with so many of the flipped rows."""
        return comparison.markdown(
            self.comparison,
            old=self.old.manifest.version,
            new=self.new.manifest.version,
            changes=self.schema_changes,
            shown=shown,
        )


def evaluate_saved(
    home: str | os.PathLike[str] | None = None,
    *,
    labelled: Path | None = None,
    progress: Progress | None = None,
) -> Evaluation:
    """How good the model of a home is.

    Args:
        home: see :meth:`Home.find`.
        labelled: a CSV whose rows it answers; without one the figures of its training, which are
            those of the same recipe without the rows that were held out.
        progress: is told of the rows.

    Raises:
        DataError: the CSV cannot be read, or has a class that the model does not know.
    """
    place = Home.find(home)
    model = load_model(place)
    if labelled is None:
        found = {name: model.manifest.metrics[name] for name in Metrics.model_fields}
        return Evaluation(model, Metrics.model_validate(found))
    data = _read_labelled(labelled, model, place, progress)
    scores = model.score_columns(data.columns)
    return Evaluation(
        model, score(data.labels, scores, model.manifest.classes, model.manifest.decision)
    )


def audit_home(
    home: str | os.PathLike[str] | None = None, *, progress: Progress | None = None
) -> Audit:
    """Attack what a home would publish; for membership its recipe is fitted without the rest.

    Raises:
        BundleError: there is no model, or it is not whole.
        DataError: the table cannot be read.
    """
    place = Home.find(home)
    source = bundle.load(place)
    config = _config_of(source, load_config(place))
    data = data_manager.sampled(data_manager.load_dataset(config, place, progress), config)
    split = data_manager.split_dataset(data, config)
    train = fitting.encode(config, split.train)
    judged = fitting.fit(config, source.manifest.choice, train)
    shipped = fitting.encode(config, data) if source.manifest.refitted else train
    return audit(
        published_by(place, config, source),
        people_of(config, place, data, split.train),
        table_of(config, place),
        fitting.confidence(judged, split),
        fitting.met(shipped, data, split),
    )


def _config_of(source: Bundle, config: Config) -> Config:
    """What a model was trained by: config.yml may be of another, before one or after one."""
    recipe = source.manifest.recipe
    if recipe.is_same(recipe_of(config, source.manifest.choice)):
        return config
    others = [name for name in (*config.columns, *config.ignored) if name not in recipe.columns]
    then = as_trained(recipe, config)
    return then.model_copy(update={"ignored": dict.fromkeys(others, "not of this model")})


def compare_homes(
    old: str | os.PathLike[str],
    new: str | os.PathLike[str],
    *,
    labelled: Path | None = None,
    progress: Progress | None = None,
) -> SideBySide:
    """Compare the recipes of two homes, or on a file of labelled rows their models as they are.

    Args:
        old: the home of the one.
        new: the home of the other. Without a file both recipes are fitted on its training rows
            and answer those that are held out, so that neither has seen them.
        labelled: a CSV with rows that neither model has seen.
        progress: is told of the rows.

    Raises:
        DataError: the two cannot be compared.
    """
    theirs_home, place = Home.find(old), Home.find(new)
    theirs, ours = bundle.load(theirs_home), bundle.load(place)
    if set(theirs.manifest.classes) != set(ours.manifest.classes):
        raise DataError("the models cannot be compared: their classes are others")
    if labelled is None:
        found = _recipes(theirs, ours, place, progress)
    else:
        found = _as_they_are(theirs, ours, labelled, place, progress)
    changes = comparison.schema_changes(theirs.manifest.row_schema, ours.manifest.row_schema)
    return SideBySide(theirs, ours, found, tuple(changes))


def _recipes(theirs: Bundle, ours: Bundle, place: Home, progress: Progress | None) -> Comparison:
    """Both recipes, fitted on the same rows."""
    config = load_config(place)
    if {theirs.manifest.target, ours.manifest.target} != {config.target}:
        raise DataError("the models cannot be compared: they predict other columns")
    data = data_manager.sampled(data_manager.load_dataset(config, place, progress), config)
    split = data_manager.split_dataset(data, config)
    old, new = (fitted_here(one.manifest.recipe, config, place, split) for one in (theirs, ours))
    guess, rule = new.guess(), config.gate
    return comparison.compare(
        old.outcomes(),
        new.outcomes(),
        new.classes,
        lines=split.held_out.lines.tolist(),
        paired=judge_recipes(
            old.losses, new.losses, guess, margin=rule.margin, share=rule.share_of_gain
        ),
        by=ByColumn(config.row_schema(), split.train.columns, split.held_out.columns),
    )


def _as_they_are(
    theirs: Bundle, ours: Bundle, labelled: Path, place: Home, progress: Progress | None
) -> Comparison:
    """Both models on rows that neither has seen."""
    classes = ours.manifest.classes
    answers = []
    for one in (theirs, ours):
        model = Model(one)
        data = _read_labelled(labelled, model, place, progress)
        order = [one.manifest.classes.index(label) for label in classes]
        found = align(data.labels, model.score_columns(data.columns)[:, order], classes)
        answers.append(found)
    old, new = answers
    guess = guess_losses(new.truth, class_shares(data.labels, classes))
    return comparison.compare(
        old, new, classes,
        lines=data.lines.tolist(),
        paired=judge(old.losses, new.losses, margin_of(old.losses, guess)),
        by=ByColumn(ours.manifest.row_schema, data.columns, data.columns),
    )  # fmt: skip


def _read_labelled(labelled: Path, model: Model, home: Home, progress: Progress | None) -> Dataset:
    """A labelled CSV, read as the model reads rows; config.yml may be of the next training."""
    manifest = model.manifest
    schema = manifest.row_schema
    reading = Config(
        pipeline_save_file="model",
        dataset=str(labelled.resolve()),
        target=manifest.target,
        missing_markers=schema.missing_markers,
        keep_total=manifest.keep_total,
        columns=schema.columns,
        test_size=manifest.held_out.size,
        random_state=manifest.held_out.seed,
        estimator=manifest.choice.estimator,
        digest="",
        encoding=blocks.head(str(labelled), (), hint=manifest.encoding).encoding,
    )
    data = data_manager.load_dataset(reading, home, progress)
    if unknown := sorted({str(label) for label in data.labels if label not in manifest.classes}):
        raise DataError(
            f"{labelled}: class {unknown[0]!r} of {manifest.target!r} is not one of those that "
            f"model {manifest.version} knows: {', '.join(map(str, manifest.classes))}"
        )
    return data
