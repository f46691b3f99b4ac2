"""What the card says of how good the model is, and of where it is weak."""

from __future__ import annotations

from collections.abc import Iterator

from classification_model.card.document import Block, Pictures, Table, Text, Tile
from classification_model.card.pictures import pictures
from classification_model.evaluation.metrics import NAMES
from classification_model.evaluation.report import Estimate, Report

__all__ = ["count", "interval", "metrics", "tiles", "weak"]

_WEAKEST = 8


def tiles(report: Report) -> Iterator[Tile]:
    majority, single = (baseline.metrics for baseline in report.baselines)
    for name in ("accuracy", "roc_auc", "log_loss", "brier"):
        best = getattr(single, name)
        note = f"{interval(getattr(report, name))}; best single feature {best:.3f}"
        if name == "accuracy":
            note = f"{interval(report.accuracy)}; commonest class {majority.accuracy:.3f}"
        yield Tile(NAMES[name].split(" (")[0], f"{getattr(report, name).value:.3f}", note)


def metrics(report: Report, least: int) -> Iterator[Block]:
    majority, single = report.baselines
    gain = 1 - report.metrics.log_loss / single.metrics.log_loss
    yield Text(
        f"Of 100 answers about {report.accuracy.value * 100:.0f} are right. Always giving the "
        f"commonest class is right in {majority.metrics.accuracy * 100:.0f}. "
        + (
            f"The log loss is {gain:.0%} below that of the {single.name}."
            if gain >= 0.005
            else f"The log loss is no better than that of the {single.name}: the model earns nothing."
        )
    )
    yield Table(
        caption=f"On {count(report.rows)} held-out rows, with 95% bootstrap intervals, beside "
        "what takes no effort",
        header=(
            "metric",
            "this model",
            "95% interval",
            *(one.name for one in report.baselines),
        ),
        rows=[
            (
                words,
                f"{getattr(report, name).value:.3f}",
                interval(getattr(report, name)),
                *(f"{getattr(one.metrics, name):.3f}" for one in report.baselines),
            )
            for name, words in NAMES.items()
        ],
        numeric=(1, 2, 3, 4),
    )
    yield Pictures(pictures(report, least))


def weak(report: Report) -> Iterator[Block]:
    if not report.slices:
        yield Text("There are too few held-out rows to look at any part of them by itself.")
        return
    weaker = sum(part.weaker for part in report.slices)
    total = len(report.slices)
    found = (
        f"{weaker} of them {'is' if weaker == 1 else 'are'} worse than all other rows by more "
        "than chance explains."
        if weaker
        else "None is worse than all other rows by more than chance explains."
    )
    parts, were = ("part", "was") if total == 1 else ("parts", "were")
    yield Text(f"{total} {parts} of the held-out rows {were} looked at, by category and quartile. "
               f"{found}")  # fmt: skip
    # The surely weak come first, all of them; chance may explain the others.
    worse = [part for part in report.slices if part.log_loss > part.others]
    shown = sorted(worse, key=lambda part: not part.weaker)[:_WEAKEST]
    yield Table(
        caption="The weakest parts, by log loss (0 is best)",
        header=("column", "value", "rows", "accuracy", "log loss", "other rows", "beyond chance"),
        rows=[
            (
                part.column,
                part.value,
                count(part.rows),
                f"{part.accuracy:.3f}",
                f"{part.log_loss:.3f}",
                f"{part.others:.3f}",
                "yes" if part.weaker else "no",
            )
            for part in shown
        ],
        numeric=(2, 3, 4, 5),
    )


def interval(estimate: Estimate) -> str:
    return f"{estimate.low:.3f} to {estimate.high:.3f}"


def count(number: int) -> str:
    return f"{number:,}"
