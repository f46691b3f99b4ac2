"""The shapes of what `?explain` adds to an answer of /predict."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from classification_model.config.schema import Label

__all__ = ["RowExplanation"]


class WordEffect(BaseModel):
    """What one word of a text does."""

    word: str
    effect: float = Field(description="How far the probability falls without it.", examples=[0.11])


class Contribution(BaseModel):
    """How far one column moved a row's probability."""

    column: str
    value: Any
    contribution: float = Field(description="In probability, with its sign.", examples=[0.27])
    reference: Any = Field(description="The column's usual value.")
    words: list[WordEffect] | None = Field(
        None, description="Of a text: those that moved most; they add up to nothing."
    )


class RowExplanation(BaseModel):
    """Shapley values over the columns of a row, against made rows that the model came with.

    `base`, all contributions and `rest` add up to the probability of `class`.
    """

    model_config = ConfigDict(serialize_by_alias=True)

    label: Label = Field(alias="class", description="The predicted class, or else the likeliest.")
    base: float = Field(description="The mean probability of the made rows.")
    contributions: list[Contribution] = Field(description="The one that moved most comes first.")
    rest: float = Field(description="Of all columns that are not named.")
    error: float = Field(description="Half of a 95% interval; 0 where all is exact.")
    reasons: list[str] | None = Field(
        None, description="For the unwanted class, in the words of the model's config.yml."
    )
