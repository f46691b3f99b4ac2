"""Tables and lines that the commands print."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import metadata
from typing import TYPE_CHECKING, Any

from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from classification_model.bundle import Bundle, Manifest
from classification_model.bundle.provenance import Comparison
from classification_model.config.schema import RowSchema, class_name
from classification_model.errors import shorten
from classification_model.processing.profile import ColumnProfile, Profile

if TYPE_CHECKING:  # what loads scikit-learn is loaded by the commands that need it
    from classification_model.batch import Scored
    from classification_model.evaluation import Metrics, Report
    from classification_model.init.update import Update
    from classification_model.publishing.findings import Audit

__all__ = [
    "audit_lines",
    "audit_table",
    "comparison_table",
    "description",
    "files_table",
    "flips_table",
    "libraries_table",
    "metrics_table",
    "predicts",
    "schema_table",
    "scored_summary",
    "titled",
    "update_lines",
]

_MOST_CLASSES = 10
_MOST_REASONS = 5
_COLOURS = {"better": "green", "level": "green", "unclear": "yellow", "worse": "red"}


def predicts(manifest: Manifest) -> str:
    """The target and its classes in a line; where they have names, each beside the CSV's own."""
    return f"Predicts {manifest.target}: {_classes(manifest)}"


def _classes(manifest: Manifest) -> str:
    named = ((str(label), manifest.name_of(label)) for label in manifest.classes)
    classes = " | ".join(name if name == own else f"{name} ({own})" for own, name in named)
    positive = manifest.positive
    return classes + (f" (positive: {manifest.name_of(positive)})" if positive is not None else "")


def update_lines(found: Update) -> Iterator[str]:
    """What was added to a config.yml, and what a person may want to look at."""
    yield from found.diff.splitlines()
    for line in found.otherwise:
        yield f"Look: {line}"
    if found.added:
        yield f"Added {len(found.added)} column(s) to {found.home.config_file}; the rest is as it was"
    else:
        yield f"{found.home.config_file} knows every column of the table; nothing was written"


def metrics_table(found: Report | Metrics, on: str | None = None) -> Table:
    """The metrics; of a report with their intervals, and beside what takes no effort.

    ``on`` names the file whose rows were answered, where they are not those held out.
    """
    from classification_model.evaluation import NAMES, Metrics, Report

    where = f"of {on}" if on else "held out of training"
    table = titled(f"On {found.rows} rows {where}")
    table.add_column("metric", no_wrap=True)
    table.add_column("value", justify="right", no_wrap=True)
    whole, effortless = found, []
    if isinstance(found, Report):
        table.add_column("95% interval", no_wrap=True)
        whole, effortless = found.metrics, [one.metrics for one in found.baselines]
        for one in found.baselines:
            table.add_column(escape(one.name), justify="right")
    for name, words in NAMES.items():
        cells = [f"{getattr(whole, name):.3f}"]
        if isinstance(found, Report):
            sure = getattr(found, name)
            cells.append(f"{sure.low:.3f} to {sure.high:.3f}")
        table.add_row(words, *cells, *(f"{getattr(one, name):.3f}" for one in effortless))
    if isinstance(found, Metrics):
        table.add_row("accuracy of always the commonest class", f"{found.majority_accuracy:.3f}")
    return table


def comparison_table(found: Comparison) -> Table:
    """The metrics of two models on the same rows, with the intervals of their differences."""
    table = titled("")
    table.title = Text.assemble(
        f"Against the old one, on the same {found.rows} rows: ",
        (found.verdict, _COLOURS[found.verdict]),
    )
    for heading in ("metric", "old", "new", "difference", "95% interval"):
        table.add_column(heading, justify="left" if heading == "metric" else "right")
    for d in found.differences:
        interval = f"{d.low:+.4f} to {d.high:+.4f}"
        change = f"{d.new - d.old:+.4f}"
        table.add_row(d.metric, f"{d.old:.4f}", f"{d.new:.4f}", change, interval)
    return table


def flips_table(found: Comparison, labels: Mapping[str, str], shown: int = 20) -> Table | str:
    """The held-out rows that the two models label differently, with the classes' names."""
    if not found.flips:
        return "No row gets another label"
    more = len(found.flips) - shown
    gained = sum(flip.new == flip.truth for flip in found.flips)
    lost = sum(flip.old == flip.truth for flip in found.flips)
    title = (
        f"{len(found.flips)} rows get another label, {gained} for the better, {lost} for the worse"
    )
    table = titled(title + (f", the first {shown}" if more > 0 else ""))
    for heading in ("line", "truth", "old", "new"):
        table.add_column(heading)
    for flip in found.flips[:shown]:
        old, new = (
            f"{class_name(label, labels)} ({share:.0%})"
            for label, share in (
                (flip.old, flip.old_probability), (flip.new, flip.new_probability),
            )
        )  # fmt: skip
        cells = (flip.line, class_name(flip.truth, labels), old, new)
        table.add_row(*(escape(str(cell)) for cell in cells))
    return table


def schema_table(schema: RowSchema, profile: Profile) -> Table:
    """The columns: a value must be there, or how often it was missing, and what was seen."""
    table = titled("Columns of a row")
    for heading in ("column", "kind", "missing", "seen in training"):
        table.add_column(heading)
    for name, column in schema.columns.items():
        seen = profile.columns[name]
        missing = f"{seen.missing / profile.rows:.0%}" if seen.missing else ""
        missing = "refused" if column.required else missing
        table.add_row(escape(name), column.kind, missing, escape(_seen(seen)))
    return table


def files_table(found: Bundle) -> Table:
    """The files, each of which was found as it was saved."""
    table = titled(f"Model {found.manifest.version}, bundle {found.digest[:16]}")
    table.add_column("file", overflow="fold")
    table.add_column("bytes", justify="right", no_wrap=True)
    table.add_column("sha256", no_wrap=True)
    for record in found.manifest.files.values():
        table.add_row(escape(record.name), f"{record.size:,}", record.sha256[:16])
    return table


def libraries_table(found: Bundle) -> Table:
    """The libraries that the model was made with, and those that are here."""
    table = titled(f"Made with Python {found.manifest.python} and these libraries")
    for heading in ("library", "then", "now"):
        table.add_column(heading)
    for name, version in found.manifest.libraries.items():
        installed = _installed(name)
        style = "" if installed == version else "yellow"
        table.add_row(name, version, installed, style=style)
    return table


def description(found: Bundle, next_version: str | None) -> Iterator[str]:
    """What the model is, in a line for each fact; ``next_version`` is what VERSION says."""
    manifest = found.manifest
    chosen = manifest.choice.estimator
    members = ", ".join(member.name for member in chosen.members)
    raised = "" if next_version in (manifest.version, None) else f" (VERSION says {next_version})"
    yield f"Version   {manifest.version}{raised}"
    yield f"Predicts  {manifest.target}: {_classes(manifest)}"
    yield f"Learned   from {manifest.rows} rows"
    yield f"Estimator {chosen.name}" + (f" of {members}" if members else "")
    yield f"Accuracy  {manifest.metrics['accuracy']:.3f} on held-out rows"
    yield f"Engine    {'onnx' if '.onnx' in found.contents else 'sklearn only'}"
    yield f"Bundle    {found.digest}"


def audit_table(audit: Audit) -> Table:
    """One line for each attack: how much was tried, and how much was found."""
    table = titled(f"Model {audit.version}: what tells of fewer than {audit.min_rows} rows")
    for heading in ("attack", "tried", "found", ""):
        table.add_column(heading, justify="right" if heading == "found" else "left")
    for one in audit.attacks:
        style = "red" if one.found else ""
        table.add_row(one.name, one.tried, str(len(one.found)), escape(one.note), style=style)
    return table


def audit_lines(audit: Audit, shown: int = 20) -> Iterator[str]:
    """Each finding with its place, and the conclusion."""
    for finding in audit.findings[:shown]:
        yield f"{finding.file}, {finding.where}: {finding.what}"
    if len(audit.findings) > shown:
        yield f"and {len(audit.findings) - shown} more; --json lists them all"
    for finding in audit.named[:shown]:
        yield f"By hand, and it stays: {finding.file}, {finding.where}: {finding.what}"
    yield from (f"Warning: {warning}" for warning in audit.warnings)
    if audit.findings:
        yield "Do not publish it: train it again with this version of the package, or mend config.yml"
    else:
        yield "Nothing was found. What a model gives away by being one is in SECURITY.md"


def scored_summary(scored: Scored, output: str) -> Iterator[str]:
    """How many rows there were, what became of them, and what was unusual about them."""
    if scored.reused:
        yield f"{scored.reused} part(s) were there from an earlier run"
    yield f"Scored {scored.scored:,} of {scored.read:,} row(s) into {output}"
    if scored.rejected:
        yield f"Rejected {scored.rejected:,} row(s): see {scored.rejected_file}"
        for (column, reason), count in scored.reasons.most_common(_MOST_REASONS):
            yield f"  {count:,} row(s){f', {column}' if column else ''}: {shorten(reason)}"
        if len(scored.reasons) > _MOST_REASONS:
            yield f"  and {len(scored.reasons) - _MOST_REASONS} more reasons"
    named = [(label, n) for label, n in scored.predicted.most_common() if n and label is not None]
    if named:
        shares = (
            f"{class_name(label, scored.labels)} {rows:,} ({rows / scored.scored:.1%})"
            for label, rows in named[:_MOST_CLASSES]
        )
        yield f"Predicted: {', '.join(shares)}" + (", ..." if len(named) > _MOST_CLASSES else "")
    if abstained := scored.predicted[None]:
        yield f"No decision: {abstained:,} row(s) ({abstained / scored.scored:.1%})"
    yield from (f"Note: {note}" for note in scored.notes)
    for (column, rule), (count, message) in scored.warned.items():
        yield f"  {count:,} row(s), {column}: {rule}; the first: {message}"


class _Folding(Table):
    """A table that folds what is too long for a narrow terminal: a name that is cut is none."""

    def add_column(self, *args: Any, overflow: Any = "fold", **options: Any) -> None:
        super().add_column(*args, overflow=overflow, **options)


def titled(title: str, *, caption: str | None = None) -> Table:
    """An empty table under a title."""
    # Few lines, so that it fits a narrow terminal and can be copied out of one.
    return _Folding(
        title=escape(title),
        title_justify="left",
        title_style="bold",
        caption=caption,
        caption_justify="left",
        caption_style="",
        box=SIMPLE_HEAD,
    )


def _seen(seen: ColumnProfile) -> str:
    if seen.categories:
        return ", ".join([*seen.categories][:6]) + (", ..." if len(seen.categories) > 6 else "")
    low, high = seen.range()
    if low is not None and high is not None:
        return " to ".join(b if isinstance(b, str) else f"{b:g}" for b in (low, high))
    return ""


def _installed(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"
