"""The six pictures of a card."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from html import escape
from itertools import pairwise

from classification_model.card.few import shown_cells
from classification_model.card.short_names import ShortNames
from classification_model.card.svg import HEIGHT, WIDTH, Picture, Plot, cut, tag, text_width
from classification_model.evaluation.report import Curve, Importance, Report
from classification_model.plain_text import clean

__all__ = ["pictures"]

_FIFTHS = (0, 0.2, 0.4, 0.6, 0.8, 1)
_MOST_BARS = 12
_CLASSES_WITH_COUNTS = 12
_BESIDE = 130.0
"""As wide as a column's name may be to stand beside its bar."""


def pictures(report: Report, least: int = 1) -> tuple[Picture, ...]:
    """Each picture of a report, in the order they are shown; ``least`` rows are a count.

    Where every step of a curve would tell of fewer rows there is none to draw, and no picture.
    """
    draw: tuple[Callable[[Report], Picture], ...] = (
        _roc,
        _precision_recall,
        _calibration,
        lambda told: _scores(told, least),
        lambda told: _confusion(told, least),
        _importance,
    )
    curves = {_roc: report.roc, _precision_recall: report.precision_recall}
    empty = [one for one, drawn in curves.items() if not any(curve.x for curve in drawn)]
    return tuple(one(report) for one in draw if one not in empty)


def _roc(report: Report) -> Picture:
    names = ShortNames.of(report.classes)
    plot = Plot(x=(0, 1), y=(0, 1), right=_legend_width(report.roc, names))
    plot.x_ticks(_FIFTHS, "false positive rate")
    plot.y_ticks(_FIFTHS, "true positive rate")
    plot.line([(0, 0), (1, 1)], "guide")
    for i, curve in enumerate(report.roc):
        plot.line(zip(curve.x, curve.y, strict=True), _stroke(i))
    _legend(plot, report.roc, names, x=plot.right - 88)
    return Picture(
        key="roc",
        title="ROC curve",
        caption="How many of a class are found (up) for how many false alarms (right). "
        "The dashed line is guessing; the number is the area below the curve."
        + (names.key if len(report.roc) > 1 else ""),
        summary="Area under the curve: " + _areas(report.roc),
        body=plot.body(),
    )


def _precision_recall(report: Report) -> Picture:
    names = ShortNames.of(report.classes)
    plot = Plot(x=(0, 1), y=(0, 1), right=_legend_width(report.precision_recall, names))
    plot.x_ticks(_FIFTHS, "recall")
    plot.y_ticks(_FIFTHS, "precision")
    two = report.positive is not None
    if report.positive is not None:
        share = sum(report.confusion[report.classes.index(report.positive)]) / report.rows
        plot.line([(0, share), (1, share)], "guide")
    for i, curve in enumerate(report.precision_recall):
        plot.line(_steps(curve), _stroke(i))
    _legend(plot, report.precision_recall, names, x=plot.left + 8)
    return Picture(
        key="precision_recall",
        title="Precision and recall",
        caption="How many of those that were named are right (up) for how many of the class are "
        f"found (right). {'The dashed line is guessing; the' if two else 'The'} number is the "
        "average precision." + (names.key if len(report.precision_recall) > 1 else ""),
        summary="Average precision: " + _areas(report.precision_recall),
        body=plot.body(),
    )


def _calibration(report: Report) -> Picture:
    plot = Plot(x=(0, 1), y=(0, 1))
    plot.x_ticks(_FIFTHS, "predicted probability")
    plot.y_ticks(_FIFTHS, "share that came true")
    plot.line([(0, 0), (1, 1)], "guide")
    for part in report.calibration:
        plot.line([(part.predicted, part.low), (part.predicted, part.high)], "s0 thin")
    for part in report.calibration:
        x, y = plot.at_x(part.predicted), plot.at_y(part.observed)
        plot.add(tag("circle", cx=x, cy=y, r=4, class_="f0"))
    if report.positive is not None:
        of = f"of {_quoted(report.positive)}"
    else:
        of = "of the class that is answered"
    return Picture(
        key="calibration",
        title="Calibration",
        caption=f"Is the probability {of} to be taken at its word? On the dashed line it is. "
        "Each dot stands for about as many rows; upright lines are 95% intervals.",
        summary=f"The mean distance from the dashed line is {report.calibration_error:.3f}.",
        body=plot.body(),
    )


def _scores(report: Report, least: int) -> Picture:
    below, above = report.histogram.series
    most = max(1, *above.counts, *below.counts)
    # The smaller side keeps enough room to be seen.
    up, down = (max(most * 0.12, *one.counts) * 1.05 for one in (above, below))
    plot = Plot(x=(0, 1), y=(-down, up), top=28)
    plot.x_ticks(_FIFTHS, "predicted probability")
    plot.y_ticks(_ticks(-down, up), "rows")
    edges = report.histogram.edges
    for sign, series, color in ((1, above, "f0"), (-1, below, "f1")):
        for low, high, count in zip(edges[:-1], edges[1:], series.counts, strict=True):
            if count:
                top, bottom = sorted((plot.at_y(0), plot.at_y(sign * count)))
                x = plot.at_x(low) + 0.5
                wide = plot.at_x(high) - x - 0.5
                plot.add(tag("rect", x=x, y=top, width=wide, height=bottom - top, class_=color))
    names = ShortNames.of([below.name, above.name])
    half = (plot.right - plot.left) / 2
    for x, series, color, where in (
        (plot.left, above, "f0", "up"), (plot.left + half, below, "f1", "down")
    ):  # fmt: skip
        plot.add(tag("rect", x=x, y=9, width=10, height=10, class_=color))
        plot.text(x + 15, 18, f"{names.by_label[series.name]} ({where})")
    if report.positive is not None:
        what = f"the probability of {_quoted(report.positive)}, for rows of each class"
    else:
        what = "the probability of the class that is answered, where that is right and wrong"
    return Picture(
        key="scores",
        title="Scores",
        caption=f"How sure the model is: {what}."
        + (f" Counts are rounded down to multiples of {least}." if least > 1 else "")
        + names.key,
        summary=f"Upwards {_quoted(above.name)}, downwards {_quoted(below.name)}.",
        body=plot.body(),
    )


def _confusion(report: Report, least: int) -> Picture:
    short = ShortNames.of(report.classes)
    names = [*short.by_label.values()]
    count = len(names)
    left = 34 + min(90.0, max(text_width(name) for name in names))
    wide = (WIDTH - 8 - left) / count
    upright = all(text_width(name) < wide - 4 for name in names)
    plot = Plot(x=(0, count), y=(count, 0), left=left, right=8, bottom=40 if upright else 62)
    _cells(plot, report.confusion, shown_cells(report.confusion, least))
    _class_names(plot, names, upright=upright)
    plot.text((plot.left + plot.right) / 2, HEIGHT - 6, "answered", "middle label")
    plot.y_label("true")
    right = sum(report.confusion[i][i] for i in range(count))
    return Picture(
        key="confusion",
        title="Confusion",
        caption="Rows are what is true, columns what was answered; the darker a cell, the larger "
        f"its share of the row.{short.key}",
        summary=f"{right} of {report.rows} rows are on the diagonal, which is right.",
        body=plot.body(),
    )


def _cells(plot: Plot, confusion: Sequence[Sequence[int]], shown: Sequence[Sequence[str]]) -> None:
    """A square for each pair of classes, as dark as its share of the row."""
    count = len(confusion)
    wide, high = (plot.right - plot.left) / count, (plot.bottom - plot.top) / count
    for i, row in enumerate(confusion):
        for j, rows in enumerate(row):
            # In tenths: the shade must not tell what the number does not.
            share = round(rows / max(1, sum(row)), 1)
            x, y = plot.at_x(j), plot.at_y(i)
            plot.add(
                tag("rect", x=x + 0.75, y=y + 0.75, width=wide - 1.5, height=high - 1.5,
                    class_="cell"),
                tag("rect", x=x + 0.75, y=y + 0.75, width=wide - 1.5, height=high - 1.5,
                    class_="f0", fill_opacity=share),
            )  # fmt: skip
            if rows and count <= _CLASSES_WITH_COUNTS:
                inverse = " inverse" if share > 0.5 else ""
                plot.text(x + wide / 2, y + high / 2 + 4, shown[i][j], f"middle{inverse}")


def _class_names(plot: Plot, names: Sequence[str], *, upright: bool) -> None:
    """The classes along both sides, some of them where there are many."""
    step = math.ceil(len(names) / 20)
    for i in range(0, len(names), step):
        plot.text(plot.left - 6, plot.at_y(i + 0.5) + 4, names[i], "end")
        x, y = plot.at_x(i + 0.5), plot.bottom + 14
        if upright:
            plot.text(x, y, names[i], "middle")
        else:
            turned = f"rotate(-25 {x:.1f} {y:.1f})"
            plot.add(tag("text", escape(names[i]), x=x + 4, y=y, transform=turned, class_="end"))


def _importance(report: Report) -> Picture:
    shown = report.importance[:_MOST_BARS]
    plot = _bars(shown)
    more = len(report.importance) - len(shown)
    of = f"the {len(shown)} of {len(report.importance)} columns" if more else "each column"
    return Picture(
        key="importance",
        title="Importance",
        caption=f"How much worse the model gets when a column is shuffled: {of}"
        f"{' that matter most' if more else ''}. The thin lines show the spread of five repeats.",
        summary="Most important: "
        + ", ".join(f"{clean(one.column)} ({one.mean:.3f})" for one in shown[:5]),
        body=plot.body(),
    )


def _bars(shown: Sequence[Importance]) -> Plot:
    """A bar for each column, with the spread; beside it the name, or above it, where it is long."""
    widest = max(text_width(clean(one.column)) for one in shown)
    above = widest > _BESIDE
    high = max(1e-9, *(one.mean + one.spread for one in shown))
    low = min(0.0, *(one.mean - one.spread for one in shown))
    left = 12 if above else 12 + widest
    plot = Plot(x=(low, high * 1.02), y=(len(shown), 0), left=left, right=16)
    plot.x_ticks(_ticks(low, high), "log loss that shuffling adds")
    thick = min(18.0, (plot.bottom - plot.top) / len(shown) * (0.3 if above else 0.7))
    for i, one in enumerate(shown):
        at = i + (0.8 if above else 0.5)
        y = plot.at_y(at)
        start, end = sorted((plot.at_x(0), plot.at_x(one.mean)))
        bar = {"x": start, "y": y - thick / 2, "width": end - start, "height": thick}
        plot.add(tag("rect", **bar, class_="f0"))
        plot.line([(one.mean - one.spread, at), (one.mean + one.spread, at)], "whisker")
        if above:
            words = cut(one.column, plot.right - plot.left - 4)
            plot.text(plot.left + 4, y - thick / 2 - 3, words)
        else:
            plot.text(left - 6, y + 4, clean(one.column), "end")
    return plot


def _steps(curve: Curve) -> Iterator[tuple[float, float]]:
    """Steps: between two points the precision is that of the higher recall."""
    points = list(zip(curve.x, curve.y, strict=True))
    yield from points[:1]
    for (before, _), (x, y) in pairwise(points):
        yield before, y
        yield x, y


def _stroke(position: int) -> str:
    """The colour of a curve; the second five are dashed too, for who sees no colours."""
    return f"s{position % 10}{' dash' if position > 4 else ''}"


def _legend_width(curves: Sequence[Curve], names: ShortNames) -> float:
    """What is kept free to the right of the plot: a single curve is named inside."""
    if len(curves) == 1:
        return 12.0
    return 66 + max(text_width(names.by_label[curve.label]) for curve in curves)


def _legend(plot: Plot, curves: Sequence[Curve], names: ShortNames, *, x: float) -> None:
    y = plot.bottom - 14
    if len(curves) > 1:
        x, y = plot.right + 8, plot.top + 6
    for i, curve in enumerate(curves):
        words = f"{names.by_label[curve.label]} {curve.area:.3f}"
        plot.add(tag("line", x1=x, x2=x + 14, y1=y, y2=y, class_=f"line {_stroke(i)}"))
        plot.text(x + 18, y + 4, words if len(curves) > 1 else f"area {curve.area:.3f}")
        y += 15


def _areas(curves: Sequence[Curve]) -> str:
    return ", ".join(f"{_quoted(curve.label)} {curve.area:.3f}" for curve in curves)


def _quoted(name: object) -> str:
    return f"\u201c{clean(name)}\u201d"


def _ticks(low: float, high: float) -> list[float]:
    """Three to six round numbers in a range that holds zero."""
    power = 10.0 ** math.floor(math.log10(high - low))
    step = next(s * power for s in (0.1, 0.2, 0.5, 1, 2) if (high - low) / (s * power) <= 5)
    first, last = math.ceil(low / step), math.floor(high / step)
    return [float(f"{i * step:.6g}") for i in range(first, last + 1)]
