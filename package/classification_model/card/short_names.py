"""Names of classes that fit into a picture: where one is too long, all have letters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from string import ascii_uppercase

from classification_model.card.svg import text_width
from classification_model.config.schema import Label
from classification_model.plain_text import clean

__all__ = ["ShortNames"]

_ROOM = 64.0
"""As wide as a name in a legend may be."""


@dataclass(frozen=True, slots=True)
class ShortNames:
    """What pictures call each class, and the sentence that says what that means."""

    by_label: dict[Label, str]
    key: str

    @classmethod
    def of(cls, labels: Sequence[Label]) -> ShortNames:
        names = {label: clean(label) for label in labels}
        if all(text_width(name) <= _ROOM for name in names.values()):
            return cls(names, "")
        letters = ascii_uppercase if len(names) <= 26 else [str(i + 1) for i in range(len(names))]
        short = dict(zip(names, letters, strict=False))
        meant = "; ".join(f"{short[label]}: {name}" for label, name in names.items())
        return cls(short, f" {meant}.")
