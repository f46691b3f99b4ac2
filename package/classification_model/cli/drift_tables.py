"""What ``drift`` shows."""

from __future__ import annotations

from collections.abc import Iterator

from rich.markup import escape
from rich.table import Table

from classification_model.cli.tables import titled
from classification_model.monitoring.watch import DriftReport
from classification_model.plain_text import clean

__all__ = ["drift_lines", "drift_table"]


def drift_table(report: DriftReport) -> Table:
    """Each column of rows beside the training, what drifted most first."""
    table = titled(f"{report.rows:,} rows beside the {report.reference_rows:,} of the training")
    for heading in ("column", "verdict", "distance", "limit", "missing", "new", "changed most"):
        numeric = heading in ("distance", "limit", "missing", "new")
        table.add_column(heading, justify="right" if numeric else "left", overflow="fold")
    for one in report.columns:
        cells = [one.name, one.words, *one.numbers, one.change]
        table.add_row(*map(escape, map(clean, cells)), style="red" if one.drifted else "")
    return table


def drift_lines(report: DriftReport, refused: int) -> Iterator[str]:
    """What follows from it."""
    if refused:
        yield f"{refused:,} row(s) break a rule and were left out: predict says which"
    yield from (f"{one.name}: {one.change}" for one in report.answers)
    if report.expected_accuracy is not None:
        yield (
            f"Expected accuracy: {report.expected_accuracy:.1%}, while the probabilities are as "
            "right as they were on held-out rows"
        )
    if report.drifted:
        yield f"Drifted: {', '.join(map(clean, report.drifted))}"
    else:
        yield "Nothing drifted, as far as so many rows can show"
