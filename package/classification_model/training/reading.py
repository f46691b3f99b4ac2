"""Read the labelled table, and say what a person should know of it."""

from __future__ import annotations

from classification_model.config.class_names import check_class_names
from classification_model.config.core import Config
from classification_model.config.home import Home
from classification_model.estimators import stores_rows
from classification_model.processing import data_manager
from classification_model.processing.data_manager import Dataset
from classification_model.processing.few_rows import check_classes
from classification_model.progress import Progress

__all__ = ["read", "sampled"]


def read(config: Config, home: Home, progress: Progress) -> Dataset:
    """The labelled rows, with all that a person should know of them said.

    Raises:
        DataError: they cannot be read, or a class is too rare.
    """
    for note in config.notes():
        progress.say(f"Note: {note}")
    for name in stores_rows(config.estimator):
        progress.say(f"Note: {name} keeps rows of the table: who has the model, has those people")
    progress.say(f"Reading {config.dataset}")
    data = data_manager.load_dataset(config, home, progress)
    if data.units.repeats:
        how = {"together": "copies stay together", "apart": "each is drawn by itself"}
        progress.say(f"{data.units.repeats} row(s) repeat another: {how[data.units.copies]}")
    for note in data.notes:
        progress.say(f"Note: {note}")
    if data.unknown:
        names = ", ".join(map(repr, data.unknown))
        progress.say(
            f"Note: config.yml does not know {names}: not looked at; classification-model init "
            "--update adds what the table has got"
        )
    if data.unlabelled:
        progress.say(f"Left out {data.unlabelled} row(s) whose {config.target!r} is missing")
    check_classes(config.target, data.labels, config.publish.min_rows, data.groups)
    check_class_names(config, home, data.labels)
    return data


def sampled(data: Dataset, config: Config, progress: Progress) -> Dataset:
    """At most ``max_rows`` of the rows."""
    found = data_manager.sampled(data, config)
    if len(found) < len(data):
        how = "the newest" if data.units.by_time else "each class its share"
        progress.say(
            f"Note: {len(found)} of {len(data)} rows are learned from and judged by, {how}: "
            f"max_rows is {config.max_rows}"
        )
    return found
