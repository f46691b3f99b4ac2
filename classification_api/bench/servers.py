"""A side's server on a core of its own, and how long it takes to its first answer."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager

from bench.sides.table import Side
from harness import API, Server, free_port, started

__all__ = ["serving"]


@contextmanager
def serving(side: Side, body: bytes, core: int) -> Iterator[tuple[Server, float]]:
    """Run a side's server until the block ends, with the seconds to its first answer of /predict."""

    def answers(server: Server) -> bool:
        status = server.ask(content=body).status
        if status != 200:
            raise RuntimeError(f"{side.name} answered {status}")
        return True

    port = free_port()
    command = ["taskset", "-c", str(core), *side.command, "--port", str(port)]
    # Bytecode is written: what is measured is a service that was installed, not one unpacked.
    paths = [str(API), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {
        "PYTHONDONTWRITEBYTECODE": "",
        "PYTHONPATH": os.pathsep.join(paths),
    }
    with tempfile.TemporaryDirectory() as folder:
        environment |= {
            name: value.replace("{folder}", folder) for name, value in side.environment.items()
        }
        begin = time.perf_counter()
        with started(command, port, environment=environment, ready=answers) as server:
            yield server, time.perf_counter() - begin
