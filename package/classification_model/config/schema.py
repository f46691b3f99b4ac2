"""What a row looks like, as data: learned from a CSV, edited by a person, kept in the bundle."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationInfo,
    field_validator,
    model_validator,
)

__all__ = [
    "Column",
    "DerivedFeature",
    "EstimatorConfig",
    "FrozenModel",
    "Kind",
    "Label",
    "RowSchema",
]

Kind = Literal["integer", "number", "boolean", "category", "date", "text"]

Label = bool | int | float | str
"""One class of the target, as the CSV has it: a number stays a number, a word a word."""

# What YAML text becomes where the kind is not text.
_EXAMPLE: dict[str, TypeAdapter[Any]] = {
    "integer": TypeAdapter(int | None),
    "number": TypeAdapter(float | None),
    "boolean": TypeAdapter(bool | None),
}
_TEXT_EXAMPLE: TypeAdapter[Any] = TypeAdapter(str | None)


class FrozenModel(BaseModel):
    """Never changed once made, and without keys that nobody reads."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Column(FrozenModel):
    """One raw column: its kind, whether it may be missing, and what training saw in it.

    ``date_format`` says how dates are written, in the letters of ``strptime``, where they are
    not written as 2024-12-31.

    ``minimum`` and ``maximum`` bound what was seen. A value beyond them is scored and
    warned about, not refused; so is a category that is not in ``categories``.
    """

    kind: Kind
    nullable: bool = False
    categories: tuple[str, ...] = ()
    minimum: Annotated[int | float | None, Field(allow_inf_nan=False)] = None
    maximum: Annotated[int | float | None, Field(allow_inf_nan=False)] = None
    date_format: str | None = None
    example: int | float | bool | str | None = None

    @field_validator("example", mode="before")
    @classmethod
    def _example_is_of_its_kind(cls, value: object, info: ValidationInfo) -> object:
        return _EXAMPLE.get(info.data.get("kind", ""), _TEXT_EXAMPLE).validate_python(value)

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        if (self.kind == "category") != bool(self.categories):
            raise ValueError("categories belong to kind category, which needs at least one")
        if len(set(self.categories)) != len(self.categories):
            raise ValueError("categories holds the same value twice")
        numeric = self.kind in ("integer", "number")
        if not numeric and (self.minimum is not None or self.maximum is not None):
            raise ValueError("minimum and maximum belong to the kinds integer and number")
        if self.kind != "date" and self.date_format is not None:
            raise ValueError("date_format belongs to kind date")
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            raise ValueError(f"minimum {self.minimum} is above maximum {self.maximum}")
        return self


class EstimatorConfig(FrozenModel):
    """An estimator by name with its parameters; ``soft_vote`` has members instead.

    ``auto`` stands for the one that a comparison will choose.
    """

    name: str
    calibration: Literal["sigmoid"] | None = None
    weight: Annotated[float, Field(gt=0)] = 1.0
    parameters: dict[str, Any] = Field(default_factory=dict)
    members: tuple[EstimatorConfig, ...] = ()

    @model_validator(mode="after")
    def _members_belong_to_a_vote(self) -> Self:
        if (self.name == "soft_vote") != bool(self.members):
            raise ValueError("members belong to soft_vote, which needs at least one")
        return self


class DerivedFeature(FrozenModel):
    """A feature that a registered pure function computes from other columns of the row."""

    function: str
    inputs: tuple[str, ...]
    kind: Literal["number", "category"]


class RowSchema(FrozenModel):
    """Every column that a row must, or may, have.

    ``columns`` must all be sent; ``ignored`` names those of the raw CSV that play no part
    (the target among them): they may be sent and are not looked at. With ``decimal_comma``
    text such as ``1,5`` is a number too. ``never_missing`` names the columns that may be
    missing, but were not once in training.
    """

    columns: dict[str, Column]
    ignored: tuple[str, ...] = ()
    missing_markers: tuple[str, ...] = ()
    decimal_comma: bool = False
    never_missing: tuple[str, ...] = ()
