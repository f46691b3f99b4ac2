"""What a table has got since the last training: taken as it is, and said.

Only what grows is here. What no model should learn from is :mod:`table_check`'s.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from classification_model.bundle import Bundle
from classification_model.config.core import Config
from classification_model.processing.data_manager import Dataset
from classification_model.processing.profile import ColumnProfile, Profile
from classification_model.processing.profiling import profile_of

__all__ = ["news", "profile_like"]

_SHOWN = 5


def profile_like(old: Bundle, rows: Dataset, config: Config) -> Profile:
    """The profile of rows, in the bins of the last training, by the columns that both have."""
    then, schema = old.manifest.row_schema.columns, config.row_schema()
    kept = {
        name: column
        for name, column in schema.columns.items()
        if name in then and then[name].kind == column.kind
    }
    return profile_of(
        schema.model_copy(update={"columns": kept}),
        rows.columns,
        rows.labels,
        min_rows=config.publish.min_rows,
        groups=rows.groups,
        like=old.profile(),
    )


def news(data: Dataset, old: Bundle, config: Config) -> Iterator[str]:
    """What is new in a table beside that of the last training, a line each."""
    before, now = old.profile(), profile_like(old, data, config)
    if len(data) != before.rows:
        yield f"{len(data):,} rows, where {before.rows:,} were"
    yield from _classes(Counter(data.labels), dict(before.classes))
    for name, column in config.columns.items():
        if name not in before.columns:
            yield f"column {name!r} is new to the model ({column.kind})"
        elif name in now.columns:
            yield from _grown(name, before.columns[name], now.columns[name])
    for name in old.manifest.row_schema.columns:
        if name not in config.columns:
            yield f"column {name!r} is not looked at any more"


def _classes(now: Mapping[object, int], then: Mapping[object, int]) -> Iterator[str]:
    yield from (f"class {k!r} is new ({n:,} rows)" for k, n in now.items() if k not in then)
    yield from (f"class {k!r} is gone ({n:,} rows)" for k, n in then.items() if k not in now)


def _grown(name: str, was: ColumnProfile, now: ColumnProfile) -> Iterator[str]:
    fresh = Counter({k: n for k, n in now.categories.items() if k not in was.categories})
    if fresh:
        shown = ", ".join(f"{key!r} ({rows:,} rows)" for key, rows in fresh.most_common(_SHOWN))
        more = f" and {len(fresh) - _SHOWN} more" if len(fresh) > _SHOWN else ""
        yield f"column {name!r}: new {shown}{more}"
    (low, high), (lowest, highest) = was.range(), now.range()
    if low is None or lowest is None:
        return
    if lowest < low or highest > high:  # type: ignore[operator]
        yield f"column {name!r}: {lowest} to {highest}, where {low} to {high} were"
