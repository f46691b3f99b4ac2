"""What a card says of the columns of a row."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from itertools import zip_longest

from classification_model.bundle.provenance import Recipe
from classification_model.card.document import Block, Table
from classification_model.card.facts import Facts
from classification_model.card.few import shown_share
from classification_model.config.schema import Column
from classification_model.evaluation.report import Report
from classification_model.processing.functions import functions_of
from classification_model.processing.profile import ColumnProfile
from classification_model.processing.text.encoder import TextEncoder

__all__ = ["columns"]

_TERMS = 15
"""Of a text, so many terms are shown for each class, and of so many classes."""

_CLASSES = 6


def columns(report: Report, facts: Facts) -> Iterator[Block]:
    """Each column with what training saw in it, and those that are left out."""
    yield Table(
        caption="What each column holds, and what training has seen in it",
        header=("column", "kind", "missing", "seen"),
        rows=[
            (
                name,
                column.kind,
                _missing(column, report, name, facts.min_rows),
                _seen(facts.profile.columns[name], facts.learned.texts().get(name)),
            )
            for name, column in facts.manifest.row_schema.columns.items()
        ],
        numeric=(2,),
    )
    if facts.manifest.recipe.derived:
        yield _derived(facts.manifest.recipe)
    for name, text in facts.learned.texts().items():
        telling = {k: v for k, v in [*text.telling(_TERMS).items()][:_CLASSES] if v}
        yield Table(
            caption=f"Of \u201c{name}\u201d, the terms that speak most for each class",
            header=[*map(facts.manifest.name_of, telling)],
            rows=[*zip_longest(*telling.values(), fillvalue="")],
        )
    if facts.left_out:
        yield Table(
            caption="Columns that the model does not look at",
            header=("column", "why"),
            rows=list(facts.left_out.items()),
        )


def _derived(recipe: Recipe) -> Table:
    """The features that are computed, in the words of their functions."""
    functions = functions_of(recipe.features).by_name
    return Table(
        caption="Features that are computed from these columns",
        header=("feature", "of", "kind", "what it is"),
        rows=[
            (name, ", ".join(one.inputs), one.kind, _words(functions.get(one.function)))
            for name, one in recipe.derived.items()
        ],
    )


def _words(function: object) -> str:
    """The first paragraph of what a function says of itself."""
    said = inspect.getdoc(function) if function is not None else None
    return (said or "").partition("\n\n")[0]


def _missing(column: Column, report: Report, name: str, least: int) -> str:
    if column.required:
        return "refused"
    share = report.missing[name]
    return shown_share(share, report.training_rows, least) if share else "never"


def _seen(seen: ColumnProfile, text: TextEncoder | None) -> str:
    if text:
        words, groups = len(text.words.names), len(text.groups.names)
        return f"{words:,} words and pairs, {groups:,} groups of characters are known"
    if seen.categories:
        more = len(seen.categories) - 8
        shown = ", ".join([*seen.categories][:8])
        return shown + (f" and {more} more" if more > 0 else "")
    low, high = seen.range()
    if low is not None and high is not None:
        return " to ".join(b if isinstance(b, str) else f"{b:g}" for b in (low, high))
    return ""
