"""A fitted pipeline as a bundle in memory: proven, and judged on the held-out rows."""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from classification_model import bundle
from classification_model.bundle import Bundle, Manifest, golden
from classification_model.bundle.provenance import Choice, Gate, HeldOut, Recipe
from classification_model.config.core import Config
from classification_model.config.schema import Label
from classification_model.errors import ExportError
from classification_model.evaluation import Report, evaluate
from classification_model.own_estimator import needs
from classification_model.pipeline import EncodingStep, FramePipeline
from classification_model.predict import Model
from classification_model.processing.data_manager import Dataset, Split, dump_pipeline
from classification_model.processing.decisions import Decision
from classification_model.processing.functions import Functions
from classification_model.processing.held_out_profile import profile_of_answers
from classification_model.processing.labels import positive_label
from classification_model.processing.made import nobodys
from classification_model.processing.measures import measure
from classification_model.processing.profile import HeldOutProfile, Profile
from classification_model.processing.profiling import profile_of
from classification_model.processing.sets import PredictionSets
from classification_model.progress import Progress
from classification_model.publishing.strip import strip
from classification_model.training import fitting
from classification_model.training.export import export
from classification_model.training.export_estimator import parts_of
from classification_model.training.recipes import Candidate, Contestant, recipe_of

__all__ = [
    "Facts",
    "answers_of",
    "estimator_name",
    "facts",
    "held_out",
    "judged",
    "offering",
    "proven",
]


@dataclass(frozen=True, slots=True)
class Facts:
    """Facts of a recipe that are known before the final fit."""

    held_out: HeldOut
    metrics: dict[str, float]
    gate: Gate
    answers: HeldOutProfile
    decision: Decision | None = None
    sets: PredictionSets | None = None


def estimator_name(choice: Choice) -> str:
    """The chosen estimator in words."""
    chosen = [f"{c.name} ({c.weight:.0%})" for c in choice.compared if c.weight]
    if len(chosen) > 1:
        return "a vote of " + ", ".join(chosen)
    return chosen[0].removesuffix(" (100%)") if chosen else choice.estimator.name


def offering(config: Config, encode: EncodingStep, data: Dataset) -> Functions:
    """The functions of a step, with made texts for its columns of text: nobody has them."""
    functions, least = encode.functions(), config.publish.min_rows
    made = {
        name: nobodys(texts, data.columns[name], least, data.groups) or [""]
        for name, texts in encode.learned_.made(config.random_state).items()
    }
    return replace(functions, examples={**functions.examples, **made})


def proven(
    pipeline: FramePipeline,
    *,
    config: Config,
    choice: Choice,
    data: Dataset,
    facts: Facts,
    version: str,
    progress: Progress,
) -> Bundle:
    """Make a bundle in memory of a pipeline, with its ONNX graph and golden rows.

    ``data`` are the rows that it was fitted on. A copy without what prediction does not read is saved.
    """
    pipeline = _published(pipeline, facts.decision)
    encode, recipe = pipeline.named_steps["encode"], recipe_of(config, choice)
    functions = offering(config, encode, data)
    profile = _profile(config, data, functions).model_copy(update={"held_out": facts.answers})
    graph, refused = _exported(pipeline, data, progress)
    classes = _classes(pipeline, data)
    manifest = Manifest(
        format=bundle.FORMAT,
        version=version,
        target=config.target,
        classes=classes,
        labels=config.labels,
        positive=positive_label(config.positive, classes),
        row_schema=config.row_schema(),
        features=encode.features_,
        rows=len(data),
        refitted=config.refit,
        recipe=recipe,
        held_out=facts.held_out,
        encoding=config.encoding,
        keep_total=config.keep_total,
        python=bundle.python_version(),
        libraries=bundle.library_versions(),
        needs=needs(parts_of(pipeline.named_steps["classify"])),
        metrics=facts.metrics,
        choice=choice,
        gate=facts.gate,
        onnx_refused=refused,
        decision=facts.decision,
        abstain_below=config.abstain_below,
        sets=facts.sets,
        reasons=config.reasons,
        about=config.about,
        files={},
    )
    contents = {**_contents(pipeline, profile, recipe), **graph}
    unproven = Bundle.of(manifest, stem=f"{config.pipeline_save_file}{version}", contents=contents)
    return unproven.with_more({".golden.jsonl": _golden(unproven, config, data, functions)})


def _published(pipeline: FramePipeline, decision: Decision | None) -> FramePipeline:
    """A copy without what prediction does not read, that decides as the model does."""
    pipeline = copy.deepcopy(pipeline)
    strip(pipeline)
    if decision is not None:
        pipeline.decision_ = decision
    return pipeline


def _profile(config: Config, data: Dataset, functions: Functions) -> Profile:
    """What the data looked like."""
    return profile_of(
        config.row_schema(),
        data.columns,
        data.labels,
        min_rows=config.publish.min_rows,
        groups=data.groups,
        functions=functions,
    )


def _golden(unproven: Bundle, config: Config, data: Dataset, functions: Functions) -> bytes:
    """Golden rows with the bundle's answers."""
    rows = golden.choose_rows(
        data.columns,
        unproven.manifest.row_schema,
        unproven.profile(),
        seed=config.random_state,
        min_rows=config.publish.min_rows,
        groups=data.groups,
        functions=functions,
    )
    answers: Sequence[Sequence[float]] = Model(unproven).probabilities(rows).tolist()
    return golden.dump(rows, answers)


def _contents(pipeline: FramePipeline, profile: Profile, recipe: Recipe) -> dict[str, bytes]:
    """The files of a bundle that need no export, by their suffixes."""
    learned = pipeline.named_steps["encode"].learned_
    contents = {".pkl": dump_pipeline(pipeline), ".profile": profile.source()}
    if recipe.features:
        contents[".features"] = recipe.features.encode()
    if learned.columns:
        contents[".learned"] = learned.source()
    return contents


def _exported(
    pipeline: FramePipeline, data: Dataset, progress: Progress
) -> tuple[dict[str, bytes], str | None]:
    """The ONNX file, or why there is none."""
    progress.say("Exporting to ONNX, and comparing it with scikit-learn on every row")
    try:
        return {
            ".onnx": export(pipeline, pipeline.named_steps["encode"].matrix(data.typed()))
        }, None
    except ExportError as error:
        progress.say(
            f"No ONNX file: {error}; it is served from its pickle, which is to be unpickled there"
        )
        return {}, str(error)


def judged(contestant: Contestant) -> Report:
    """Judge a recipe on the held-out rows, by the pipeline that has not seen them."""
    pipeline, split, config = contestant.pipeline(), contestant.split, contestant.config
    encode = pipeline.named_steps["encode"]
    return evaluate(
        predict=lambda matrix: fitting.scores(pipeline, matrix),
        features=encode.features_,
        functions=encode.functions(),
        schema=config.row_schema(),
        train=split.train,
        held_out=split.held_out,
        classes=contestant.classes,
        positive=positive_label(config.positive, contestant.classes),
        seed=config.random_state,
        min_rows=config.publish.min_rows,
        decision=contestant.decision,
        sets=contestant.sets,
        abstain_below=config.abstain_below,
        fairness=config.fairness,
    )


def facts(held_out: HeldOut, candidate: Candidate, record: Gate) -> Facts:
    """What is known of a recipe that was judged."""
    contestant = candidate.contestant
    metrics = candidate.report.metrics.model_dump() | _cost(contestant)
    answers = answers_of(contestant)
    return Facts(held_out, metrics, record, answers, contestant.decision, contestant.sets)


def _cost(contestant: Contestant) -> dict[str, float]:
    """What a held-out row costs on average, and the standard error; nothing without costs."""
    decision, outcomes = contestant.decision, contestant.outcomes()
    if decision is None or decision.costs is None:
        return {}
    costs = decision.cost(outcomes.truth, outcomes.predicted)
    error = float(costs.std(ddof=1)) / math.sqrt(len(costs)) if len(costs) > 1 else 0.0
    return {"cost": float(f"{costs.mean():.9g}"), "cost_error": float(f"{error:.9g}")}


def answers_of(contestant: Contestant) -> HeldOutProfile:
    """What the held-out rows, and a recipe's answers to them, look like."""
    outcomes, held_out = contestant.outcomes(), contestant.split.held_out
    schema = contestant.config.row_schema()
    known = contestant.pipeline().named_steps["encode"].learned_.vocabularies()
    by = {name: measure(schema.columns[name], words) for name, words in known.items()}
    train = contestant.split.train
    return profile_of_answers(
        held_out.columns,
        {n: train.columns[n] for n, column in schema.columns.items() if column.kind == "category"},
        [contestant.classes[k] for k in outcomes.predicted],
        outcomes.scores.max(axis=1),
        {name: one for name, one in by.items() if one is not None},
        min_rows=contestant.config.publish.min_rows,
        groups=held_out.groups,
        train_groups=train.groups,
    )


def held_out(config: Config, split: Split, data: Dataset) -> HeldOut:
    """Which rows were held out, and by which rule."""
    return HeldOut(
        rule=config.split,
        seed=config.random_state,
        size=config.test_size,
        rows=len(split.held_out),
        repeats=data.units.repeats,
        copies=data.units.copies,
    )


def _classes(pipeline: FramePipeline, data: Dataset) -> tuple[Label, ...]:
    """The classes in the pipeline's order, as plain Python values."""
    plain = {label: label for label in data.labels}
    return tuple(plain[label] for label in pipeline.classes_.tolist())
