"""A real PostgreSQL for the tests: found on this machine, or installed where one may.

``python tests/postgres.py`` installs Debian's postgresql where there is none, and where that takes
no password. Without a server its tests are skipped, and say so.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest

__all__ = ["Postgres", "find", "install", "serving"]

_STEPS = (
    ("apt-get", "update", "--quiet"),
    ("apt-get", "install", "--quiet", "--yes", "--no-install-recommends", "postgresql"),
)
_SECONDS = 60


def find() -> Path | None:
    """The folder of an installed server's programs, the newest first."""
    homes = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True)
    named = shutil.which("initdb")
    return next((file.parent for file in [*homes, *([Path(named)] if named else [])]), None)


def install() -> None:
    """Install postgresql by apt, where there is apt and this is root."""
    if shutil.which("apt-get") is None or not hasattr(os, "geteuid") or os.geteuid() != 0:
        return
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for step in _STEPS:
        try:
            subprocess.run(step, env=environment, timeout=600, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            sys.stderr.write(f"{' '.join(step)}: {error}\n")
            return


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


class Postgres:
    """A server of the tests' own in a folder, on loopback."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self._programs, self._data = programs, folder / "data"
        self._port, self._numbers = _free_port(), count()
        self._process: subprocess.Popen[bytes] | None = None
        self._as: list[str] = []
        if os.geteuid() == 0:  # the server refuses to be root's
            self._as = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", "--"]
            shutil.chown(folder, "nobody", "nogroup")
        self._run(["initdb", "-D", str(self._data), "-A", "trust", "-U", "tests", "-N"])

    def database(self) -> str:
        """The address of a new and empty database."""
        name = f"tests_{next(self._numbers)}"
        place = ["-h", "127.0.0.1", "-p", str(self._port)]
        self._run(["createdb", "-U", "tests", *place, name])
        return f"postgresql://tests@127.0.0.1:{self._port}/{name}"

    def start(self) -> None:
        """Start it, and wait until it takes connections."""
        command = ["postgres", "-D", str(self._data), "-p", str(self._port)]
        command += ["-h", "127.0.0.1", "-k", ""]
        with (self._data.parent / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [*self._as, str(self._programs / command[0]), *command[1:]],
                stdout=log, stderr=log, cwd="/",
            )  # fmt: skip
        ready = [str(self._programs / "pg_isready"), "-h", "127.0.0.1", "-p", str(self._port)]
        deadline = time.monotonic() + _SECONDS
        while subprocess.run(ready, capture_output=True, check=False).returncode:
            if time.monotonic() > deadline or self._process.poll() is not None:
                raise RuntimeError((self._data.parent / "log").read_text())
            time.sleep(0.05)

    def stop(self) -> None:
        """Stop it at once, as where the power goes: it recovers when it is started again."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(_SECONDS)
            self._process = None

    def _run(self, command: Sequence[str]) -> None:
        program = [*self._as, str(self._programs / command[0]), *command[1:]]
        done = subprocess.run(program, capture_output=True, text=True, check=False, cwd="/")
        if done.returncode:
            raise RuntimeError(f"{command[0]}: {done.stdout}{done.stderr}")


@contextmanager
def serving() -> Iterator[Postgres]:
    """A server that runs."""
    programs = find()
    if programs is None:
        pytest.skip("there is no PostgreSQL: apt-get install postgresql")
    # Not below pytest's folders, which only who runs the tests may enter.
    with tempfile.TemporaryDirectory(prefix="postgres-", ignore_cleanup_errors=True) as folder:
        server = Postgres(programs, Path(folder))
        server.start()
        try:
            yield server
        finally:
            server.stop()


if __name__ == "__main__":
    if find() is None:
        install()
    sys.stdout.write(f"PostgreSQL: {find() or 'none; its tests will be skipped'}\n")
