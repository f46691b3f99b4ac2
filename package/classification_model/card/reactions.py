"""What the card says of how a model reacts to its most important columns."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import date
from html import escape
from itertools import pairwise

from classification_model.card.document import Block, Pictures, Section, Table, Text
from classification_model.card.short_names import ShortNames
from classification_model.card.svg import Picture, Plot, cut, tag
from classification_model.config.schema import Label
from classification_model.evaluation.reactions import Reaction, Reactions
from classification_model.evaluation.report import Report

__all__ = ["reacting"]

_LINES = 5
_BELOW = 0.2
"""The share of a picture that the training rows take, beneath the curve."""

_QUARTERS = (0, 0.25, 0.5, 0.75, 1)
_LONGEST = 110.0


def reacting(report: Report, found: Reactions | None) -> Iterator[Section]:
    """The section, where the model was asked."""
    if found is not None:
        yield Section("What it reacts to", list(_blocks(report, found)))


def _blocks(report: Report, found: Reactions) -> Iterator[Block]:
    yield Text(
        "How the mean probability changes when one column is changed in rows that are made up, and "
        "all others stay. It is the model\u2019s reaction, not a cause; where training had few rows "
        "it says little."
    )
    lines = _lines(report)
    yield Pictures([_picture(i, one, lines) for i, one in enumerate(found.columns)])
    yield Table(
        caption="Where explanations start: the mean probability of these made rows (base), beside "
        "the share of the training rows",
        header=("class", "share of training", "base"),
        rows=[
            (str(label), f"{rows / report.training_rows:.1%}", f"{base:.1%}")
            for label, rows, base in zip(report.classes, report.class_rows, found.base, strict=True)
        ],
        numeric=(1, 2),
    )


def _lines(report: Report) -> dict[Label, int]:
    """The classes that have a line, with their positions: the positive one, else the commonest."""
    if report.positive is not None:
        return {report.positive: report.classes.index(report.positive)}
    order = sorted(range(len(report.classes)), key=lambda k: -report.class_rows[k])[:_LINES]
    return {report.classes[k]: k for k in sorted(order)}


def _picture(number: int, one: Reaction, lines: dict[Label, int]) -> Picture:
    names = ShortNames.of([*lines])
    plot = _ranged(one, lines) if one.places else _by_category(one, lines)
    if len(lines) > 1:
        for i, label in enumerate(lines):
            x = plot.left + 4 + i * 64
            plot.add(tag("line", x1=x, x2=x + 12, y1=8, y2=8, class_=f"line s{i}"))
            plot.text(x + 15, 12, cut(names.by_label[label], 46))
    of = f"\u201c{next(iter(lines))}\u201d" if len(lines) == 1 else "each class"
    shares = [share[k] for k in lines.values() for share in one.shares]
    return Picture(
        key=f"reaction-{number}",
        title=one.column,
        caption=f"The mean probability of {of}; the bars beneath are the training rows.{names.key}",
        summary=f"From {min(shares):.0%} to {max(shares):.0%}.",
        body=plot.body(),
    )


def _ranged(one: Reaction, lines: dict[Label, int]) -> Plot:
    """Curves along a range, above the bins of the training rows."""
    low, high = one.places[0], one.places[-1]
    plot = Plot(x=(low, high), y=(-_BELOW, 1), top=20)
    plot.y_ticks(_QUARTERS, "probability")
    for part in (0.0, 0.5, 1.0):
        place = low + part * (high - low)
        anchor = {0.0: "", 0.5: "middle", 1.0: "end"}[part]
        plot.text(plot.at_x(place), plot.bottom + 14, _tick(one, place), anchor)
    for left, right, height in _bins(one):
        x, end = max(plot.left, plot.at_x(left)), min(plot.right, plot.at_x(right))
        _bar(plot, min(x, plot.right - 2), max(2.0, end - x - 0.5), height)
    for i, k in enumerate(lines.values()):
        points = [(x, share[k]) for x, share in zip(one.places, one.shares, strict=True)]
        plot.line(points, f"s{i}")
    return plot


def _bins(one: Reaction) -> Iterator[tuple[float, float, float]]:
    """Where each bin begins and ends, and its height from 0 to 1: as many rows, as much area."""
    if len(one.edges) != len(one.counts) + 1:
        return
    parts = list(pairwise(one.edges))
    widths = [right - left for left, right in parts]
    if all(widths):
        heights = [count / width for count, width in zip(one.counts, widths, strict=True)]
    else:  # each of a few values has a bin of its own
        third = min(filter(None, widths), default=1.0) / 3
        parts = [(value - third, value + third) for _, value in parts]
        heights = [float(count) for count in one.counts]
    for (left, right), height in zip(parts, heights, strict=True):
        yield left, right, height / max(heights)


def _by_category(one: Reaction, lines: dict[Label, int]) -> Plot:
    """Dots for each category, above how many training rows have it."""
    plot = Plot(x=(0, len(one.values)), y=(-_BELOW, 1), top=20, bottom=76)
    plot.y_ticks(_QUARTERS, "probability")
    most = max(*one.counts, 1)
    for at, (value, share, count) in enumerate(
        zip(one.values, one.shares, one.counts, strict=True)
    ):
        x = plot.at_x(at + 0.5)
        _bar(plot, x - 8, 16.0, count / most)
        for i, k in enumerate(lines.values()):
            plot.add(tag("circle", cx=x, cy=plot.at_y(share[k]), r=4, class_=f"f{i}"))
        place = plot.bottom + 12
        turned = f"rotate(-35 {x:.1f} {place:.1f})"
        words = escape(cut(value, _LONGEST))
        plot.add(tag("text", words, x=x + 4, y=place, transform=turned, class_="end"))
    return plot


def _bar(plot: Plot, x: float, wide: float, height: float) -> None:
    top = plot.at_y(-_BELOW * (1 - height))
    plot.add(tag("rect", x=x, y=top, width=wide, height=plot.at_y(-_BELOW) - top, class_="soft"))


def _tick(one: Reaction, place: float) -> str:
    if "-" in one.values[0][1:] and one.values[0][:4].isdigit():
        return date.fromordinal(round(place)).isoformat()
    digits = 3 - math.floor(math.log10(one.places[-1] - one.places[0]))
    return f"{round(place, digits):,.15g}"
