"""What config.yml says about a model, and by which groups it is to be judged.

Neither shapes a model.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Self

from pydantic import AfterValidator, model_validator

from classification_model.config.schema import Column, FrozenModel
from classification_model.plain_text import unprintable

__all__ = ["About", "check_groups"]

_LONGEST = 2_000


def _one_paragraph(text: str) -> str:
    words = " ".join(text.split())
    if bad := unprintable(words):
        raise ValueError(f"holds {bad!r}, which cannot be seen; write it as plain text")
    if not words:
        raise ValueError("says nothing; write some words, or drop the key")
    if len(words) > _LONGEST:
        raise ValueError(f"has {len(words):,} characters; {_LONGEST:,} are shown at most: shorten")
    return words


Words = Annotated[str, AfterValidator(_one_paragraph)]


class About(FrozenModel):
    """A paragraph each, as plain text: what it is for and not for, and whose it is."""

    purpose: Words | None = None
    not_for: Words | None = None
    owner: Words | None = None
    contact: Words | None = None
    licence: Words | None = None
    provenance: Words | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not any(words for _, words in self.said()):
            raise ValueError(f"says nothing; there are {', '.join(type(self).model_fields)}")
        return self

    def said(self) -> Iterator[tuple[str, str]]:
        """What is said, each by its name as people read it."""
        for name in type(self).model_fields:
            if words := getattr(self, name):
                yield name.replace("_", " ").capitalize(), words


def check_groups(fairness: Iterable[str], columns: Mapping[str, Column]) -> None:
    """Raises ValueError: a name is none of the columns, or that of a text."""
    for name in fairness:
        if name not in columns:
            raise ValueError(
                f"fairness names {name!r}, which is not in columns; a column of kind raw is read, "
                "and no predictor"
            )
        if columns[name].kind == "text":
            raise ValueError(f"fairness names {name!r}, a text, which has no groups; drop it")
