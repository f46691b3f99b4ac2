"""What a card is made of, before it is Markdown or HTML. All text is plain: renderers escape."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from classification_model.card.svg import Picture

__all__ = [
    "Block",
    "Bullets",
    "Card",
    "Code",
    "Links",
    "Pictures",
    "Section",
    "Slider",
    "Table",
    "Text",
    "Tile",
]


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph."""

    words: str


@dataclass(frozen=True, slots=True)
class Bullets:
    items: Sequence[str]


@dataclass(frozen=True, slots=True)
class Table:
    """A table; ``numeric`` are the positions of the columns that are set to the right."""

    caption: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    numeric: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class Code:
    """A listing; ``language`` is the word that Markdown marks it with."""

    caption: str
    language: str
    source: str


@dataclass(frozen=True, slots=True)
class Pictures:
    pictures: Sequence[Picture]


@dataclass(frozen=True, slots=True)
class Links:
    """Words, and the address behind each; nothing behind what is shown already."""

    items: Sequence[tuple[str, str | None]]


@dataclass(frozen=True, slots=True)
class Slider:
    """Thresholds to try, where the page may run its script; else nothing is shown.

    Attributes:
        steps: of each threshold, the lowest first: rows of the positive class that reach it, and
            other rows that do.
        positive, negative: the classes' names.
        hits, others: all held-out rows of each.
        start: the position of the step that is shown first.
        false_positive, false_negative: what these mistakes cost at first.
    """

    steps: Sequence[tuple[float, int, int]]
    positive: str
    negative: str
    hits: int
    others: int
    start: int
    false_positive: float
    false_negative: float


Block = Text | Bullets | Table | Code | Pictures | Links | Slider


@dataclass(frozen=True, slots=True)
class Section:
    title: str
    blocks: Sequence[Block]


@dataclass(frozen=True, slots=True)
class Tile:
    """One number to be seen first, what it is, and what to hold it against."""

    name: str
    value: str
    note: str


@dataclass(frozen=True, slots=True)
class Card:
    """A page; ``served`` says that the API shows it beside the page that asks the model."""

    title: str
    subtitle: str
    tiles: Sequence[Tile]
    sections: Sequence[Section] = field(default_factory=tuple)
    served: bool = False
