"""The documents, and the blocks of code in them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from homes import REPOSITORY

__all__ = ["DOCUMENTS", "Block", "blocks_of"]

DOCUMENTS = (
    REPOSITORY / "README.md",
    REPOSITORY / "package" / "README.md",
    *sorted((REPOSITORY / "docs").glob("*.md")),
)

_BLOCK = re.compile(
    r"(?:<!-- not run: (?P<reason>[^>]*?) *-->\n+)?^```(?P<language>[^\n]*)\n(?P<text>.*?)^```$",
    re.DOTALL | re.MULTILINE,
)


@dataclass(frozen=True)
class Block:
    """A fenced block: its language and text, and why it is not run, if it says so above it."""

    file: Path
    line: int
    language: str
    text: str
    not_run: str | None

    @property
    def commands(self) -> list[str]:
        """The commands of a console block, each with the lines that belong to it."""
        joined = self.text.replace("\\\n", " ")
        quoted = re.compile(r"(?:'[^']*'|\"[^\"]*\"|[^'\"\n])+")
        return [found.strip() for found in quoted.findall(joined) if found.strip()]

    def __str__(self) -> str:
        return f"{self.file.relative_to(REPOSITORY)}:{self.line}"


def blocks_of(file: Path) -> list[Block]:
    """The blocks of a document, in order."""
    source = file.read_text(encoding="utf-8")
    return [
        Block(
            file=file,
            line=source.count("\n", 0, found.start("language")) + 1,
            language=found["language"],
            text=found["text"],
            not_run=found["reason"],
        )
        for found in _BLOCK.finditer(source)
    ]
