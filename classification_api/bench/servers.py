"""A server process on a core of its own: started, asked, measured, and ended by its id."""

from __future__ import annotations

import http.client
import os
import re
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.sides.table import API, Side

__all__ = ["Server", "serving"]


@dataclass(frozen=True)
class Server:
    """One that answers. ``start`` is the time to its first answer of /predict, in seconds."""

    port: int
    start: float
    process: subprocess.Popen[bytes]

    def processor_time(self) -> float:
        """The seconds for which it has run on its core, all threads together."""
        stat = Path(f"/proc/{self.process.pid}/stat").read_text(encoding="utf-8")
        user, system = stat.rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    def memory(self) -> float:
        """What it holds in memory, in MB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        found = re.search(r"VmRSS:\s+(\d+) kB", status)
        return int(found.group(1)) / 1000 if found else float("nan")


@contextmanager
def serving(side: Side, body: bytes, core: int) -> Iterator[Server]:
    """Run a side's server until the block ends."""
    port = _free_port()
    # Bytecode is written: what is measured is a service that was installed, not one unpacked.
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    begin = time.perf_counter()
    process = subprocess.Popen(
        ["taskset", "-c", str(core), *side.command, "--port", str(port)],
        cwd=API,
        env={**environment, "PYTHONPATH": str(API)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_for_an_answer(port, body, process)
        yield Server(port, time.perf_counter() - begin, process)
    finally:
        process.terminate()
        process.wait(timeout=30)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_for_an_answer(port: int, body: bytes, process: subprocess.Popen[bytes]) -> None:
    headers = {"content-type": "application/json"}
    while process.poll() is None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        try:
            connection.request("POST", "/predict", body, headers)
            answer = connection.getresponse()
        except ConnectionError:
            time.sleep(0.002)
            continue
        finally:
            connection.close()
        if answer.status != 200:
            raise RuntimeError(f"{process.args!r} answered {answer.status}")
        return
    raise RuntimeError(f"{process.args!r} stopped")
