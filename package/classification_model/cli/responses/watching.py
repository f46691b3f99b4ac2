"""What ``drift`` and ``export`` answer with ``--json``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Self

from pydantic import Field

from classification_model.config.schema import FrozenModel

if TYPE_CHECKING:
    from classification_model.monitoring import truth
    from classification_model.monitoring.store_export import Exported
    from classification_model.monitoring.watch import DriftReport

__all__ = ["Drifted", "Labelled"]


class DriftedColumn(FrozenModel):
    """A column of the rows beside the training."""

    name: str
    drifted: Annotated[bool | None, Field(description="`null` where there are too few rows")]
    distance: Annotated[float | None, Field(description="Jensen-Shannon divergence, in nats")]
    limit: Annotated[float | None, Field(description="the distance of rows that did not change")]
    missing: Annotated[float, Field(description="the share of rows without a value")]
    unseen: Annotated[float, Field(description="the share of rows whose value training lacks")]


class Drifted(FrozenModel):
    """``drift``: rows beside those of the training."""

    rows: int
    reference_rows: Annotated[int, Field(description="rows of the training")]
    refused: Annotated[int, Field(description="rows that break a rule, and were left out")]
    expected_accuracy: Annotated[
        float | None,
        Field(description="while probabilities are as right as they were on held-out rows"),
    ]
    drifted: Annotated[tuple[str, ...], Field(description="the names of what drifted")]
    columns: tuple[DriftedColumn, ...]

    @classmethod
    def of(cls, found: DriftReport, refused: int) -> Self:
        return cls(
            rows=found.rows,
            reference_rows=found.reference_rows,
            refused=refused,
            expected_accuracy=found.expected_accuracy,
            drifted=found.drifted,
            columns=tuple(
                DriftedColumn(
                    name=one.name,
                    drifted=None if one.verdict is None else one.drifted,
                    distance=None if one.verdict is None else one.verdict.distance,
                    limit=None if one.verdict is None else one.verdict.limit,
                    missing=one.missing,
                    unseen=one.unseen,
                )
                for one in found.columns
            ),
        )


class Interval(FrozenModel):
    """A metric with its 95% interval, which a mean of one value has not."""

    value: float
    low: float | None
    high: float | None

    @classmethod
    def of(cls, found: truth.Interval) -> Self:
        return cls(value=found.value, low=found.low, high=found.high)


class VersionServed(FrozenModel):
    """What a served model made of the rows that it answered."""

    version: str
    rows: int
    accuracy: Interval
    log_loss: Interval


class Labelled(FrozenModel):
    """``export``: rows whose truth is known."""

    output: str
    rows: int
    corrected: Annotated[int, Field(description="rows exported before, with another label")]
    refused: Annotated[
        tuple[str, ...], Field(description="why rows were left out that cannot be in the table")
    ]
    without_inputs: Annotated[int, Field(description="rows left out: their inputs were not kept")]
    versions: tuple[VersionServed, ...]

    @classmethod
    def of(cls, found: Exported, output: str) -> Self:
        return cls(
            output=output,
            rows=found.rows,
            corrected=found.corrected,
            refused=tuple(found.refused),
            without_inputs=found.without_inputs,
            versions=tuple(
                VersionServed(
                    version=one.version,
                    rows=one.rows,
                    accuracy=Interval.of(one.accuracy),
                    log_loss=Interval.of(one.log_loss),
                )
                for one in found.versions
            ),
        )
