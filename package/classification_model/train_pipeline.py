"""From a table to a saved model: read, split, choose, judge, pass the gate, fit on all, save."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from classification_model import bundle
from classification_model.batch.cluster import on_cluster
from classification_model.bundle import Bundle, stamp
from classification_model.bundle.provenance import Choice, Comparison
from classification_model.bundle.version_file import kept_if_saved
from classification_model.card import writer
from classification_model.card.facts import Facts
from classification_model.config.core import Config, load_config, place_of
from classification_model.config.home import Home
from classification_model.config.versions import Bump
from classification_model.errors import BundleError, ConfigError, ConflictedModelError
from classification_model.evaluation import Report
from classification_model.pipeline import FramePipeline
from classification_model.processing import data_manager
from classification_model.processing.data_manager import Dataset, Split
from classification_model.processing.decisions import check_abstaining, costs_of
from classification_model.processing.labels import positive_label
from classification_model.processing.learned import Learned
from classification_model.progress import Progress
from classification_model.publishing.audit import audit
from classification_model.publishing.findings import Audit
from classification_model.publishing.of_home import people_of, published_by, table_of
from classification_model.training import describe, fitting, gate, table_check, thresholds
from classification_model.training.conformal import check_coverage, sets_of
from classification_model.training.one_version import check_version, wanted_version
from classification_model.training.reacting import reactions_of
from classification_model.training.reading import read, sampled
from classification_model.training.recipes import Candidate, Contestant, recipe_of
from classification_model.training.rules import check_rules

__all__ = ["Trained", "run_training"]

_MOST_ATTACKED = 50_000


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
    search: bool = False,
    data_changed: bool = False,
    bump: Bump | None = None,
    cluster: str | None = None,
) -> Trained:
    """Train the model of a home and save it in the place of the one that is there.

    Args:
        home: see :meth:`Home.find`.
        progress: told what is being done.
        force: save it also where the gate refuses it; the manifest says so.
        search: compare the candidates also where the same recipe and table recorded a choice.
        data_changed: the table is surely otherwise than it was, and is meant so.
        bump: raise VERSION by this part, and train that version.
        cluster: the address of a Dask scheduler, to compare the candidates there.

    Raises:
        ConfigError: the configuration is wrong, the estimator refuses its parameters, or a tag
            names another model of this version.
        DataError: the CSV cannot be trained on.
        ChangedDataError: the table is surely otherwise than it was.
        RejectedModelError: the recipe is worse than the reference, cannot be compared, or is
            below the floor in config.yml; the model that is there stays as it was.
        BusyError: another training is going on in this home.
        SaveError: the model cannot be written.
    """
    tell, place = progress or Progress(), Home.find(home)
    config = load_config(place)
    # From the old model that is compared with to the new one that replaces it.
    with bundle.locked(place):
        version, old = wanted_version(place, bump), _replaced(place, tell)
        whole = read(config, place, tell)
        table = table_check.check(
            whole, old=old, stamp=stamp.read(place, config, tell), config=config, home=place,
            data_changed=data_changed, progress=tell,
        )  # fmt: skip
        data = sampled(whole, config, tell)
        split = data_manager.split_dataset(data, config)
        _check_what_is_named(config, place, split, tell)
        held_out = describe.held_out(config, split, data)
        same = table.same and old is not None and old.manifest.held_out == held_out
        choice = _recorded(config, old) if same and not search else None
        choice = choice or _chosen(config, split, cluster, tell)
        candidate = _judged(config, choice, split, version, tell)
        result = gate.decide(candidate, old, home=place, same_table=same, progress=tell)
        record = gate.passed(result, old, candidate, force=force)
        if table.findings:
            record = record.model_copy(update={"data_changed": table.findings})
        fitted = _fitted(candidate.contestant, data, tell)
        tell.say("Describing the rows")
        facts = describe.facts(held_out, candidate, record)
        new = describe.proven(
            fitted.pipeline, config=config, choice=choice, data=fitted.rows, facts=facts,
            version=version, progress=tell,
        )  # fmt: skip
        tell.say("Attacking what would be published")
        attacked = _audited(new, candidate.contestant, fitted.encoded, place, data)
        new = new.with_more(_card(new, candidate.report, config, attacked))
        saved = _saved(new, old, place, tell)
        stamp.write(place, config, whole, version=version, data_changed=table.meant)
    tell.say(f"Saved {place.trained_models / saved.stem}.pkl")
    return Trained(saved, candidate.report, result.comparison)


def _saved(new: Bundle, old: Bundle | None, place: Home, progress: Progress) -> Bundle:
    """Put a bundle in its place, and its version into VERSION; or neither."""
    check_version(new, old, place, progress)
    version = new.manifest.version
    raised = {place.path / "VERSION": f"{version}\n".encode()}
    with kept_if_saved({} if place.version() == version else raised):
        return bundle.save(place, stem=new.stem, contents=new.contents, manifest=new.manifest)


def _recorded(config: Config, old: Bundle | None) -> Choice | None:
    """What was chosen before for the same recipe, on the same rows."""
    if old is None or config.estimator.name != "auto":
        return None
    asked = recipe_of(config, old.manifest.choice)
    return old.manifest.choice if old.manifest.recipe.is_same(asked) else None


def _chosen(config: Config, split: Split, cluster: str | None, progress: Progress) -> Choice:
    with on_cluster(cluster):
        return fitting.choose_estimator(config, fitting.encode(config, split.train), progress)


def _judged(
    config: Config, choice: Choice, split: Split, version: str, progress: Progress
) -> Candidate:
    """What was chosen, fitted on the training rows and asked about those held out."""
    progress.say(
        f"Training {describe.estimator_name(choice)} on {len(split.train)} rows, "
        f"holding out {len(split.held_out)}"
    )
    recipe = recipe_of(config, choice)
    contestant = Contestant(config, choice, split, progress=progress)
    contestant.pipeline()
    contestant.decision = thresholds.decided(contestant, progress)
    if config.coverage is not None:
        answers = contestant.out_of_fold
        contestant.sets = sets_of(config.coverage, answers.truth, answers.scores)
    progress.say("Judging it on the held-out rows")
    return Candidate(version, recipe, contestant, describe.judged(contestant))


@dataclass(frozen=True, slots=True)
class _Fitted:
    """The pipeline that is saved, and the rows that it was fitted on."""

    pipeline: FramePipeline
    rows: Dataset
    encoded: fitting.Encoded


def _fitted(contestant: Contestant, data: Dataset, progress: Progress) -> _Fitted:
    """The recipe fitted on all rows; without ``refit`` the pipeline that was judged."""
    config = contestant.config
    if not config.refit:
        return _Fitted(contestant.pipeline(), contestant.split.train, contestant.encoded)
    progress.say(f"Fitting it again on all {len(data)} rows")
    encoded = fitting.encode(config, data)
    return _Fitted(fitting.fit(config, contestant.choice, encoded, progress), data, encoded)


def _check_what_is_named(config: Config, home: Home, split: Split, progress: Progress) -> None:
    """See that what config.yml says of classes and answers fits the rows, before long work."""
    classes = sorted({*split.train.labels, *split.held_out.labels}, key=str)
    with _about(home, "positive"):
        found = positive_label(config.positive, classes)
    with _about(home, "decision"):
        if config.decision is not None:
            costs_of(config.decision, classes, found)
    check_rules(config, home, classes, progress)
    with _about(home, "abstain_below"):
        check_abstaining(config.abstain_below, len(classes))
    with _about(home, "coverage"):
        if config.coverage is not None:
            check_coverage(config.coverage, len(split.train))
    with _about(home, "reasons"):
        if config.reasons and found is None:
            raise ConfigError(
                f"reasons are for the positive one of two classes, and there are {len(classes)}; "
                "drop reasons"
            )
    if config.positive is not None and found is None:
        progress.say(f"Note: positive is for two classes, and there are {len(classes)}: not used")


@contextmanager
def _about(home: Home, key: str) -> Iterator[None]:
    """What is found wrong in the block is said with the line of the key."""
    try:
        yield
    except ConfigError as error:
        raise ConfigError(f"{place_of(home, key)}: {error}") from None


def _audited(
    new: Bundle, contestant: Contestant, encoded: fitting.Encoded, home: Home, data: Dataset
) -> Audit | None:
    """What attacks find before there is a card; of a large table only the command looks."""
    if len(data) > _MOST_ATTACKED:
        return None
    config, split = contestant.config, contestant.split
    return audit(
        published_by(home, config, new),
        people_of(config, home, data, split.train),
        table_of(config, home),
        fitting.confidence(contestant.pipeline(), split),
        fitting.met(encoded, data, split),
    )


def _card(new: Bundle, report: Report, config: Config, attacked: Audit | None) -> dict[str, bytes]:
    facts = Facts(
        stem=new.stem,
        manifest=new.manifest,
        profile=new.profile(),
        dataset=config.dataset,
        left_out=config.ignored,
        learned=Learned.parse(new.contents.get(".learned", b"")),
        min_rows=config.publish.min_rows,
        audit=attacked,
        reactions=reactions_of(new, report),
    )
    return writer.write(report=report, facts=facts)


def _replaced(place: Home, progress: Progress) -> Bundle | None:
    """The model whose place the new one is to take.

    Raises:
        ConflictedModelError: git merged it; without it nothing could be compared.
    """
    try:
        old = bundle.load_any(place)
    except ConflictedModelError:
        raise
    except BundleError as error:
        progress.say(f"Note: the model that is there cannot be compared with: {error}")
        return None
    there = bundle.versions_there(place)
    if old is not None and len(there) > 1:
        progress.say(
            f"Note: there are {len(there)} models ({', '.join(there)}), as after a merge: "
            f"{old.manifest.version} is the one that is served and compared with, and one stays"
        )
    return old
