"""What the card says of groups: the columns that ``fairness`` names in config.yml."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from classification_model.card.document import Block, Section, Table, Text
from classification_model.card.few import shown_cells, shown_count
from classification_model.evaluation.report import Group, Report

__all__ = ["fairness"]

_CLASSES = 6
"""Of more classes, only errors are shown."""


def fairness(report: Report, least: int) -> Iterator[Section]:
    """The section on groups, if config.yml names some."""
    if report.groups:
        yield Section("How it treats groups", list(_blocks(report, least)))


def _blocks(report: Report, least: int) -> Iterator[Block]:
    hidden = f" What fewer than {least} rows hold is not shown." if least > 1 else ""
    yield Text(
        "The same model, on the held-out rows of each group. Where groups differ, look for why "
        "before you rely on it; groups of few rows differ by chance, too, and no rate here says "
        f"what would be fair.{hidden}"
    )
    for column, found in groupby(report.groups, key=lambda group: group.column):
        yield _table(report, column, [*found], least)


def _table(report: Report, column: str, groups: Sequence[Group], least: int) -> Table:
    rates = {"error rate": (_errors(groups), [group.rows for group in groups])}
    if report.positive is not None:
        rates |= _of_two(report, str(report.positive), groups)
    elif len(report.classes) <= _CLASSES:
        for k, label in enumerate(report.classes):
            counts = [sum(row[k] for row in group.confusion) for group in groups]
            rates[f"answered {label}"] = (counts, [group.rows for group in groups])
    columns = [_rates(counts, wholes, least) for counts, wholes in rates.values()]
    return Table(
        caption=f"By \u201c{column}\u201d",
        header=("group", "rows", *rates),
        rows=[
            (group.value, shown_count(group.rows, least), *cells)
            for group, *cells in zip(groups, *columns, strict=True)
        ],
        numeric=tuple(range(1, 2 + len(rates))),
    )


Counted = tuple[list[int], list[int]]
"""For each group how many rows, of how many."""


def _of_two(report: Report, positive: str, groups: Sequence[Group]) -> dict[str, Counted]:
    """Who is of the positive class, who is answered as such, and both kinds of mistakes."""
    of = [str(label) for label in report.classes].index(positive)
    tables = [group.confusion for group in groups]
    rows = [group.rows for group in groups]
    are = [sum(table[of]) for table in tables]
    alarms = [table[1 - of][of] for table in tables]
    return {
        f"are {positive}": (are, rows),
        f"answered {positive}": ([table[of][of] + table[1 - of][of] for table in tables], rows),
        f"missed, of {positive}": ([table[of][1 - of] for table in tables], are),
        "false alarms, of the others": (
            alarms, [all_ - some for all_, some in zip(rows, are, strict=True)],
        ),
    }  # fmt: skip


def _errors(groups: Sequence[Group]) -> list[int]:
    return [
        group.rows - sum(group.confusion[k][k] for k in range(len(group.confusion)))
        for group in groups
    ]


def _rates(counts: Sequence[int], wholes: Sequence[int], least: int) -> list[str]:
    """Shares, as bounds where few rows, or all but a few, are counted.

    The sums over the groups are known: what these and the other groups would tell is not shown.
    """
    left = [whole - count for count, whole in zip(counts, wholes, strict=True)]
    cells, others = shown_cells([counts, left], least)
    return [
        _rate(count, whole, cell, other, least)
        for count, whole, cell, other in zip(counts, wholes, cells, others, strict=True)
    ]


def _rate(count: int, whole: int, cell: str, other: str, least: int) -> str:
    if whole >= max(least, 1):
        if cell.startswith("<"):
            return f"<{least / whole:.1%}"
        if other.startswith("<"):
            return f">{1 - least / whole:.1%}"
        if "+" not in cell + other:
            return f"{count / whole:.1%}"
    return "\u2013"
