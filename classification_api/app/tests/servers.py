"""Real server processes, started for a test and ended after it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx

API = Path(__file__).resolve().parents[2]
REPOSITORY = API.parent
SOURCE_HOME = REPOSITORY / "package" / "classification_model"
UVICORN = (sys.executable, "-m", "uvicorn", "app.main:app")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def serving(
    command: Sequence[str],
    port: int,
    environment: Mapping[str, str] | None = None,
    log: Path | None = None,
) -> Iterator[httpx.Client]:
    """Run a server until the block ends; the client is handed over once /health answers.

    What the server prints goes to ``log``, for whoever wants to read it afterwards. Once told to
    stop it stops at once, unless ``environment`` says otherwise: nobody asks it any more.
    """
    with tempfile.TemporaryDirectory() as folder:
        log = log or Path(folder) / "log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                command,
                cwd=API,
                env={"DRAIN_SECONDS": "0", **os.environ, **(environment or {})},
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
                _wait_until_it_answers(process, client, log)
                yield client
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=30)


def _wait_until_it_answers(
    process: subprocess.Popen[bytes], client: httpx.Client, log: Path
) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise AssertionError(f"the server stopped: {log.read_text()}")
        try:
            client.get("/health")
        except httpx.TransportError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError(f"the server did not answer within 60 s: {log.read_text()}")


def failing_to_start(environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Start a server that is expected to stop by itself."""
    return subprocess.run(
        [*UVICORN, "--port", str(free_port())],
        cwd=API,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
