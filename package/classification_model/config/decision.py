"""What config.yml says of how a class is decided from probabilities."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from classification_model.config.schema import FrozenModel

__all__ = ["FALSE_NEGATIVE", "FALSE_POSITIVE", "DecisionRule"]

FALSE_POSITIVE, FALSE_NEGATIVE = "false_positive", "false_negative"

Cost = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class DecisionRule(FrozenModel):
    """One of three ways; without any the most probable class is answered.

    ``threshold`` is the probability from which on the positive one of two classes is answered.
    ``costs`` are those of each mistake: of two classes ``false_positive`` and ``false_negative``;
    of more, by the true class, what each other answer costs. ``maximise`` is what a threshold is
    chosen for; ``recall`` needs a ``precision`` that must be met.
    """

    threshold: Annotated[float | None, Field(gt=0, lt=1)] = None
    costs: dict[str, Cost | dict[str, Cost]] | None = None
    maximise: Literal["f1", "balanced_accuracy", "recall"] | None = None
    precision: Annotated[float | None, Field(gt=0, le=1)] = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        named = [n for n in ("threshold", "costs", "maximise") if getattr(self, n) is not None]
        if len(named) != 1:
            found = " and ".join(named) or "none of them"
            raise ValueError(f"name one of threshold, costs and maximise; here is {found}")
        if (self.precision is not None) != (self.maximise == "recall"):
            raise ValueError(
                "`maximise: recall` needs a `precision: 0.8` that must be met, and nothing else "
                "has one"
            )
        return self
