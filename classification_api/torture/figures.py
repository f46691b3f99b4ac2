"""The figures in docs/reliability.md: each stands between two marks that carry its name."""

from __future__ import annotations

import re

from harness import API

__all__ = ["FILE", "put"]

FILE = API.parent / "docs" / "reliability.md"


def put(name: str, figure: str) -> None:
    """Show a figure in the place of the one that was found before."""
    text = FILE.read_text(encoding="utf-8")
    place = re.compile(rf"(<!-- {name} -->).*?(<!-- / -->)")
    if not place.search(text):
        raise LookupError(f"{FILE}: has no place for {name}")
    FILE.write_text(place.sub(lambda match: match[1] + figure + match[2], text), encoding="utf-8")
