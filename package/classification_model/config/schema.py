"""What a row looks like, as data: proposed by ``init``, edited by a person, kept in the bundle.

Nothing here is what training saw: that is :mod:`classification_model.processing.profile`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from classification_model.config.zones import zone_of

__all__ = [
    "LARGEST",
    "MAX_CHARS",
    "Column",
    "Decimal",
    "DerivedFeature",
    "EstimatorConfig",
    "FrozenModel",
    "Kind",
    "Label",
    "Publish",
    "RowSchema",
    "SplitRule",
    "Thousands",
    "class_name",
]

LARGEST = 3.4028234663852886e38
"""The largest float32, and so the largest number that a column may hold: features are float32."""

MAX_CHARS = 5000
"""How many characters of a text are read, where config.yml does not say otherwise."""

Kind = Literal["integer", "number", "boolean", "category", "date", "text", "raw"]
"""What a column holds. ``text`` is learned from; ``raw`` is text that only derived features read."""

Decimal = Literal[".", ","]
"""What stands before the fraction of a number."""

Thousands = Literal["", ",", ".", " ", "'"]
"""What stands between groups of three digits."""

Label = bool | int | float | str
"""One class of the target, as the CSV has it: a number stays a number, a word a word."""


def class_name(label: Label, names: Mapping[str, str]) -> str:
    """What people read for a class: its name, where config.yml gives one, else its own text."""
    return names.get(str(label), str(label))


class FrozenModel(BaseModel):
    """Never changed once made, and without keys that nobody reads."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def __getstate__(self) -> dict[Any, Any]:
        # A set is pickled in the order of its hashes, which another process has otherwise.
        state = super().__getstate__()
        return {**state, "__pydantic_fields_set__": sorted(state["__pydantic_fields_set__"])}

    def __setstate__(self, state: dict[Any, Any]) -> None:
        kept = {"__pydantic_fields_set__": set(state["__pydantic_fields_set__"])}
        super().__setstate__({**state, **kept})


class Column(FrozenModel):
    """One raw column: its kind, how its values are written, and a person's own rules.

    ``decimal``, ``thousands`` and ``unit`` say how numbers are written as text, such as
    ``1.234,5 kg``. ``date_format`` says how dates are written, in the letters of ``strptime``,
    where they are not written as 2024-12-31; ``time_zone`` makes them instants. The texts of
    ``missing_markers`` mean "missing" in this column, beside those that do so in all.

    ``max_chars`` says how much of a text is read. ``order`` lists categories from the least to the
    most.

    ``required``, ``categories``, ``minimum`` and ``maximum`` are rules: a value that breaks one
    is refused. Without them a missing or unseen value is scored with a warning.
    """

    kind: Kind
    required: bool = False
    categories: tuple[str, ...] = ()
    minimum: Annotated[int | float | None, Field(ge=-LARGEST, le=LARGEST)] = None
    maximum: Annotated[int | float | None, Field(ge=-LARGEST, le=LARGEST)] = None
    decimal: Decimal = "."
    thousands: Thousands = ""
    unit: str = ""
    date_format: str | None = None
    max_chars: Annotated[int, Field(gt=0)] = MAX_CHARS
    order: tuple[str, ...] = ()
    time_zone: str | None = None
    missing_markers: tuple[str, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        """``age: number`` is short for ``age: {kind: number}``."""
        return {"kind": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _words_fit_their_kind(self) -> Self:
        if self.kind != "text" and self.max_chars != MAX_CHARS:
            raise ValueError("max_chars belongs to kind text")
        if self.kind != "category" and self.order:
            raise ValueError("order belongs to kind category")
        if len(set(self.order)) != len(self.order):
            raise ValueError("order holds the same value twice")
        return self

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        if self.kind != "category" and self.categories:
            raise ValueError("categories belong to kind category")
        if len(set(self.categories)) != len(self.categories):
            raise ValueError("categories holds the same value twice")
        numeric = self.kind in ("integer", "number")
        if not numeric and (self.minimum is not None or self.maximum is not None):
            raise ValueError("minimum and maximum belong to the kinds integer and number")
        if not numeric and (self.decimal, self.thousands, self.unit) != (".", "", ""):
            raise ValueError("decimal, thousands and unit belong to the kinds integer and number")
        if self.decimal == self.thousands:
            raise ValueError(f"decimal and thousands are both {self.decimal!r}; choose two")
        if self.kind != "date" and (self.date_format or self.time_zone):
            raise ValueError("date_format and time_zone belong to kind date")
        if self.time_zone:
            zone_of(self.time_zone)
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

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        """``auto`` is short for ``{name: auto}``."""
        return {"name": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _members_belong_to_a_vote(self) -> Self:
        if (self.name in ("soft_vote", "blend")) != bool(self.members):
            raise ValueError("members belong to blend and soft_vote, which need at least one")
        return self


class DerivedFeature(FrozenModel):
    """A feature that a registered pure function computes from other columns of the row."""

    function: str
    inputs: tuple[str, ...]
    kind: Literal["number", "category"]


class Publish(FrozenModel):
    """What may be published: nothing that fewer than ``min_rows`` rows, or groups, hold."""

    min_rows: Annotated[int, Field(ge=1)] = 5


class RowSchema(FrozenModel):
    """Every column that a row must, or may, have.

    ``columns`` must all be sent; ``ignored`` names those of the raw CSV that play no part
    (the target among them): they may be sent and are not looked at.
    """

    columns: dict[str, Column]
    ignored: tuple[str, ...] = ()
    missing_markers: tuple[str, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _from_old(cls, values: Any) -> Any:
        """Of a bundle that was made before columns said how they write their numbers."""
        if not isinstance(values, dict) or "decimal_comma" not in values:
            return values
        known = {key: value for key, value in values.items() if key != "decimal_comma"}
        if values["decimal_comma"]:
            columns = {name: dict(column) for name, column in values["columns"].items()}
            for column in columns.values():
                if column["kind"] in ("integer", "number"):
                    column["decimal"] = ","
            known["columns"] = columns
        return known

    def markers(self, name: str) -> frozenset[str]:
        """The texts that mean "missing" in a column."""
        return frozenset((*self.missing_markers, *self.columns[name].missing_markers))


class SplitRule(FrozenModel):
    """What must not be divided when rows are held out, and when folds are made.

    ``groups`` names a column: all rows of a group are on one side, and a row without a group is
    one of its own. ``time`` names a column of dates or numbers: the newest rows are held out.
    ``copies`` says of equal rows whether they stay together, whatever is found.
    """

    groups: str | None = None
    time: str | None = None
    copies: Literal["together", "apart"] | None = None

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if self.groups is not None and self.time is not None:
            raise ValueError("groups and time cannot be combined: choose one")
        return self

    @property
    def column(self) -> str | None:
        """The column that the rule reads."""
        return self.groups or self.time
