"""Labels and their store: killed, full, gone, slow, and flooded."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path
from typing import Any

from classification_model import bundle
from classification_model.config.home import Home
from classification_model.monitoring.store import Store
from harness import JSON, SOURCE_HOME, Answer, Server, body, running

__all__ = ["Clients", "Flooded", "flooded", "full_disk", "kills", "losses", "slow"]

LABEL = str(bundle.load(Home(SOURCE_HOME)).manifest.classes[0])
_AS_JSON = {**JSON, "accept": "application/json"}


@dataclass
class Clients:
    """Some that ask, and say of each answer at once what is true; what they saw."""

    acknowledged: set[str] = field(default_factory=set)
    answers: int = 0
    refused: int = 0
    faults: list[str] = field(default_factory=list)
    slowest: float = 0.0

    @contextmanager
    def at_work(self, server: Server, *, rows: int = 1) -> Iterator[None]:
        """Four of them, until the block ends or nobody answers any more."""
        ends = threading.Event()
        threads = [
            threading.Thread(target=self._work, args=(server, ends, body(rows))) for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            ends.set()
            for thread in threads:
                thread.join()

    def _work(self, server: Server, ends: threading.Event, content: bytes) -> None:
        with contextlib.suppress(OSError, HTTPException):  # as where it is killed
            while not ends.is_set():
                begin = time.monotonic()
                answer = server.ask(content=content)
                self.slowest = max(self.slowest, time.monotonic() - begin)
                if answer.status != 200:
                    self.faults.append(f"/predict: {answer.status}")
                    return
                self.answers += 1
                self._tell(server, answer.headers["x-answer-id"])

    def _tell(self, server: Server, name: str) -> None:
        told = feedback(server, [name])
        if told.status in (200, 202):
            self.acknowledged.add(name)
        elif told.status == 503:
            self.refused += 1
        else:
            self.faults.append(f"/feedback: {told.status}")


def feedback(server: Server, ids: list[str]) -> Answer:
    content = json.dumps([{"id": name, "row": 0, "label": LABEL} for name in ids]).encode()
    return server.ask("POST", "/feedback", content, JSON)


def store_of(server: Server) -> dict[str, Any]:
    """What the service says of its store."""
    found: dict[str, Any] = json.loads(server.ask("GET", "/live", None, _AS_JSON).content)["store"]
    return found


def settings(address: str, **more: object) -> dict[str, object]:
    return {"STORE": address, "STORE_INPUTS": "yes", "OPERATOR_KEYS": "*", **more}


def until(condition: Callable[[], bool], seconds: float = 60) -> bool:
    """Whether it became so in time."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        if condition():
            return True
        time.sleep(0.1)
    return False


def kills(address: str, count: int, clients: Clients) -> None:
    """Kill -9 while labels are acknowledged, so many times, each time with the same store."""
    for number in range(count):
        with running(settings(address)) as server, clients.at_work(server):
            time.sleep(0.05 + number / count)
            server.process.kill()


def losses(address: str, clients: Clients) -> int:
    """How many of the acknowledged labels are not in the store, each with its answer."""
    with Store(address) as store:
        return len(clients.acknowledged - {found.answer.id for found in store.truths()})


@contextmanager
def small_disk() -> Iterator[Path | None]:
    """A file system of 6 MB; nothing where one may not mount."""
    with tempfile.TemporaryDirectory() as folder:
        mount, unmount = (
            ["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", folder],
            ["umount", folder],
        )
        if os.geteuid() or subprocess.run(mount, capture_output=True, check=False).returncode:
            yield None
            return
        try:
            yield Path(folder)
        finally:
            subprocess.run(unmount, check=True)


def full_disk(folder: Path, clients: Clients) -> bool:
    """Fill the disk of a store while labels come; whether they are taken again once there is room."""
    filler = folder / "filler"
    filler.write_bytes(bytes(4_000_000))
    with running(settings(f"sqlite:///{folder}/answers.db")) as server:
        with clients.at_work(server, rows=20):
            until(lambda: clients.refused > 10)
        filler.unlink()
        name = server.ask(content=body()).headers["x-answer-id"]
        return until(lambda: feedback(server, [name]).status == 200)


def slow(folder: Path, seconds: float, clients: Clients) -> tuple[int, dict[str, Any]]:
    """Another program holds the store's file; how many rows were answered, and what is said of them."""
    file, answered = folder / "answers.db", 0
    with running(settings(f"sqlite:///{file}", REQUEST_SECONDS=2)) as server:
        with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as holder:
            holder.execute("BEGIN IMMEDIATE")
            ends = time.monotonic() + seconds
            with clients.at_work(server, rows=100):
                while time.monotonic() < ends:
                    answered += server.ask(content=body(100)).status == 200
            holder.execute("ROLLBACK")
        rows = 100 * (answered + clients.answers)
        until(lambda: store_of(server)["rows"] + store_of(server)["dropped"] == rows)
        return rows, store_of(server)


@dataclass(frozen=True)
class Flooded:
    """What labels of answers that never were left behind: in MB."""

    labels: int
    memory: float
    disk: float
    taken: bool


def flooded(folder: Path | None, count: int) -> Flooded:
    """Send so many of them, two thousand at a time; ``taken``: a true one is taken after them."""
    address = f"sqlite:///{folder}/answers.db"
    with running(settings(address) if folder else {"OPERATOR_KEYS": "*"}) as server:
        feedback(server, [os.urandom(16).hex() for _ in range(2_000)])
        before = server.memory()
        for _ in range(count // 2_000):
            feedback(server, [os.urandom(16).hex() for _ in range(2_000)])
        growth = server.memory() - before
        told = feedback(server, [server.ask(content=body()).headers["x-answer-id"]])
    files = [*folder.glob("answers.db*")] if folder else []
    disk = sum(file.stat().st_size for file in files) / 1e6
    return Flooded(count, growth, disk, told.status == 200)
