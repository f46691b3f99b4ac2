"""Two models on the same rows, as one page that needs nothing else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from classification_model.bundle.provenance import Comparison
from classification_model.card import html
from classification_model.card.document import Block, Bullets, Card, Pictures, Section, Table, Text
from classification_model.card.forest import Change, forest, old_against_new
from classification_model.config.schema import Label, class_name

__all__ = ["page"]

_ROWS = 200
_SLICES = 12

_MEANT = {
    "better": "The new one is surely better.",
    "level": "The new one is surely not worse by more than is allowed.",
    "unclear": "So few rows do not tell whether the new one is worse by more than is allowed.",
    "worse": "The new one is surely worse by more than is allowed.",
}


def page(
    found: Comparison,
    *,
    old: str,
    new: str,
    labels: Mapping[str, str],
    changes: Sequence[str] | None = None,
) -> str:
    """The page as HTML.

    Args:
        found: the comparison.
        old: what to call the old model, such as its version.
        new: what to call the new one.
        labels: the names that people read for classes.
        changes: those of the row schema, where they are known.
    """
    sections = [
        Section("How they differ", list(_differences(found))),
        Section("Rows that get another label", list(_flips(found, labels))),
        Section("Parts that got worse", list(_slices(found))),
    ]
    if found.of_truth:
        picture = old_against_new(found.of_truth)
        sections.append(Section("Old against new probability", [Pictures([picture])]))
    if changes is not None:
        said: Block = Bullets(changes) if changes else Text("The columns of a row are the same.")
        sections.append(Section("Columns of a row", [said]))
    return html.render(
        Card(
            title=f"{new} against {old}: {found.verdict}",
            subtitle=f"On the same {found.rows:,} rows, which neither has seen. "
            f"{_MEANT[found.verdict]}",
            tiles=(),
            sections=sections,
        )
    )


def _differences(found: Comparison) -> Iterator[Block]:
    yield Text(
        "Differences are new minus old, with 95% intervals. Of log loss, Brier score and costs "
        f"less is better. Worse by {found.margin:.3f} in log loss is allowed, and a loss of "
        f"{found.seen:.3f} would be seen on so many rows."
    )
    yield Table(
        caption="Both on the same rows",
        header=("metric", "old", "new", "difference", "95% interval"),
        rows=[
            (d.metric, f"{d.old:.4f}", f"{d.new:.4f}", f"{d.new - d.old:+.4f}",
             f"{d.low:+.4f} to {d.high:+.4f}")
            for d in found.differences
        ],
        numeric=(1, 2, 3, 4),
    )  # fmt: skip
    # What is not measured from 0 to 1 would make the others too small to see.
    shown = [d for d in found.differences if max(abs(d.low), abs(d.high)) <= 1]
    if shown:
        changes = [Change(d.metric, d.new - d.old, d.low, d.high) for d in shown]
        yield Pictures([forest("metrics", "Differences of the metrics", changes)])


def _flips(found: Comparison, labels: Mapping[str, str]) -> Iterator[Block]:
    def named(label: Label) -> str:
        return class_name(label, labels)

    flips = found.flips
    if not flips:
        yield Text("None.")
        return
    gained = sum(flip.new == flip.truth for flip in flips)
    lost = sum(flip.old == flip.truth for flip in flips)
    yield Text(
        f"{len(flips):,} of {found.rows:,}: {gained:,} are right now that were wrong, and "
        f"{lost:,} are wrong now that were right."
    )
    counts = Counter((named(flip.old), named(flip.new)) for flip in flips)
    names = sorted({name for pair in counts for name in pair})
    yield Table(
        caption="Rows by the old label (down) and the new one (across)",
        header=("old", *names),
        rows=[
            (old, *(f"{counts[old, new]:,}" if old != new else "" for new in names))
            for old in names
        ],
        numeric=tuple(range(1, len(names) + 1)),
    )
    yield Table(
        caption=f"The rows by their line in the file{', the first of them' * (len(flips) > _ROWS)}",
        header=("line", "truth", "old", "new", "change"),
        rows=[
            (
                str(flip.line),
                named(flip.truth),
                f"{named(flip.old)} ({flip.old_probability:.0%})",
                f"{named(flip.new)} ({flip.new_probability:.0%})",
                "gain" if flip.new == flip.truth else "loss" if flip.old == flip.truth else "",
            )
            for flip in flips[:_ROWS]
        ],
    )


def _slices(found: Comparison) -> Iterator[Block]:
    if not found.slices:
        yield Text("There are too few rows to look at any part of them by itself.")
        return
    worse = sum(one.worse for one in found.slices)
    yield Text(
        f"{len(found.slices)} parts of the rows were looked at, by category and quartile. "
        + (
            f"{worse} got worse by more than chance explains."
            if worse
            else "None got worse by more than chance explains."
        )
    )
    shown = [one for one in found.slices if one.worse or one.difference > 0][:_SLICES]
    if not shown:
        return
    yield Table(
        caption="The parts whose log loss rose most, with 95% intervals of the difference",
        header=("column", "value", "rows", "difference", "95% interval", "beyond chance"),
        rows=[
            (one.column, one.value, f"{one.rows:,}", f"{one.difference:+.4f}",
             f"{one.low:+.4f} to {one.high:+.4f}", "yes" if one.worse else "no")
            for one in shown
        ],
        numeric=(2, 3, 4),
    )  # fmt: skip
    changes = [
        Change(f"{one.column}: {one.value}", one.difference, one.low, one.high) for one in shown
    ]
    yield Pictures([forest("parts", "Differences of the log loss by part", changes)])
