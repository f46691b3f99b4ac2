"""What training saw in each column: learned anew by each training, kept in the bundle.

Warnings, the API's document, page, card and command line read it here.
"""

from __future__ import annotations

from collections.abc import Mapping

from classification_model.config.schema import FrozenModel, Label

__all__ = ["ColumnProfile", "Profile"]


class ColumnProfile(FrozenModel):
    """What the training rows hold in one column.

    ``missing`` counts rows without a value. ``minimum`` and ``maximum`` are those of numbers,
    ``earliest`` and ``latest`` those of dates, as ISO 8601 writes them.
    ``categories`` maps each category, in sorted order, to its number of rows; only columns of
    kind category have them. ``example`` is a usual value: a median, or the commonest value.
    """

    missing: int = 0
    minimum: int | float | None = None
    maximum: int | float | None = None
    earliest: str | None = None
    latest: str | None = None
    categories: Mapping[str, int] = {}
    example: int | float | bool | str | None = None

    def range(self) -> tuple[int | float | str | None, int | float | str | None]:
        """The least and the greatest number or date; nothing where there is none."""
        if self.earliest is not None:
            return self.earliest, self.latest
        return self.minimum, self.maximum


class Profile(FrozenModel):
    """All columns of ``rows`` training rows, and how many of them each class has."""

    rows: int
    classes: tuple[tuple[Label, int], ...]
    columns: Mapping[str, ColumnProfile]

    def example(self) -> dict[str, int | float | bool | str | None]:
        """A row of usual values."""
        return {name: column.example for name, column in self.columns.items()}

    def source(self) -> bytes:
        """The profile as the bytes of its file."""
        return self.model_dump_json().encode() + b"\n"
