"""Clients that send or read as slowly as they can, and what a good one feels of them."""

from __future__ import annotations

import asyncio
import contextlib
import resource
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from torture.server import Server, body

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
    """Times in seconds, memory in MB; ``cut_after`` holds the longest that one of a kind stayed."""

    alone_p99: float = 0.0
    among_p99: float = 0.0
    answered: int = 0
    failed: int = 0
    growth: float = 0.0
    cut_after: dict[str, float] = field(default_factory=dict)


def slow_down(server: Server, *, clients: int, seconds: float, longest: float) -> Slowed:
    """Ask alone for so long, then among slow clients until the last of them is cut.

    Args:
        server: that is slowed down.
        clients: slow ones, of all kinds together.
        seconds: of asking alone, and at least of asking among them.
        longest: seconds for which a slow one may stay.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return asyncio.run(_slow_down(server, clients, seconds, longest))


async def _slow_down(server: Server, clients: int, seconds: float, longest: float) -> Slowed:
    found = Slowed()
    alone: list[float] = []
    await _ask(server, alone, found, asyncio.create_task(asyncio.sleep(seconds)))
    memory = server.memory()
    server.reset_peak()
    kinds = [*KINDS]
    slow = [
        asyncio.create_task(_slow(server, kinds[i % len(kinds)], longest, found))
        for i in range(clients)
    ]
    among: list[float] = []
    everybody = asyncio.gather(*slow, asyncio.sleep(seconds))
    await _ask(server, among, found, everybody)
    found.growth = server.peak() - memory
    found.alone_p99, found.among_p99 = _p99(alone), _p99(among)
    found.answered = len(alone) + len(among)
    return found


async def _slow(server: Server, kind: str, longest: float, found: Slowed) -> None:
    first, then = KINDS[kind]
    _, writer = await asyncio.open_connection("127.0.0.1", server.port, limit=1000)
    begin = time.monotonic()
    # A client that reads would not be slow.
    writer.transport.pause_reading()  # type: ignore[attr-defined]
    with contextlib.suppress(OSError):
        writer.write(first)
        while not await _is_cut(writer) and time.monotonic() - begin < longest:
            writer.write(then)
            await asyncio.sleep(1)
    stayed = time.monotonic() - begin
    found.cut_after[kind] = max(found.cut_after.get(kind, 0.0), stayed)
    writer.transport.abort()


async def _is_cut(writer: asyncio.StreamWriter) -> bool:
    """Whether the server has closed: what it sent before is left where it is."""
    state = writer.get_extra_info("socket").getsockopt(6, 11, 1)  # TCP_INFO begins with the state
    established = b"\x01"
    return bool(state != established) or writer.is_closing()


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
