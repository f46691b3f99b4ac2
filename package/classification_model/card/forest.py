"""Pictures of two models side by side: a forest plot, and old against new probability."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from classification_model.card.svg import Picture, Plot, cut, tag

__all__ = ["Change", "forest", "old_against_new"]

_FIFTHS = (0, 0.2, 0.4, 0.6, 0.8, 1)


class Change(NamedTuple):
    """A difference with its interval."""

    name: str
    difference: float
    low: float
    high: float


def forest(key: str, title: str, changes: Sequence[Change]) -> Picture:
    """A dot and a line for each difference; its name stands above the line."""
    reach = max(1e-9, *(max(abs(one.low), abs(one.high)) for one in changes)) * 1.05
    plot = Plot(x=(-reach, reach), y=(len(changes), 0), left=12, right=12)
    half = float(f"{reach / 2:.1g}")
    ticks = (-half, 0.0, half) if half <= reach else (0.0,)
    plot.x_ticks(ticks, "new minus old")
    plot.line([(0, 0), (0, len(changes))], "whisker")
    for i, one in enumerate(changes):
        at = i + 0.75
        plot.text(plot.left, plot.at_y(at) - 7, cut(one.name, plot.right - plot.left))
        plot.line([(one.low, at), (one.high, at)], "s0")
        dot = tag("circle", cx=plot.at_x(one.difference), cy=plot.at_y(at), r=4, class_="f0")
        plot.add(dot)
    return Picture(
        key=key,
        title=title,
        caption="Dots are the differences, lines their 95% intervals. A line that does not cross "
        "the upright one is a difference beyond chance.",
        summary="; ".join(f"{one.name} {one.difference:+.4f}" for one in changes),
        body=plot.body(),
    )


def old_against_new(points: Sequence[tuple[float, float]]) -> Picture:
    """A dot for each row: the probability of the class that is true, before and now."""
    plot = Plot(x=(0, 1), y=(0, 1))
    plot.x_ticks(_FIFTHS, "old probability of the truth")
    plot.y_ticks(_FIFTHS, "new probability of the truth")
    plot.line([(0, 0), (1, 1)], "guide")
    for old, new in points:
        place = {"cx": plot.at_x(old), "cy": plot.at_y(new)}
        plot.add(tag("circle", **place, r=2.5, class_="f0", fill_opacity=0.35))
    gained = sum(new > old for old, new in points)
    return Picture(
        key="probabilities",
        title="Old against new",
        caption="Above the dashed line the new one is nearer to the truth. Each dot is a row.",
        summary=f"{gained} of {len(points)} rows are above the dashed line.",
        body=plot.body(),
    )
