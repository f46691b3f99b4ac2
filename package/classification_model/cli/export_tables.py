"""What ``export`` shows."""

from __future__ import annotations

from collections.abc import Iterator

from rich.markup import escape
from rich.table import Table

from classification_model.cli.tables import titled
from classification_model.monitoring.store_export import Exported
from classification_model.monitoring.truth import Interval
from classification_model.plain_text import clean

__all__ = ["export_lines", "versions_table"]

_SHOWN = 5


def versions_table(found: Exported) -> Table:
    """What each served model made of the rows, with 95% intervals."""
    table = titled("What the served model made of these rows", caption="in brackets: 95% intervals")
    for heading in ("version", "rows", "accuracy", "log loss (0 is best)"):
        table.add_column(heading, justify="left" if heading == "version" else "right")
    for one in found.versions:
        cells = (f"{one.rows:,}", _shown(one.accuracy, ".1%"), _shown(one.log_loss, ".4f"))
        table.add_row(escape(clean(one.version)), *cells)
    return table


def export_lines(found: Exported, output: str) -> Iterator[str]:
    """What was written, and what was left out."""
    for reason in found.refused[:_SHOWN]:
        yield f"Left out: {clean(reason)}"
    if len(found.refused) > _SHOWN:
        yield f"Left out: {len(found.refused) - _SHOWN:,} more, which --json names"
    if found.without_inputs:
        yield (
            f"Left out: {found.without_inputs:,} row(s) whose inputs were not kept; "
            "STORE_INPUTS=yes keeps them"
        )
    if found.corrected:
        yield (
            f"The last {found.corrected:,} row(s) were exported before with another label: where "
            "your table has them, change the label there instead of appending them"
        )
    yield f"Wrote {output}: {found.rows:,} row(s)"


def _shown(found: Interval, form: str) -> str:
    """A figure with its interval, where it has one."""
    ends = (found.low, found.high)
    around = [format(end, form) for end in ends if end is not None]
    return format(found.value, form) + (f" \\[{', '.join(around)}]" if around else "")
