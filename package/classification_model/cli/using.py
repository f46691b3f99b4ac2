"""With a model: ``predict``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from classification_model.cli.exit_status import Status, Stop
from classification_model.cli.options import DebugOption, HomeOption, JsonOption, answer
from classification_model.cli.terminal import Screen, console

if TYPE_CHECKING:
    from classification_model.batch import Scored

__all__ = ["predict"]


def predict(
    inputs: Annotated[
        list[str],
        typer.Argument(
            help="CSV, JSON Lines or Parquet, by suffix, also with .gz; or patterns: 'in/*.csv'.",
            metavar="INPUT",
        ),
    ],
    output: Annotated[
        str,
        typer.Option(
            "--output", "-o", metavar="OUT", help="What to write: .csv, .csv.gz or .parquet."
        ),
    ],
    home: HomeOption = None,
    strict: Annotated[
        bool, typer.Option("--strict", metavar="", help="Stop at a row that cannot be scored.")
    ] = False,
    encoding: Annotated[
        str | None,
        typer.Option(
            "--encoding",
            metavar="NAME",
            help="Of CSV files, such as cp1252. Without it their beginning says it.",
        ),
    ] = None,
    cluster: Annotated[
        str | None,
        typer.Option(
            "--cluster",
            metavar="ADDRESS",
            help="A Dask scheduler, such as `tcp://host:8786`; OUT is then a folder of Parquet.",
        ),
    ] = None,
    explain: Annotated[
        int,
        typer.Option(
            "--explain",
            metavar="N",
            min=0,
            help="Name the N columns that moved each probability most; ten milliseconds a row.",
        ),
    ] = 0,
    as_json: JsonOption = False,
    _debug: DebugOption = False,
) -> None:
    """Score files of any size: their columns, the prediction, and the probability of each class.

    Rows that cannot be scored go to a file beside the output (`scored.csv` has
    `scored.rejected.csv`) with line, column, value and reason, and the exit status is 2.
    `--explain 3` adds `reason_1`, a column's name, `contribution_1`, how far it moved the
    probability of the prediction, and so on; five rows or fewer are explained on the terminal, too.

    ```console
    classification-model predict 'new/*.csv' --output scored.csv --home churn
    ```
    """
    from classification_model import batch
    from classification_model.cli import tables
    from classification_model.cli.responses.using import Predicted

    if explain and cluster:
        raise typer.BadParameter("does not go with --cluster yet", param_hint="--explain")
    with Screen(console(stderr=True), quiet=True) as screen:
        if cluster is None:
            scored = batch.score_files(
                inputs,
                Path(output),
                home=home,
                strict=strict,
                encoding=encoding,
                explain=explain,
                progress=screen,
            )
        else:
            from classification_model.batch.parts import score_on_cluster

            scored = score_on_cluster(
                inputs,
                output,
                cluster,
                home=home,
                strict=strict,
                encoding=encoding,
                progress=screen,
            )
    if as_json:
        answer(Predicted.of(scored, output))
    else:
        out = console()
        for line in (*tables.scored_summary(scored, output), *_explained(scored)):
            out.say(line)
    if scored.rejected:
        raise Stop(Status.ROWS_REJECTED)


def _explained(scored: Scored) -> Iterator[str]:
    """A line for each row, where they are so few that each can be read."""
    if len(scored.told) != scored.scored:
        return
    for i, told in enumerate(scored.told, 1):
        named = told["contributions"]
        share = told["base"] + sum(one["contribution"] for one in named) + told["rest"]
        moved = ", ".join(
            f"{one['column']} {'(missing)' if one['value'] is None else one['value']} "
            f"{one['contribution']:+.1%}{_words(one.get('words', []))}"
            for one in named
        )
        yield f"Row {i}: {told['class']} at {share:.1%}, usually {told['base']:.1%}: {moved}"


def _words(words: list[dict[str, Any]]) -> str:
    said = ", ".join(f"{one['word']} {one['effect']:+.1%}" for one in words)
    return f" ({said})" if said else ""
