"""What training saw in each column: learned anew by each training, kept in the bundle.

Warnings, the API's document, page, card and command line read it here.
"""

from __future__ import annotations

from collections.abc import Mapping

from classification_model.config.schema import FrozenModel, Label

__all__ = ["ColumnProfile", "Profile"]


class ColumnProfile(FrozenModel):
    """What the training rows hold in one column.

    ``missing`` counts rows without a value. ``minimum`` and ``maximum`` are those of numbers.
    ``categories`` maps each category, in sorted order, to its number of rows; only columns of
    kind category have them. ``example`` is a usual value: a median, or the commonest value.
    """

    missing: int = 0
    minimum: int | float | None = None
    maximum: int | float | None = None
    categories: Mapping[str, int] = {}
    example: int | float | bool | str | None = None


class Profile(FrozenModel):
    """All columns of ``rows`` training rows, and how many of them each class has."""

    rows: int
    classes: tuple[tuple[Label, int], ...]
    columns: Mapping[str, ColumnProfile]

    def example(self) -> dict[str, int | float | bool | str | None]:
        """A row of usual values."""
        return {name: column.example for name, column in self.columns.items()}

    def with_examples(self, examples: Mapping[str, str]) -> Profile:
        """The profile with other examples of some columns."""
        changed = {
            name: self.columns[name].model_copy(update={"example": example})
            for name, example in examples.items()
        }
        return self.model_copy(update={"columns": {**self.columns, **changed}})

    def source(self) -> bytes:
        """The profile as the bytes of its file."""
        return self.model_dump_json().encode() + b"\n"
