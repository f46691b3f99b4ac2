"""The manifest of a bundle: facts of the model, digests of its files, and a digest of itself."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, Field, ValidationError

from classification_model.bundle.provenance import Choice, Gate, HeldOut, Recipe
from classification_model.config.about import About
from classification_model.config.conflicts import conflict_line
from classification_model.config.reasons import Wording
from classification_model.config.schema import FrozenModel, Label, RowSchema, class_name
from classification_model.errors import (
    ConflictedModelError,
    DamagedModelError,
    IncompatibleModelError,
)
from classification_model.processing.decisions import Decision
from classification_model.processing.features import Feature
from classification_model.processing.sets import PredictionSets

__all__ = ["FORMAT", "Manifest", "SavedFile", "files_named", "parse", "sha256", "version_of"]

FORMAT = 2
"""The number that changes when a reader of the old format would misread the new one."""

_END = b"\n}\n"
_MAY_BE_UNSAID = (
    "about", "abstain_below", "decision", "encoding", "keep_total", "labels", "reasons", "sets",
)  # fmt: skip
_SEAL = re.compile(rb',\n  "sha256": "([0-9a-f]{64})"\n}\n\Z')


class SavedFile(FrozenModel):
    """A sibling of the manifest: its name, sha256 and size in bytes."""

    # A name, never a path: what a manifest names is read, and removed when it is replaced.
    name: Annotated[str, Field(pattern=r"^[^./\\][^/\\]*$")]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    size: int


class Manifest(FrozenModel):
    """What the model is. No clock and no host name: the same inputs give the same bytes.

    ``labels`` has the names that people read for classes, by the CSV's own, which answers keep.
    ``positive`` is the one of two classes that curves, thresholds and words are about.
    ``encoding`` is that of the table, where it was not UTF-8, and ``keep_total`` says that rows
    at the end of a table that sum up the others are rows.
    ``rows`` counts those that it was fitted on: with ``refitted`` all, those that were held out
    among them. ``metrics`` are those of the same recipe without the rows that were held out;
    where the decision has costs, ``cost`` of a row and ``cost_error``, its standard error, too.
    ``decision`` says how a class is answered, where it is not the most probable one, and
    ``abstain_below`` from which probability on one is answered at all; ``sets`` which classes are
    in a row's set, where sets are asked for, and ``reasons`` how columns are worded that pushed
    towards the positive one. ``about`` is what config.yml says of the model, as plain text.
    """

    format: int
    version: str
    target: str
    classes: tuple[Label, ...]
    labels: dict[str, str] = Field(default_factory=dict)
    positive: Label | None = None
    row_schema: RowSchema
    features: tuple[Feature, ...]
    rows: int
    refitted: bool
    recipe: Recipe
    held_out: HeldOut
    encoding: str | None = None
    keep_total: bool = False
    python: str
    libraries: dict[str, str]
    needs: dict[str, str] = Field(default_factory=dict)
    metrics: dict[str, float]
    choice: Choice
    gate: Gate
    onnx_refused: str | None
    files: dict[str, SavedFile]
    decision: Decision | None = None
    abstain_below: float | None = None
    sets: PredictionSets | None = None
    reasons: dict[str, Wording] = Field(default_factory=dict)
    about: About | None = None

    def name_of(self, label: Label) -> str:
        """What people read for a class."""
        return class_name(label, self.labels)

    def source(self) -> bytes:
        """The manifest as the bytes of its file: JSON, and last the sha256 of all but that."""
        unsaid = {name for name in _MAY_BE_UNSAID if not getattr(self, name)}
        text = self.model_dump_json(indent=2, exclude=unsaid).encode() + b"\n"
        return text.removesuffix(_END) + f',\n  "sha256": "{sha256(text)}"'.encode() + _END


class _Outline(BaseModel):
    """As much of a manifest as every format has."""

    format: int


class _Files(_Outline):
    files: dict[str, SavedFile]


class _Named(_Outline):
    version: str


def parse(file: Path, source: bytes) -> Manifest:
    """The manifest that ``source``, the bytes of ``file``, holds.

    Raises:
        DamagedModelError: the bytes are not those that were saved; git may have merged them.
        IncompatibleModelError: it is of a format that this package does not read.
    """
    if line := conflict_line(source.decode("utf-8", "replace")):
        raise ConflictedModelError(
            f"{file}, line {line}: a conflict that git marked; a model cannot be merged: take a whole "
            f"one back (git checkout HEAD -- {file.parent}), raise VERSION and train again"
        )
    with suppress(ValidationError):
        made = _Outline.model_validate_json(source).format
        if made != FORMAT:
            raise IncompatibleModelError(
                f"{file}: expected format {FORMAT}, found {made}: "
                "install the package that made it, or train again"
            )
    try:
        return Manifest.model_validate_json(_unsealed(file, source))
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        where = ".".join(map(str, fault["loc"]))
        raise IncompatibleModelError(
            f"{file}: not a manifest this package reads: {where}: {fault['msg']}; "
            "install the package that made it, or train again"
        ) from None


def files_named(source: bytes) -> Iterable[SavedFile] | None:
    """The files that a manifest of any format names; ``None`` where ``source`` is no manifest."""
    try:
        return _Files.model_validate_json(source).files.values()
    except ValidationError:
        return None


def version_of(source: bytes) -> str | None:
    """The version that a manifest of any format is of; ``None`` where ``source`` is none."""
    try:
        return _Named.model_validate_json(source).version
    except ValidationError:
        return None


def sha256(content: bytes) -> str:
    """The digest by which a file is known, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def _unsealed(file: Path, source: bytes) -> bytes:
    """The bytes before the seal was added to them, if they are those that were sealed."""
    seal = _SEAL.search(source)
    if seal is None:
        expected, text = "a sha256 in the last line", source
    else:
        expected, text = f"sha256 {seal[1][:12].decode()}", source[: seal.start()] + _END
    if seal is None or sha256(text) != seal[1].decode():
        raise DamagedModelError(
            f"{file}: not the file that was saved: expected {expected}, found {len(source)} bytes "
            f"with sha256 {sha256(text)[:12]}; restore the file or train again"
        )
    return text
