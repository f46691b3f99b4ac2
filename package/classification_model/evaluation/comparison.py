"""Two models on the same rows: is the new one better, level or worse."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from classification_model.bundle.provenance import Comparison, Difference, Flip, Verdict
from classification_model.config.schema import Label, RowSchema

__all__ = ["compare", "markdown", "schema_changes"]

_RESAMPLES = 2000
_SMALLEST = np.finfo(np.float32).eps

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
    position = {label: i for i, label in enumerate(classes)}
    truth = np.array([position[label] for label in labels])
    weights = np.random.default_rng(seed).multinomial(
        len(truth), np.full(len(truth), 1 / len(truth)), size=_RESAMPLES
    )
    before, after = _by_row(truth, old), _by_row(truth, new)
    differences = []
    for metric, values in before.items():
        change = after[metric] - values
        low, high = np.percentile(weights @ change / len(truth), [2.5, 97.5])
        differences.append(
            Difference(
                metric=metric,
                old=float(values.mean()),
                new=float(after[metric].mean()),
                low=float(low),
                high=float(high),
            )
        )
    loss = differences[0]
    verdict: Verdict = "worse" if loss.low > 0 else "better" if loss.high < 0 else "level"
    was, now = old.argmax(axis=1), new.argmax(axis=1)
    flips = tuple(
        Flip(row=i, old=classes[was[i]], new=classes[now[i]], truth=labels[i])
        for i in np.flatnonzero(was != now).tolist()
    )
    return Comparison(verdict=verdict, rows=len(truth), differences=tuple(differences), flips=flips)


def _by_row(truth: npt.NDArray[np.intp], scores: Scores) -> dict[str, npt.NDArray[np.float64]]:
    """Metrics that are means over rows, as one value for each row; the log loss first."""
    shares = np.clip(scores.astype(np.float64), _SMALLEST, None)
    shares /= shares.sum(axis=1, keepdims=True)
    right = np.eye(shares.shape[1])[truth]
    return {
        "log loss": -np.log(shares[np.arange(len(truth)), truth]),
        "Brier score": ((shares - right) ** 2).sum(axis=1) / 2,
        "accuracy": (shares.argmax(axis=1) == truth).astype(np.float64),
    }


def schema_changes(old: RowSchema, new: RowSchema) -> list[str]:
    """What a client has to know: columns that came, went or changed."""
    lines = [f"column {name!r} is new" for name in new.columns if name not in old.columns]
    lines += [f"column {name!r} is gone" for name in old.columns if name not in new.columns]
    for name, column in new.columns.items():
        if name in old.columns and column != old.columns[name]:
            before, after = old.columns[name].model_dump(), column.model_dump()
            changed = [key for key in after if before[key] != after[key] and key != "example"]
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
