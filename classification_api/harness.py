"""A server as a process of its own, to be asked, measured and ended: for tests, torture and bench."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import shlex
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from classification_model import bundle
from classification_model.config.home import Home

__all__ = [
    "API",
    "JSON",
    "REPOSITORY",
    "SOURCE_HOME",
    "UVICORN",
    "Answer",
    "Server",
    "body",
    "failing_to_start",
    "free_port",
    "read_answer",
    "running",
    "serving",
    "started",
]

API = Path(__file__).resolve().parent
REPOSITORY = API.parent
SOURCE_HOME = REPOSITORY / "package" / "classification_model"
UVICORN = (sys.executable, "-m", "uvicorn", "app.main:app")
JSON = {"content-type": "application/json"}


@dataclass(frozen=True)
class Answer:
    """What a client read: header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    content: bytes


@dataclass
class Server:
    """A server that answers."""

    port: int
    process: subprocess.Popen[bytes]
    log: Path

    def connect(self, seconds: float = 60) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), seconds)

    def ask(
        self,
        method: str = "POST",
        path: str = "/predict",
        content: bytes | None = None,
        headers: Mapping[str, str] = JSON,
    ) -> Answer:
        """One request on a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, content, dict(headers))
            return _answer(connection.getresponse())
        finally:
            connection.close()

    def send(self, data: bytes) -> Answer | None:
        """The answer to these bytes; nothing where the connection is closed without one."""
        with self.connect() as connection:
            with contextlib.suppress(OSError):  # it need not have read all to have answered
                connection.sendall(data)
            return read_answer(connection)

    def memory(self) -> float:
        """What it holds in memory now, in MB."""
        return self._status("VmRSS") / 1000

    def peak(self) -> float:
        """The most that it has held since the last :meth:`reset_peak`, in MB."""
        return self._status("VmHWM") / 1000

    def reset_peak(self) -> None:
        Path(f"/proc/{self.process.pid}/clear_refs").write_text("5", encoding="ascii")

    def processor_time(self) -> float:
        """The seconds for which it has run, all threads together."""
        return time.clock_gettime(~self.process.pid << 3 | 2)  # as clock_getcpuclockid has it

    def files(self) -> int:
        """How many descriptors it has open."""
        # Quicker than with pathlib, and a client may wait meanwhile.
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))  # noqa: PTH208

    def _status(self, name: str) -> int:
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        found = re.search(rf"{name}:\s+(\d+) kB", status)
        return int(found.group(1)) if found else 0


@contextmanager
def started(
    command: Sequence[str],
    port: int,
    *,
    environment: Mapping[str, object] | None = None,
    log: Path | None = None,
    ready: Callable[[Server], bool] | None = None,
) -> Iterator[Server]:
    """Run a server until the block ends; it is handed over once it is ready.

    Once told to stop it stops at once, unless ``environment`` says otherwise.

    Args:
        command: that starts it.
        port: at which it will listen.
        environment: of the process, beside this one's.
        log: where what it prints goes, for whoever wants to read it afterwards.
        ready: whether it answers as it should; without it, whether it answers /health at all.
    """
    values = {name: str(value) for name, value in (environment or {}).items()}
    with tempfile.TemporaryDirectory() as folder:
        log = log or Path(folder) / "log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                command,
                cwd=API,
                env={"DRAIN_SECONDS": "0", **os.environ, **values},
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        server = Server(port, process, log)
        try:
            _wait_until(server, ready or _answers)
            yield server
        finally:
            _end(process)


@contextmanager
def running(
    environment: Mapping[str, object] | None = None, *options: str, log: Path | None = None
) -> Iterator[Server]:
    """Start the service by its Procfile, on this machine's own address, until the block ends."""
    port = free_port()
    command = [sys.executable, "-m", *_command(port), *options]
    with started(command, port, environment=environment, log=log) as server:
        yield server


@contextmanager
def serving(
    command: Sequence[str],
    port: int,
    environment: Mapping[str, str] | None = None,
    log: Path | None = None,
) -> Iterator[httpx.Client]:
    """Run a server until the block ends, and hand over a client of it."""
    with (
        started(command, port, environment=environment, log=log) as server,
        httpx.Client(base_url=f"http://127.0.0.1:{server.port}", timeout=120) as client,
    ):
        yield client


def failing_to_start(environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Start the service, which is expected to stop by itself."""
    return subprocess.run(
        [*UVICORN, "--port", str(free_port())],
        cwd=API,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _command(port: int) -> list[str]:
    # On every address the service would listen to others while it is tortured.
    line = (API / "Procfile").read_text(encoding="utf-8").removeprefix("web:").strip()
    return shlex.split(line.replace("$PORT", str(port)).replace("0.0.0.0", "127.0.0.1"))


def _answers(server: Server) -> bool:
    server.ask("GET", "/health")
    return True


def _wait_until(server: Server, ready: Callable[[Server], bool]) -> None:
    while server.process.poll() is None:
        try:
            if ready(server):
                return
        except (ConnectionError, http.client.BadStatusLine):
            pass
        time.sleep(0.005)
    raise RuntimeError(f"the server stopped: {server.log.read_text(encoding='utf-8')}")


def _end(process: subprocess.Popen[bytes]) -> None:
    """Tell it to stop, which a process that has started others needs; else end it."""
    process.terminate()
    try:
        process.wait(timeout=5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def read_answer(connection: socket.socket) -> Answer | None:
    response = http.client.HTTPResponse(connection)
    try:
        response.begin()
        return _answer(response)
    except (OSError, http.client.HTTPException):
        return None
    finally:
        response.close()


def _answer(response: http.client.HTTPResponse) -> Answer:
    headers = {name.lower(): value for name, value in response.getheaders()}
    return Answer(response.status, headers, response.read())


def body(rows: int = 1) -> bytes:
    """The schema's example, so many times."""
    row = bundle.load(Home.find()).profile().example()
    return json.dumps({"inputs": [row] * rows}).encode()
