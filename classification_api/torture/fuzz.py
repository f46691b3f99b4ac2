"""Requests that schemathesis makes from the service's own document, right ones and wrong ones."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass

from harness import Server

__all__ = ["Fuzzed", "fuzz"]

# Whether a row may be is said by the model's rules; a schema cannot say all of them.
_CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "unsupported_method",
)


@dataclass(frozen=True)
class Fuzzed:
    """How many cases there were, whether all passed, and what schemathesis printed."""

    cases: int
    passed: bool
    report: str


def fuzz(server: Server, *, cases: int) -> Fuzzed:
    """Try about so many cases: they come in rounds, each with a seed of its own."""
    found, seed, report, passed = 0, 0, "", True
    while found < cases and passed:
        seed += 1
        run = _run(server, examples=min(cases - found, 2000), seed=seed)
        passed, report = run.returncode == 0, run.stdout + run.stderr
        number = re.search(r"([\d,]+) generated", report)
        if not number:
            return Fuzzed(found, passed=False, report=report)
        found += int(number.group(1).replace(",", ""))
    return Fuzzed(found, passed, report)


def _run(server: Server, *, examples: int, seed: int) -> subprocess.CompletedProcess[str]:
    address = f"http://127.0.0.1:{server.port}/openapi.json"
    options = ["--checks", ",".join(_CHECKS), "--continue-on-failure", "--no-color"]
    numbers = ["--max-examples", str(examples), "--seed", str(seed)]
    with tempfile.TemporaryDirectory() as folder:  # in which it keeps what it found
        return subprocess.run(
            [sys.executable, "-m", "schemathesis.cli", "run", address, *options, *numbers],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
