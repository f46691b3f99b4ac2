"""The command line: one call per command, and every error in one line."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from classification_model import __version__, batch, bundle, new_home, report, scoring_report
from classification_model.config.home import PACKAGE_HOME, Home
from classification_model.errors import ClassificationModelError, RejectedModelError
from classification_model.predict import load_model
from classification_model.records import Comparison
from classification_model.review import compare_homes, evaluate_saved
from classification_model.train_pipeline import run_training

__all__ = ["app", "main"]

app = typer.Typer(
    name="classification-model",
    no_args_is_help=True,
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


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """From a labelled CSV to a classifier that can be tested, published and served."""


@app.command()
def init(
    csv: Annotated[Path, typer.Argument(help="The labelled CSV.", metavar="DATA.csv")],
    target: Annotated[str, typer.Option("--target", help="The column to predict.")],
    home: Annotated[Path | None, typer.Option("--home", help="The folder to write.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a home that is there.")] = False,
) -> None:
    """Read a CSV, decide what each column is, and write a home for it.

    Example: classification-model init churn.csv --target churned --home churn
    """
    folder = home or Path(csv.stem)
    made, learned = new_home.create(csv, target, folder, force=force)
    console = _console()
    console.print(report.learned_table(learned))
    for line in report.learned_summary(learned):
        console.print(line, soft_wrap=True, highlight=False)
    console.print(f"Wrote {made.config_file}: look at it, then train.", soft_wrap=True)
    if made.path != PACKAGE_HOME:
        console.print(f"  classification-model train --home {folder}", soft_wrap=True)


@app.command()
def train(
    home: HomeOption = None,
    force: Annotated[
        bool, typer.Option("--force", help="Save it also if the gate refuses it.")
    ] = False,
    cluster: Annotated[
        str | None,
        typer.Option("--cluster", help="A Dask scheduler, such as tcp://host:8786, to train on."),
    ] = None,
) -> None:
    """Train the model of a home and save it under the version in VERSION.

    It replaces the one that is there only if it is not worse, and not below the floor that
    config.yml may set under acceptance.

    Example: classification-model train --home churn
    """
    console = _console()
    try:
        with report.TrainingProgress(console) as progress:
            trained = run_training(home, progress=progress, force=force, cluster=cluster)
    except RejectedModelError as error:
        if isinstance(error.comparison, Comparison):
            console.print(report.comparison_table(error.comparison))
            console.print(report.flips_table(error.comparison))
        raise
    console.print(report.metrics_table(trained.report))
    if trained.comparison:
        console.print(report.comparison_table(trained.comparison))


@app.command()
def compare(
    old: Annotated[Path, typer.Argument(metavar="OLD_HOME")],
    new: Annotated[Path, typer.Argument(metavar="NEW_HOME")],
    output: Annotated[
        Path | None, typer.Option("--output", help="Write it as Markdown, too.")
    ] = None,
) -> None:
    """Compare two homes' models on the rows that the new one's training held out.

    Example: classification-model compare churn-1.0 churn-1.1 --output comparison.md
    """
    comparison, text = compare_homes(old, new)
    console = _console()
    console.print(report.comparison_table(comparison))
    console.print(report.flips_table(comparison))
    if output:
        output.write_text(text, encoding="utf-8")
        console.print(f"Wrote {output}", soft_wrap=True)


@app.command()
def evaluate(home: HomeOption = None) -> None:
    """Judge the saved model on the rows that its training held out.

    Example: classification-model evaluate --home churn
    """
    manifest, metrics = evaluate_saved(home)
    console = _console()
    console.print(f"Model {manifest.version}, which predicts {manifest.target!r}", soft_wrap=True)
    console.print(report.metrics_table(metrics))


@app.command()
def predict(
    inputs: Annotated[
        list[str],
        typer.Argument(
            help="CSV, JSON Lines or Parquet, by suffix, also .gz; or patterns such as 'in/*.csv'.",
            metavar="INPUT...",
        ),
    ],
    output: Annotated[
        str,
        typer.Option(
            "--output", "-o", help="What to write: .csv, .csv.gz or .parquet.", metavar="OUT"
        ),
    ],
    home: HomeOption = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Stop at the first row that cannot be scored.")
    ] = False,
    encoding: Annotated[
        str | None,
        typer.Option("--encoding", help="Of CSV files, such as cp1252. Default: found out."),
    ] = None,
    cluster: Annotated[
        str | None,
        typer.Option(
            "--cluster",
            help="A Dask scheduler, such as tcp://host:8786; OUT is then a folder of Parquet.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
) -> None:
    """Score files of any size: their columns, the prediction, and the probability of each class.

    Rows that cannot be scored go to a file beside the output (scored.csv has
    scored.rejected.csv), with line, column, value and reason. Exit status: 0 if all rows were
    scored, 2 if some were rejected, 1 if nothing was written.

    Example: classification-model predict 'new/*.csv' --output scored.csv --home churn
    """
    console = _console()
    with scoring_report.ScoringProgress() as progress:
        if cluster is None:
            scored = batch.score_files(
                inputs,
                Path(output),
                home=home,
                strict=strict,
                encoding=encoding,
                progress=progress,
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
                progress=progress,
            )
    if as_json:
        typer.echo(scoring_report.scored_json(scored, output))
    else:
        for line in scoring_report.scored_summary(scored, output):
            console.print(line, soft_wrap=True, highlight=False)
    if scored.rejected:
        raise SystemExit(2)


@app.command()
def verify(home: HomeOption = None) -> None:
    """Check that the saved model is whole, unchanged and fits what is installed.

    Example: classification-model verify --home churn
    """
    place = Home.find(home)
    found = bundle.load(place)
    console = _console()
    console.print(report.files_table(found))
    found.pipeline()
    load_model(place)
    console.print(
        f"Verified: {len(found.manifest.files)} files are as they were saved, and the golden rows "
        "are answered as they were."
    )


@app.command()
def info(home: HomeOption = None) -> None:
    """Say what the saved model is: its version, classes, columns and metrics.

    Example: classification-model info --home churn
    """
    found = bundle.load(Home.find(home))
    console = _console()
    for line in report.description(found):
        console.print(line, soft_wrap=True, highlight=False)
    console.print(report.schema_table(found.manifest.row_schema))


def _console() -> Console:
    """A terminal as wide as it is; a file or a pipe wide enough for every table."""
    console = Console()
    return console if console.is_terminal else Console(width=120)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; an expected error is one line on stderr and exit status 1.

    With ``arguments`` it runs those, and returns where it would exit with 0.
    """
    try:
        app(arguments, standalone_mode=arguments is None)
    except ClassificationModelError as error:
        Console(stderr=True).print(f"Error: {error}", style="red", markup=False, soft_wrap=True)
        raise SystemExit(1) from None
