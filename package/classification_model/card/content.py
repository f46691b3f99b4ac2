"""What the card says, from the report and the facts."""

from __future__ import annotations

from collections.abc import Iterator

from classification_model.bundle.provenance import Choice, Gate, HeldOut
from classification_model.card.classes import classes
from classification_model.card.columns import columns
from classification_model.card.decision import deciding
from classification_model.card.document import Block, Bullets, Card, Section, Table, Text
from classification_model.card.facts import FIGURES, REFITTED, Facts
from classification_model.card.fairness import fairness
from classification_model.card.given_away import given_away
from classification_model.card.limits import limits
from classification_model.card.quality import count, metrics, tiles, weak
from classification_model.card.reactions import reacting
from classification_model.card.thresholds import thresholds
from classification_model.card.usage import usage
from classification_model.evaluation.report import Report

__all__ = ["compose"]


def compose(report: Report, facts: Facts) -> Card:
    """The card of a model."""
    sections = (
        *_about(facts),
        Section("What it predicts", list(_predicts(report, facts))),
        Section("Data", list(_data(report, facts))),
        Section("How it was chosen", list(_choice(facts.manifest.choice))),
        *deciding(report, facts.manifest, facts.min_rows),
        *thresholds(report, facts.manifest, facts.min_rows),
        Section("How good it is", list(metrics(report, facts.min_rows))),
        *reacting(report, facts.reactions),
        Section("Where it is weak", list(weak(report))),
        *fairness(report, facts.min_rows),
        Section("What this file gives away", list(given_away(facts))),
        Section("Limits", [Bullets(list(limits(report, facts)))]),
        Section("How to use it", list(usage(facts.profile))),
        Section("Columns of a row", list(columns(report, facts))),
        Section("Versions", [_versions(facts)]),
    )
    return Card(
        title=f"Predicting {facts.manifest.target}",
        subtitle=f"Model card of {facts.stem}: version {facts.manifest.version}, learned from "
        f"{count(facts.manifest.rows)} rows of {facts.dataset}",
        tiles=list(tiles(report)),
        sections=sections,
        served=True,
    )


def _about(facts: Facts) -> Iterator[Section]:
    if facts.manifest.about is not None:
        said = [*facts.manifest.about.said()]
        yield Section("About", [Table("What its owner says of it", ("", "in their words"), said)])


def _predicts(report: Report, facts: Facts) -> Iterator[Block]:
    columns = len(facts.manifest.row_schema.columns)
    yield Text(
        f"From {columns} {'column' if columns == 1 else 'columns'} of a row it says which of the "
        f"{len(report.classes)} classes of \u201c{facts.manifest.target}\u201d the row belongs to, and how "
        "probable each is."
        + (
            ""
            if report.positive is None
            else f" Curves, calibration and scores are about \u201c{report.positive}\u201d."
        )
    )
    if labels := facts.manifest.labels:
        pairs = ", ".join(f"{label} is {name}" for label, name in labels.items())
        yield Text(f"Answers and files keep the table's own labels: {pairs}.")
    yield classes(report, facts.min_rows)


def _data(report: Report, facts: Facts) -> Iterator[Block]:
    manifest, held_out = facts.manifest, facts.manifest.held_out
    rows = report.training_rows + report.rows
    yield Text(
        f"{count(rows)} labelled rows of {facts.dataset}. {count(report.rows)} of them were held "
        f"out, {_rule(held_out)}; what is said here of the model's quality is said of the answers "
        "to these."
    )
    if held_out.repeats:
        yield Text(
            f"{count(held_out.repeats)} rows repeat another. "
            + (
                "Copies count as one observation and stay together."
                if held_out.copies == "together"
                else "Repeats are the rule here, so each counts as an observation of its own."
            )
        )
    if manifest.refitted:
        yield Text(f"{FIGURES} {REFITTED[0].upper()}{REFITTED[1:]}.")
    yield Text(_gate(manifest.gate))


def _rule(held_out: HeldOut) -> str:
    rule = held_out.rule
    if rule.time is not None:
        return f"the newest by \u201c{rule.time}\u201d"
    if rule.groups is not None:
        return f"whole groups of \u201c{rule.groups}\u201d, drawn by class"
    return "drawn by class"


def _gate(gate: Gate) -> str:
    text = ""
    if gate.verdict is not None:
        words = {
            "better": "surely better than",
            "level": "level with",
            "unclear": "not to be told apart from",
            "worse": "surely worse than",
        }
        text = (
            f"Held against the recipe of version {gate.against}, fitted on the same rows, this one "
            f"is {words[gate.verdict]} it (log loss {gate.difference:+.4f}; worse by "
            f"{gate.margin:.4f} is allowed, and a loss of {gate.seen:.4f} would be seen)."
        )
    elif gate.note is not None:
        text = f"Before it took its place: {gate.note}."
    if gate.suspicion:
        text += f" Too good to be true? {gate.suspicion}"
    if gate.data_changed:
        text += f" Somebody said of the table that it is meant so: {'; '.join(gate.data_changed)}."
    if gate.overruled:
        text += f" It was forced, though {'; '.join(gate.overruled)}."
    return text.strip()


def _choice(choice: Choice) -> Iterator[Block]:
    if not choice.compared:
        yield Text("The configuration names the model; nothing was compared with it.")
        return
    yield Text(_how_chosen(choice))
    yield Table(
        caption="Candidates, by cross-validated log loss on the training rows (0 is best)",
        header=("candidate", "log loss", "share of the vote"),
        rows=[
            (one.name, f"{one.log_loss:.4f}", f"{one.weight:.0%}" if one.weight else "")
            for one in sorted(choice.compared, key=lambda one: one.log_loss)
        ]
        + _vote(choice),
        numeric=(1, 2),
    )


def _vote(choice: Choice) -> list[tuple[str, str, str]]:
    """The row of the vote, where several are in it."""
    members = sum(one.weight > 0 for one in choice.compared)
    if members < 2 or choice.log_loss is None:
        return []
    return [(f"the vote of {members}", f"{choice.log_loss:.4f}", "100%")]


def _how_chosen(choice: Choice) -> str:
    text = "Candidates were compared on rows that they were not fitted on. "
    members = sum(candidate.weight > 0 for candidate in choice.compared)
    if members > 1:
        text += (
            "A vote of some of them, by greedy ensemble selection from these answers, has a log "
            f"loss of {choice.log_loss:.4f}."
        )
    else:
        text += "The best was kept alone: a vote with others gained nothing."
    if choice.estimator.calibration:
        text += " Its probabilities are calibrated by a sigmoid, which lowered that further."
    if choice.cut_short:
        text += " The time budget ended before every candidate was compared."
    return text


def _versions(facts: Facts) -> Block:
    return Table(
        caption="What it was made with",
        header=("", "version"),
        rows=[("Python", facts.manifest.python), *sorted(facts.manifest.libraries.items())],
    )
