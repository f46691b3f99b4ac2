"""What held-out rows look like, and a model's answers to them: it has not seen them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from classification_model.config.schema import Label
from classification_model.processing.arrays import Indices
from classification_model.processing.few_rows import held_by, number_of_holders
from classification_model.processing.measures import Measure, measured
from classification_model.processing.profile import ColumnProfile, HeldOutProfile
from classification_model.processing.profiling import (
    Rule,
    binned,
    held_categories,
    missing_rows,
    profile_of_column,
)
from classification_model.processing.typed_columns import UNKNOWN, Columns, TypedColumn

__all__ = ["profile_of_answers"]

MOST_BINS = 17
"""So many categories have a bin of their own."""

# Expected rows of a bin, so that the rule of few rows hardly ever chooses among them.
_ENOUGH = 20
_KNOWN_SHARES = (0.0, 0.25, 0.5, 0.75, 0.9)


def profile_of_answers(
    held_out: Columns,
    train: Columns,
    predicted: Sequence[Label],
    confidence: npt.NDArray[np.float64],
    texts: Mapping[str, Measure],
    *,
    min_rows: int,
    groups: Indices | None = None,
    train_groups: Indices | None = None,
) -> HeldOutProfile:
    """What rows that a model has not seen, and its answers to them, look like.

    Args:
        held_out: the columns of the rows.
        train: the columns of categories, of the rows that the model was fitted on.
        predicted: the class that was answered, for each row.
        confidence: the probability of each answer, shape ``(rows,)``.
        texts: by column of text, the share of its words that the model knows.
        min_rows: how many rows, or groups, must hold what is said.
        groups: the number of each held-out row's group.
        train_groups: the same of the rows that the model was fitted on.
    """
    rule = Rule(min_rows, groups)
    sure = TypedColumn(UNKNOWN, [], confidence)
    return HeldOutProfile(
        rows=len(predicted),
        texts={name: _of_text(held_out[name], by, rule) for name, by in texts.items()},
        categories={
            name: _commonest(train[name], held_out[name], rule)
            for name in train
            if _many(train[name], Rule(min_rows, train_groups))
        },
        prediction=profile_of_column(
            "category", TypedColumn.of(map(str, predicted)), min_rows, groups
        ),
        confidence=binned(ColumnProfile(), sure, float, rule),
    )


def _of_text(column: TypedColumn, by: Measure, rule: Rule) -> ColumnProfile:
    """How many texts there are by the share of their words that is known.

    Texts in a bin that few are in count for the next one.
    """
    shares = measured(column, by)
    there, last = ~np.isnan(shares), len(_KNOWN_SHARES)
    places = np.searchsorted(_KNOWN_SHARES, shares, side="left")
    # Upwards, and what few are left with at the top goes down again.
    for place, next_ in [*pairwise(range(last + 1)), *pairwise(range(last, -1, -1))]:
        inside = there & (places == place)
        if number_of_holders(inside, rule.groups) < rule.least:
            places[inside] = next_
    if number_of_holders(there, rule.groups) < rule.least:
        there[:] = False
    counts = np.bincount(places[there], minlength=last + 1)
    return ColumnProfile(
        missing=missing_rows(column, rule), edges=_KNOWN_SHARES, counts=tuple(counts.tolist())
    )


def _many(column: TypedColumn, rule: Rule) -> bool:
    """Whether not every category of a column has enough rows, and a bin of its own."""
    codes, values = column.distinct()
    there = np.array([value is not None for value in values], np.bool_)
    held = held_by(codes, len(values), rule.groups)[there]
    return len(held) > MOST_BINS or bool((held < rule.least).any())


def _commonest(train: TypedColumn, held_out: TypedColumn, rule: Rule) -> ColumnProfile:
    """The held-out rows of each of the commonest categories of the others."""
    codes, values = train.distinct()
    counts = np.bincount(codes, minlength=len(values)) * len(held_out) / max(1, len(train))
    order = np.argsort(-counts, kind="stable").tolist()
    known = [values[i] for i in order if values[i] is not None and counts[i] >= _ENOUGH]
    held = held_categories(held_out, *rule)
    chosen = {str(value): held[str(value)] for value in known[:MOST_BINS] if str(value) in held}
    return ColumnProfile(
        missing=missing_rows(held_out, rule), categories=dict(sorted(chosen.items()))
    )
