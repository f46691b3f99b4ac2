"""What the card says of thresholds that two classes could be told apart by."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from classification_model.bundle import Manifest
from classification_model.card.document import Block, Section, Slider, Table, Text
from classification_model.evaluation.report import Report, Step

__all__ = ["thresholds"]

_SHOWN = 10


def thresholds(report: Report, manifest: Manifest, least: int) -> Iterator[Section]:
    """The section with a slider and a table, where there are thresholds to show."""
    if report.positive is not None and report.steps:
        yield Section("Other thresholds", list(_blocks(report, manifest, report.positive, least)))


def _blocks(report: Report, manifest: Manifest, positive: object, least: int) -> Iterator[Block]:
    of = [str(label) for label in report.classes].index(str(positive))
    steps = report.steps[::-1]
    hits, others = sum(report.confusion[of]), sum(report.confusion[1 - of])
    decision = manifest.decision
    costs = decision.costs if decision is not None else None
    alarm, miss = (costs[1 - of][of], costs[of][1 - of]) if costs else (1.0, 1.0)
    now = (decision and decision.threshold) or 0.5
    apart = f"They are at least {least} rows of each class apart. " if least > 1 else ""
    yield Text(
        f"What the held-out rows would say of other thresholds for \u201c{positive}\u201d. {apart}"
        "One that is chosen by these rows looks better on them than it is: let "
        "decision: costs in config.yml choose it by training rows."
    )
    yield Slider(
        steps=[(step.threshold, step.found, step.false_alarms) for step in steps],
        positive=str(positive),
        negative=str(report.classes[1 - of]),
        hits=hits,
        others=others,
        start=min(range(len(steps)), key=lambda i: abs(steps[i].threshold - now)),
        false_positive=alarm,
        false_negative=miss,
    )
    yield _table(_spread(steps), hits, others, alarm, miss)


def _spread(steps: Sequence[Step]) -> list[Step]:
    """Ten at most, from the lowest to the highest."""
    last = len(steps) - 1
    places = {round(i * last / (_SHOWN - 1)) for i in range(_SHOWN)}
    return [steps[i] for i in sorted(places)]


def _precision(step: Step) -> str:
    reached = step.found + step.false_alarms
    return f"{step.found / reached:.3f}" if reached else "none"


def _table(steps: Sequence[Step], hits: int, others: int, alarm: float, miss: float) -> Table:
    def cost(step: Step) -> float:
        return (step.false_alarms * alarm + (hits - step.found) * miss) / (hits + others)

    least = min(map(cost, steps))
    return Table(
        caption=f"Held-out rows by threshold; a false alarm costs {alarm:g}, a miss {miss:g}",
        header=(
            "threshold",
            "found (rows)",
            "missed (rows)",
            "false alarms (rows)",
            "rightly left (rows)",
            "precision",
            "recall",
            "cost of a row",
        ),
        rows=[
            (
                f"{step.threshold:g}",
                f"{step.found:,}",
                f"{hits - step.found:,}",
                f"{step.false_alarms:,}",
                f"{others - step.false_alarms:,}",
                _precision(step),
                f"{step.found / hits:.3f}",
                f"{cost(step):.3f}" + (" (least)" if cost(step) == least else ""),
            )
            for step in steps
        ],
        numeric=tuple(range(8)),
    )
