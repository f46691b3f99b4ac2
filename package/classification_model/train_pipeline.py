"""The recipe: load, split, choose, fit, judge, export, prove, save."""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

from sklearn.exceptions import ConvergenceWarning
from sklearn.pipeline import Pipeline

from classification_model import bundle, card
from classification_model.batch.cluster import on_cluster
from classification_model.bundle import Bundle, Manifest, golden
from classification_model.bundle.provenance import Choice, Comparison, Gate
from classification_model.config.core import Config, load_config
from classification_model.config.home import Home
from classification_model.config.schema import Label, RowSchema
from classification_model.errors import (
    BundleError,
    ConfigError,
    ExportError,
    RejectedModelError,
)
from classification_model.evaluation import Report, evaluate
from classification_model.pipeline import build_pipeline
from classification_model.predict import Model, load_model
from classification_model.processing import data_manager
from classification_model.processing.data_manager import Dataset, Split
from classification_model.processing.features import RowEncoder, feature_plan, learn_categories
from classification_model.progress import Progress
from classification_model.training import gate
from classification_model.training.export import export
from classification_model.training.selection import choose

__all__ = ["Trained", "run_training"]


@dataclass(frozen=True, slots=True)
class Trained:
    """A model that was saved, how good it is, and how it compares with the one before."""

    bundle: Bundle
    report: Report
    comparison: Comparison | None


def run_training(
    home: str | os.PathLike[str] | None = None,
    *,
    progress: Progress | None = None,
    force: bool = False,
    cluster: str | None = None,
) -> Trained:
    """Train the model of a home and save it in the place of the one that is there.

    Args:
        home: see :meth:`Home.find`.
        progress: told what is being done.
        force: save it also where the gate refuses it; the manifest says so.
        cluster: the address of a Dask scheduler, to compare the candidates there.

    Raises:
        ConfigError: the configuration is wrong, or the estimator refuses its parameters.
        DataError: the CSV cannot be trained on.
        RejectedModelError: the model is worse than the one that is there, or below the floor
            in config.yml; the old one stays as it was.
        BusyError: another training is going on in this home.
        SaveError: the model cannot be written.
    """
    progress = progress or Progress()
    place = Home.find(home)
    config = load_config(place)
    # From the old model that is compared with to the new one that replaces it.
    with bundle.locked(place):
        return _train(place, config, progress, force=force, cluster=cluster)


def _train(
    place: Home, config: Config, progress: Progress, *, force: bool, cluster: str | None
) -> Trained:
    version = place.version()
    data = _read(config, place, progress)
    split = data_manager.split_dataset(data, config)
    old = _replaced(place, progress)
    with on_cluster(cluster):
        choice = _choose(config, split, data, old, progress)
    progress.say(
        f"Training {_named(choice)} on {len(split.train.rows)} rows, "
        f"holding out {len(split.held_out.rows)}"
    )
    pipeline = _fit(config, choice, split.train)
    new, report = _described(
        _bundled(config, version, data, pipeline, choice, progress), config, split, progress
    )
    judged = gate.decide(
        old=old, new=new, held_out=split.held_out, metrics=new.manifest.metrics, config=config
    )
    if judged.reasons and not force:
        kept = "the model that is there stays" if old else "nothing was saved"
        raise RejectedModelError(
            f"the new model is refused: {'; '.join(judged.reasons)}; {kept}; --force overrules",
            judged.comparison,
        )
    passed = judged.gate
    if judged.reasons:
        passed = (passed or Gate()).model_copy(update={"overruled": judged.reasons})
    manifest = new.manifest.model_copy(update={"gate": passed})
    stem = f"{config.pipeline_save_file}{version}"
    saved = bundle.save(place, stem=stem, contents=new.contents, manifest=manifest)
    load_model.cache_clear()
    progress.say(f"Saved {place.trained_models / stem}.pkl")
    return Trained(saved, report, judged.comparison)


def _replaced(place: Home, progress: Progress) -> Bundle | None:
    """The model whose place the new one is to take."""
    try:
        return bundle.load_any(place)
    except BundleError as error:
        progress.say(f"Note: the model that is there cannot be compared with: {error}")
        return None


def _read(config: Config, place: Home, progress: Progress) -> Dataset:
    progress.say(f"Reading {config.dataset}")
    data = data_manager.load_dataset(config, place, progress)
    if data.unlabelled:
        progress.say(f"Left out {data.unlabelled} row(s) whose {config.target!r} is missing")
    for note in data.notes:
        progress.say(f"Note: {note}")
    return data


def _choose(
    config: Config, split: Split, data: Dataset, old: Bundle | None, progress: Progress
) -> Choice:
    """The estimator that config.yml names, or the winner of a comparison.

    A comparison that was made before, for the same data and configuration, is made again as
    it was recorded: without a clock, so with the same result.
    """
    if config.estimator.name != "auto":
        return Choice(estimator=config.estimator)
    recorded = None
    if old is not None and old.manifest.is_of(data_sha256=data.digest, config_sha256=config.digest):
        recorded = old.manifest.choice
    plan = learn_categories(feature_plan(config.row_schema(), config.derived), split.train.rows)
    progress.say(f"Comparing candidates on {len(split.train.rows)} rows by cross-validation")
    choice = choose(
        RowEncoder(plan).encode(split.train.rows),
        split.train.labels,
        plan,
        seed=config.random_state,
        time_budget=config.time_budget,
        only=[c.name for c in recorded.compared] if recorded else None,
        began=progress.comparing,
        progress=progress.compared,
    )
    cut_short = choice.cut_short or (recorded.cut_short if recorded else False)
    if cut_short:
        progress.say(
            f"The time budget of {config.time_budget:g} s ended before every candidate was "
            "compared; time_budget in config.yml raises it"
        )
    return choice.model_copy(update={"cut_short": cut_short})


def _named(choice: Choice) -> str:
    chosen = [f"{c.name} ({c.weight:.0%})" for c in choice.compared if c.weight]
    return (
        "a vote of " + ", ".join(chosen)
        if len(chosen) > 1
        else (chosen[0].removesuffix(" (100%)") if chosen else choice.estimator.name)
    )


def _fit(config: Config, choice: Choice, train: Dataset) -> Pipeline:
    pipeline = build_pipeline(config, choice.estimator)
    try:
        with warnings.catch_warnings():
            # Whether it converged or not, it is judged by its answers.
            warnings.simplefilter("ignore", ConvergenceWarning)
            return pipeline.fit(train.rows, train.labels)
    except ValueError as error:  # scikit-learn's word for a parameter that it refuses
        raise ConfigError(f"estimator {choice.estimator.name}: {error}") from error


def _classes(pipeline: Pipeline, data: Dataset) -> tuple[Label, ...]:
    """The classes in the pipeline's order, as plain Python values."""
    plain = {label: label for label in data.labels}
    return tuple(plain[label] for label in pipeline.classes_.tolist())


def _bundled(
    config: Config,
    version: str,
    data: Dataset,
    pipeline: Pipeline,
    choice: Choice,
    progress: Progress,
) -> Bundle:
    """The new model as a bundle in memory, with its golden rows; not yet judged."""
    contents = {".pkl": data_manager.dump_pipeline(pipeline)}
    progress.say("Exporting to ONNX, and comparing it with scikit-learn on every row")
    encode = pipeline.named_steps["encode"]
    refused = None
    try:
        contents[".onnx"] = export(pipeline, encode.transform(data.rows))
    except ExportError as error:
        refused = str(error)
        progress.say(f"No ONNX file: {refused}")
    manifest = Manifest(
        format=bundle.FORMAT,
        version=version,
        target=config.target,
        classes=_classes(pipeline, data),
        row_schema=_row_schema(config, data),
        features=encode.features_,
        rows=len(data.rows),
        data_sha256=data.digest,
        config_sha256=config.digest,
        python=bundle.python_version(),
        libraries=bundle.library_versions(),
        metrics={},
        choice=choice,
        gate=None,
        onnx_refused=refused,
        files={},
    )
    stem = f"{config.pipeline_save_file}{version}"
    unproven = Bundle.of(manifest, stem=stem, contents=contents)
    rows = golden.choose_rows(data.rows, manifest.row_schema, seed=config.random_state)
    answers: Sequence[Sequence[float]] = Model(unproven).probabilities(rows).tolist()
    contents[".golden.jsonl"] = golden.dump(rows, answers)
    return Bundle.of(manifest, stem=stem, contents=contents)


def _described(
    new: Bundle, config: Config, split: Split, progress: Progress
) -> tuple[Bundle, Report]:
    """Judge a bundle on the held-out rows, by the engine that will serve it; write its card."""
    progress.say("Judging it on the held-out rows, and writing its card")
    manifest = new.manifest
    report = evaluate(
        predict=Model(new).scorer.score,
        features=manifest.features,
        schema=manifest.row_schema,
        train=split.train,
        held_out=split.held_out,
        classes=manifest.classes,
        seed=config.random_state,
    )
    manifest = manifest.model_copy(update={"metrics": report.metrics.model_dump()})
    stem = f"{config.pipeline_save_file}{manifest.version}"
    facts = card.Facts(
        stem=stem, manifest=manifest, dataset=config.dataset, left_out=config.ignored
    )
    contents = {**new.contents, **card.write(report=report, facts=facts)}
    return Bundle.of(manifest, stem=stem, contents=contents), report


def _row_schema(config: Config, data: Dataset) -> RowSchema:
    """The configuration's schema, with what only the data can say."""
    nullable = [name for name, column in config.columns.items() if column.nullable]
    never = [name for name in nullable if all(row[name] is not None for row in data.rows)]
    return config.row_schema().model_copy(update={"never_missing": tuple(never)})
