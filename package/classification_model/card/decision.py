"""What the card says of how a class is decided, where config.yml says so."""

from __future__ import annotations

from collections.abc import Iterator

from classification_model.bundle import Manifest
from classification_model.card.document import Block, Section, Table, Text
from classification_model.card.few import shown_count, shown_share
from classification_model.evaluation.abstained import Abstained
from classification_model.evaluation.coverage import Coverage
from classification_model.evaluation.report import Report
from classification_model.processing.decisions import Costs, Decision
from classification_model.processing.sets import PredictionSets

__all__ = ["deciding"]


def deciding(report: Report, manifest: Manifest, least: int) -> Iterator[Section]:
    """The sections on the decision, on what is left without one, and on sets, if there are any."""
    if manifest.decision is not None:
        yield Section("What it decides", list(_blocks(report, manifest, manifest.decision)))
    if report.abstained is not None:
        yield Section("When it gives no decision", [Text(_abstained(report.abstained, least))])
    if manifest.sets is not None and report.coverage is not None:
        yield Section("Sets of classes", list(_sets(report, manifest.sets, report.coverage)))


def _abstained(found: Abstained, least: int) -> str:
    rows = found.rows + found.others
    text = (
        f"Where no class has a probability of {found.below:g}, it gives no decision: on "
        f"{shown_count(found.rows, least)} of the {rows:,} held-out rows "
        f"({shown_share(found.rows / rows, rows, least)})."
    )
    kept, given = found.rows - found.right, found.others - found.others_right
    # With the accuracy of all rows each of these counts could be reckoned.
    if min(found.right, kept, found.others_right, given) < least:
        return f"{text} Too few of the answers there are right, or wrong, to say more."
    return (
        f"{text} Of the answers to the others {found.others_right / found.others:.1%} are right; "
        f"of those it keeps to itself {found.right / found.rows:.1%} would be."
    )


def _sets(report: Report, sets: PredictionSets, found: Coverage) -> Iterator[Block]:
    yield Text(
        f"With each answer comes a set of classes that is to hold the true one in "
        f"{sets.coverage:.0%} of cases. On the held-out rows, which had no part in choosing the "
        f"thresholds, {found.share:.1%} of the sets did; they hold {found.size:.2f} classes on "
        f"average. {found.empty:.1%} are empty: no class is likely enough for a row unlike those "
        f"of training. {found.full:.1%} hold all classes: the row does not tell them apart."
    )
    yield Table(
        caption="How often sets hold the true class, by class",
        header=("class", "in the set from", "coverage"),
        rows=[
            (str(label), f"{threshold:g}", "" if share is None else f"{share:.1%}")
            for label, threshold, share in zip(
                report.classes, sets.thresholds, found.by_class, strict=True
            )
        ],
        numeric=(1, 2),
    )


def _blocks(report: Report, manifest: Manifest, decision: Decision) -> Iterator[Block]:
    names = [str(label) for label in manifest.classes]
    if decision.positive is None:
        yield Text(
            "It answers with the class that is expected to cost least: probabilities times costs."
        )
    else:
        yes, no = names[decision.positive], names[1 - decision.positive]
        yield Text(
            f"It answers \u201c{yes}\u201d from a probability of {decision.threshold:g} on, "
            f"\u201c{no}\u201d below. {_origin(decision)}"
        )
    if decision.costs is not None:
        yield _costs(decision.costs, names)
    if told := " ".join(_judged(report)):
        yield Text(told)


def _origin(decision: Decision) -> str:
    rule = decision.rule
    if decision.low is None or decision.high is None:
        return "That is what config.yml says."
    aim = (
        "cost"
        if rule.costs
        else f"recall at a precision of {rule.precision:g}"
        if rule.precision is not None
        else str(rule.maximise).replace("f1", "F1").replace("_", " ")
    )
    return (
        f"It was chosen for the best {aim}, by answers to training rows that the model had not "
        f"seen; on resamples of these the middle 95% lies between {decision.low:g} and "
        f"{decision.high:g}."
    )


def _costs(costs: Costs, names: list[str]) -> Table:
    return Table(
        caption="What an answer costs, by the true class",
        header=("truth", *names),
        rows=[
            (name, *(f"{cost:g}" for cost in row)) for name, row in zip(names, costs, strict=True)
        ],
        numeric=tuple(range(1, len(names) + 1)),
    )


def _judged(report: Report) -> Iterator[str]:
    judged = report.decided
    if judged is None:
        return
    if judged.precision is not None and judged.recall is not None:
        yield (
            f"On the held-out rows {judged.precision:.1%} of those so answered are right "
            f"(precision), and {judged.recall:.1%} of those that are so were found (recall)."
        )
    if judged.cost is not None and judged.cost_of_likeliest is not None:
        yield (
            f"There a row costs {judged.cost:.3f} on average; answering the most probable class "
            f"would cost {judged.cost_of_likeliest:.3f}."
        )
