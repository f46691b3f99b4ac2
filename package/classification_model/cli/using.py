"""With a model: ``predict``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from classification_model.cli.options import DebugOption, HomeOption
from classification_model.screen import console

__all__ = ["predict"]


def predict(
    csv: Annotated[Path, typer.Argument(help="The rows to score.", metavar="INPUT.csv")],
    output: Annotated[Path, typer.Option("--output", help="The CSV to write.", metavar="OUT.csv")],
    home: HomeOption = None,
    _debug: DebugOption = False,
) -> None:
    """Score a CSV: its columns, the prediction, and the probability of each class.

    ```console
    classification-model predict new.csv --output scored.csv --home churn
    ```
    """
    from classification_model import batch, report

    scored = batch.score_file(csv, output, home=home)
    out = console()
    out.say(f"Scored {scored.rows} row(s) into {output}")
    for line in report.warnings_summary(scored.warnings):
        out.say(line)
