"""Two models on the same rows: how do their metrics and their answers differ."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from scipy.special import stdtrit

from classification_model.bundle.provenance import Comparison, Difference, Flip
from classification_model.config.schema import Label, RowSchema
from classification_model.evaluation.metrics import Outcomes
from classification_model.evaluation.paired import Paired
from classification_model.evaluation.slice_changes import ByColumn, slice_changes
from classification_model.plain_text import markdown as escaped
from classification_model.processing.arrays import Floats
from classification_model.processing.decisions import Decision

__all__ = ["COST", "compare", "markdown", "schema_changes"]

COST = "cost of a row"
_MOST_POINTS = 2_000


def compare(
    old: Outcomes,
    new: Outcomes,
    classes: Sequence[Label],
    *,
    lines: Sequence[int],
    paired: Paired,
    decision: Decision | None = None,
    by: ByColumn | None = None,
) -> Comparison:
    """Set two models side by side that answered the same rows, neither of which they have seen.

    Args:
        old: the answers of the one.
        new: those of the other.
        classes: the labels in the order of the probabilities.
        lines: the line of the CSV that each row is on.
        paired: how their log losses compare, which gives the verdict.
        decision: by which both answered; where it has costs, these are compared, too.
        by: what the rows are parted by, to see which got worse.
    """
    before, after = _by_row(old, decision), _by_row(new, decision)
    return Comparison(
        verdict=paired.verdict,
        rows=len(lines),
        margin=paired.margin,
        seen=paired.seen,
        differences=tuple(_difference(metric, before[metric], after[metric]) for metric in before),
        flips=tuple(_flips(old, new, classes, lines)),
        slices=slice_changes(new.losses - old.losses, by) if by else (),
        of_truth=tuple(_of_truth(old, new)),
    )


def _of_truth(old: Outcomes, new: Outcomes) -> Iterator[tuple[float, float]]:
    """The probabilities that both gave to the truth, of 2,000 rows at most, evenly taken."""
    rows = np.arange(len(new.truth))[:: 1 + len(new.truth) // _MOST_POINTS]
    of = new.truth[rows]
    for before, after in zip(old.scores[rows, of], new.scores[rows, of], strict=True):
        yield round(float(before), 3), round(float(after), 3)


def _difference(metric: str, old: Floats, new: Floats) -> Difference:
    """With a 95% interval by the standard error of the paired differences."""
    change, rows = new - old, len(new)
    reach = float(stdtrit(max(rows - 1, 1), 0.975) * change.std(ddof=1)) / rows**0.5
    mean = float(change.mean())
    return Difference(
        metric=metric,
        old=float(old.mean()),
        new=float(new.mean()),
        low=mean - reach,
        high=mean + reach,
    )


def _flips(
    old: Outcomes, new: Outcomes, classes: Sequence[Label], lines: Sequence[int]
) -> Iterator[Flip]:
    was, now = old.predicted, new.predicted
    for i in np.flatnonzero(was != now).tolist():
        yield Flip(
            line=lines[i],
            old=classes[was[i]],
            old_probability=round(float(old.scores[i, was[i]]), 4),
            new=classes[now[i]],
            new_probability=round(float(new.scores[i, now[i]]), 4),
            truth=classes[old.truth[i]],
        )


def _by_row(judged: Outcomes, decision: Decision | None) -> dict[str, Floats]:
    """Metrics that are means over rows, as one value for each row; the log loss first."""
    found = {
        "log loss": judged.losses,
        "Brier score": judged.squares,
        "accuracy": judged.correct.astype(np.float64),
    }
    if decision is not None and decision.costs is not None:
        found[COST] = decision.cost(judged.truth, judged.predicted)
    return found


def schema_changes(old: RowSchema, new: RowSchema) -> list[str]:
    """Changes that a client has to know: columns that came, went or changed."""
    lines = [f"column {name!r} is new" for name in new.columns if name not in old.columns]
    lines += [f"column {name!r} is gone" for name in old.columns if name not in new.columns]
    for name, column in new.columns.items():
        if name in old.columns and column != old.columns[name]:
            before, after = old.columns[name].model_dump(), column.model_dump()
            # That a rule has changed, and not by what: its values may be somebody's.
            lines += [
                f"column {name!r}: {key} changed" for key in after if before[key] != after[key]
            ]
    return lines


def markdown(
    comparison: Comparison, *, old: str, new: str, changes: Sequence[str] = (), shown: int = 20
) -> str:
    """The comparison as text for a pull request.

    Args:
        comparison: the facts.
        old: what to call the old model, such as its version.
        new: what to call the new one.
        changes: changes of the row schema.
        shown: how many flipped rows to list.
    """
    rows = f"the same {comparison.rows} held-out rows"
    gained = sum(flip.new == flip.truth for flip in comparison.flips)
    lost = sum(flip.old == flip.truth for flip in comparison.flips)
    flipped = f"{gained} are right now that were wrong, {lost} are wrong now that were right."
    lines = [
        f"## Model {new} against {old}: {comparison.verdict}",
        "",
        f"On {rows}; differences are new minus old, with 95% intervals.",
        f"Worse by {comparison.margin:.3f} is allowed; {comparison.seen:.3f} would be seen.",
        "",
        f"| metric | {old} | {new} | difference | 95% interval |",
        "|---|---:|---:|---:|---|",
    ]
    lines += [
        f"| {d.metric} | {d.old:.4f} | {d.new:.4f} | {d.new - d.old:+.4f} "
        f"| {d.low:+.4f} to {d.high:+.4f} |"
        for d in comparison.differences
    ]
    lines += ["", f"{len(comparison.flips)} rows get another label: {flipped}"]
    if comparison.flips and shown:
        lines += ["", "| line | truth | old label | new label |", "|---:|---|---|---|"]
        lines += [
            f"| {f.line} | {escaped(f.truth)} | {escaped(f.old)} ({f.old_probability:.0%}) "
            f"| {escaped(f.new)} ({f.new_probability:.0%}) |"
            for f in comparison.flips[:shown]
        ]
        if len(comparison.flips) > shown:
            lines += ["", f"and {len(comparison.flips) - shown} more."]
    lines += ["", "Schema: unchanged." if not changes else "Schema:"]
    lines += [f"- {escaped(change)}" for change in changes]
    return "\n".join(lines) + "\n"
