"""The command line: one call per command, and every error in one line."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from classification_model import __version__
from classification_model.errors import ClassificationModelError
from classification_model.evaluation import Report
from classification_model.train_pipeline import run_training

__all__ = ["app", "main"]

app = typer.Typer(
    name="classification-model",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="From a labelled CSV to a classifier that can be tested, published and served.",
)

HomeOption = Annotated[
    Path | None,
    typer.Option(
        "--home",
        help="The folder that holds config.yml, VERSION, datasets/ and trained_models/. "
        "Default: $MODEL_HOME, else the installed package.",
    ),
]


@app.callback()
def version_option(
    version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False,
) -> None:
    if version:
        typer.echo(__version__)
        raise typer.Exit


@app.command()
def train(home: HomeOption = None) -> None:
    """Train the model of a home and save it under the version in VERSION."""
    console = Console()
    _, report = run_training(home, progress=lambda line: console.print(line, soft_wrap=True))
    console.print(_metrics_table(report))


def _metrics_table(report: Report) -> Table:
    table = Table(title=f"On {report.rows} rows held out of training", title_justify="left")
    table.add_column("metric")
    table.add_column("value", justify="right")
    table.add_row("accuracy", f"{report.accuracy:.3f}")
    table.add_row("  always the commonest class", f"{report.majority_accuracy:.3f}")
    table.add_row("balanced accuracy", f"{report.balanced_accuracy:.3f}")
    table.add_row("ROC AUC", f"{report.roc_auc:.3f}")
    table.add_row("log loss (0 is best)", f"{report.log_loss:.3f}")
    table.add_row("Brier score (0 is best)", f"{report.brier:.3f}")
    return table


def main() -> None:
    """Run the command line; an expected error is one line on stderr and exit status 1."""
    try:
        app()
    except ClassificationModelError as error:
        Console(stderr=True).print(f"Error: {error}", style="red", markup=False, soft_wrap=True)
        raise SystemExit(1) from None
