"""Requests from wrk, on a core of its own: how many were answered, and how long each took."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness import Server

__all__ = ["CONNECTIONS", "Load", "run"]

CONNECTIONS = 16

_SCRIPT = """
wrk.method = "POST"
wrk.headers["content-type"] = "application/json"
local file = io.open("{body}", "rb")
wrk.body = file:read("*a")
file:close()
done = function(summary, latency, requests)
  local failed = summary.errors.status + summary.errors.connect + summary.errors.read
    + summary.errors.write + summary.errors.timeout
  io.write(string.format('RESULT {{"answers": %d, "failed": %d, "microseconds": %d, ' ..
    '"p50": %f, "p99": %f}}\\n', summary.requests, failed, summary.duration,
    latency:percentile(50), latency:percentile(99)))
end
"""


@dataclass(frozen=True)
class Load:
    """What one run of wrk saw; times in milliseconds.

    ``per_second`` counts seconds in which the server had its core: on a quiet machine all of
    them, and on one that is shared what others take is not laid at the server's door.
    """

    answers: int
    per_second: float
    clock_per_second: float
    p50: float
    p99: float


def run(server: Server, body: bytes, *, seconds: float, core: int, folder: Path) -> Load:
    """Send one body again and again over all connections.

    Raises:
        RuntimeError: a request was not answered with 200.
    """
    before = server.processor_time()
    found = _wrk(server, body, seconds, core, folder)
    busy = max(server.processor_time() - before, 0.01)
    return Load(
        answers=found["answers"],
        per_second=found["answers"] / busy,
        clock_per_second=found["answers"] / found["microseconds"] * 1e6,
        p50=found["p50"] / 1000,
        p99=found["p99"] / 1000,
    )


def _wrk(server: Server, body: bytes, seconds: float, core: int, folder: Path) -> dict[str, Any]:
    content, script = folder / "body.json", folder / "post.lua"
    content.write_bytes(body)
    script.write_text(_SCRIPT.format(body=content.as_posix()))
    # It counts whole seconds, and ends earlier where it is interrupted.
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{int(seconds) + 60}s", "--timeout=30s"]
    address = f"http://127.0.0.1:{server.port}/predict"
    command = ["taskset", "-c", str(core), "stdbuf", "-oL", *command, "-s", str(script), address]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as wrk:
        next(iter(wrk.stdout or ()))  # it says that it has begun
        time.sleep(seconds)
        wrk.send_signal(signal.SIGINT)
        output, _ = wrk.communicate()
    if wrk.returncode:
        raise subprocess.CalledProcessError(wrk.returncode, command, output)
    (line,) = [line for line in output.splitlines() if line.startswith("RESULT ")]
    found: dict[str, Any] = json.loads(line.removeprefix("RESULT "))
    if found["failed"]:
        raise RuntimeError(f"{found['failed']} of {found['answers']} requests failed")
    return found
