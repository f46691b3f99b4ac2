"""An attack on the features: each state that the model tells apart, and who is in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from classification_model.config.schema import RowSchema
from classification_model.processing.arrays import Floats
from classification_model.processing.columns import ColumnEncoder, results_of
from classification_model.processing.features import Feature
from classification_model.processing.few_rows import bounds, held_by, number_of_holders
from classification_model.processing.functions import Functions
from classification_model.publishing.findings import Attack, Finding
from classification_model.publishing.people import People

__all__ = ["states"]


def states(people: People, features: Sequence[Feature], functions: Functions) -> Attack:
    """Count who is in each state of a feature: a category, "other", missing, beyond a bound.

    A derived feature has states, too, whose columns no file shows.
    """
    plain = [replace(f, bounds=None, missing_as=None, other_as=None) for f in features]
    encoder = ColumnEncoder(RowSchema(columns={}), plain, functions)
    found = []
    for i, feature in enumerate(features):
        if feature.kind == "category":
            told = _of_categories(people, feature, functions)
        else:
            told = _of_numbers(people, feature, encoder.numbers(i, people.columns))
        where = f"features.{feature.name}"
        found += [Finding(file="manifest", where=where, what=what) for what in told]
    return Attack(name="states of features", tried=f"{len(features)} features", found=tuple(found))


def _of_categories(people: People, feature: Feature, functions: Functions) -> Iterator[str]:
    codes, values = results_of(feature, people.columns, functions)
    counts = held_by(codes, len(values), people.groups).tolist()
    named = [None if value is None else str(value) for value in values]
    few = [v for v, n in zip(named, counts, strict=True) if v in feature.categories
           and 0 < n < people.least]  # fmt: skip
    if few:
        yield f"{len(few)} categories that fewer than {people.least} hold"
    known = {*feature.categories, None}
    other = np.array([value not in known for value in named])[codes]
    missing = np.array([value is None for value in named])[codes]
    by_itself = feature.other_as is None or feature.other_as >= len(feature.categories)
    if by_itself and _held_by_few(people, other):
        yield f'an "other" that fewer than {people.least} are'
    if feature.missing_as is None and _held_by_few(people, missing):
        yield f"a missing value that fewer than {people.least} miss"


def _of_numbers(people: People, feature: Feature, numbers: Floats) -> Iterator[str]:
    if feature.missing_as is None and _held_by_few(people, np.isnan(numbers)):
        yield f"a missing value that fewer than {people.least} miss"
    if feature.looks_up:
        levels = np.unique(numbers[~np.isnan(numbers)])
        if any(_held_by_few(people, numbers == level) for level in levels):
            yield f"a level of an order that fewer than {people.least} hold"
        return
    low, high = feature.bounds or (-np.inf, np.inf)
    allowed = bounds(numbers, people.least, people.groups) or (0.0, 0.0)
    told = ((numbers < allowed[0]) & (numbers >= low)) | (
        (numbers > allowed[1]) & (numbers <= high)
    )
    if told.any():
        yield f"numbers beyond those that {people.least} reach"


def _held_by_few(people: People, mask: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> bool:
    return 0 < number_of_holders(mask, people.groups) < people.least
