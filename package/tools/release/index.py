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

UNREACHABLE = re.compile(r"Could not fetch URL (\S+: (?!404).*) - skipping")
"""What pip says of an index that fails, if asked to say more, before it says "not found"."""


def pip(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pip", *arguments, "--no-cache-dir", "-vv"]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def _stop_unless_it_answered(run: subprocess.CompletedProcess[str]) -> None:
    failed = UNREACHABLE.search(run.stdout)
    if failed or (run.returncode and "No matching distribution found" not in run.stderr):
        reason = failed[1] if failed else _last_line(run.stderr)
        raise Stop(f"the index does not answer: {reason}: look at PIP_INDEX_URL, and run it again")


def versions(name: str) -> list[str]:
    """Every version of a project that the index knows, pre-releases too.

    Raises:
        Stop: the index does not answer.
    """
    run = pip("index", "versions", name, "--pre")
    _stop_unless_it_answered(run)
    listed = re.search(r"^Available versions: (.*)$", run.stdout, re.MULTILINE)
    return [version.strip() for version in listed[1].split(",")] if listed else []


def fetch(project: Project, folder: Path) -> Path | None:
    """Download the project's wheel from the index, if it has it.

    Raises:
        Stop: the index does not answer.
    """
    run = pip("download", "--no-deps", "--only-binary=:all:", "--dest", str(folder), project.pin)
    found = next(folder.glob("*.whl"), None)
    if found is None:
        _stop_unless_it_answered(run)
    return found


def model_on_index(project: Project) -> TrainedModel | None:
    """The bundle in the wheel that the index serves, if it serves one.

    Raises:
        Stop: the index does not answer, or serves a wheel without its bundle.
    """
    with tempfile.TemporaryDirectory() as folder:
        found = fetch(project, Path(folder))
        return TrainedModel.of_wheel(found, project.version) if found else None


def wait_for(project: Project, *, seconds: float, pause: float = 5) -> None:
    """Wait until the index serves the very wheel that was built.

    Raises:
        Stop: it serves another one, or none in time.
    """
    built = project.wheel()
    deadline = time.monotonic() + seconds
    while (reason := _not_served(project, built)) is not None:
        if time.monotonic() + pause > deadline:
            raise Stop(
                f"{reason}, after {seconds:g} s: look at the publish job, then run this job again"
            )
        time.sleep(pause)


def _not_served(project: Project, built: Path) -> str | None:
    """Why the index does not serve the built wheel yet."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            found = fetch(project, Path(folder))
        except Stop as stop:
            return str(stop)
        if found is None:
            return f"{project.pin} is not on the index"
        if found.read_bytes() != built.read_bytes():
            raise Stop(
                f"the index serves another {found.name} than the one that was built here: raise "
                "VERSION and release that, and find out who uploaded it"
            )
    return None


def _last_line(text: str) -> str:
    lines = [line.removeprefix("ERROR: ") for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "pip says nothing"
