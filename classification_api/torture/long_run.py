"""Very many requests, right ones and wrong ones, and what they leave behind."""

from __future__ import annotations

import json
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from harness import Server, body

__all__ = ["Run", "long_run"]

_WARM = 50_000

_SCRIPT = """
local bodies = {%s}
local requests, threads, i = {}, {}, 0
failed = 0
function setup(thread) table.insert(threads, thread) end
function init()
  local headers = {["content-type"] = "application/json"}
  for _, body in ipairs(bodies) do
    table.insert(requests, wrk.format("POST", "/predict", headers, body))
  end
  table.insert(requests, wrk.format("POST", "/predict?on_error=skip", headers, bodies[1]))
  table.insert(requests, wrk.format("GET", "/health"))
  table.insert(requests, wrk.format("GET", "/nowhere"))
end
function request() i = i + 1; return requests[i %% #requests + 1] end
function response(status) if status >= 500 then failed = failed + 1 end end
function done(summary)
  local wrong = summary.errors.connect + summary.errors.read + summary.errors.write
    + summary.errors.timeout
  for _, thread in ipairs(threads) do wrong = wrong + thread:get("failed") end
  io.write(string.format("RESULT %%d %%d\\n", summary.requests, wrong))
end
"""


@dataclass
class Run:
    """Answers, those that failed (5xx, or none), and growth since the warm-up, memory in MB."""

    answers: int = 0
    failed: int = 0
    memory: float = 0.0
    files: int = 0


def long_run(server: Server, *, requests: int) -> Run:
    """Send so many requests with wrk, after a warm-up."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "requests.lua"
        script.write_text(_SCRIPT % ", ".join(map(_lua, _bodies())), encoding="latin-1")
        _send(server, script, min(_WARM, requests))
        memory, files = server.memory(), _settled(server)
        run = _send(server, script, requests)
        run.memory, run.files = server.memory() - memory, _settled(server) - files
        return run


def _settled(server: Server) -> int:
    """How many descriptors are open once the server has seen that its clients have left."""
    files = [server.files()]
    while len(files) < 3 or len({*files[-3:]}) > 1:
        time.sleep(0.5)
        files.append(server.files())
    return files[-1]


def _send(server: Server, script: Path, requests: int) -> Run:
    run = Run()
    command = ["wrk", "-t1", "-c16", "-d10s", "--timeout", "30s", "-s", str(script)]
    while run.answers < requests:
        output = subprocess.run(
            [*command, f"http://127.0.0.1:{server.port}"],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        (line,) = [line for line in output.splitlines() if line.startswith("RESULT ")]
        answers, failed = map(int, line.split()[1:])
        run.answers += answers
        run.failed += failed
    return run


def _bodies() -> list[bytes]:
    good = body()
    (row,) = json.loads(good)["inputs"]
    unseen = {name: "?" if isinstance(value, str) else value for name, value in row.items()}
    return [
        *[good] * 5,
        body(20),
        json.dumps({"inputs": [unseen]}).encode(),
        json.dumps({"inputs": [{**row, "unknown": 1}]}).encode(),
        json.dumps({"inputs": [row, {}]}).encode(),
        good.replace(b":", b": NaN, ", 1),
        good[:-1],
        b"\xff\xfe",
        b"",
    ]


def _lua(content: bytes) -> str:
    """A text of Lua: each byte by its number."""
    return '"' + "".join(f"\\{byte:03}" for byte in content) + '"'
