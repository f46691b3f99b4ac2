"""Look again at models that were saved: how good, and how do two compare."""

from __future__ import annotations

import os
from dataclasses import dataclass

from classification_model import bundle
from classification_model.bundle import Bundle
from classification_model.bundle.provenance import Comparison
from classification_model.config.core import load_config
from classification_model.config.home import Home
from classification_model.errors import DataError
from classification_model.evaluation import Metrics, comparison, score
from classification_model.predict import Model, load_model
from classification_model.processing import data_manager
from classification_model.progress import Progress
from classification_model.training import gate

__all__ = ["Evaluation", "SideBySide", "compare_homes", "evaluate_saved"]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A saved model, and its metrics on the rows that its training held out."""

    model: Model
    metrics: Metrics


@dataclass(frozen=True, slots=True)
class SideBySide:
    """Two saved models, compared on the rows that the new one's training held out."""

    old: Bundle
    new: Bundle
    comparison: Comparison
    schema_changes: tuple[str, ...]

    def markdown(self) -> str:
        """The comparison as text for a pull request."""
        return comparison.markdown(
            self.comparison,
            old=self.old.manifest.version,
            new=self.new.manifest.version,
            changes=self.schema_changes,
        )


def evaluate_saved(
    home: str | os.PathLike[str] | None = None, *, progress: Progress | None = None
) -> Evaluation:
    """Judge the model that a home holds on the rows that its training held out.

    Raises:
        DataError: the CSV is not the one that the model was trained on, so that nobody knows
            which of its rows the model has not seen.
    """
    place = Home.find(home)
    config = load_config(place)
    model = load_model(place)
    data = data_manager.load_dataset(config, place, progress)
    if not model.manifest.is_of(data_sha256=data.digest, config_sha256=config.digest):
        raise DataError(
            f"{place.path}: {config.dataset} or config.yml changed since the model was trained, "
            "so its held-out rows are no longer known; train again"
        )
    held_out = data_manager.split_dataset(data, config).held_out
    scores = model.score_columns(held_out.columns)
    return Evaluation(model, score(held_out.labels, scores, model.manifest.classes))


def compare_homes(
    old: str | os.PathLike[str],
    new: str | os.PathLike[str],
    *,
    progress: Progress | None = None,
) -> SideBySide:
    """Two homes' models on the rows that the new one's training held out.

    Raises:
        DataError: the two cannot be compared, or the new one's data changed since.
    """
    place = Home.find(new)
    config, ours, theirs = load_config(place), bundle.load(place), bundle.load(Home.find(old))
    data = data_manager.load_dataset(config, place, progress)
    if not ours.manifest.is_of(data_sha256=data.digest, config_sha256=config.digest):
        raise DataError(
            f"{place.path}: {config.dataset} or config.yml changed since the model was trained"
        )
    held_out = data_manager.split_dataset(data, config).held_out
    scores = gate.score_as(theirs, ours, held_out)
    if isinstance(scores, str):
        raise DataError(f"the models cannot be compared: {scores}")
    found = comparison.compare(
        held_out.labels,
        scores,
        Model(ours).score_columns(held_out.columns),
        ours.manifest.classes,
        seed=config.random_state,
    )
    changes = comparison.schema_changes(theirs.manifest.row_schema, ours.manifest.row_schema)
    return SideBySide(theirs, ours, found, tuple(changes))
