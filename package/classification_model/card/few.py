"""Take out of a report what it would tell of fewer than ``least`` held-out rows.

Counts are rounded down, bins are joined, and a curve steps by enough rows of each class: who
knows the columns of the held-out rows can rank them by their scores, and would read a label off
each corner of a curve.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from classification_model.config.schema import Label
from classification_model.evaluation.report import Bin, Curve, Histogram, Report, Series, Step

__all__ = ["shown_cells", "shown_count", "shown_share", "without_few"]


Point = tuple[int, int]
"""Rows that are answered as of a class: those that are not, and those that are."""


def without_few(report: Report, least: int) -> Report:
    """The report as a card may show it; with ``least`` 1 it is the same."""
    if least <= 1:
        return report
    points = {curve.label: _roc_points(report, curve, least) for curve in report.roc}
    steps = _steps_apart(report, least)
    if report.positive is not None:
        hits, others = _sizes(report, report.positive)
        of_steps = [(step.false_alarms, step.found) for step in steps]
        points[report.positive] = [(0, 0), *of_steps, (others, hits)] if steps else []
    return report.model_copy(
        update={
            "calibration": _joined(report.calibration, least),
            "histogram": _rounded_down(report.histogram, least),
            "roc": tuple(_roc(report, curve, points[curve.label]) for curve in report.roc),
            "precision_recall": tuple(
                # The same points: those of another choice would tell of the rows between.
                _precision_recall(report, curve, points.get(curve.label, []))
                for curve in report.precision_recall
            ),
            "steps": steps,
        }
    )


def shown_count(count: int, least: int) -> str:
    """A number of rows, as ``<5`` where that is too few."""
    return f"<{least}" if 0 < count < least else f"{count:,}"


def shown_share(share: float, rows: int, least: int, form: str = ".1%") -> str:
    """A share of ``rows``, as ``<1.2%`` or ``>98.8%`` where it, or the rest, stands for too few."""
    count = round(share * rows)
    if 0 < count < least:
        return f"<{least / rows:{form}}"
    return f">{1 - least / rows:{form}}" if 0 < rows - count < least else f"{share:{form}}"


def shown_cells(table: Sequence[Sequence[int]], least: int) -> list[list[str]]:
    """Counts whose sums by row are known: what subtraction would tell is not shown either.

    In a row with one cell that is too small, the next in size is shown as ``5+``.
    """
    return [_shown_row(row, least) for row in table]


def _shown_row(row: Sequence[int], least: int) -> list[str]:
    cells = [shown_count(count, least) for count in row]
    hidden = [i for i, count in enumerate(row) if 0 < count < least]
    if len(hidden) == 1 and len(row) > 1:
        (only,) = hidden
        others = [i for i in range(len(row)) if i != only]
        next_in_size = min(others, key=lambda i: (row[i] == 0, row[i], i))
        cells[next_in_size] = f"<{least}" if row[next_in_size] < least else f"{least}+"
    return cells


def _sizes(report: Report, label: Label) -> tuple[int, int]:
    """The rows of a class, and all others."""
    hits = sum(report.confusion[report.classes.index(label)])
    return hits, report.rows - hits


def _roc_points(report: Report, curve: Curve, least: int) -> list[Point]:
    """What is shown of a curve, from end to end."""
    hits, others = _sizes(report, curve.label)
    found = [(round(x * others), round(y * hits)) for x, y in zip(curve.x, curve.y, strict=True)]
    kept = [found[i] for i in _apart(found, (0, 0), (others, hits), least)]
    return [(0, 0), *kept, (others, hits)] if kept else []


def _roc(report: Report, curve: Curve, points: Sequence[Point]) -> Curve:
    hits, others = _sizes(report, curve.label)
    return _with_points(curve, [(f / others, t / hits) for f, t in points])


def _precision_recall(report: Report, curve: Curve, points: Sequence[Point]) -> Curve:
    hits, _ = _sizes(report, curve.label)
    found = [(t / hits, t / (t + f)) for f, t in points if t]
    return _with_points(curve, [(0.0, found[0][1]), *found] if found else [])


def _steps_apart(report: Report, least: int) -> tuple[Step, ...]:
    """The thresholds with enough rows of each class between them.

    There are so many, too, between them and the confusion matrix, which is shown beside them.
    """
    if report.positive is None:
        return ()
    hits, others = _sizes(report, report.positive)
    of = report.classes.index(report.positive)
    known = (report.confusion[1 - of][of], report.confusion[of][of])
    points = [(step.false_alarms, step.found) for step in report.steps]
    before = _apart(points, (0, 0), known, least)
    after = _apart(points, known, (others, hits), least)
    big = known in points and any(True for _ in _apart([known], (0, 0), (others, hits), least))
    here = [points.index(known)] if big else []
    return tuple(report.steps[i] for i in (*before, *here, *after))


def _apart(points: Sequence[Point], begin: Point, end: Point, least: int) -> Iterator[int]:
    """The positions of points so many rows of each class apart, and as far from both ends."""
    last = begin
    for i, (false, true) in enumerate(points):
        enough = false - last[0] >= least and true - last[1] >= least
        left = end[0] - false >= least and end[1] - true >= least
        if enough and left:
            yield i
            last = (false, true)


def _with_points(curve: Curve, points: Sequence[tuple[float, float]]) -> Curve:
    x, y = zip(*points, strict=True) if points else ((), ())
    return Curve(label=curve.label, area=curve.area, x=x, y=y)


def _joined(bins: Sequence[Bin], least: int) -> tuple[Bin, ...]:
    """Neighbouring bins as one, until each holds enough rows of both outcomes."""
    from scipy import stats

    joined: list[tuple[int, int, float]] = []
    rows, hits, total = 0, 0, 0.0
    for part in bins:
        rows, hits = rows + part.rows, hits + round(part.rows * part.observed)
        total += part.rows * part.predicted
        if hits >= least and rows - hits >= least:
            joined.append((rows, hits, total))
            rows, hits, total = 0, 0, 0.0
    if rows and joined:
        joined[-1] = tuple(a + b for a, b in zip(joined[-1], (rows, hits, total), strict=True))  # type: ignore[assignment]
    found = []
    for n, k, p in joined:
        limits = stats.binomtest(k, n).proportion_ci(method="wilson")
        found.append(Bin(rows=n, predicted=p / n, observed=k / n, low=limits.low, high=limits.high))
    return tuple(found)


def _rounded_down(histogram: Histogram, least: int) -> Histogram:
    series = tuple(
        Series(name=one.name, counts=tuple(count // least * least for count in one.counts))
        for one in histogram.series
    )
    return Histogram(edges=histogram.edges, series=series)
