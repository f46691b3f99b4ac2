"""Faults of the system: strace kills a program before one of its calls, or makes that fail.

Calls are counted by path: only those that have to do with the given files are looked at.
"""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

__all__ = ["CALLS", "FAULTS", "Outcome", "needs_strace", "paths_used", "run_with_fault"]

CALLS = ("openat", "write", "fsync", "rename", "unlink")
"""What a save is made of."""

FAULTS = {"kill": "signal=KILL", "full": "error=ENOSPC", "broken": "error=EIO"}
"""How a call can go wrong, in the words of strace."""

_STRACE = ("strace", "-qq")
_QUICK = ("-f", "--seccomp-bpf")  # stops at nothing else; but then strace cannot kill


@cache
def _missing() -> str | None:
    if not shutil.which("strace"):
        return "strace is not installed (apt-get install strace)"
    run = subprocess.run([*_STRACE, *_QUICK, "true"], capture_output=True, text=True, check=False)
    return f"strace may not trace here: {run.stderr.strip()}" if run.returncode else None


def needs_strace() -> None:
    """Skip the test that calls this where strace cannot be used."""
    if reason := _missing():
        pytest.skip(reason)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a program ended, and whether it got as far as the call that was to fail."""

    struck: bool
    status: int
    errors: str


def paths_used(command: Sequence[str], folder: Path, log: Path) -> list[str]:
    """The paths in a folder, and the folder, that a program uses when nothing goes wrong."""
    trace = ["-y", "-o", str(log), "-e", f"trace={','.join(CALLS)}"]
    subprocess.run([*_STRACE, *_QUICK, *trace, "--", *command], capture_output=True, check=True)
    found = re.findall(rf'[<"]({re.escape(str(folder))}(?:/[^>"]*)?)[>"]', log.read_text())
    return sorted(set(found))


def run_with_fault(
    command: Sequence[str], *, paths: Sequence[str], call: str, fault: str, nth: int, log: Path
) -> Outcome:
    """Run a program whose ``nth`` call of a kind, of those on the paths, goes wrong."""
    inject = ["-e", f"trace={call}", "-e", f"inject={call}:{FAULTS[fault]}:when={nth}"]
    watch = [part for path in paths for part in ("-P", path)]
    quick = () if fault == "kill" else _QUICK
    run = subprocess.run(
        [*_STRACE, *quick, "-o", str(log), *watch, *inject, "--", *command],
        capture_output=True,
        text=True,
        check=False,
    )
    struck = run.returncode == -signal.SIGKILL or "(INJECTED)" in log.read_text()
    return Outcome(struck, run.returncode, run.stderr)
