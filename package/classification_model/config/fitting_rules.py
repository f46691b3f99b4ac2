"""What config.yml says of how rows are weighed, what may only rise, and what ``auto`` compares."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from classification_model.config.schema import (
    Decimal,
    EstimatorConfig,
    FrozenModel,
    Thousands,
)

__all__ = ["Candidates", "ClassWeight", "Direction", "Weight"]

Direction = Literal["increasing", "decreasing"]
"""How the probability of the positive class may move while a column's value grows."""


class Weight(FrozenModel):
    """The column that says how much each row counts in fitting, and how its numbers are written."""

    column: str
    decimal: Decimal = "."
    thousands: Thousands = ""

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        """``weight: households`` is short for ``{column: households}``."""
        return {"column": value} if isinstance(value, str) else value


class Candidates(FrozenModel):
    """What ``estimator: auto`` compares beside its own candidates, by name, and what it leaves out."""

    add: dict[str, EstimatorConfig] = Field(default_factory=dict)
    remove: tuple[str, ...] = ()


def _positive_numbers(value: Any) -> Any:
    if not isinstance(value, dict):
        if value in (None, "balanced"):
            return value
        raise ValueError("say `balanced`, or give classes positive numbers: `{yes: 5, no: 1}`")
    for label, text in value.items():
        try:
            weight = float(text)
        except (TypeError, ValueError):
            weight = math.nan
        if not 0 < weight < math.inf:
            raise ValueError(
                f"the weight of {label!r} is {text!r}, and has to be a positive number"
            )
    return value


ClassWeight = Annotated[Literal["balanced"] | dict[str, float], BeforeValidator(_positive_numbers)]
"""``balanced``, or what a row counts by its class; 1 for a class that is not named."""
