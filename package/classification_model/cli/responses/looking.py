"""What ``evaluate``, ``compare``, ``verify``, ``info`` and ``audit`` answer with ``--json``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Self

from pydantic import Field

from classification_model import bundle
from classification_model.bundle import Bundle, Manifest, SavedFile
from classification_model.bundle.provenance import Difference, Flip, Verdict
from classification_model.cli.responses.fields import DIGEST, METRICS, TARGET, VERSION
from classification_model.config.home import Home
from classification_model.config.schema import FrozenModel

if TYPE_CHECKING:
    from classification_model.cli.review import Evaluation, SideBySide
    from classification_model.publishing.findings import Audit

__all__ = ["Audited", "Compared", "Evaluated", "Info", "Verified"]


class Evaluated(FrozenModel):
    """``evaluate``: how good the saved model is."""

    version: Annotated[str, VERSION]
    digest: Annotated[str, DIGEST]
    target: Annotated[str, TARGET]
    metrics: Annotated[dict[str, int | float], METRICS]

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

    version: Annotated[str, VERSION]
    digest: Annotated[str, DIGEST]


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
            **found.comparison.model_dump(exclude={"slices", "of_truth"}),
        )


class Library(FrozenModel):
    """A library that the model was made with."""

    name: Annotated[str, Field(description="as on the package index")]
    saved: Annotated[str, Field(description="its version when the model was trained")]
    installed: Annotated[str | None, Field(description="its version now")]


class Verified(FrozenModel):
    """``verify``: what was checked. What does not hold ends the command with status 1."""

    version: Annotated[str, VERSION]
    digest: Annotated[str, DIGEST]
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
    table_version: Annotated[
        str | None,
        Field(description="the version that the table was last trained on for, if another"),
    ]
    digest: Annotated[str, DIGEST]
    engine: Annotated[str, Field(description="`onnx`, or `sklearn` where ONNX was refused")]
    manifest: Annotated[
        Manifest,
        Field(description="`version`, `target`, `classes`, `row_schema`, `metrics`, `choice`, ..."),
    ]

    @classmethod
    def of(cls, home: Home, found: Bundle, table_version: str | None) -> Self:
        engine = "onnx" if ".onnx" in found.contents else "sklearn"
        return cls(
            home=str(home.path),
            next_version=home.next_version(),
            table_version=table_version,
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

    version: Annotated[str, VERSION]
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
