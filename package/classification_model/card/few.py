"""Take out of a report what it would tell of fewer than ``least`` held-out rows.

Counts are rounded down, bins are joined, and a curve steps by enough rows of each class: who
knows the columns of the held-out rows can rank them by their scores, and would read a label off
each corner of a curve.
"""

from __future__ import annotations

from collections.abc import Sequence

from classification_model.evaluation.report import Bin, Curve, Histogram, Report, Series

__all__ = ["shown_cells", "shown_count", "shown_share", "without_few"]


def without_few(report: Report, least: int) -> Report:
    """The report as a card may show it; with ``least`` 1 it is the same."""
    if least <= 1:
        return report
    of_class = {
        label: sum(row) for label, row in zip(report.classes, report.confusion, strict=True)
    }

    def roc(curve: Curve) -> Curve:
        hits, others = of_class[curve.label], report.rows - of_class[curve.label]
        found = [(x * others, y * hits) for x, y in zip(curve.x, curve.y, strict=True)]
        kept = _apart([(round(f), round(t)) for f, t in found], (others, hits), least)
        return _with_points(curve, [(f / others, t / hits) for f, t in kept])

    def precision_recall(curve: Curve) -> Curve:
        hits, others = of_class[curve.label], report.rows - of_class[curve.label]
        found = [(t * (1 / p - 1), t) for r, p in zip(curve.x, curve.y, strict=True)
                 if p and (t := r * hits)]  # fmt: skip
        kept = _apart([(round(f), round(t)) for f, t in found], (others, hits), least)
        points = [(t / hits, t / (t + f)) for f, t in kept if t]
        return _with_points(curve, [(0.0, points[0][1]), *points] if points else [])

    return report.model_copy(
        update={
            "calibration": _joined(report.calibration, least),
            "histogram": _rounded_down(report.histogram, least),
            "roc": tuple(map(roc, report.roc)),
            "precision_recall": tuple(map(precision_recall, report.precision_recall)),
        }
    )


def shown_count(count: int, least: int) -> str:
    """A number of rows, as ``<5`` where that is too few."""
    return f"<{least}" if 0 < count < least else f"{count:,}"


def shown_share(share: float, rows: int, least: int) -> str:
    """A share of ``rows``, as ``<1.2%`` where it would stand for too few."""
    few = 0 < round(share * rows) < least
    return f"<{least / rows:.1%}" if few else f"{share:.1%}"


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


def _apart(
    points: Sequence[tuple[int, int]], end: tuple[int, int], least: int
) -> list[tuple[int, int]]:
    """The points, from the origin to the end, that are ``least`` rows of each class apart."""
    kept = [(0, 0)]
    for false, true in points:
        enough = false - kept[-1][0] >= least and true - kept[-1][1] >= least
        left = end[0] - false >= least and end[1] - true >= least
        if enough and left:
            kept.append((false, true))
    return [*kept, end] if len(kept) > 1 else []


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
