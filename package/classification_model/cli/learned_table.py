"""What ``init`` shows: a table with what is worth a look, and the rest in few lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table

from classification_model.cli.tables import titled

if TYPE_CHECKING:
    from classification_model.init.inferred_schema import Finding, InferredSchema

__all__ = ["learned_summary", "learned_table"]

_MOST_COLUMNS = 40
_MOST_NAMES = 6
_MOST_WAYS = 5
_STYLES = {"used": "", "used, look at it": "yellow", "left out": "dim"}


def learned_table(learned: InferredSchema) -> Table:
    """One line for each column: what it is, how much is missing, and what was decided.

    What is worth a look comes first.

    Of more columns than one can look at, only the first of those that are not simply used.
    """
    findings = sorted(learned.findings, key=_worth_a_look)
    folded: list[Finding] = []
    if len(findings) > _MOST_COLUMNS:
        remarkable = sum(bool(found.reason) for found in findings)
        shown = min(remarkable, _MOST_COLUMNS)
        findings, folded = findings[:shown], findings[shown:]
    table = titled(
        f"Columns to predict {learned.target!r} from", caption="\n".join(_folded(folded)) or None
    )
    for heading in ("column", "kind", "missing", "values", "decision"):
        table.add_column(heading, justify="right" if heading == "missing" else "left")
    for finding in findings:
        why = f": {finding.reason}" if finding.reason else ""
        table.add_row(
            escape(finding.name),
            finding.column.kind,
            f"{finding.seen.missing / learned.rows:.0%}" if finding.seen.missing else "",
            escape(finding.values),
            escape(finding.decision + why),
            style=_STYLES[finding.decision],
        )
    return table


def _worth_a_look(found: Finding) -> int:
    return 0 if found.decision == "used, look at it" else 1 if found.reason else 2


def _folded(findings: Sequence[Finding]) -> Iterator[str]:
    """What is not shown of many columns, in a line each."""
    for decision, what in (("used, look at it", "to be looked at"), ("left out", "left out")):
        if names := [found.name for found in findings if found.decision == decision]:
            yield f"and {len(names)} columns that are {what}, as config.yml says: {_few(names)}"
    used = [found for found in findings if found.decision == "used"]
    if names := [found.name for found in used if found.reason]:
        yield f"and {len(names)} columns that are used, with a note in config.yml: {_few(names)}"
    kinds = Counter(found.column.kind for found in used if not found.reason)
    if kinds:
        more = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common())
        yield f"and {kinds.total()} columns that are simply used: {more}"


def _few(names: Sequence[str]) -> str:
    more = len(names) - _MOST_NAMES
    return ", ".join(names[:_MOST_NAMES]) + (f" and {more} more" if more > 0 else "")


def _written(findings: Iterable[Finding]) -> Iterator[str]:
    """How numbers and dates are written, each way once, with the columns that it is found in."""
    columns: dict[str, list[str]] = {}
    for found in findings:
        if found.written:
            columns.setdefault(found.written, []).append(found.name)
    for way, names in sorted(columns.items(), key=lambda item: -len(item[1]))[:_MOST_WAYS]:
        where = f"{len(names)} columns: {_few(names)}" if len(names) > 1 else repr(names[0])
        yield f"{way[0].upper()}{way[1:]} in {where}"
    if (more := len(columns) - _MOST_WAYS) > 0:
        yield f"and otherwise in {more} more way(s), as config.yml says"


def learned_summary(learned: InferredSchema) -> Iterator[str]:
    """The rows and the classes, in a line each."""
    extra = [f"{learned.duplicates} of them repeat another" if learned.duplicates else ""]
    if learned.unlabelled:
        extra.append(f"{learned.unlabelled} more left out, because their target is missing")
    yield f"{learned.rows} rows" + "".join(f"; {text}" for text in extra if text)
    shown = list(learned.classes.items())[:10]
    shares = ", ".join(f"{label} ({count / learned.rows:.1%})" for label, count in shown)
    more = len(learned.classes) - len(shown)
    yield f"{len(learned.classes)} classes: {shares}" + (f" and {more} more" if more else "")
    if learned.positive is not None:
        yield f"Curves, thresholds and words are about {learned.positive!r} (positive in config.yml)"
    yield from _written(learned.findings)
    for key, column in learned.hints[:2]:
        yield f"Perhaps hold rows out by it (split in config.yml): {key}: {column}"
    yield from (f"Note: {note}" for note in learned.notes)
