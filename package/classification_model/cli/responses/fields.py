"""Keys that several answers have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

if TYPE_CHECKING:
    pass

__all__ = ["DIGEST", "METRICS", "TARGET", "VERSION"]

VERSION = Field(description="the model's version")
DIGEST = Field(description="sha256 of the bundle's manifest, which stands for the whole bundle")
TARGET = Field(description="the column that is predicted")
METRICS = Field(description="`rows`, `accuracy`, ... on the held-out rows")
