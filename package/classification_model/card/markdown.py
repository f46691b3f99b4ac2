"""A card as Markdown, as GitHub reads it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from classification_model.card.document import (
    Block,
    Bullets,
    Card,
    Code,
    Links,
    Pictures,
    Slider,
    Table,
    Text,
)
from classification_model.plain_text import markdown as _plain

__all__ = ["render"]


def render(card: Card, *, picture: str) -> str:
    """Markdown text; ``picture`` is the name of the file that holds all pictures."""
    lines = [f"# {_plain(card.title)}", "", _plain(card.subtitle), ""]
    lines += [f"- **{_plain(t.name)} {t.value}** ({_plain(t.note)})" for t in card.tiles]
    for section in card.sections:
        lines += ["", f"## {_plain(section.title)}"]
        for block in section.blocks:
            lines += ["", *_block(block, picture)]
    return "\n".join(lines) + "\n"


def _block(block: Block, picture: str) -> Iterator[str]:
    match block:
        case Text(words):
            yield _plain(words)
        case Bullets(items):
            yield from (f"- {_plain(item)}" for item in items)
        case Table():
            yield from _table(block)
        case Code(caption, language, source):
            fence = "`" * max(3, 1 + max(map(len, re.findall("`+", source)), default=0))
            yield from (f"{_plain(caption)}:", "", fence + language, source, fence)
        case Links(items):
            yield " ".join(f"[{_plain(words)}]({address or ''})" for words, address in items)
        case Slider():  # Markdown runs nothing: the table beside it says it
            return
        case Pictures(pictures):
            summary = _plain(" ".join(f"{one.title}: {one.summary}" for one in pictures))
            yield f"![{summary}]({picture})"
            yield ""
            yield from (f"- **{_plain(one.title)}.** {_plain(one.caption)}" for one in pictures)


def _table(table: Table) -> Iterator[str]:
    rules = ["---:" if i in table.numeric else "---" for i in range(len(table.header))]
    yield f"{_plain(table.caption)}:"
    yield ""
    yield from (_cells(map(_plain, cells)) for cells in (table.header,))
    yield _cells(rules)
    yield from (_cells(map(_plain, row)) for row in table.rows)


def _cells(cells: Iterator[str] | list[str]) -> str:
    return f"| {' | '.join(cells)} |"
