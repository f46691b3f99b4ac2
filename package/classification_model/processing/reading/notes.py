"""What a person should know of how a file was read."""

from __future__ import annotations

from collections.abc import Sequence

from classification_model.processing.reading.sources import (
    BLANK,
    HEADER_AGAIN,
    TOTAL,
    Record,
    Source,
)

__all__ = ["notes_on"]

_USUAL = ("utf-8", "utf-8-sig", "utf-16")


def notes_on(source: Source, left_out: Sequence[Record] = ()) -> list[str]:
    """What a person should know of how a file was read, and which of its lines are no rows."""
    notes = [f"read as {source.encoding}"] if source.encoding not in _USUAL else []
    if source.above:
        notes.append(f"{source.above} line(s) above the header left out")
    for fault in (BLANK, HEADER_AGAIN, TOTAL):
        lines = [record.line for record in left_out if record.fault == fault]
        notes += [f"{len(lines)} line(s) left out: line {lines[0]} {fault}"] if lines else []
    return notes
