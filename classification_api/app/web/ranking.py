"""Which columns matter most: those whose values move the model's answers most."""

from __future__ import annotations

import numpy as np

from classification_model.bundle import golden
from classification_model.predict import Model

__all__ = ["ranked"]

_ROWS = 12
_CELLS = 500_000  # encoded at most, so that the first page of a wide table comes soon
_WIDEST = 1_000  # columns; beyond that they stay in the order of config.yml


def ranked(model: Model) -> list[str]:
    """The columns, by how far answers move where a made row gets another one's value.

    No label is needed, which no bundle holds. Equal columns stay in the order of config.yml.
    """
    names = [*model.manifest.row_schema.columns]
    if len(names) > _WIDEST:
        return names
    most = min(_ROWS, max(1, _CELLS // len(names) ** 2))
    made, _ = golden.parse(model.golden)
    checked = model.validator.validate(made[: most + 1])
    rows = [row for row in checked.rows if row is not None]
    others = [*rows[1:], *rows[:1]]
    before = model.probabilities(rows)
    moved = {}
    for name in names:
        mixed = [{**row, name: other[name]} for row, other in zip(rows, others, strict=True)]
        moved[name] = float(np.abs(model.probabilities(mixed) - before).sum())
    return sorted(names, key=lambda name: -moved[name])
