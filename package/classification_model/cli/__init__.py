"""The command line: one call per command, and every error in one line.

What loads scikit-learn is imported by the command that needs it, so that help, completion and
``info`` answer at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated

import typer

from classification_model import __version__
from classification_model.cli import exit_status, looking, making, serving, using, watching

__all__ = ["app", "main"]

_EPILOG = "Exit status 0: done. 1: failed, and stderr says why in a line. `docs/cli.md` has all."


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


def options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", metavar="", callback=_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """From a labelled CSV to a classifier that can be tested, published and served.

    A first model, and a file scored with it:

    ```console
    classification-model init churn.csv --target churned
    classification-model train --home churn
    classification-model predict new.csv --output scored.csv --home churn
    ```
    """


app = typer.Typer(
    name="classification-model",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)
app.callback(epilog=_EPILOG)(options)
_PANELS: Mapping[str, Sequence[Callable[..., None]]] = {
    "From a CSV to a model": (making.init, making.train, making.rollback),
    "With a model": (using.predict, serving.serve),
    "About a model": (
        looking.evaluate,
        looking.compare,
        looking.verify,
        looking.audit,
        looking.info,
    ),
    "After the deployment": (watching.drift, watching.export),
}
for panel, commands in _PANELS.items():
    for command in commands:
        app.command(rich_help_panel=panel)(command)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line, and end with a status of :mod:`exit_status`.

    With ``arguments`` it runs those, and returns where it would exit with 0.
    """
    debug = exit_status.Debug()
    with exit_status.ending(debug):
        status = app(arguments, obj=debug, standalone_mode=False)
        if status == exit_status.Status.INTERRUPTED:
            raise KeyboardInterrupt
        if status:
            raise SystemExit(status)
