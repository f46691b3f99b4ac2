"""A card as one HTML page that needs nothing else: no other file, no other host.

Only the slider over thresholds has a script, and without it the table beside it says the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from classification_model.card import slider
from classification_model.card.document import (
    Block,
    Bullets,
    Card,
    Code,
    Links,
    Pictures,
    Section,
    Slider,
    Table,
    Text,
)
from classification_model.card.style import COLORS, DARK_COLORS, PAGE, PICTURE
from classification_model.card.svg import HEIGHT, WIDTH, Picture, tag
from classification_model.plain_text import clean

__all__ = ["render", "sheet"]

_GAP, _TITLE = 24, 26
_LONG_WORD = 24


def render(card: Card) -> str:
    """The whole page."""
    head = (
        tag("meta", charset="utf-8")
        + tag("meta", name="viewport", content="width=device-width, initial-scale=1")
        + tag("meta", name="color-scheme", content="light dark")
        + tag("title", _plain(card.title))
        + tag("style", _palette() + PICTURE + PAGE)
    )
    tiles = "".join(
        tag("div", tag("dt", _plain(t.name)) + tag("dd", t.value, class_="value")
            + tag("dd", _plain(t.note)))
        for t in card.tiles
    )  # fmt: skip
    header = tag("h1", _plain(card.title)) + tag("p", _plain(card.subtitle), class_="subtitle")
    sections = "".join(_section(section) for section in card.sections)
    top = tag("header", header + (tag("dl", tiles, class_="tiles") if tiles else ""))
    body = tag("main", top + _contents(card) + sections)
    return "<!doctype html>\n" + tag("html", f"{tag('head', head)}\n{tag('body', body)}", lang="en")


def sheet(pictures: tuple[Picture, ...]) -> str:
    """All pictures in one SVG file, two beside each other, on a plate of their own."""
    wide, high = WIDTH * 2 + _GAP * 3, 0
    parts = []
    for i, one in enumerate(pictures):
        x, y = _GAP + (i % 2) * (WIDTH + _GAP), _GAP + (i // 2) * (HEIGHT + _TITLE + _GAP)
        high = y + HEIGHT + _TITLE + _GAP
        title = tag("text", _plain(one.title), x=0, y=14, class_="title")
        inner = tag("g", one.body, transform=f"translate(0 {_TITLE})")
        parts.append(tag("g", title + inner, transform=f"translate({x} {y})"))
    plate = tag("rect", width=wide, height=high, class_="paper")
    summary = " ".join(f"{one.title}: {one.summary}" for one in pictures)
    return tag(
        "svg",
        tag("title", "How good the model is")
        + tag("desc", _plain(summary))
        + tag("style", _palette() + PICTURE)
        + tag("g", plate + "".join(parts), class_="picture"),
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {wide} {high}",
        width=wide,
        height=high,
        role="img",
    )


def _palette() -> str:
    """The colours as variables, in light and, on a screen that asks for it, in dark."""
    return (
        f":root{{{COLORS}}}@media screen and (prefers-color-scheme:dark){{:root{{{DARK_COLORS}}}}}"
    )


def _contents(card: Card) -> str:
    """Links to the sections, and to the page that asks the model."""
    links = [
        tag("li", tag("a", _plain(section.title), href=f"#{_anchor(section)}"))
        for section in card.sections
    ]
    if card.served:
        page = tag("a", "Ask the model", href="./") + " (where the API serves this card)"
        links.append(tag("li", page))
    return tag("nav", tag("ul", "".join(links)), id="contents", aria_label="Contents")


def _anchor(section: Section) -> str:
    return section.title.lower().replace(" ", "-")


def _section(section: Section) -> str:
    back = tag("a", "\u2191", href="#contents", class_="back", aria_label="Back to the contents")
    heading = tag("h2", f"{_plain(section.title)} {back}", id=_anchor(section))
    return "\n" + tag("section", heading + "\n".join(map(_block, section.blocks)))


def _block(block: Block) -> str:
    match block:
        case Text(words):
            return tag("p", _plain(words))
        case Bullets(items):
            return tag("ul", "".join(tag("li", _plain(item)) for item in items))
        case Table():
            return tag("div", _table(block), class_="scroll", tabindex=0)
        case Code(caption, _, source):
            listing = tag("pre", tag("code", escape(source)), tabindex=0)
            return tag("figure", tag("figcaption", _plain(caption)) + listing, class_="code")
        case Links(items):
            return tag("p", " ".join(_link(*item) for item in items), class_="links")
        case Slider():
            return slider.render(block)
        case Pictures(pictures):
            return tag("div", "".join(map(_figure, pictures)), class_="pictures")


def _link(words: str, address: str | None) -> str:
    if address is None:
        return tag("strong", _plain(words))
    return tag("a", _plain(words), href=escape(address))


def _table(table: Table) -> str:
    return tag(
        "table",
        tag("caption", tag("span", _plain(table.caption)))
        + tag("thead", tag("tr", "".join(_row(table, table.header, "th"))))
        + tag("tbody", "\n".join(tag("tr", "".join(_row(table, r, "td"))) for r in table.rows)),
    )


def _row(table: Table, cells: Sequence[str], name: str) -> Iterator[str]:
    """The cells of a row: the first one, and all in the head, are headings."""
    for i, cell in enumerate(cells):
        heading = name == "th" or i == 0
        scope = {"scope": "col" if name == "th" else "row"} if heading else {}
        number = "number" if i in table.numeric else ""
        # A digest has no space to break at; other words stay whole.
        long = "long" if any(len(word) > _LONG_WORD for word in cell.split()) else ""
        class_ = {"class_": f"{number} {long}".strip()} if number or long else {}
        yield tag("th" if heading else "td", _plain(cell), **scope, **class_)


def _figure(picture: Picture) -> str:
    title, summary = f"{picture.key}-title", f"{picture.key}-summary"
    drawing = tag(
        "svg",
        tag("title", _plain(picture.title), id=title)
        + tag("desc", _plain(picture.summary), id=summary)
        + picture.body,
        viewBox=f"0 0 {WIDTH} {HEIGHT}",
        role="img",
        aria_labelledby=f"{title} {summary}",
        class_="picture",
    )
    caption = tag("strong", _plain(picture.title)) + " " + _plain(picture.caption)
    return tag("figure", drawing + tag("figcaption", caption))


def _plain(text: str) -> str:
    return escape(clean(text))
