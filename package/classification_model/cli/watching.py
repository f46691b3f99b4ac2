"""After the deployment: ``drift`` and ``export``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from classification_model.cli.exit_status import Status, Stop
from classification_model.cli.options import DebugOption, HomeOption, JsonOption, answer
from classification_model.cli.terminal import Screen, console
from classification_model.config.home import Home

__all__ = ["drift", "export"]


def drift(
    rows: Annotated[
        Path,
        typer.Argument(help="Rows as the model gets them; labels are not read.", metavar="FILE"),
    ],
    home: HomeOption = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", metavar="OUT.html", help="Write a page with pictures, too."),
    ] = None,
    as_json: JsonOption = False,
    _debug: DebugOption = False,
) -> None:
    """Say whether rows look like those of the training, column by column.

    The verdict knows the number of rows on both sides: where nothing changed, one file in a
    hundred gives a false alarm. A column that drifted ends with status 5.

    ```console
    classification-model drift new.csv --home churn --output drift.html
    ```
    """
    from classification_model.cli.responses.watching import Drifted
    from classification_model.predict import load_model

    with Screen(console(stderr=as_json), quiet=True) as screen:
        screen.wait("Reading the rows")
        from classification_model.card.drift import page
        from classification_model.cli import drift_tables
        from classification_model.monitoring.files import drift_of_file

        model = load_model(Home.find(home))
        found, refused = drift_of_file(str(rows), model, screen)
        if output:
            output.write_text(
                page(found, name=rows.name, version=model.manifest.version), encoding="utf-8"
            )
    if as_json:
        answer(Drifted.of(found, refused))
    else:
        out = console()
        out.print(drift_tables.drift_table(found))
        for line in drift_tables.drift_lines(found, refused):
            out.say(line)
        if output:
            out.say(f"Wrote {output}")
    if found.drifted:
        raise Stop(Status.DRIFTED)


def export(
    store: Annotated[
        str,
        typer.Argument(
            help="`sqlite:////folder/answers.db` or `postgresql://user@host/database`; without it, "
            "the one that the variable `STORE` names.",
            metavar="STORE",
            envvar="STORE",
            show_envvar=False,
        ),
    ],
    output: Annotated[
        Path,
        typer.Option("--output", "-o", metavar="OUT.csv", help="What to write, as CSV."),
    ],
    new: Annotated[
        bool,
        typer.Option(
            "--new",
            metavar="",
            help="Leave out what was exported before; a row whose label was corrected comes again.",
        ),
    ] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
    _debug: DebugOption = False,
) -> None:
    """Write the rows whose truth is known, to be appended to the training table.

    They have the columns, the delimiter, the formats and the encoding of the home's own table, and
    its labels. What the served model made of them is said by version. A row that cannot be one of
    the table is left out, and the exit status is 2. `docs/loop.md` goes on from here.

    ```console
    classification-model export sqlite:///answers.db --output labelled.csv --home churn
    ```
    """
    from classification_model.cli.responses.watching import Labelled

    with Screen(console(stderr=True), quiet=True) as screen:
        screen.wait("Reading the store")
        from classification_model.batch.sinks import whole
        from classification_model.cli import export_tables
        from classification_model.monitoring.store import Store
        from classification_model.monitoring.store_export import export as export_rows

        with Store(store, new=False) as opened:
            with whole(output) as stream:
                found = export_rows(opened, Home.find(home), stream, new=new)
            opened.mark(found.truths)
    if as_json:
        answer(Labelled.of(found, str(output)))
    else:
        out = console()
        if found.versions:
            out.print(export_tables.versions_table(found))
        for line in export_tables.export_lines(found, str(output)):
            out.say(line)
    if found.refused:
        raise Stop(Status.ROWS_REJECTED)
