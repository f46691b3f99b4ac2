"""What commands answer with ``--json``: one object each, of a shape that stays.

Keys may be added; none changes its meaning or goes away before version 2. What there is not
is ``null``, and is never left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Self

from pydantic import Field

from classification_model import bundle
from classification_model.bundle import Bundle, Manifest, SavedFile
from classification_model.bundle.provenance import (
    Choice,
    Comparison,
    Difference,
    Flip,
    Gate,
    Verdict,
)
from classification_model.config.home import Home
from classification_model.config.schema import FrozenModel, Label
from classification_model.errors import RejectedModelError

if TYPE_CHECKING:
    from classification_model.batch import Scored
    from classification_model.cli.review import Evaluation, SideBySide
    from classification_model.init.infer_schema import Learned
    from classification_model.publishing.findings import Audit
    from classification_model.train_pipeline import Trained as TrainedModel

__all__ = [
    "BY_COMMAND",
    "Audited",
    "Compared",
    "Evaluated",
    "Info",
    "Initialised",
    "Predicted",
    "Trained",
    "Verified",
]

_VERSION = Field(description="the model's version")
_DIGEST = Field(description="sha256 of the bundle's manifest, which stands for the whole bundle")
_TARGET = Field(description="the column that is predicted")
_METRICS = Field(description="`rows`, `accuracy`, ... on the held-out rows")


class ClassRows(FrozenModel):
    """A class, and how many rows have it."""

    label: Annotated[Label, Field(description="the class, as the CSV has it")]
    rows: Annotated[int, Field(description="how many rows have it")]


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
    target: Annotated[str, _TARGET]
    rows: Annotated[int, Field(description="rows that have a class")]
    unlabelled: Annotated[int, Field(description="further rows, without one: left out")]
    duplicates: Annotated[int, Field(description="rows that repeat another")]
    classes: Annotated[tuple[ClassRows, ...], Field(description="the commonest first")]
    columns: Annotated[tuple[ColumnFound, ...], Field(description="in the order of the CSV")]
    notes: Annotated[tuple[str, ...], Field(description="what to know of the file as a whole")]

    @classmethod
    def of(cls, home: Home, learned: Learned) -> Self:
        return cls(
            home=str(home.path),
            target=learned.target,
            rows=learned.rows,
            unlabelled=learned.unlabelled,
            duplicates=learned.duplicates,
            classes=tuple(ClassRows(label=k, rows=n) for k, n in learned.classes.items()),
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


class Trained(FrozenModel):
    """``train``: the model that was saved, or why none was; then all but three keys are null."""

    saved: Annotated[bool, Field(description="whether the new model took its place")]
    refused: Annotated[str | None, Field(description="why it did not; the exit status is then 3")]
    comparison: Annotated[
        Comparison | None,
        Field(description="against the reference, as `compare` has it"),
    ]
    home: Annotated[str | None, Field(description="the folder of the model")] = None
    version: Annotated[str | None, _VERSION] = None
    digest: Annotated[str | None, _DIGEST] = None
    target: Annotated[str | None, _TARGET] = None
    metrics: Annotated[dict[str, int | float] | None, _METRICS] = None
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


class Evaluated(FrozenModel):
    """``evaluate``: how good the saved model is."""

    version: Annotated[str, _VERSION]
    digest: Annotated[str, _DIGEST]
    target: Annotated[str, _TARGET]
    metrics: Annotated[dict[str, int | float], _METRICS]

    @classmethod
    def of(cls, found: Evaluation) -> Self:
        manifest = found.model.manifest
        return cls(
            version=manifest.version,
            digest=found.model.digest,
            target=manifest.target,
            metrics=found.metrics.model_dump(),
        )


class Side(FrozenModel):
    """One of two models."""

    version: Annotated[str, _VERSION]
    digest: Annotated[str, _DIGEST]


class Compared(FrozenModel):
    """``compare``: the new model against the old one, on the same rows."""

    old: Side
    new: Side
    verdict: Annotated[
        Verdict, Field(description="`better`, `level`, `unclear` or `worse`, by log loss")
    ]
    rows: Annotated[int, Field(description="held-out rows on which both were judged")]
    margin: Annotated[float, Field(description="how much worse in log loss is allowed")]
    seen: Annotated[float, Field(description="the loss that would be seen on so many rows")]
    differences: Annotated[
        tuple[Difference, ...],
        Field(description="`metric`, `old`, `new`; `low` to `high` holds 95% of the difference"),
    ]
    flips: Annotated[
        tuple[Flip, ...],
        Field(
            description="held-out rows with another label: `line`, `old`, `new`, `truth`, and the "
            "probability of either label"
        ),
    ]
    schema_changes: Annotated[
        tuple[str, ...], Field(description="columns that came, went or changed")
    ]

    @classmethod
    def of(cls, found: SideBySide) -> Self:
        def side(one: Bundle) -> Side:
            return Side(version=one.manifest.version, digest=one.digest)

        return cls(
            old=side(found.old),
            new=side(found.new),
            schema_changes=found.schema_changes,
            **dict(found.comparison),
        )


class WarningCount(FrozenModel):
    """What training has not seen, in rows that were scored all the same."""

    column: str
    rule: Annotated[str, Field(description="such as `unseen_category` or `out_of_range`")]
    rows: Annotated[int, Field(description="how many rows have it")]
    first: Annotated[str, Field(description="what there is to say of the first of them")]


class Predicted(FrozenModel):
    """``predict``: how many rows were read, and what became of them."""

    output: Annotated[str, Field(description="the file that was written; on a cluster the folder")]
    read: Annotated[int, Field(description="rows of all inputs: `scored` and `rejected`")]
    scored: Annotated[int, Field(description="rows of the output")]
    rejected: Annotated[int, Field(description="if any, the exit status is 2")]
    rejected_file: Annotated[str | None, Field(description="where those are, each with its reason")]
    reused: Annotated[int, Field(description="parts that an earlier run on a cluster had scored")]
    warnings: Annotated[tuple[WarningCount, ...], Field(description="by column and rule")]
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
            reused=found.reused,
            warnings=tuple(
                WarningCount(column=column, rule=rule, rows=rows, first=first)
                for (column, rule), (rows, first) in found.warned.items()
            ),
            predicted=tuple(
                ClassRows(label=k, rows=n) for k, n in found.predicted.most_common() if n
            ),
        )


class Library(FrozenModel):
    """A library that the model was made with."""

    name: Annotated[str, Field(description="as on the package index")]
    saved: Annotated[str, Field(description="its version when the model was trained")]
    installed: Annotated[str | None, Field(description="its version now")]


class Verified(FrozenModel):
    """``verify``: what was checked. What does not hold ends the command with status 1."""

    version: Annotated[str, _VERSION]
    digest: Annotated[str, _DIGEST]
    files: Annotated[
        tuple[SavedFile, ...], Field(description="`name`, `sha256`, and `size` in bytes")
    ]
    libraries: tuple[Library, ...]
    golden_rows: Annotated[int, Field(description="rows that are answered as when it was trained")]

    @classmethod
    def of(cls, found: Bundle) -> Self:
        installed = bundle.library_versions()
        return cls(
            version=found.manifest.version,
            digest=found.digest,
            files=tuple(found.manifest.files.values()),
            libraries=tuple(
                Library(name=name, saved=saved, installed=installed.get(name))
                for name, saved in found.manifest.libraries.items()
            ),
            golden_rows=found.contents[".golden.jsonl"].count(b"\n"),
        )


class Info(FrozenModel):
    """``info``: the manifest, and where it is."""

    home: Annotated[str, Field(description="the folder of the model")]
    next_version: Annotated[
        str | None,
        Field(description="what `VERSION` says: the version that the next training makes"),
    ]
    digest: Annotated[str, _DIGEST]
    engine: Annotated[str, Field(description="`onnx`, or `sklearn` where ONNX was refused")]
    manifest: Annotated[
        Manifest,
        Field(description="`version`, `target`, `classes`, `row_schema`, `metrics`, `choice`, ..."),
    ]

    @classmethod
    def of(cls, home: Home, found: Bundle) -> Self:
        engine = "onnx" if ".onnx" in found.contents else "sklearn"
        return cls(
            home=str(home.path),
            next_version=home.next_version(),
            digest=found.digest,
            engine=engine,
            manifest=found.manifest,
        )


class FoundPlace(FrozenModel):
    """A place that tells of fewer people than the rule allows, and no value."""

    attack: Annotated[str, Field(description="the attack that found it")]
    file: Annotated[str, Field(description="the file that would be published")]
    where: Annotated[str, Field(description="the place in it")]
    what: Annotated[str, Field(description="what stands there")]


class Tried(FrozenModel):
    """An attack that was made."""

    name: Annotated[str, Field(description="the attack")]
    tried: Annotated[str, Field(description="how much was looked at")]
    found: Annotated[int, Field(description="how much it found")]
    note: Annotated[str, Field(description="what else is worth knowing; may be empty")]


class Audited(FrozenModel):
    """What ``audit --json`` answers."""

    version: Annotated[str, _VERSION]
    min_rows: Annotated[int, Field(description="how many rows must hold what is published")]
    attacks: Annotated[tuple[Tried, ...], Field(description="what was tried")]
    findings: Annotated[tuple[FoundPlace, ...], Field(description="what was found")]
    named: Annotated[
        tuple[FoundPlace, ...],
        Field(description="what a person wrote into `config.yml`, which stays"),
    ]
    warnings: Annotated[tuple[str, ...], Field(description="what no bar is set for")]

    @classmethod
    def of(cls, audit: Audit) -> Self:
        return cls(
            version=audit.version,
            min_rows=audit.min_rows,
            attacks=tuple(
                Tried(name=one.name, tried=one.tried, found=len(one.found), note=one.note)
                for one in audit.attacks
            ),
            findings=tuple(
                FoundPlace(attack=one.name, **finding.model_dump())
                for one in audit.attacks
                for finding in one.found
            ),
            named=tuple(
                FoundPlace(attack="by hand", **finding.model_dump()) for finding in audit.named
            ),
            warnings=audit.warnings,
        )


BY_COMMAND: Mapping[str, type[FrozenModel]] = {
    "init": Initialised,
    "train": Trained,
    "evaluate": Evaluated,
    "compare": Compared,
    "verify": Verified,
    "info": Info,
    "predict": Predicted,
    "audit": Audited,
}
"""The shape that each command answers in."""
