"""A real cluster for the tests: a scheduler and two workers, each a process of its own."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

__all__ = ["Cluster", "two_workers"]


@dataclass(frozen=True)
class Cluster:
    """Where its scheduler is, and its workers."""

    address: str
    workers: list[subprocess.Popen[bytes]]


@contextmanager
def two_workers() -> Iterator[Cluster]:
    """A cluster that is there until the block ends."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{probe.getsockname()[1]}"
    scheduler = ["dask_scheduler", "--host", address, "--no-dashboard", "--no-show"]
    worker = ["dask_worker", address, "--nthreads", "1", "--no-dashboard", "--no-nanny"]
    with ExitStack() as stack:
        started = []
        for module, *arguments in (scheduler, worker, worker):
            process = stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-m", f"distributed.cli.{module}", *arguments],
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                )
            )
            stack.callback(process.terminate)
            started.append(process)
        _wait_for_workers(address, 2)
        yield Cluster(address, started[1:])


def _wait_for_workers(address: str, number: int) -> None:
    from distributed import Client

    with Client(address, timeout="60s") as client:
        client.wait_for_workers(number, timeout=60)
