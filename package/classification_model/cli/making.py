"""From a CSV to a model: ``init`` and ``train``."""

from __future__ import annotations

import io
import time
from pathlib import Path
from typing import Annotated

import typer

from classification_model.bundle.provenance import Comparison
from classification_model.cli.options import (
    DebugOption,
    HomeOption,
    JsonOption,
    answer,
    home_option,
)
from classification_model.cli.terminal import Screen, console
from classification_model.config.home import PACKAGE_HOME, Home
from classification_model.config.versions import Bump
from classification_model.errors import DataError, RejectedModelError
from classification_model.processing.reading import blocks, csv_blocks

__all__ = ["init", "rollback", "train"]


def _columns(context: typer.Context) -> list[str]:
    """The columns of the CSV that was typed before, for the shell to complete."""
    # While an option lacks its value, the parser leaves the arguments where they are.
    typed = context.params.get("csv") or next(iter(context.args), "")
    try:
        with Path(typed).open("rb") as stream:
            beginning = stream.read(1 << 16).rpartition(b"\n")[0]
        return [*csv_blocks.head_of("", io.BytesIO(beginning), ()).columns]
    except (DataError, OSError):
        return []


CsvArgument = Annotated[
    Path | None,
    typer.Argument(
        help="The labelled table: CSV, JSON Lines, Parquet or a folder of it, Excel; .gz, .zip.",
        metavar="DATA.csv",
    ),
]
TargetOption = Annotated[
    str | None,
    typer.Option(
        "--target", metavar="COLUMN", help="The column to predict.", autocompletion=_columns
    ),
]
NewHomeOption = Annotated[
    Path | None,
    typer.Option(
        "--home", metavar="DIR", help="The folder to write. Without it one named as the CSV."
    ),
]
UpdateOption = Annotated[
    bool,
    typer.Option(
        "--update", metavar="", help="Add new columns of a home's table to its `config.yml`."
    ),
]
EncodingOption = Annotated[
    str | None,
    typer.Option(
        "--encoding", metavar="NAME", help="How the text is encoded, where it does not say it."
    ),
]
SheetOption = Annotated[
    str | None,
    typer.Option("--sheet", metavar="NAME", help="The sheet of a workbook. Else the first."),
]
DataChangedOption = Annotated[
    bool,
    typer.Option(
        "--data-changed", metavar="", help="The table is surely otherwise, and is meant so."
    ),
]
BumpOption = Annotated[
    Bump | None,
    typer.Option(
        "--bump", metavar="PART", help="Raise `VERSION` first: `major`, `minor` or `patch`."
    ),
]
ClusterOption = Annotated[
    str | None,
    typer.Option(
        "--cluster",
        metavar="ADDRESS",
        help="A Dask scheduler, such as `tcp://host:8786`, to compare candidates on.",
    ),
]


def init(
    csv: CsvArgument = None,
    target: TargetOption = None,
    home: NewHomeOption = None,
    force: Annotated[
        bool, typer.Option("--force", metavar="", help="Replace a home that is there.")
    ] = False,
    update: UpdateOption = False,
    encoding: EncodingOption = None,
    sheet: SheetOption = None,
    as_json: JsonOption = False,
    _debug: DebugOption = False,
) -> None:
    """Read a CSV, decide what each column is, and write a home for it.

    It says what it decided and why. The decisions are in `config.yml`, to be looked at and
    edited before training.

    With `--update` it reads the table that a home has, adds the columns that `config.yml` does not
    know, and changes nothing else there. It prints what it added, and what it would decide
    otherwise today.

    ```console
    classification-model init churn.csv --target churned --home churn-next
    ```
    """
    from classification_model.cli import learned_table
    from classification_model.cli.responses.making import Initialised
    from classification_model.init import scaffold

    if update:
        if csv or target or force or encoding or sheet:
            raise typer.BadParameter(
                "it reads the table that the home has: put the new one in its place, and name "
                "--home alone",
                param_hint="--update",
            )
        _update(home, as_json=as_json)
        return
    if csv is None:
        raise typer.BadParameter("name the table", param_hint="DATA.csv")
    if target is None:
        raise typer.BadParameter(_which_target(csv, encoding), param_hint="--target")
    folder = home or Path(csv.stem)
    with Screen(console(stderr=as_json), quiet=True) as screen:
        screen.wait(f"Reading {csv.name}")
        made, learned = scaffold.create(
            csv, target, folder, force=force, encoding=encoding, sheet=sheet, progress=screen
        )
    if as_json:
        answer(Initialised.of(made, learned))
        return
    out = console()
    out.print(learned_table.learned_table(learned))
    for line in learned_table.learned_summary(learned):
        out.say(line)
    out.say(f"Wrote {made.config_file}: look at it, then train:")
    if made.path != PACKAGE_HOME:
        out.command(f"classification-model train{home_option(folder)}")
    out.say(
        f"{made.datasets / 'raw.csv'} holds every row, and git would keep it: keep the repository "
        "private, or the table out of it"
    )


def _update(home: Path | None, *, as_json: bool) -> None:
    from classification_model.cli import tables
    from classification_model.cli.responses.making import Updated
    from classification_model.init.update import update

    place = Home.find(home)
    with Screen(console(stderr=as_json), quiet=True) as screen:
        screen.wait("Reading the table")
        found = update(place, screen)
    if as_json:
        answer(Updated.of(found))
        return
    out = console()
    for line in tables.update_lines(found):
        out.say(line)
    if found.added and place.path != PACKAGE_HOME:
        out.command(f"classification-model train{home_option(home)}")


def _which_target(csv: Path, encoding: str | None) -> str:
    columns = ", ".join(map(repr, blocks.head(str(csv), (), encoding).columns))
    return f"which column is to be predicted? {csv.name} has {columns}"


def train(
    home: HomeOption = None,
    force: Annotated[
        bool, typer.Option("--force", metavar="", help="Save it also if the gate refuses it.")
    ] = False,
    search: Annotated[
        bool,
        typer.Option(
            "--search", metavar="", help="Compare candidates also where a choice is recorded."
        ),
    ] = False,
    data_changed: DataChangedOption = False,
    bump: BumpOption = None,
    cluster: ClusterOption = None,
    as_json: JsonOption = False,
    _debug: DebugOption = False,
) -> None:
    """Train the model of a home and save it under the version in `VERSION`.

    It replaces the one that is there only if its recipe is not worse, and not below the floor that
    `config.yml` may set under `acceptance`. Both recipes are fitted on the same rows for that.
    What a git tag names is not replaced under the same version; `--bump` raises it, and a training
    that is refused leaves `VERSION` as it was.

    ```console
    classification-model train --home churn-next
    ```
    """
    from classification_model.cli.responses.making import Trained

    begun = time.monotonic()
    with Screen(console(stderr=as_json), quiet=as_json) as screen:
        screen.wait("Loading scikit-learn")
        from classification_model.notebook import train_home

        try:
            trained = train_home(
                home,
                progress=screen,
                force=force,
                search=search,
                data_changed=data_changed,
                bump=bump,
                cluster=cluster,
            )
        except RejectedModelError as error:
            screen.settle()
            if as_json:
                answer(Trained.not_saved(error))
            elif isinstance(error.comparison, Comparison):
                from classification_model.cli.comparing import refused

                refused(error.comparison, Home.find(home))
            raise
    if as_json:
        answer(Trained.of(Home.find(home), trained))
        return
    from classification_model.cli.trained import told

    told(trained, home, time.monotonic() - begun)


def rollback(
    version: Annotated[
        str, typer.Argument(help="The version to go back to, or forward.", metavar="VERSION")
    ],
    wheel: Annotated[
        Path | None,
        typer.Option("--wheel", metavar="FILE.whl", help="Take it from a wheel, not from git."),
    ] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
    _debug: DebugOption = False,
) -> None:
    """Put an earlier model in the place of the one that is there; forward is the same command.

    It comes from git's history or from a wheel, byte for byte. `VERSION` and, in a clone, the
    service's pin and `sample_input.csv` follow. `datasets/` and `config.yml` stay as they are.

    ```console
    classification-model rollback 1.0.0 --home churn-next
    ```
    """
    from classification_model.bundle import rollback as rolling
    from classification_model.cli.responses.making import RolledBack

    found = rolling.rollback(Home.find(home), version, wheel)
    if as_json:
        answer(RolledBack.of(found))
        return
    out = console()
    was = f" in the place of {found.before}" if found.before else ""
    out.say(f"Model {version}{was}, from {found.source} (bundle {found.bundle.digest[:12]})")
    for file in found.followed:
        out.say(f"Wrote {file}")
    out.say("datasets/ and config.yml are as they were. Commit it, and push to deploy it")
