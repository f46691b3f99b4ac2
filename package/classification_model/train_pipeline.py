"""The recipe: load, split, fit, judge, export, save."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

from sklearn.pipeline import Pipeline

from classification_model import bundle, card
from classification_model.bundle import Bundle, Manifest
from classification_model.config.core import Config, load_config
from classification_model.config.home import Home
from classification_model.config.schema import Label, RowSchema
from classification_model.errors import ConfigError, DataError, ExportError
from classification_model.evaluation import Metrics, Report, evaluate, score
from classification_model.onnx_export import export
from classification_model.pipeline import build_pipeline
from classification_model.predict import load_model
from classification_model.processing import data_manager
from classification_model.processing.data_manager import Dataset
from classification_model.processing.features import Matrix

__all__ = ["Progress", "evaluate_saved", "run_training"]

Progress = Callable[[str], None]


def run_training(
    home: str | os.PathLike[str] | None = None, *, progress: Progress = lambda _: None
) -> tuple[Bundle, Report]:
    """Train the model of a home and save it in the place of the one that is there.

    Args:
        home: see :meth:`Home.find`.
        progress: told what is being done, a line at a time.

    Raises:
        ConfigError: the configuration is wrong, or the estimator refuses its parameters.
        DataError: the CSV cannot be trained on.
    """
    place = Home.find(home)
    config, version = load_config(place), place.version()
    progress(f"Reading {config.dataset}")
    data = data_manager.load_dataset(config, place)
    if data.unlabelled:
        progress(f"Left out {data.unlabelled} row(s) whose {config.target!r} is missing")
    for note in data.notes:
        progress(f"Note: {note}")
    split = data_manager.split_dataset(data, config)
    progress(
        f"Training {config.estimator.name} on {len(split.train.rows)} rows, "
        f"holding out {len(split.held_out.rows)}"
    )
    pipeline = _fit(config, split.train)
    classes = _classes(pipeline, data)
    report = evaluate(
        predict=pipeline.named_steps["classify"].predict_proba,
        features=pipeline.named_steps["encode"].features_,
        schema=config.row_schema(),
        train=split.train,
        held_out=split.held_out,
        classes=classes,
        seed=config.random_state,
    )
    contents = {".pkl": data_manager.dump_pipeline(pipeline)}
    progress("Exporting to ONNX, and comparing it with scikit-learn on every row")
    graph, refused = _export(pipeline, pipeline.named_steps["encode"].transform(data.rows))
    if graph is not None:
        contents[".onnx"] = graph
    else:
        progress(f"No ONNX file: {refused}")
    manifest = _manifest(config, version, data, pipeline, classes, report, refused)
    stem = f"{config.pipeline_save_file}{version}"
    contents |= card.write(report=report, facts=_facts(config, stem, manifest))
    saved = bundle.save(place, stem=stem, contents=contents, manifest=manifest)
    load_model.cache_clear()
    progress(f"Saved {place.trained_models / stem}.pkl")
    return saved, report


def evaluate_saved(home: str | os.PathLike[str] | None = None) -> tuple[Manifest, Metrics]:
    """Judge the model that a home holds on the rows that its training held out.

    Raises:
        DataError: the CSV is not the one that the model was trained on, so that nobody knows
            which of its rows the model has not seen.
    """
    place = Home.find(home)
    config = load_config(place)
    model = load_model(place)
    data = data_manager.load_dataset(config, place)
    if (data.digest, config.digest) != (model.manifest.data_sha256, model.manifest.config_sha256):
        raise DataError(
            f"{place.path}: {config.dataset} or config.yml changed since the model was trained, "
            "so its held-out rows are no longer known; train again"
        )
    held_out = data_manager.split_dataset(data, config).held_out
    scores = model.probabilities(held_out.rows)
    return model.manifest, score(held_out.labels, scores, model.manifest.classes)


def _fit(config: Config, train: Dataset) -> Pipeline:
    pipeline = build_pipeline(config)
    try:
        return pipeline.fit(train.rows, train.labels)
    except ValueError as error:  # scikit-learn's word for a parameter that it refuses
        raise ConfigError(f"estimator {config.estimator.name}: {error}") from error


def _classes(pipeline: Pipeline, data: Dataset) -> tuple[Label, ...]:
    """The classes in the pipeline's order, as plain Python values."""
    plain = {label: label for label in data.labels}
    return tuple(plain[label] for label in pipeline.classes_.tolist())


def _row_schema(config: Config, data: Dataset) -> RowSchema:
    """The configuration's schema, with what only the data can say."""
    nullable = [name for name, column in config.columns.items() if column.nullable]
    never = [name for name in nullable if all(row[name] is not None for row in data.rows)]
    return config.row_schema().model_copy(update={"never_missing": tuple(never)})


def _export(pipeline: Pipeline, matrix: Matrix) -> tuple[bytes | None, str | None]:
    try:
        return export(pipeline, matrix), None
    except ExportError as error:
        return None, str(error)


def _facts(config: Config, stem: str, manifest: Manifest) -> card.Facts:
    return card.Facts(
        stem=stem,
        version=manifest.version,
        target=manifest.target,
        dataset=config.dataset,
        rows=manifest.rows,
        data_sha256=manifest.data_sha256,
        config_sha256=manifest.config_sha256,
        schema=manifest.row_schema,
        left_out=config.ignored,
        python=manifest.python,
        libraries=manifest.libraries,
    )


def _manifest(
    config: Config,
    version: str,
    data: Dataset,
    pipeline: Pipeline,
    classes: Sequence[Label],
    report: Report,
    refused: str | None,
) -> Manifest:
    return Manifest(
        format=bundle.FORMAT,
        version=version,
        target=config.target,
        classes=tuple(classes),
        row_schema=_row_schema(config, data),
        features=pipeline.named_steps["encode"].features_,
        rows=len(data.rows),
        data_sha256=data.digest,
        config_sha256=config.digest,
        python=bundle.python_version(),
        libraries=bundle.library_versions(),
        metrics=report.metrics.model_dump(),
        onnx_refused=refused,
        files={},
    )
