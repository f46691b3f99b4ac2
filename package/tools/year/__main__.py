"""Live the year: ``tox -c package -e year``. It writes the table of docs/a-year.md."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from tools.year.clone import REPOSITORY, Clone
from tools.year.months import MONTHS, SHORT, Month

DOCUMENT = REPOSITORY / "docs" / "a-year.md"
BEGIN, END = "<!-- year -->", "<!-- /year -->"


def lived(clone: Clone, months: Sequence[tuple[str, Month]]) -> Iterator[str]:
    """Each month as a row of the table."""
    for name, month in months:
        clone.seen.clear()
        month(clone)
        said = "; ".join(f"`{text}`" for text in clone.seen)
        line = f"| {name} | {month.__doc__} | {said} | {clone.version} |"
        print(line, flush=True)
        yield line


def forest(clone: Clone) -> str:
    """What a larger model adds to the history, each time that it is trained."""
    clone.edit("name: logistic_regression", "name: random_forest")
    clone.train("--force")
    before = clone.size()
    clone.rows(lambda rows: rows[:-50])
    clone.train("--force", "--data-changed")
    return (
        f"A forest of {clone.bundle_size():.1f} MB adds {clone.size() - before:.1f} MB each time."
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="tox -e year --", description=__doc__)
    parser.add_argument("--short", action="store_true", help="a few months, and no document")
    parser.add_argument("--rows", type=int, default=4000, help="how many the table begins with")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        clone = Clone(Path(folder), wanted.rows)
        if wanted.short:
            list(lived(clone, SHORT))
            return
        before = clone.size()
        rows = list(lived(clone, MONTHS))
        grown, one = clone.size() - before, clone.bundle_size()
        models = len(clone.git("tag").split()) - 1  # the first tag is the Titanic's
        larger = forest(clone)
    head = ["| month | what happens | what is said | version |", "|---|---|---|---|"]
    size = (
        f"Git's history grew by {grown:.1f} MB for {models} tagged models of about {one:.2f} MB each "
        f"and their tables. {larger}"
    )
    text = DOCUMENT.read_text(encoding="utf-8")
    start, _, rest = text.partition(BEGIN)
    table = "\n".join([*head, *rows, "", size])
    DOCUMENT.write_text(f"{start}{BEGIN}\n{table}\n{END}{rest.partition(END)[2]}", "utf-8")
    print(size)


if __name__ == "__main__":
    main()
