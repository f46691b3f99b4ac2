"""Attack what a home would publish, with the table at hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline

from classification_model.bundle import Bundle, Manifest
from classification_model.config.schema import RowSchema
from classification_model.learners.networks import Preparation
from classification_model.predict import Model
from classification_model.processing.arrays import Floats, Matrix
from classification_model.processing.encoding import RowEncoder
from classification_model.processing.features import Feature
from classification_model.processing.typed_columns import Typed
from classification_model.processing.validation import RowValidator
from classification_model.processing.value_rules import TypedRow, TypedValue
from classification_model.publishing import reading_attacks
from classification_model.publishing.array_attack import arrays
from classification_model.publishing.asking_attacks import Question, answers, membership
from classification_model.publishing.atoms import (
    Array,
    Atom,
    arrays_of_graph,
    atoms_of_file,
    atoms_of_values,
    in_model,
    rows_of_file,
)
from classification_model.publishing.findings import Attack, Audit, Finding
from classification_model.publishing.people import People
from classification_model.publishing.state_attack import states
from classification_model.publishing.strip import walk
from classification_model.publishing.tree_attack import leaves

__all__ = ["Confidence", "Published", "audit"]


_NOBODYS = "nobody has this"
_MOST_ASKED = 2000
_MOST_FORMS = 3


@dataclass(frozen=True, slots=True)
class Published:
    """What a home would publish.

    Attributes:
        bundle: the model.
        beside: other files by name: features.py, sample_input.csv.
        decided: what a person wrote into config.yml.
    """

    bundle: Bundle
    beside: Mapping[str, bytes]
    decided: Mapping[str, Any]

    def files(self) -> dict[str, bytes]:
        """Every file by name, the manifest among them."""
        manifest = self.bundle.manifest
        named = {manifest.files[s].name: c for s, c in self.bundle.contents.items()}
        return {**named, f"{self.bundle.stem}.json": manifest.source(), **self.beside}


@dataclass(frozen=True, slots=True)
class Confidence:
    """Probabilities of the true class, of rows that a model was fitted on and of others."""

    members: Floats
    others: Floats


def audit(
    published: Published,
    people: People,
    table: bytes,
    confidence: Confidence | None = None,
    met: Matrix | None = None,
) -> Audit:
    """Try every attack.

    Args:
        published: what would be public.
        people: the rows of the table, and how many of them must hold what is published.
        table: the bytes of its file.
        confidence: of the judged model; without it membership is not measured.
        met: the rows as the estimator met them when it was fitted; without it, as they are scored.
    """
    source, files = published.bundle, published.files()
    names, model = frozenset(people.columns), Model(source)
    atoms = [
        atom for name, content in files.items() for atom in atoms_of_file(name, content, names)
    ]
    own, by_hand = _parted(atoms, model.functions.examples, source.manifest)
    pipeline = source.pipeline()
    in_pickle, held = _inside(source, pipeline)
    attacks = [
        reading_attacks.texts(people, [*own, *in_pickle]),
        reading_attacks.numbers(people, own),
        reading_attacks.rows(people, _rows(files, source.manifest.row_schema)),
        reading_attacks.counts(people, files),
        reading_attacks.digests(files, table),
        states(people, source.manifest.features, model.functions),
        *_attacks_on_arrays(people, pipeline, held, source.contents.get(".onnx"), met),
        answers(
            _questions(people, model),
            _usual(model),
            lambda rows: model.probabilities(rows).astype(np.float64),
        ),
    ]
    warning = None
    if confidence is not None:
        attack, warning = membership(confidence.members, confidence.others)
        attacks.append(attack)
    decided = [*by_hand, *atoms_of_values("config.yml", published.decided, names)]
    return Audit(
        version=source.manifest.version,
        rows=people.rows,
        min_rows=people.least,
        attacks=tuple(attacks),
        named=_named(people, decided),
        warnings=(warning,) if warning else (),
    )


def _inside(source: Bundle, pipeline: Pipeline) -> tuple[list[Atom], list[Array]]:
    """The texts that the pickle holds, and the arrays of both halves of a model."""
    files, graph = source.manifest.files, source.contents.get(".onnx")
    texts, held = in_model(files[".pkl"].name, pipeline)
    # The bounds of features: the attack on states knows which of them tell of somebody.
    held = [array for array in held if ".features_." not in array.where]
    return texts, [*held, *(arrays_of_graph(files[".onnx"].name, graph) if graph else ())]


def _attacks_on_arrays(
    people: People,
    pipeline: Pipeline,
    held: Sequence[Array],
    graph: bytes | None,
    met: Matrix | None,
) -> Iterator[Attack]:
    """Hold the model's arrays against the rows as its parts see them, and its leaves."""
    encode = pipeline.named_steps["encode"]
    known = {name: people.columns[name] for name in encode.schema.columns}
    matrix = encode.matrix(Typed(known, np.ones(people.rows, np.bool_)))
    yield arrays(people, held, _forms(matrix, pipeline.named_steps["classify"]))
    yield leaves(people, graph, matrix if met is None else met)


def _parted(
    atoms: Sequence[Atom], examples: Mapping[str, Sequence[str]], manifest: Manifest
) -> tuple[list[Atom], list[Atom]]:
    """Part what training wrote from what a person wrote.

    That is the row schema, a home's examples, and what is said about the model.
    """
    said = [*manifest.about.said()] if manifest.about else []
    # As the manifest and the page have it, and as a line of Markdown.
    about = {words for _, words in said} | {f"| {name} | {words} |" for name, words in said}
    offered = {(name, text) for name, texts in examples.items() for text in texts}
    by_hand = [
        atom
        for atom in atoms
        if atom.where.startswith(("row_schema", "recipe"))
        or (atom.column, atom.value) in offered
        or (atom.column is None and str(atom.value).strip() in about)
    ]
    known = {id(atom) for atom in by_hand}
    return [atom for atom in atoms if id(atom) not in known], by_hand


def _named(people: People, decided: Sequence[Atom]) -> tuple[Finding, ...]:
    found = [*reading_attacks.texts(people, decided).found]
    found += reading_attacks.numbers(people, decided).found
    return tuple(found)


def _rows(files: Mapping[str, bytes], schema: RowSchema) -> dict[str, list[TypedRow]]:
    """The published rows of files that hold some, typed."""
    validator = RowValidator(schema, None)
    found = {}
    for name, content in files.items():
        rows = [
            {column: row[column] for column in schema.columns if column in row}
            for row in rows_of_file(name, content)
        ]
        if rows:
            found[name] = [row for row in validator.validate(rows).rows if row is not None]
    return found


def _forms(matrix: Matrix, classify: Pipeline) -> dict[str, Matrix]:
    """The rows as each part of the model sees them."""
    forms, prepared = {"encoded": matrix}, matrix
    if "prepare" in classify.named_steps:
        prepared = np.asarray(classify.named_steps["prepare"].transform(matrix), np.float32)
        forms["prepared"] = prepared
    scaled = [*_scaled(prepared, classify.named_steps["estimator"])][:_MOST_FORMS]
    return {**forms, **{f"scaled {i}": form for i, form in enumerate(scaled)}}


def _scaled(prepared: Matrix, estimator: object) -> Iterator[Matrix]:
    for part in walk(estimator):
        if isinstance(part, Preparation):
            yield part(prepared)
        elif isinstance(part, Pipeline) and _columns(part) == prepared.shape[1]:
            yield part[:-1].transform(prepared).astype(np.float32)


def _columns(part: Pipeline) -> int | None:
    """How many it reads, or nothing where it is a pattern that was never fitted itself."""
    return getattr(part.steps[0][1], "n_features_in_", None)


def _usual(model: Model) -> TypedRow:
    """The row of the profile's examples."""
    (row,) = model.validator.validate([model.profile.example()]).rows
    if row is None:
        raise ValueError("the examples of the profile break the rules of config.yml")
    return row


def _questions(people: People, model: Model) -> Iterator[Question]:
    """For each column that is a feature by itself and no input of another: what to ask."""
    by_column: dict[str, list[Feature]] = {}
    for feature in model.manifest.features:
        for name in feature.inputs:
            by_column.setdefault(name, []).append(feature)
    for name, features in by_column.items():
        if len(features) == 1 and features[0].function is None:
            yield from _asked_of(people, name, features[0], model)


def _asked_of(people: People, name: str, feature: Feature, model: Model) -> Iterator[Question]:
    seen = model.profile.columns[name]
    kind = model.manifest.row_schema.columns[name].kind
    encoder = RowEncoder((feature,), model.functions)

    def question(values: Sequence[TypedValue], allowed: Sequence[TypedValue]) -> Question:
        encode = partial(_numbers, encoder, name)
        return Question(name, values[:_MOST_ASKED], allowed, encode)

    if kind in ("category", "boolean"):
        few = [*people.few(name)]
    if kind == "category":
        yield question(few, [_NOBODYS])
        if 0 < sum(people.few(name).values()) < people.least:
            yield question([_NOBODYS], [seen.example])
        usual: list[TypedValue] = [seen.example]
    elif kind == "boolean":
        yield question(few, [not value for value in few])
        usual = [seen.example]
    else:
        low, high = feature.bounds or (seen.minimum, seen.maximum)
        below, above = people.beyond(name, low, high)
        yield question(above, [_like(high, above)])
        yield question(below, [_like(low, below)])
        usual = [seen.example if feature.missing_as is None else feature.missing_as]
    if people.missed_by_few(name):
        yield question([None], usual)


def _numbers(encoder: RowEncoder, name: str, values: Sequence[TypedValue]) -> Matrix:
    return encoder.encode([{name: value} for value in values])


def _like(number: float | None, values: Sequence[TypedValue]) -> TypedValue:
    return (
        number if number is None or not any(isinstance(v, float) for v in values) else float(number)
    )
