"""The two servers of a rehearsal: the index, and the service as its Procfile starts it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tools.rehearsal.ledger import Broken

__all__ = ["index", "service"]

PATIENCE = 60


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def index(folder: Path) -> Iterator[str]:
    """An empty package index that takes uploads, each file once; its address."""
    folder.mkdir()
    port = free_port()
    command = [
        sys.executable, "-m", "pypiserver", "run", "--port", str(port), "--interface", "127.0.0.1",
        "--authenticate", ".", "--passwords", ".", "--disable-fallback", str(folder),
    ]  # fmt: skip
    address = f"http://127.0.0.1:{port}"
    with _running(command, f"{address}/", folder, os.environ):
        yield address


@contextmanager
def service(folder: Path, python: Path, **settings: str) -> Iterator[str]:
    """The service in a folder, started by the ``web`` line of its Procfile; its address."""
    port = free_port()
    lines = (folder / "Procfile").read_text(encoding="utf-8").splitlines()
    (web,) = (line.removeprefix("web:").strip() for line in lines if line.startswith("web:"))
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("PYTHON")},
        "PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}",
        "PORT": str(port),
        **settings,
    }
    address = f"http://127.0.0.1:{port}"
    command = ["/bin/sh", "-c", f"exec {web}"]
    with _running(command, f"{address}/health", folder, environment):
        yield address


@contextmanager
def _running(
    command: list[str], probe: str, folder: Path, environment: Mapping[str, str]
) -> Iterator[None]:
    log = folder.with_name(f"{folder.name}.log")
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        _wait(process, probe, log)
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(process: subprocess.Popen[bytes], probe: str, log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise Broken(f"a server stopped with {process.returncode}: {log.read_text()}")
        try:
            urllib.request.urlopen(probe, timeout=5).close()
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
        else:
            return
    raise Broken(f"{probe} did not answer within {PATIENCE} s: {log.read_text()}")
