"""The service as a process of its own, to be asked, measured and ended."""

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
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from classification_model import bundle
from classification_model.config.home import Home

__all__ = ["API", "JSON", "Answer", "Server", "body", "read_answer", "running"]

API = Path(__file__).resolve().parents[1]
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

    def files(self) -> int:
        """How many descriptors it has open."""
        # Quicker than with pathlib, and a client may wait meanwhile.
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))  # noqa: PTH208

    def _status(self, name: str) -> int:
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        found = re.search(rf"{name}:\s+(\d+) kB", status)
        return int(found.group(1)) if found else 0


@contextmanager
def running(
    environment: Mapping[str, object] | None = None, *options: str, log: Path | None = None
) -> Iterator[Server]:
    """Start the service by its Procfile, on this machine's own address, until the block ends."""
    with tempfile.TemporaryDirectory() as folder, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        probe.close()
        log = log or Path(folder) / "log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", *_command(port), *options],
                cwd=API,
                env={**os.environ, **{k: str(v) for k, v in (environment or {}).items()}},
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        server = Server(port, process, log)
        try:
            _wait_until_it_answers(server)
            yield server
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()


def _command(port: int) -> list[str]:
    # On every address the service would listen to others while it is tortured.
    line = (API / "Procfile").read_text(encoding="utf-8").removeprefix("web:").strip()
    return shlex.split(line.replace("$PORT", str(port)).replace("0.0.0.0", "127.0.0.1"))


def _wait_until_it_answers(server: Server) -> None:
    while server.process.poll() is None:
        try:
            server.ask("GET", "/health")
        except (ConnectionError, http.client.BadStatusLine):
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"the server stopped: {server.log.read_text(encoding='utf-8')}")


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
