"""Write docs/cli.md: the commands' own help, the shapes of their answers, the exit statuses."""

from __future__ import annotations

import argparse
import html
import subprocess
import sys
import typing
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel

from classification_model.cli import exit_status, responses

HEAD = """\
# The command line

<!-- Written by tox -c package -e reference, out of the tool itself: edit its help instead. -->

`pip install 'classification-model[train]'` installs `classification-model`, from your own index, for
on PyPI that name is [somebody else's](../README.md#the-package); `python -m classification_model` is
the same. Without `[train]` it does everything but train. Where it goes
on for long, a terminal shows a bar with rate and time left; a file or a pipe gets lines only.
Ctrl-C ends it at any time, and leaves the model that is there as it was.

`classification-model --install-completion` teaches your shell to complete commands, options and,
after `--target`, the columns of the CSV.

The examples below are one session, in the folder that holds `churn.csv` and `new.csv`;
[own-data.md](own-data.md) makes them.
"""

ANSWERS = """\
## Answers for machines

With `--json` a command prints one object and nothing else on stdout, without colours, bars or
notes. Where it fails stdout is empty (but a model that `train` refuses is an answer, too), stderr
has the line that says why, and the exit status tells the kind. Keys may be added; none goes away
or changes its meaning before version 2. What there is not is `null`.
"""

STATUSES = """\
## Exit status

| status | meaning |
| --- | --- |
"""


def commands() -> str:
    """The help of every command, as typer writes it."""
    run = subprocess.run(
        [sys.executable, "-m", "typer", "classification_model.cli", "utils", "docs", "--name",
         "classification-model"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    text = html.unescape(run.stdout)
    # What is to be typed stays a console block; a usage line cannot be run.
    text = text.replace("**Usage**:\n\n```console\n$ ", "```text\n")
    for command, what in (("rollback", "a history of git"), ("export", "a service with a store")):
        block = f"```console\nclassification-model {command} "
        text = text.replace(block, f"<!-- not run: needs {what} -->\n{block}")
    _, _, rest = text.partition("\n")  # its heading: this document has one
    return rest.strip() + "\n"


def shapes() -> Iterator[str]:
    """The keys of every answer, with what they mean."""
    for command, answer in responses.BY_COMMAND.items():
        yield f"\n### `{command} --json`\n\n| key | what it is |\n| --- | --- |\n"
        yield from (f"| `{key}` | {what} |\n" for key, what in keys(answer))


def keys(shape: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Each key of a shape, and those of the shapes inside it that are described key by key."""
    for name, field in shape.model_fields.items():
        if field.description:
            yield prefix + name, field.description
        for inner in (field.annotation, *typing.get_args(field.annotation)):
            if str(getattr(inner, "__module__", None)).startswith(responses.__name__):
                dots = "[]." if typing.get_origin(field.annotation) is tuple else "."
                yield from keys(inner, f"{prefix}{name}{dots}")


def reference() -> str:
    statuses = (f"| {status} | {meaning} |\n" for status, meaning in exit_status.MEANINGS.items())
    return "".join([HEAD, "\n", commands(), "\n", ANSWERS, *shapes(), "\n", STATUSES, *statuses])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=Path("../docs/cli.md"))
    parser.parse_args().output.write_text(reference(), encoding="utf-8")


if __name__ == "__main__":
    main()
