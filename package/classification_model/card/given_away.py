"""The card's section on privacy: the rule of few rows, and what attacks found."""

from __future__ import annotations

from collections.abc import Iterator

from classification_model.card.document import Block, Bullets, Table, Text
from classification_model.card.facts import Facts

__all__ = ["given_away"]


def given_away(facts: Facts) -> Iterator[Block]:
    """State the rule that the bundle keeps, and what attacks on it found."""
    least = facts.min_rows
    if least > 1:
        yield Text(
            f"What fewer than {least} rows hold is not in the bundle: rare categories are one, "
            "ranges are rounded, examples and golden rows are made up, and small counts are "
            "hidden or rounded down. A model still answers for every row that it is asked about."
        )
    else:
        yield Text(
            "The configuration says that the data is public (publish: min_rows is 1): values of "
            "single rows are in the bundle."
        )
    if facts.audit is None:
        yield Text("It was not attacked while it was trained: classification-model audit does.")
        return
    yield Table(
        caption="Attacks that were made with the table at hand",
        header=("attack", "tried", "found", "note"),
        rows=[(one.name, one.tried, str(len(one.found)), one.note) for one in facts.audit.attacks],
        numeric=(2,),
    )
    if facts.audit.warnings:
        yield Bullets([*facts.audit.warnings])
