"""See that a file has the columns that a model needs, and no others of the same name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

from classification_model.errors import DataError
from classification_model.processing.near_names import renamed_to
from classification_model.processing.reading.sources import Source

__all__ = ["check_columns"]


def _check_quotes(source: Source, wanted: Collection[str]) -> None:
    """See that no quote of the header goes on into the rows, and takes columns with it."""
    odd = (n for n in source.columns if "\n" in n and source.delimiter in n and n not in wanted)
    if source.format == "csv" and (name := next(odd, None)):
        raise DataError(
            f"{source.name}, line {source.above + 1}: a quote opens the name {name.splitlines()[0]!r} "
            f"and is closed on line {source.above + 1 + name.count(chr(10))} only; mend it"
        )


def check_columns(
    source: Source,
    wanted: Collection[str],
    added: Collection[str],
    cure: str = "mend the file",
    known: Collection[str] = (),
) -> None:
    """See that a file has the columns of the model, and none that the answer will have.

    A column that is neither wanted nor ``known`` may be one of them under a new name.

    Raises:
        DataError: it has not, or it has.
    """
    columns = source.columns
    _check_quotes(source, wanted)
    if twice := [column for column, count in Counter(columns).items() if count > 1]:
        at = [str(i) for i, column in enumerate(columns, 1) if column == twice[0]]
        both = " and ".join((", ".join(at[:-1]), at[-1]))
        same = f"the same name, {twice[0]!r}" if twice[0] else "no name"
        cure = "rename one" if twice[0] else "give each one"
        raise DataError(f"{source.name}: columns {both} have {same}; {cure}")
    absent = [name for name in wanted if name not in columns]
    if absent and source.format != "jsonl":  # there a line may say less than another
        if odd := next((name for name in columns if '"' in name), None):
            cure = f"the name {odd!r}, on line {source.above + 1}, holds a quote: take it out"
        unknown = [name for name in columns if name not in wanted and name not in known]
        gone = ", ".join(f"{name!r}{renamed_to(name, unknown)}" for name in absent)
        raise DataError(
            f"{source.name}: no column {gone}; the file has {', '.join(map(repr, columns))}; {cure}"
        )
    if taken := [name for name in added if name in columns]:
        raise DataError(f"{source.name}: has a column {taken[0]!r} already; rename it")
