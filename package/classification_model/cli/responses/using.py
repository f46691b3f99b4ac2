"""What ``predict`` answers with ``--json``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Self

from pydantic import Field

from classification_model.cli.responses.fields import ClassRows
from classification_model.config.schema import FrozenModel

if TYPE_CHECKING:
    from classification_model.batch import Scored

__all__ = ["Predicted"]

_MOST_REASONS = 100


class WarningCount(FrozenModel):
    """What training has not seen, in rows that were scored all the same."""

    column: str
    rule: Annotated[str, Field(description="such as `unseen_category` or `out_of_range`")]
    rows: Annotated[int, Field(description="how many rows have it")]
    first: Annotated[str, Field(description="what there is to say of the first of them")]


class Reason(FrozenModel):
    """Why rows were rejected: their first fault."""

    column: str | None
    reason: str
    rows: Annotated[int, Field(description="how many rows have it")]


class Predicted(FrozenModel):
    """``predict``: how many rows were read, and what became of them."""

    output: Annotated[str, Field(description="the file that was written; on a cluster the folder")]
    read: Annotated[int, Field(description="rows of all inputs: `scored` and `rejected`")]
    scored: Annotated[int, Field(description="rows of the output")]
    rejected: Annotated[int, Field(description="if any, the exit status is 2")]
    rejected_file: Annotated[str | None, Field(description="where those are, each with its reason")]
    reasons: Annotated[
        tuple[Reason, ...], Field(description="why rows were rejected, the hundred commonest")
    ]
    reused: Annotated[int, Field(description="parts that an earlier run on a cluster had scored")]
    warnings: Annotated[tuple[WarningCount, ...], Field(description="by column and rule")]
    abstained: Annotated[int, Field(description="scored rows that got no decision")]
    predicted: Annotated[
        tuple[ClassRows, ...],
        Field(description="how many rows got each class, the commonest first"),
    ]

    @classmethod
    def of(cls, found: Scored, output: str) -> Self:
        return cls(
            output=output,
            read=found.read,
            scored=found.scored,
            rejected=found.rejected,
            rejected_file=None if found.rejected_file is None else str(found.rejected_file),
            reasons=tuple(
                Reason(column=column, reason=reason, rows=rows)
                for (column, reason), rows in found.reasons.most_common(_MOST_REASONS)
            ),
            reused=found.reused,
            warnings=tuple(
                WarningCount(column=column, rule=rule, rows=rows, first=first)
                for (column, rule), (rows, first) in found.warned.items()
            ),
            abstained=found.predicted[None],
            predicted=tuple(
                ClassRows(label=k, rows=n)
                for k, n in found.predicted.most_common()
                if n and k is not None
            ),
        )
