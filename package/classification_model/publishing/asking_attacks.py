"""Attacks that ask: answers for one person, and who was in the training."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from scipy import stats

from classification_model.processing.arrays import Floats, Matrix
from classification_model.processing.value_rules import TypedRow, TypedValue
from classification_model.publishing.findings import Attack, Finding

__all__ = ["Question", "answers", "membership", "membership_auc"]


_MEMBERSHIP = 0.6


@dataclass(frozen=True, slots=True)
class Question:
    """Values of a column that few hold, and those with whose answers they must agree.

    ``encode`` makes the one number of each value that the model sees of the column.
    """

    column: str
    few: Sequence[TypedValue]
    allowed: Sequence[TypedValue]
    encode: Callable[[Sequence[TypedValue]], Matrix]

    def apart(self) -> list[TypedValue]:
        """Those of the few whose number is none of the allowed: others are answered alike."""
        if not self.few or not self.allowed:
            return []
        known = {number.tobytes() for number in self.encode(self.allowed)}
        numbers = self.encode(self.few)
        return [v for v, n in zip(self.few, numbers, strict=True) if n.tobytes() not in known]


def answers(
    questions: Iterable[Question],
    usual: TypedRow,
    ask: Callable[[Sequence[TypedRow]], Floats],
) -> Attack:
    """Ask for one person: everything as usual, but for one value that few hold.

    The answer must be that of another value, which no row holds: else the model knows of them.

    Args:
        questions: what to ask.
        usual: a row of examples.
        ask: typed rows to probabilities.
    """
    findings, asked = [], 0
    for question in questions:
        asked += len(question.few)
        apart = question.apart()
        if not apart:
            continue
        name = question.column
        known = {row.tobytes() for row in ask([{**usual, name: v} for v in question.allowed])}
        found = ask([{**usual, name: value} for value in apart])
        told = sum(row.tobytes() not in known for row in found)
        if told:
            what = f"{told} of {len(question.few)} values of column {name!r} have their own answer"
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
