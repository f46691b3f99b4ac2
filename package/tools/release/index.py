"""What the index holds, as pip sees it: through its configuration, and past its cache."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tools.release.project import Project, Stop, TrainedModel

__all__ = ["model_on_index", "versions", "wait_for"]

NOT_FOUND = "No matching distribution found"


def pip(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pip", *arguments, "--no-cache-dir"]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def versions(name: str) -> list[str]:
    """Every version of a project that the index knows, pre-releases too.

    Raises:
        Stop: the index does not answer.
    """
    run = pip("index", "versions", name, "--pre")
    if run.returncode:
        if NOT_FOUND in run.stderr:
            return []
        raise Stop(f"the index does not answer: {_last_line(run.stderr)}: look at PIP_INDEX_URL")
    listed = re.search(r"^Available versions: (.*)$", run.stdout, re.MULTILINE)
    return [version.strip() for version in listed[1].split(",")] if listed else []


def fetch(project: Project, folder: Path) -> Path | str:
    """Download the project's wheel from the index; where that fails, pip's reason."""
    run = pip("download", "--no-deps", "--only-binary=:all:", "--dest", str(folder), project.pin)
    return next(folder.glob("*.whl"), _last_line(run.stderr))


def model_on_index(project: Project) -> TrainedModel | None:
    """The bundle in the wheel that the index serves, if it serves one.

    Raises:
        Stop: the index does not answer.
    """
    with tempfile.TemporaryDirectory() as folder:
        found = fetch(project, Path(folder))
        if isinstance(found, Path):
            return TrainedModel.of_wheel(found, project.version)
    if NOT_FOUND in found:
        return None
    raise Stop(f"the index does not answer: {found}: look at PIP_INDEX_URL")


def wait_for(project: Project, *, seconds: float, pause: float = 5) -> None:
    """Wait until the index serves the very wheel that was built.

    Raises:
        Stop: it serves another one, or none in time.
    """
    built = project.wheel()
    deadline = time.monotonic() + seconds
    while True:
        with tempfile.TemporaryDirectory() as folder:
            found = fetch(project, Path(folder))
            if isinstance(found, Path):
                if found.read_bytes() == built.read_bytes():
                    return
                raise Stop(
                    f"the index serves another {found.name} than the one that was built here: "
                    "raise VERSION and release again, and find out who uploaded it"
                )
        if time.monotonic() + pause > deadline:
            raise Stop(
                f"{project.pin} is not on the index after {seconds:g} s ({found}): look at the "
                "publish job, then run this job again"
            )
        time.sleep(pause)


def _last_line(text: str) -> str:
    lines = [line.removeprefix("ERROR: ") for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "pip says nothing"
