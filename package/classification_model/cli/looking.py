"""About a model: ``evaluate``, ``compare``, ``verify``, ``audit`` and ``info``."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from classification_model.cli.exit_status import Status, Stop
from classification_model.cli.options import DebugOption, HomeOption, JsonOption, answer
from classification_model.cli.terminal import Screen, console
from classification_model.config.home import Home
from classification_model.errors import ConfigError

__all__ = ["audit", "compare", "evaluate", "info", "verify"]


def evaluate(
    labelled: Annotated[
        Path | None,
        typer.Argument(help="A CSV with labels, to judge the saved model on.", metavar="[CSV]"),
    ] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
    _debug: DebugOption = False,
) -> None:
    """Say how good the saved model is: on the rows that were held out, or on a labelled CSV.

    Without a CSV these are the figures of its training: those of the same recipe, fitted without
    the rows that were held out. With one, the saved model itself answers the rows of the file.

    ```console
    classification-model evaluate new-labels.csv --home churn
    ```
    """
    from classification_model.cli import tables
    from classification_model.cli.responses.looking import Evaluated

    with Screen(console(stderr=as_json), quiet=True) as screen:
        screen.wait("Reading the model")
        from classification_model.cli.review import evaluate_saved

        found = evaluate_saved(home, labelled=labelled, progress=screen)
    if as_json:
        answer(Evaluated.of(found))
        return
    manifest = found.model.manifest
    out = console()
    out.say(f"Model {manifest.version}. {tables.predicts(manifest)}")
    out.print(tables.metrics_table(found.metrics, on=labelled.name if labelled else None))


def compare(
    old: Annotated[Path, typer.Argument(help="The home of the one.", metavar="OLD_HOME")],
    new: Annotated[Path, typer.Argument(help="The home of the other.", metavar="NEW_HOME")],
    labelled: Annotated[
        Path | None,
        typer.Argument(help="Labelled rows that neither has seen.", metavar="[CSV]"),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", metavar="OUT", help="Write it, too: .html as a page, else Markdown."
        ),
    ] = None,
    as_json: JsonOption = False,
    _debug: DebugOption = False,
) -> None:
    """Compare two homes' recipes, or on a CSV that neither has seen their models.

    Without a CSV both recipes are fitted on the new home's training rows, and answer the rows that
    are held out there. With one, both models answer its rows as they are.

    ```console
    classification-model compare churn churn-next --output comparison.html
    ```
    """
    from classification_model.cli.responses.looking import Compared

    with Screen(console(stderr=as_json), quiet=True) as screen:
        screen.wait("Judging both on the same rows")
        from classification_model.cli import comparing
        from classification_model.cli.review import compare_homes

        found = compare_homes(old, new, labelled=labelled, progress=screen)
    if output:
        comparing.write(found, output)
    if as_json:
        answer(Compared.of(found))
        return
    comparing.show(found.comparison, found.new.manifest.labels)
    if output:
        console().say(f"Wrote {output}")


def verify(
    home: HomeOption = None, as_json: JsonOption = False, _debug: DebugOption = False
) -> None:
    """Check that the saved model is whole, unchanged and fits what is installed.

    ```console
    classification-model verify --home churn
    ```
    """
    from classification_model import bundle
    from classification_model.cli import tables
    from classification_model.cli.responses.looking import Verified
    from classification_model.predict import load_model

    place = Home.find(home)
    with Screen(console(stderr=as_json), quiet=True) as screen:
        screen.wait("Verifying every file, and answering the golden rows")
        found = bundle.load(place)
        found.pipeline()
        load_model(place)
    if as_json:
        answer(Verified.of(found))
        return
    out = console()
    out.print(tables.files_table(found))
    out.print(tables.libraries_table(found))
    out.say(
        f"Verified: {len(found.manifest.files)} files are as they were saved, and the golden rows "
        "are answered as they were."
    )


def audit(
    home: HomeOption = None, as_json: JsonOption = False, _debug: DebugOption = False
) -> None:
    """Attack what publishing the home would publish, with its table at hand.

    It searches every file of the bundle for values, rows and extremes that fewer rows hold than
    `publish: min_rows` in `config.yml` says, and for digests of the table; it counts the leaves
    of trees, and asks the model for single people. What it finds ends with status 4; it names
    places, and no values.

    ```console
    classification-model audit --home churn
    ```
    """
    from classification_model.cli import tables
    from classification_model.cli.responses.looking import Audited

    with Screen(console(stderr=as_json), quiet=True) as screen:
        screen.wait("Attacking what would be published")
        from classification_model.cli.review import audit_home

        found = audit_home(home, progress=screen)
    if as_json:
        answer(Audited.of(found))
    else:
        out = console()
        out.print(tables.audit_table(found))
        for line in tables.audit_lines(found):
            out.say(line)
    if found.findings:
        raise Stop(Status.GIVEN_AWAY)


def info(home: HomeOption = None, as_json: JsonOption = False, _debug: DebugOption = False) -> None:
    """Say what the saved model is: its version, classes, columns and metrics.

    ```console
    classification-model info --home churn
    ```
    """
    from classification_model import bundle
    from classification_model.bundle.stamp import moved_on
    from classification_model.cli import tables
    from classification_model.cli.responses.looking import Info
    from classification_model.config.core import load_config

    place = Home.find(home)
    found = bundle.load(place)
    config, later = None, None
    with suppress(ConfigError):  # a home that only serves needs none
        config = load_config(place)
        later = moved_on(place, config, found.manifest.version)
    if as_json:
        answer(Info.of(place, found, later))
        return
    out = console()
    for line in tables.description(found, place.next_version()):
        out.say(line)
    out.print(tables.schema_table(found.manifest.row_schema, found.profile()))
    for note in config.notes() if config else ():
        out.say(f"Note: {note}")
    if config and later:
        out.say(
            f"Note: the table has moved on: {config.dataset} was last trained on for {later}, and "
            f"this is {found.manifest.version}"
        )
