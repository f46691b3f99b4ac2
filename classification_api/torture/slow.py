"""Clients that send or read as slowly as they can, and what a good one feels of them."""

from __future__ import annotations

import asyncio
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from harness import API, Server, body

__all__ = ["KINDS", "Slowed", "slow_down"]

_HEAD = b"POST /predict HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
_DOCS = b"GET /static/docs/swagger-ui-bundle.js HTTP/1.1\r\nhost: x\r\n\r\n"

KINDS = {
    "sends nothing": (b"", b""),
    "sends a head, a byte a second": (b"POST /predict HTTP/1.1\r\nx: ", b"a"),
    "sends a body, a byte a second": (_HEAD + b'content-length: 5000\r\n\r\n{"inputs": [', b" "),
    "sends chunks, one a second": (_HEAD + b"transfer-encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    "reads nothing": (_DOCS * 3, b""),
}
"""What a kind of client sends at first, and then once a second."""


@dataclass
class Slowed:
    """What a good client saw, alone and among slow ones, and what those cost the server.

    Times are in seconds, memory is in MB. ``cut_after`` is when the last slow one was cut.
    """

    alone_p99: float = 0.0
    among_p99: float = 0.0
    answered: int = 0
    failed: int = 0
    growth: float = 0.0
    cut_after: float = 0.0


def slow_down(server: Server, *, clients: int, seconds: float, longest: float) -> Slowed:
    """Ask alone for so long, then among slow clients until the last of them is cut.

    Args:
        server: that is slowed down.
        clients: slow ones, of all kinds together.
        seconds: of asking alone.
        longest: seconds after which nobody waits for a cut any more.
    """
    return asyncio.run(_slow_down(server, clients, seconds, longest))


async def _slow_down(server: Server, clients: int, seconds: float, longest: float) -> Slowed:
    found = Slowed()
    alone: list[float] = []
    among: list[float] = []
    await _ask(server, alone, found, asyncio.create_task(asyncio.sleep(seconds)))
    memory, files = server.memory(), server.files()
    server.reset_peak()
    begin = time.monotonic()
    # In a process of their own, or the good one would wait for them on this side, too.
    command = [sys.executable, "-m", "torture.slow", str(server.port), str(clients)]
    slow = subprocess.Popen(command, cwd=API)
    await _ask(server, among, found, asyncio.create_task(_all_cut(server, files + 1, longest)))
    found.cut_after = time.monotonic() - begin
    slow.kill()
    slow.wait()
    found.growth = server.peak() - memory
    found.alone_p99, found.among_p99 = _p99(alone), _p99(among)
    found.answered = len(alone) + len(among)
    return found


async def _slow_clients(port: int, clients: int) -> None:
    """So many of all kinds, which come within a second."""
    kinds = [*KINDS.values()] * (clients // len(KINDS) + 1)
    waits = (i / clients for i in range(clients))
    slow = [_slow(port, wait, *kind) for wait, kind in zip(waits, kinds, strict=False)]
    await asyncio.gather(*slow, return_exceptions=True)


async def _slow(port: int, wait: float, first: bytes, then: bytes) -> None:
    await asyncio.sleep(wait)
    _, writer = await asyncio.open_connection("127.0.0.1", port, limit=1000)
    # A client that reads would not be slow.
    writer.transport.pause_reading()  # type: ignore[attr-defined]
    writer.write(first)
    try:
        while True:
            await asyncio.sleep(1)
            if not writer.transport.is_closing():
                writer.write(then)
    finally:
        writer.transport.abort()


async def _all_cut(server: Server, files: int, longest: float) -> None:
    """Return once the server has no more connections than before, and the good client's."""
    begin = time.monotonic()
    came = False
    while time.monotonic() - begin < longest:
        # Seldom: to look takes a while, in which the good client would seem to wait for an answer.
        await asyncio.sleep(1)
        held = server.files() > files
        if came and not held:
            return
        came = came or held


async def _ask(
    server: Server, times: list[float], found: Slowed, until: asyncio.Future[Any]
) -> None:
    content = body()
    request = _HEAD + b"content-length: %d\r\n\r\n" % len(content) + content
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    while not until.done():
        begin = time.monotonic()
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        size = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
        await reader.readexactly(size)
        times.append(time.monotonic() - begin)
        found.failed += not head.startswith(b"HTTP/1.1 200")
        await asyncio.sleep(0.005)
    writer.close()
    await until


def _p99(times: Sequence[float]) -> float:
    return sorted(times)[len(times) * 99 // 100]


if __name__ == "__main__":
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    asyncio.run(_slow_clients(int(sys.argv[1]), int(sys.argv[2])))
