"""A report of drift as one HTML page, with a picture of each column."""

from __future__ import annotations

from collections.abc import Iterator

from classification_model.card import html
from classification_model.card.document import Block, Bullets, Card, Pictures, Section, Table, Tile
from classification_model.card.svg import Picture, Plot, cut, tag
from classification_model.monitoring.drift import FALSE_ALARMS, FEWEST_ROWS, smallest_share_seen
from classification_model.monitoring.watch import ColumnReport, DriftReport

__all__ = ["page", "sections", "tiles"]

_MOST_DRAWN = 200
_LABEL = 110.0


def page(report: DriftReport, *, name: str, version: str) -> str:
    """The whole page; ``name`` says which rows these are, ``version`` which model's training."""
    return html.render(
        Card(
            title=f"Drift: {name}",
            subtitle=f"{report.rows:,} rows beside the {report.reference_rows:,} that model "
            f"{version} was trained on",
            tiles=[*tiles(report)],
            sections=sections(report, "file"),
        )
    )


def sections(report: DriftReport, lot: str) -> list[Section]:
    """What is to be read and seen of a report; ``lot`` is what people call so many rows."""
    return [
        Section("Columns", [_table(report)]),
        Section("Pictures", [Pictures([*_pictures(report)])]),
        Section("How to read it", [*_reading(report, lot)]),
    ]


def tiles(report: DriftReport) -> Iterator[Tile]:
    """The numbers to be seen first."""
    count = len(report.columns)
    yield Tile("drifted", f"{len(report.drifted)} of {count}", ", ".join(report.drifted) or "none")
    if report.expected_accuracy is not None:
        yield Tile(
            "expected accuracy",
            f"{report.expected_accuracy:.1%}",
            "while probabilities are as right as on held-out rows",
        )


def _table(report: DriftReport) -> Table:
    return Table(
        caption="What drifted most comes first",
        header=("column", "verdict", "distance", "limit", "missing", "new", "changed most"),
        rows=[(one.name, one.words, *one.numbers, one.change) for one in report.columns],
        numeric=(2, 3, 4, 5),
    )


def _pictures(report: DriftReport) -> Iterator[Picture]:
    for number, one in enumerate([*report.answers, *report.columns[:_MOST_DRAWN]]):
        said = "" if one in report.answers else f"{one.words}; "
        yield Picture(
            key=f"bins-{number}",
            title=one.name,
            caption=f"{said}{one.change}.",
            summary=f"{one.missing:.1%} are missing, and {one.unseen:.1%} are new.",
            body=_bars(one),
        )


def _bars(one: ColumnReport) -> str:
    """Two bars for each bin: above the training's share, below that of these rows."""
    then, now = one.shares
    labels = one.bins.labels
    most = max(0.01, float(max(then.max(), now.max())))
    plot = Plot(x=(0, most), y=(len(labels), 0), left=_LABEL, top=28, bottom=24)
    high = (plot.bottom - plot.top) / len(labels)
    for i, label in enumerate(labels):
        top = plot.at_y(float(i))
        plot.text(_LABEL - 6, top + high / 2 + 4, cut(label, _LABEL - 10), "end")
        for share, color, at in ((then[i], "f1", 0.1), (now[i], "f0", 0.5)):
            wide = max(0.0, plot.at_x(float(share)) - _LABEL)
            plot.add(
                tag(
                    "rect",
                    x=_LABEL,
                    y=top + at * high,
                    width=wide,
                    height=0.38 * high,
                    class_=color,
                )
            )
    plot.text(plot.left, plot.bottom + 16, "0%", "middle")
    plot.text(plot.right - 10, plot.bottom + 16, f"{most:.0%}", "middle")
    for x, color, words in (
        (plot.left, "f1", "in training"),
        (plot.left + 110, "f0", "in these rows"),
    ):
        plot.add(tag("rect", x=x, y=9, width=10, height=10, class_=color))
        plot.text(x + 15, 18, words)
    return plot.body()


def _reading(report: DriftReport, lot: str) -> Iterator[Block]:
    yield Bullets([
        "The distance is the Jensen-Shannon divergence of the bins' shares, in nats.",
        "Where nothing changed it stays below its limit, which knows both numbers of rows.",
        f"All columns together give a false alarm in {FALSE_ALARMS:.0%} of such {lot}s.",
        _found(report),
        "New is what lies beyond the range that training saw, or a category that it did not see.",
        "Of the answers there is no verdict: beside them are those to the held-out rows.",
        "A column may drift while the answers stay right, and the other way round: only labels tell.",
    ])  # fmt: skip


def _found(report: DriftReport) -> str:
    """What so many rows can find."""
    if report.rows < FEWEST_ROWS:
        return f"Of fewer than {FEWEST_ROWS} rows nothing is said."
    known, columns = max(report.reference_rows, 1), len(report.columns)
    grown = smallest_share_seen(0.1, reference=known, window=report.rows, columns=columns)
    return f"So many rows show a share of 10% that grows to {grown:.1%}, in 95 of 100 cases."
