"""Judge what is about to be published: ``tox -c package -e check_dist``.

The wheel carries its bundle, whole; the index will show its page; attacks on it with the table at
hand find nobody; and installed where nothing else is, its model answers the golden rows. Then the card and a list of what was installed
beside it, as a CycloneDX SBOM, are put where the release takes them from.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from classification_model.cli.review import audit_home
from classification_model.errors import ClassificationModelError
from tools.release.project import (
    ASSETS,
    DATASETS,
    DIST,
    HOME,
    PACKAGE,
    Project,
    Stop,
    TrainedModel,
)

SBOM = "sbom.cdx.json"
CARD = (".html", ".md", ".svg")


def run(*command: str, failure: str, cwd: Path = PACKAGE) -> None:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode:
        lines = (done.stderr.strip() or done.stdout.strip()).splitlines() or ["no reason given"]
        raise Stop(f"{failure}: {lines[-1]}")


def files_of(project: Project) -> tuple[Path, Path]:
    """The wheel and the sdist, with nothing else beside them that would be uploaded, too."""
    wheel, sdist = project.wheel(), DIST / f"{project.file_stem}.tar.gz"
    found = {file.name for file in DIST.iterdir()}
    if found != {wheel.name, sdist.name}:
        raise Stop(
            f"{DIST}: expected {wheel.name} and {sdist.name}, found {', '.join(sorted(found))}: "
            "run tox -e build"
        )
    return wheel, sdist


def model_of(wheel: Path, project: Project) -> TrainedModel:
    """The bundle in the wheel, which must be the one in the repository."""
    ours, packed = project.model(), TrainedModel.of_wheel(wheel, project.version)
    if packed.digest != ours.digest:
        raise Stop(f"{wheel.name}: carries another model than trained_models/: run tox -e build")
    return packed


def attack(wheel: Path, folder: Path) -> str:
    """Attack the home that the wheel carries with the table, which it does not carry.

    Returns:
        What was tried.

    Raises:
        Stop: the wheel gives away what few rows hold.
    """
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(folder)
    shutil.copytree(PACKAGE / DATASETS, folder / DATASETS, dirs_exist_ok=True)
    found = audit_home(folder / HOME)
    if found.findings:
        first = found.findings[0]
        raise Stop(
            f"{wheel.name}: the model gives away what fewer than {found.min_rows} rows hold, in "
            f"{len(found.findings)} places, such as {first.file}, {first.where}: {first.what}; "
            "classification-model audit lists them"
        )
    return f"{len(found.attacks)} kinds of attacks find nothing of fewer than {found.min_rows} rows"


def prove_alone(wheel: Path, folder: Path) -> Path:
    """Install the wheel in an environment of its own, and have it verify its model there.

    Returns:
        The environment's Python.
    """
    run(sys.executable, "-m", "venv", "--without-pip", str(folder), failure="no environment")
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    install = (sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet")
    run(*install, str(wheel), failure=f"{wheel.name} cannot be installed")
    # Isolated, and from a folder without code: it is the installed package that answers.
    verify = (str(python), "-I", "-m", "classification_model", "verify")
    run(*verify, cwd=folder, failure=f"{wheel.name}: installed, its model is refused")
    return python


def write_assets(model: TrainedModel, python: Path, wheel: Path, project: Project) -> None:
    ASSETS.mkdir(exist_ok=True)
    for name, content in model.files.items():
        if name.endswith(CARD):
            (ASSETS / name).write_bytes(content)
    tool = shutil.which("cyclonedx-py")
    if tool is None:
        raise Stop("cyclonedx-py is not installed: run tox -c package -e check_dist")
    sbom = ASSETS / SBOM
    options = ("--pyproject", "pyproject.toml", "--mc-type", "library", "--output-reproducible")
    run(tool, "environment", *options, "-o", str(sbom), str(python), failure="no SBOM")
    # What pyproject.toml cannot say: which version, and which file.
    described = json.loads(sbom.read_text(encoding="utf-8"))
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    described["metadata"]["component"] |= {
        "version": project.version,
        "purl": f"pkg:pypi/{project.name}@{project.version}",
        "hashes": [{"alg": "SHA-256", "content": digest}],
    }
    sbom.write_text(f"{json.dumps(described, indent=2)}\n", encoding="utf-8")


def main() -> int:
    try:
        project = Project.read()
        wheel, sdist = files_of(project)
        model = model_of(wheel, project)
        check = (sys.executable, "-m", "twine", "check", "--strict", str(wheel), str(sdist))
        run(*check, failure="twine check --strict")
        with tempfile.TemporaryDirectory() as folder:
            attacked = attack(wheel, Path(folder) / "unpacked")
            python = prove_alone(wheel, Path(folder) / "alone")
            write_assets(model, python, wheel, project)
    except (ClassificationModelError, Stop) as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    print(f"{wheel.name}: {attacked}")
    print(f"installed alone, it answers its golden rows; {ASSETS.name}/{SBOM} written")
    return 0


if __name__ == "__main__":
    sys.exit(main())
