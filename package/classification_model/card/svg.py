"""Draw a picture with a small plot area, as SVG text.

Written by hand and not by a plotting library: the pictures are few and plain, they take the
page's own colours in light and in dark, and the same numbers give the same bytes anywhere.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

from classification_model.plain_text import clean

__all__ = ["HEIGHT", "WIDTH", "Picture", "Plot", "cut", "tag", "text_width"]

WIDTH, HEIGHT = 360, 300
_WIDE = 11.0
_NARROW = 6.6


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawing of :data:`WIDTH` by :data:`HEIGHT`.

    Attributes:
        key: a name that is good for an identifier.
        title: what it shows.
        caption: how to read it.
        summary: what there is to see, for who cannot see it.
        body: SVG elements.
    """

    key: str
    title: str
    caption: str
    summary: str
    body: str


def text_width(text: str) -> float:
    """About how wide a text is, in units of the picture, at its usual size."""
    return sum(_WIDE if unicodedata.east_asian_width(c) in "WF" else _NARROW for c in text)


def cut(text: object, width: float) -> str:
    """A text that fits a width, its end left out where it must be."""
    words = clean(text)
    if text_width(words) <= width:
        return words
    while words and text_width(words + "\u2026") > width:
        words = words[:-1]
    return words.rstrip() + "\u2026"


def tag(name: str, content: str | None = None, /, **attributes: object) -> str:
    """An element. ``class_`` is class, and ``_`` in a name is ``-``."""
    named = {
        ("class" if key == "class_" else key.replace("_", "-")): _value(value)
        for key, value in attributes.items()
    }
    inside = "".join(f' {key}="{value}"' for key, value in named.items())
    return f"<{name}{inside}/>" if content is None else f"<{name}{inside}>{content}</{name}>"


class Plot:
    """A rectangle with two axes; collects elements in the order they are drawn."""

    def __init__(
        self,
        *,
        x: tuple[float, float],
        y: tuple[float, float],
        left: float = 46,
        right: float = 12,
        top: float = 10,
        bottom: float = 40,
    ) -> None:
        self._x, self._y = x, y
        self.left, self.right = left, WIDTH - right
        self.top, self.bottom = top, HEIGHT - bottom
        self._parts: list[str] = []

    def at_x(self, value: float) -> float:
        low, high = self._x
        return self.left + (value - low) / (high - low) * (self.right - self.left)

    def at_y(self, value: float) -> float:
        low, high = self._y
        return self.bottom - (value - low) / (high - low) * (self.bottom - self.top)

    def add(self, *parts: str) -> None:
        self._parts += parts

    def body(self) -> str:
        return "".join(self._parts)

    def line(self, points: Iterable[tuple[float, float]], class_: str) -> None:
        """A line through points in the units of the axes."""
        path = " ".join(f"{_value(self.at_x(x))},{_value(self.at_y(y))}" for x, y in points)
        self.add(tag("polyline", points=path, class_=f"line {class_}"))

    def text(self, x: float, y: float, words: str, class_: str = "") -> None:
        """Words at a place in the units of the picture."""
        named = {"class_": class_} if class_ else {}
        self.add(tag("text", escape(words), x=x, y=y, **named))

    def x_ticks(self, values: Sequence[float], label: str) -> None:
        for value in values:
            x = self.at_x(value)
            self.add(tag("line", x1=x, x2=x, y1=self.top, y2=self.bottom, class_="grid"))
            self.text(x, self.bottom + 14, f"{value:g}", "middle")
        self.text((self.left + self.right) / 2, self.bottom + 32, label, "middle label")

    def y_ticks(self, values: Sequence[float], label: str) -> None:
        for value in values:
            y = self.at_y(value)
            self.add(tag("line", x1=self.left, x2=self.right, y1=y, y2=y, class_="grid"))
            self.text(self.left - 6, y + 4, f"{abs(value):g}", "end")
        self.y_label(label)

    def y_label(self, label: str) -> None:
        middle = (self.top + self.bottom) / 2
        turned = f"rotate(-90 12 {_value(middle)})"
        self.add(
            tag("text", escape(label), x=12, y=middle, transform=turned, class_="middle label")
        )


def _value(value: object) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
