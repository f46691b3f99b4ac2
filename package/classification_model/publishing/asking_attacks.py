"""Attacks that ask: answers for one person, and who was in the training."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt
from scipy import stats

from classification_model.processing.few_rows import number_of_holders
from classification_model.processing.validation import TypedRow, TypedValue
from classification_model.publishing.findings import Attack, Finding
from classification_model.publishing.people import People

__all__ = ["answers", "membership", "membership_auc"]

Floats = npt.NDArray[np.float64]

_MEMBERSHIP = 0.6


def answers(
    people: People,
    usual: TypedRow,
    stand_ins: Mapping[str, Sequence[TypedValue]],
    ask: Callable[[Sequence[TypedRow]], Floats],
) -> Attack:
    """Ask for one person: everything as usual, but for one value that few hold.

    The answer must be that of another value, which no row holds: else the model knows of them.

    Args:
        people: the table.
        usual: a row of examples.
        stand_ins: by column, values whose answers are allowed for what few hold.
        ask: typed rows to probabilities.
    """
    findings, asked = [], 0
    for name, allowed in stand_ins.items():
        few = [value for value in people.few(name) if value not in allowed]
        holders = number_of_holders(people.columns[name].missing(), people.groups)
        if 0 < holders < people.least and None not in allowed:
            few.append(None)
        if not few or not allowed:
            continue
        known = {row.tobytes() for row in ask([{**usual, name: value} for value in allowed])}
        told = sum(
            row.tobytes() not in known for row in ask([{**usual, name: value} for value in few])
        )
        asked += len(few)
        if told:
            what = f"{told} of {len(few)} values of column {name!r} have an answer of their own"
            findings.append(Finding(file="the model", where="answers", what=what))
    return Attack(name="answers for one person", tried=f"{asked} values", found=tuple(findings))


def membership(members: Floats, others: Floats) -> tuple[Attack, str | None]:
    """Tell from the confidence in the right class who was in the training; a warning above 0.6.

    Args:
        members: probabilities of the true class, of rows that the model was fitted on.
        others: the same of rows that it was not.
    """
    area = membership_auc(members, others)
    note = f"AUC {area:.2f} (0.5 is guessing)"
    attack = Attack(
        name="membership by confidence", tried=f"{len(members)} rows and {len(others)} others",
        note=note,
    )  # fmt: skip
    warned = (
        f"who was in the training can be told with an AUC of {area:.2f}: a simpler model, or "
        "larger leaves, would tell less"
    )
    return attack, warned if area > _MEMBERSHIP else None


def membership_auc(members: Floats, others: Floats) -> float:
    """The chance that a member's confidence is above another's, ties counted half."""
    statistic = stats.mannwhitneyu(members, others, alternative="greater").statistic
    return float(statistic) / (len(members) * len(others))
