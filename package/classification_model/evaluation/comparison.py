"""Two models on the same rows: is the new one better, level or worse."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from classification_model.bundle.provenance import Comparison, Difference, Flip, Verdict
from classification_model.config.schema import Label, RowSchema
from classification_model.evaluation.bootstrap import mean_intervals
from classification_model.evaluation.metrics import Floats, Outcomes, align

__all__ = ["compare", "markdown", "schema_changes"]

_RESAMPLES = 2000

Scores = npt.NDArray[np.floating]


def compare(
    labels: Sequence[Label],
    old: Scores,
    new: Scores,
    classes: Sequence[Label],
    *,
    seed: int = 0,
) -> Comparison:
    """Judge a new model against an old one by a paired bootstrap.

    The rows are drawn again, with replacement, and both models are scored on the same draw;
    the interval holds the middle 95% of the differences (Efron's percentile interval). The
    verdict is that of the log loss: better or worse where the interval leaves out zero.

    Args:
        labels: the truth, one for each row.
        old: probabilities of the old model, shape ``(rows, classes)``.
        new: those of the new one.
        classes: the order of the columns.
        seed: of the draws.
    """
    was, now = align(labels, old, classes), align(labels, new, classes)
    before, after = _by_row(was), _by_row(now)
    changes = np.column_stack([after[metric] - before[metric] for metric in before])
    low, high = mean_intervals(changes, seed=seed, most=_RESAMPLES)
    differences = tuple(
        Difference(
            metric=metric,
            old=float(before[metric].mean()),
            new=float(after[metric].mean()),
            low=float(low[i]),
            high=float(high[i]),
        )
        for i, metric in enumerate(before)
    )
    loss = differences[0]
    verdict: Verdict = "worse" if loss.low > 0 else "better" if loss.high < 0 else "level"
    answered = zip(was.predicted.tolist(), now.predicted.tolist(), labels, strict=True)
    flips = tuple(
        Flip(row=i, old=classes[then], new=classes[again], truth=label)
        for i, (then, again, label) in enumerate(answered)
        if then != again
    )
    return Comparison(verdict=verdict, rows=len(labels), differences=differences, flips=flips)


def _by_row(judged: Outcomes) -> dict[str, Floats]:
    """Metrics that are means over rows, as one value for each row; the log loss first."""
    return {
        "log loss": judged.losses,
        "Brier score": judged.squares,
        "accuracy": judged.correct.astype(np.float64),
    }


def schema_changes(old: RowSchema, new: RowSchema) -> list[str]:
    """What a client has to know: columns that came, went or changed."""
    lines = [f"column {name!r} is new" for name in new.columns if name not in old.columns]
    lines += [f"column {name!r} is gone" for name in old.columns if name not in new.columns]
    for name, column in new.columns.items():
        if name in old.columns and column != old.columns[name]:
            before, after = old.columns[name].model_dump(), column.model_dump()
            changed = [key for key in after if before[key] != after[key]]
            lines += [
                f"column {name!r}: {key} {before[key]!r} -> {after[key]!r}" for key in changed
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
        f"On {rows}; differences are new minus old, with 95% intervals by paired bootstrap.",
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
    if comparison.flips:
        lines += ["", "| held-out row | truth | old label | new label |", "|---:|---|---|---|"]
        lines += [
            f"| {f.row} | {_cell(f.truth)} | {_cell(f.old)} | {_cell(f.new)} |"
            for f in comparison.flips[:shown]
        ]
        if len(comparison.flips) > shown:
            lines += ["", f"and {len(comparison.flips) - shown} more."]
    lines += ["", "Schema: unchanged." if not changes else "Schema:"]
    lines += [f"- {_cell(change)}" for change in changes]
    return "\n".join(lines) + "\n"


def _cell(value: object) -> str:
    return str(value).replace("|", "\\|").replace("\n", " ").replace("<", "&lt;")
