"""What ``init`` and ``train`` answer with ``--json``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Self

from pydantic import Field

from classification_model.bundle.provenance import (
    Choice,
    Comparison,
    Gate,
)
from classification_model.cli.responses.fields import (
    DIGEST,
    METRICS,
    TARGET,
    VERSION,
    ClassRows,
)
from classification_model.config.home import Home
from classification_model.config.schema import FrozenModel, Label
from classification_model.errors import RejectedModelError

if TYPE_CHECKING:
    from classification_model.bundle.rollback import RolledBack as Restored
    from classification_model.init.inferred_schema import InferredSchema
    from classification_model.init.update import Update
    from classification_model.train_pipeline import Trained as TrainedModel

__all__ = ["Initialised", "RolledBack", "Trained", "Updated"]


class ColumnFound(FrozenModel):
    """What was decided about a column, and why."""

    name: Annotated[str, Field(description="the column, as the CSV has it")]
    kind: Annotated[
        str,
        Field(description="`integer`, `number`, `boolean`, `category`, `date` or `raw`"),
    ]
    missing: Annotated[int, Field(description="how many rows have no value")]
    decision: Annotated[str, Field(description="`used`, `used, look at it` or `left out`")]
    reason: Annotated[str, Field(description="why it is not simply used; else empty")]
    written: Annotated[
        str, Field(description="how its numbers or dates are, where not plainly; else empty")
    ]


class Initialised(FrozenModel):
    """``init``: what the CSV was found to be."""

    home: Annotated[str, Field(description="the folder that was written")]
    target: Annotated[str, TARGET]
    rows: Annotated[int, Field(description="rows that have a class")]
    unlabelled: Annotated[int, Field(description="further rows, without one: left out")]
    duplicates: Annotated[int, Field(description="rows that repeat another")]
    classes: Annotated[tuple[ClassRows, ...], Field(description="the commonest first")]
    positive: Annotated[Label | None, Field(description="of two classes the one asked about")]
    columns: Annotated[tuple[ColumnFound, ...], Field(description="in the order of the CSV")]
    notes: Annotated[tuple[str, ...], Field(description="what to know of the file as a whole")]

    @classmethod
    def of(cls, home: Home, learned: InferredSchema) -> Self:
        return cls(
            home=str(home.path),
            target=learned.target,
            rows=learned.rows,
            unlabelled=learned.unlabelled,
            duplicates=learned.duplicates,
            classes=tuple(ClassRows(label=k, rows=n) for k, n in learned.classes.items()),
            positive=learned.positive,
            columns=tuple(
                ColumnFound(
                    name=found.name,
                    kind=found.column.kind,
                    missing=found.seen.missing,
                    decision=found.decision,
                    reason=found.reason,
                    written=found.written,
                )
                for found in learned.findings
            ),
            notes=learned.notes,
        )


class Updated(FrozenModel):
    """``init --update``: what was added to config.yml."""

    home: Annotated[str, Field(description="the folder of the home")]
    added: Annotated[tuple[str, ...], Field(description="the columns that config.yml did not know")]
    diff: Annotated[str, Field(description="the lines that were added, as a unified diff")]
    otherwise: Annotated[
        tuple[str, ...], Field(description="what `init` would decide otherwise today")
    ]

    @classmethod
    def of(cls, found: Update) -> Self:
        return cls(
            home=str(found.home.path),
            added=found.added,
            diff=found.diff,
            otherwise=found.otherwise,
        )


class Trained(FrozenModel):
    """``train``: the model that was saved, or why none was; then all but three keys are null."""

    saved: Annotated[bool, Field(description="whether the new model took its place")]
    refused: Annotated[str | None, Field(description="why it did not; the exit status is then 3")]
    comparison: Annotated[
        Comparison | None,
        Field(description="against the reference, as `compare` has it"),
    ]
    home: Annotated[str | None, Field(description="the folder of the model")] = None
    version: Annotated[str | None, VERSION] = None
    digest: Annotated[str | None, DIGEST] = None
    target: Annotated[str | None, TARGET] = None
    metrics: Annotated[dict[str, int | float] | None, METRICS] = None
    intervals: Annotated[
        dict[str, tuple[float, float]] | None,
        Field(description="of each metric the 95% interval, by bootstrap"),
    ] = None
    choice: Annotated[
        Choice | None,
        Field(description="`estimator`, and `compared`: each candidate's `log_loss`, `weight`"),
    ] = None
    gate: Annotated[
        Gate | None,
        Field(description="how it passed: `verdict`, `note`, `margin`, `seen`, `overruled`, ..."),
    ] = None

    @classmethod
    def of(cls, home: Home, trained: TrainedModel) -> Self:
        from classification_model.evaluation import NAMES

        manifest, report = trained.bundle.manifest, trained.report
        return cls(
            saved=True,
            refused=None,
            comparison=trained.comparison,
            home=str(home.path),
            version=manifest.version,
            digest=trained.bundle.digest,
            target=manifest.target,
            metrics=report.metrics.model_dump(),
            intervals={n: (getattr(report, n).low, getattr(report, n).high) for n in NAMES},
            choice=manifest.choice,
            gate=manifest.gate,
        )

    @classmethod
    def not_saved(cls, error: RejectedModelError) -> Self:
        found = error.comparison if isinstance(error.comparison, Comparison) else None
        return cls(saved=False, refused=str(error), comparison=found)


class RolledBack(FrozenModel):
    """``rollback``: the model that is there now."""

    version: Annotated[str, VERSION]
    digest: Annotated[str, DIGEST]
    before: Annotated[str | None, Field(description="the version whose place it took")]
    source: Annotated[str, Field(description="the commit or the wheel that it came from")]
    followed: Annotated[tuple[str, ...], Field(description="further files that were written")]

    @classmethod
    def of(cls, found: Restored) -> Self:
        return cls(
            version=found.bundle.manifest.version,
            digest=found.bundle.digest,
            before=found.before,
            source=found.source,
            followed=tuple(map(str, found.followed)),
        )
