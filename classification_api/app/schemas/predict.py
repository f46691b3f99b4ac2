"""The request and the answer of /predict. A row's fields come from the bundle that is served."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, WrapValidator, create_model

from classification_model.config.schema import Label
from classification_model.processing.validation import RowValidator

from .explanations import RowExplanation


def request_model(validator: RowValidator, most: int | None = None) -> type[BaseModel]:
    """The request for at most so many rows of a schema, with an example from the profile.

    It has the rows' schema, and leaves them as they are: what a bad one means is decided by who
    knows ``on_error``.
    """
    profile = validator.profile
    example: Any = {"inputs": [profile.example()] if profile else []}
    row_type: Any = validator.row_type
    inputs: Any = Annotated[
        list[Annotated[row_type, WrapValidator(_as_it_is)]], Field(min_length=1, max_length=most)
    ]
    return create_model(
        "PredictRequest",
        __config__=ConfigDict(extra="forbid", json_schema_extra={"examples": [example]}),
        inputs=(inputs, ...),
    )


def _as_it_is(row: Any, check: Any) -> Any:  # noqa: ARG001
    return row


class RowWarning(BaseModel):
    """A row was scored, and this makes its score less sure."""

    row: int = Field(description="Position in inputs, from 0.")
    column: str
    rule: str = Field(examples=["unseen_category"])
    message: str


class RowProblem(BaseModel):
    """Why a row was not scored."""

    row: int = Field(description="Position in inputs, from 0.")
    column: str | None
    rule: str
    message: str
    value: Any


class PredictResponse(BaseModel):
    """One prediction for each row, in the order of the request."""

    predictions: list[Label | None] = Field(description="Labels as the training data has them.")
    probabilities: list[list[float] | None] = Field(description="For each of classes, in order.")
    classes: list[Label]
    warnings: list[RowWarning]
    errors: list[RowProblem] | None
    version: str = Field(description="The model's version.")
    sets: list[list[Label] | None] | None = Field(None, description="As asked by `coverage`.")
    abstained: list[int] | None = Field(None, description="Positions of rows left undecided.")
    explanations: list[RowExplanation | None] | None = Field(
        None, description="One for each row where `explain` asks for them; null where skipped."
    )
