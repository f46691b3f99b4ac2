"""Wheel and sdist of this repository, and an index of one's own to put them on."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
import urllib.request
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from homes import REPOSITORY

__all__ = ["build", "index", "replaced", "sources"]

LEFT_OUT = shutil.ignore_patterns("__pycache__", ".*", "build", "dist", "*.egg-info", "tests")


def sources(folder: Path) -> Path:
    """A copy of what a release is made of; its package/."""
    shutil.copytree(REPOSITORY / "package", folder / "package", ignore=LEFT_OUT)
    app = "classification_api/app"
    shutil.copytree(REPOSITORY / app, folder / app, ignore=LEFT_OUT)
    for name in ("classification_api/requirements.txt", "README.md", ".github/dependabot.yml"):
        (folder / name).parent.mkdir(exist_ok=True)
        shutil.copy(REPOSITORY / name, folder / name)
    return folder / "package"


def build(package: Path, folder: Path) -> tuple[Path, Path]:
    """Build as for an index: the sdist, and the wheel from it."""
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder)]
    run = subprocess.run(command, cwd=package, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    (wheel,), (sdist,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
    return wheel, sdist


def replaced(wheel: Path, folder: Path, change: Mapping[str, bytes | None]) -> Path:
    """A copy of a wheel with other content in the files whose names end so, or without them."""
    copy = folder / wheel.name
    with zipfile.ZipFile(wheel) as source, zipfile.ZipFile(copy, "w") as target:
        for entry in source.infolist():
            content: bytes | None = source.read(entry)
            for end, other in change.items():
                if entry.filename.endswith(end):
                    content = other
            if content is not None:
                target.writestr(entry, content)
    return copy


@contextmanager
def index(folder: Path) -> Iterator[str]:
    """A real index on loopback with the files of a folder; the address for pip."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "pypiserver", "run", "-p", str(port), "-i", "127.0.0.1"]
    server = subprocess.Popen(
        [*command, "--disable-fallback", str(folder)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 30
        while not _answers(f"http://127.0.0.1:{port}/"):
            assert server.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}/simple/"
    finally:
        server.terminate()
        server.wait(timeout=30)


def _answers(url: str) -> bool:
    try:
        urllib.request.urlopen(url, timeout=5).close()
    except OSError:
        return False
    return True
