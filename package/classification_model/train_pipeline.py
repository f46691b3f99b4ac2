"""The recipe: read, split, encode, choose, fit, prove, judge, describe, pass the gate, save."""

from __future__ import annotations

import os
from dataclasses import dataclass

from classification_model import bundle, card
from classification_model.batch.cluster import on_cluster
from classification_model.bundle import Bundle
from classification_model.bundle.provenance import Comparison
from classification_model.config.core import Config, load_config
from classification_model.config.home import Home
from classification_model.errors import BundleError
from classification_model.evaluation import Report
from classification_model.predict import load_model
from classification_model.processing import data_manager
from classification_model.processing.data_manager import Dataset
from classification_model.processing.learned import Learned
from classification_model.processing.profiling import profile_of
from classification_model.progress import Progress
from classification_model.training import describe, fitting, gate

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
    tell = progress or Progress()
    place = Home.find(home)
    config = load_config(place)
    # From the old model that is compared with to the new one that replaces it.
    with bundle.locked(place):
        version, old = place.version(), _replaced(place, tell)
        data = _read(config, place, tell)
        split = data_manager.split_dataset(data, config)
        train = fitting.encode(config, split.train)
        with on_cluster(cluster):
            recorded = fitting.recorded_choice(old, data, config)
            choice = fitting.choose_estimator(config, train, recorded, tell)
        tell.say(
            f"Training {describe.estimator_name(choice)} on {len(split.train)} rows, "
            f"holding out {len(split.held_out)}"
        )
        pipeline = fitting.fit(config, choice, train)
        new = describe.proven(
            pipeline,
            config=config,
            choice=choice,
            data=data,
            profile=profile_of(config.row_schema(), split.train.columns, split.train.labels),
            version=version,
            progress=tell,
        )
        tell.say("Judging it on the held-out rows, and writing its card")
        report = describe.judged(new, split, seed=config.random_state)
        new = _with_card(new, report, config)
        judged = gate.decide(old=old, new=new, held_out=split.held_out, config=config)
        saved = bundle.save(
            place,
            stem=new.stem,
            contents=new.contents,
            manifest=gate.passed(judged, old, new, force=force),
        )
    load_model.cache_clear()
    tell.say(f"Saved {place.trained_models / saved.stem}.pkl")
    return Trained(saved, report, judged.comparison)


def _read(config: Config, home: Home, progress: Progress) -> Dataset:
    for note in config.notes():
        progress.say(f"Note: {note}")
    progress.say(f"Reading {config.dataset}")
    data = data_manager.load_dataset(config, home, progress)
    if data.unlabelled:
        progress.say(f"Left out {data.unlabelled} row(s) whose {config.target!r} is missing")
    return data


def _with_card(new: Bundle, report: Report, config: Config) -> Bundle:
    facts = card.Facts(
        stem=new.stem,
        manifest=new.manifest,
        profile=new.profile(),
        dataset=config.dataset,
        left_out=config.ignored,
        learned=Learned.parse(new.contents.get(".learned", b"")),
    )
    files = card.write(report=report, facts=facts)
    return new.with_more(files, metrics=report.metrics.model_dump())


def _replaced(place: Home, progress: Progress) -> Bundle | None:
    """The model whose place the new one is to take."""
    try:
        return bundle.load_any(place)
    except BundleError as error:
        progress.say(f"Note: the model that is there cannot be compared with: {error}")
        return None
