"""The options that commands share, and how they answer a machine."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from classification_model.cli import exit_status
from classification_model.cli.terminal import console
from classification_model.config.schema import FrozenModel

__all__ = ["DebugOption", "HomeOption", "JsonOption", "answer", "home_option"]


def _set_debug(context: typer.Context, wanted: bool) -> bool:
    if isinstance(context.obj, exit_status.Debug):
        context.obj.wanted = wanted
    return wanted


HomeOption = Annotated[
    Path | None,
    typer.Option(
        "--home",
        metavar="DIR",
        help="The folder that holds `config.yml`, `VERSION`, `datasets/` and `trained_models/`. "
        "Without it the one that `MODEL_HOME` names, else the installed package.",
    ),
]
JsonOption = Annotated[
    bool,
    typer.Option(
        "--json", metavar="", help="Answer with one JSON object on stdout, and nothing else there."
    ),
]
DebugOption = Annotated[
    bool,
    typer.Option("--debug", metavar="", callback=_set_debug, help="Show where an error arose."),
]


def answer(found: FrozenModel) -> None:
    """Print what a command found as one JSON object."""
    console().print(found.model_dump_json(indent=2), soft_wrap=True, highlight=False, markup=False)


def home_option(home: Path | None) -> str:
    """The option ``--home`` to repeat, where it was given."""
    return f" --home {shlex.quote(str(home))}" if home else ""
