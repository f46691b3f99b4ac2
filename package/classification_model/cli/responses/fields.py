"""Keys that several answers have."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from classification_model.config.schema import FrozenModel, Label

__all__ = ["DIGEST", "METRICS", "TARGET", "VERSION", "ClassRows"]

VERSION = Field(description="the model's version")
DIGEST = Field(description="sha256 of the bundle's manifest, which stands for the whole bundle")
TARGET = Field(description="the column that is predicted")
METRICS = Field(description="`rows`, `accuracy`, ... on the held-out rows")


class ClassRows(FrozenModel):
    """A class, and how many rows have it."""

    label: Annotated[Label, Field(description="the class, as the CSV has it")]
    rows: Annotated[int, Field(description="how many rows have it")]
