"""Before training: say whether the table is what it was, or an import is broken."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from classification_model.bundle import Bundle
from classification_model.bundle.stamp import Stamp
from classification_model.config.core import Config
from classification_model.config.home import Home
from classification_model.errors import BundleError, ChangedDataError
from classification_model.evaluation.metrics import Outcomes, align
from classification_model.evaluation.paired import MARGIN
from classification_model.evaluation.table_change import AskedAgain, asked_again, column_changes
from classification_model.predict import Model
from classification_model.processing.arrays import Indices
from classification_model.processing.column_rules import ColumnRules
from classification_model.processing.data_manager import Dataset
from classification_model.processing.labels import lookalikes
from classification_model.progress import Progress
from classification_model.training.table_news import news, profile_like

__all__ = ["TableCheck", "check"]

_SHOWN = 3


@dataclass(frozen=True, slots=True)
class TableCheck:
    """What is known of a table: whether it is the old one, and what has changed in it.

    ``meant`` says that a person has said of this very table that the change is meant.
    """

    same: bool
    findings: tuple[str, ...] = ()
    meant: bool = False


def check(
    data: Dataset,
    *,
    old: Bundle | None,
    stamp: Stamp | None,
    config: Config,
    home: Home,
    data_changed: bool,
    progress: Progress,
) -> TableCheck:
    """Hold a table against the one of the last training.

    Where the old file is the beginning of the new one, the rows below are looked at, and the
    shipped model is asked about them; else every row, by its columns alone.

    Args:
        data: the table.
        old: the model that is there.
        stamp: of the table that it was trained on.
        config: of this training.
        home: where the table is.
        data_changed: whether a person says that the change is meant.
        progress: is told what could not be looked at, and what was found and is meant.

    Raises:
        ChangedDataError: something is surely otherwise, and nobody says that it is meant.
    """
    if old is None or old.manifest.recipe.target != config.target:
        return TableCheck(same=False)
    known = stamp is not None and stamp.version == old.manifest.version
    if stamp is not None and known and stamp.is_of(data):
        return TableCheck(same=True, meant=stamp.data_changed)
    new = np.arange(len(data))
    appended = False
    if stamp is not None and known and stamp.begins(home.datasets / config.dataset):
        new, appended = new[stamp.rows :], True
    if not appended:
        progress.say(
            "Note: which rows are new is not known, so the table is looked at by its columns alone"
        )
    if not len(new):
        return TableCheck(same=False)
    progress.say(f"{config.dataset}, beside the table of model {old.manifest.version}:")
    for line in news(data, old, config):
        progress.say(f"  {line}")
    findings = (
        *_labels(data, old),
        *_columns(data, new, old, config),
        *(_rows(data, new, old) if appended else ()),
    )
    meant = data_changed or (stamp is not None and stamp.is_of(data) and stamp.data_changed)
    if findings and not meant:
        what = f"the {len(new)} new rows" if appended else "the table"
        raise ChangedDataError(
            f"{what} in {config.dataset}: {'; '.join(findings)}; either the world has changed or "
            "the import is broken: mend the file, or train with --data-changed"
        )
    for finding in findings:
        progress.say(f"Note: meant so: {finding}")
    return TableCheck(same=False, findings=findings, meant=bool(findings))


def _labels(data: Dataset, old: Bundle) -> Iterator[str]:
    """New classes that are most likely an old one, misspelt."""
    counts, known = Counter(data.labels), {str(label) for label, _ in old.profile().classes}
    for label, rows in counts.items():
        if str(label) in known:
            continue
        like = [name for name in known if lookalikes([label, name])] or difflib.get_close_matches(
            str(label), [name for name in known if name.isalpha()], n=1, cutoff=0.8
        )
        if like:
            lines = data.lines[
                [i for i, other in enumerate(data.labels) if other == label][:_SHOWN]
            ]
            shown = ", ".join(map(str, lines))
            yield (
                f"{rows} row(s) are of a new class {label!r} (lines {shown}, ...): {like[0]!r}, "
                "misspelt?"
            )


def _columns(data: Dataset, new: Indices, old: Bundle, config: Config) -> Iterator[str]:
    rows = data.take(new)
    for change in column_changes(old.profile(), profile_like(old, rows, config)):
        lines = ", ".join(str(line) for line in rows.lines[:_SHOWN])
        yield f"column {change.column!r}: {change.message} (lines {lines}, ...)"


def _rows(data: Dataset, new: Indices, old: Bundle) -> Iterator[str]:
    """Ask the shipped model about rows that it cannot have seen."""
    rows = data.take(new)
    answers = _answers(rows, old)
    if answers is None:
        return
    judged = old.manifest.gate.judged
    found = asked_again(
        answers.losses,
        promised=judged.log_loss,
        promised_error=judged.error,
        margin=min(MARGIN, max(0.0, judged.guess - judged.log_loss) / 2),
    )
    if found.surely_worse:
        yield _surely_worse(found, answers, rows, old)


def _answers(rows: Dataset, old: Bundle) -> Outcomes | None:
    """The shipped model's answers, where it can read the rows and knows their classes."""
    schema, classes = old.manifest.row_schema, old.manifest.classes
    if not set(rows.labels) <= set(classes) or not schema.columns.keys() <= rows.columns.keys():
        return None
    try:
        model = Model(old)
    except BundleError:
        return None
    typed = ColumnRules(schema).check({name: rows.columns[name] for name in schema.columns})
    if not typed.good.all():
        return None
    shares = model.score_columns(typed.columns)
    return align(rows.labels, shares, classes, old.manifest.decision)


def _surely_worse(found: AskedAgain, answers: Outcomes, rows: Dataset, old: Bundle) -> str:
    worst = np.argsort(-answers.losses, kind="stable")[:_SHOWN].tolist()
    classes, predicted = old.manifest.classes, answers.predicted
    examples = ", ".join(
        f"line {rows.lines[i]} says {rows.labels[i]!r} where the model says "
        f"{classes[predicted[i]]!r} ({answers.scores[i, predicted[i]]:.0%})"
        for i in worst
    )
    return (
        f"model {old.manifest.version} answers them surely worse than it promised: log loss "
        f"{found.found:.3f} where {found.promised:.3f} was promised ({examples})"
    )
