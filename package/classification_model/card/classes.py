"""What the card says of each class: its rows, and how well it is found."""

from __future__ import annotations

from collections.abc import Iterator

from classification_model.card.document import Table
from classification_model.card.few import shown_cells
from classification_model.card.quality import count, interval
from classification_model.evaluation.report import Report

__all__ = ["classes", "hardly_found"]

_HARDLY = 1 / 3
"""Of a class that is hardly found the model finds less."""


def classes(report: Report, least: int) -> Table:
    """The classes with their rows and, of those held out, precision, recall and F1."""
    (held_out,) = shown_cells([[sum(row) for row in report.confusion]], least)
    return Table(
        caption="Classes: of the held-out rows, how many that were so answered are right "
        "(precision), how many of the class were found (recall), and F1, which joins both",
        header=(
            "class", "training rows", "share", "held-out rows", "precision", "recall", "F1",
            "95% interval of F1",
        ),
        rows=[
            (
                str(label),
                count(report.class_rows[k]),
                f"{report.class_rows[k] / report.training_rows:.1%}",
                held_out[k],
                _precision(report, k, least),
                _recall(report, k, least),
                f"{report.f1[k].value:.3f}",
                interval(report.f1[k]),
            )
            for k, label in enumerate(report.classes)
        ],
        numeric=tuple(range(1, 8)),
    )  # fmt: skip


def hardly_found(report: Report, least: int) -> Iterator[str]:
    """The classes of which few held-out rows are found, the worst first, with how many are."""
    shares = [
        (row[k] / sum(row), k)
        for k, row in enumerate(report.confusion)
        if sum(row) >= max(least, 1)
    ]
    for share, k in sorted(shares):
        if share < _HARDLY:
            row = report.confusion[k]
            found = shown_cells([row], least)[0][k]
            yield f"{report.classes[k]} ({found} of {count(sum(row))})"


def _recall(report: Report, k: int, least: int) -> str:
    row = report.confusion[k]
    return _share(row[k], sum(row), shown_cells([row], least)[0][k], least)


def _precision(report: Report, k: int, least: int) -> str:
    column = [row[k] for row in report.confusion]
    cells = [shown_cells([row], least)[0][k] for row in report.confusion]
    # A column whose other cells are hidden hides its sum.
    if sum(column) < max(least, 1):
        return "\u2013"
    hidden = [cell for i, cell in enumerate(cells) if i != k and not _plain(cell)]
    if hidden and 0 < sum(column) - column[k] < least:
        return f">{1 - least / sum(column):.2f}"
    return "\u2013" if hidden else _share(column[k], sum(column), cells[k], least)


def _share(some: int, whole: int, cell: str, least: int) -> str:
    """A share of rows, or a bound where the count is one; nothing where there are too few rows."""
    if whole < max(least, 1):
        return "\u2013"
    if cell.startswith("<"):
        return f"<{least / whole:.2f}"
    if 0 < whole - some < least:
        return f">{1 - least / whole:.2f}"
    return f"{some / whole:.2f}" if _plain(cell) else "\u2013"


def _plain(cell: str) -> bool:
    return cell[-1].isdigit() and not cell.startswith("<")
