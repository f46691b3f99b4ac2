"""How much each row counts in fitting: its own weight, times that of its class."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
import pyarrow as pa

from classification_model.config.fitting_rules import Weight
from classification_model.config.schema import Column, Label, RowSchema
from classification_model.errors import ConfigError, DataError
from classification_model.processing.arrays import Floats, Indices
from classification_model.processing.column_rules import ColumnRules

__all__ = ["check_class_weight", "combined", "own_weights"]


def own_weights(
    rule: Weight, texts: Sequence[str], lines: Indices, *, file: str, markers: Sequence[str] = ()
) -> Floats:
    """The weight of each row, shape ``(rows,)``.

    Args:
        rule: how the numbers are written.
        texts: of the column.
        lines: of the rows.
        file: what to call the table in messages.
        markers: texts that mean that there is no value.

    Raises:
        DataError: a weight is missing, or no positive number; its line is named.
    """
    name = rule.column
    column = Column(kind="number", decimal=rule.decimal, thousands=rule.thousands)
    schema = RowSchema(columns={name: column}, missing_markers=tuple(markers))
    typed = ColumnRules(schema).check({name: pa.array(texts, pa.string())})
    weights = np.zeros(len(texts))
    weights[typed.good] = typed.columns[name].numbers
    bad = np.flatnonzero(~(weights > 0))
    if len(bad):
        more = f", and so are {len(bad) - 1} more" if len(bad) > 1 else ""
        raise DataError(
            f"{file}: line {lines[bad[0]]}, column {name!r}: {texts[bad[0]]!r} is no positive "
            f"number, which a weight has to be{more}; mend it, take the row out, or change weight "
            "in config.yml"
        )
    return weights


def combined(
    own: Floats | None,
    of_class: Literal["balanced"] | Mapping[str, float] | None,
    labels: Sequence[Label],
) -> Floats | None:
    """What each row counts, with a mean of one; nothing where all count the same.

    ``balanced`` gives all classes the same sum: rows / (classes * rows of the class), as
    scikit-learn has it.
    """
    if own is None and of_class is None:
        return None
    weights = np.ones(len(labels)) if own is None else own
    if of_class == "balanced":
        counts = Counter(labels)
        weights = weights * np.array([1 / counts[label] for label in labels])
    elif of_class is not None:
        weights = weights * np.array([of_class.get(str(label), 1.0) for label in labels])
    mean_of_one: Floats = weights / weights.mean()
    return mean_of_one


def check_class_weight(
    of_class: Literal["balanced"] | Mapping[str, float] | None, classes: Sequence[Label]
) -> None:
    """See that each class that is given a weight is there.

    Raises:
        ConfigError: one is not.
    """
    known = [str(label) for label in classes]
    for label in of_class if isinstance(of_class, Mapping) else ():
        if label not in known:
            shown = ", ".join(map(repr, known[:10]))
            raise ConfigError(
                f"class_weight: {label!r} is no class of the table; there are {shown}"
            )
