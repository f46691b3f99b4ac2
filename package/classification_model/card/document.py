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


Block = Text | Bullets | Table | Code | Pictures | Links


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
    title: str
    subtitle: str
    tiles: Sequence[Tile]
    sections: Sequence[Section] = field(default_factory=tuple)
