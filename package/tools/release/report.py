"""Compare the model that was just trained with the one of the tagged commit.

    tox exec -c package -e train -- python -m tools.release.report

The text becomes that of the release and of the pull request that brings the model back.
"""

from __future__ import annotations

import io
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from classification_model import bundle
from classification_model.cli.review import compare_homes
from classification_model.config.home import Home
from classification_model.errors import BundleError, ClassificationModelError
from tools.release.project import ASSETS, PACKAGE, REPOSITORY, Project
from tools.release.propose import COMPARISON

HOME = Home(PACKAGE / "classification_model")


def committed_home(folder: Path) -> Home:
    """The home as the last commit has it, under the version of the model that it holds."""
    command = ["git", "archive", "HEAD", "package/classification_model"]
    packed = subprocess.run(command, cwd=REPOSITORY, capture_output=True, check=True).stdout
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        archive.extractall(folder, filter="data")
    return Home(folder / "package/classification_model")


def compared(old: Home) -> str:
    """What the old model and the new one have to do with each other, as Markdown."""
    now = bundle.load(HOME)
    try:
        was = bundle.load_any(old)
    except BundleError as error:
        return f"Not compared with the model before: {error}\n"
    if was is None:
        return "The first model: there is none to compare it with.\n"
    if was.digest == now.digest:
        return "The model of the tagged commit, trained again: the same bytes.\n"
    try:
        return compare_homes(old.path, HOME.path).markdown(shown=0)
    except ClassificationModelError as error:
        return f"Not compared with model {was.manifest.version}: {error}\n"


def text() -> str:
    project, manifest = Project.read(), bundle.load(HOME).manifest
    metrics = [f"| {name} | {value:.4f} |" for name, value in manifest.metrics.items()]
    with tempfile.TemporaryDirectory() as folder:
        comparison = compared(committed_home(Path(folder)))
    head = (
        f"`{project.pin}`, which predicts `{manifest.target}`, trained on {manifest.rows} labelled "
        "rows and judged on those that it did not see:"
    )
    return "\n".join([head, "", "| metric | value |", "| --- | --- |", *metrics, "", comparison])


def main() -> int:
    ASSETS.mkdir(exist_ok=True)
    output = ASSETS / COMPARISON
    try:
        output.write_text(text(), encoding="utf-8")
    except ClassificationModelError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    print(output.read_text(encoding="utf-8"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
