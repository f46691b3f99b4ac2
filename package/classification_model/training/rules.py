"""See that what config.yml says of a fit can be followed, before there is long work."""

from __future__ import annotations

from collections.abc import Sequence

from classification_model.config.core import Config, place_of
from classification_model.config.fitting_rules import Candidates
from classification_model.config.home import Home
from classification_model.config.schema import Label
from classification_model.errors import ConfigError
from classification_model.fitting_rules import check_monotonic, check_two_classes, check_weights
from classification_model.pipeline import build_pipeline
from classification_model.processing.weights import check_class_weight
from classification_model.progress import Progress
from classification_model.training.candidates import check_candidates

__all__ = ["check_rules"]

_KEYS = ("weight", "class_weight", "monotonic", "candidates")


def check_rules(config: Config, home: Home, classes: Sequence[Label], progress: Progress) -> None:
    """See that the classes, and what is to be fitted, can follow weights and constraints.

    Raises:
        ConfigError: they cannot; the line of the key is named.
    """
    for key in _KEYS:
        if key in config.model_fields_set:
            try:
                _check(config, key, classes)
            except ConfigError as error:
                raise ConfigError(f"{place_of(home, key)}: {error}") from None
    if config.candidates != Candidates() and config.estimator.name != "auto":
        progress.say("Note: candidates are for `estimator: auto`, and another is named: not used")
    if config.weight or config.class_weight:
        progress.say(
            "Note: rows count by their weights in fitting, and in what is chosen by that; judging, "
            "thresholds and sets count each row once"
        )


def _check(config: Config, key: str, classes: Sequence[Label]) -> None:
    added = config.candidates.add
    if key == "candidates":
        check_candidates(config.candidates)
    elif key == "class_weight":
        check_class_weight(config.class_weight, classes)
    elif key == "monotonic":
        check_two_classes(classes)
    for estimator in added.values() if config.estimator.name == "auto" else [config.estimator]:
        classify = build_pipeline(config, estimator).named_steps["classify"]
        if key == "monotonic":
            check_monotonic(classify)
        elif key != "candidates":
            check_weights(classify)
