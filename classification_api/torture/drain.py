"""SIGTERM under load, and whether a request is lost that was sent."""

from __future__ import annotations

import asyncio
import signal
import time
from dataclasses import dataclass

from harness import Server, body

__all__ = ["Drained", "drain"]

_LONGEST = 60


@dataclass
class Drained:
    """What the clients saw, and how the server ended; times in seconds after the signal."""

    answered: int = 0
    answered_after: int = 0
    lost: int = 0
    health: int = 0
    health_after: float = 0.0
    exit_code: int = 0
    exit_after: float = 0.0


def drain(
    server: Server, *, clients: int, keep_alive: bool, seconds: float, stuck: int = 0
) -> Drained:
    """Load the server, send it SIGTERM, and go on until it is gone.

    Args:
        server: that is stopped by this.
        clients: that ask again and again.
        keep_alive: whether a client uses its connection for more than one request.
        seconds: of load before the signal.
        stuck: uploads that stop in the middle, and stay.
    """
    request = _request(keep_alive=keep_alive)
    return asyncio.run(_drain(server, request, clients, seconds, stuck))


async def _drain(
    server: Server, request: bytes, clients: int, seconds: float, stuck: int
) -> Drained:
    seen = Drained()
    uploads = [await _stuck_upload(server) for _ in range(stuck)]
    tasks = [asyncio.create_task(_client(server, request, seen)) for _ in range(clients)]
    await asyncio.sleep(seconds)
    before = seen.answered
    server.process.send_signal(signal.SIGTERM)
    begin = time.monotonic()
    seen.health = await asyncio.to_thread(lambda: server.ask("GET", "/health").status)
    seen.health_after = time.monotonic() - begin
    seen.exit_code = await asyncio.to_thread(server.process.wait, _LONGEST)
    seen.exit_after = time.monotonic() - begin
    await asyncio.gather(*tasks)
    seen.answered_after = seen.answered - before
    for upload in uploads:
        upload.close()
    return seen


def _request(*, keep_alive: bool) -> bytes:
    content = body()
    lines = [
        "POST /predict HTTP/1.1",
        "host: x",
        "content-type: application/json",
        f"content-length: {len(content)}",
        f"connection: {'keep-alive' if keep_alive else 'close'}",
    ]
    return "\r\n".join([*lines, "", ""]).encode() + content


async def _client(server: Server, request: bytes, seen: Drained) -> None:
    """Ask until nobody listens any more."""
    while True:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        except OSError:
            return
        try:
            while await _ask(reader, writer, request, seen):
                pass
        finally:
            writer.close()


async def _ask(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes, seen: Drained
) -> bool:
    """Whether the connection can be used again."""
    if reader.at_eof():
        return False
    try:
        writer.write(request)
        await writer.drain()
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        size = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
        await reader.readexactly(size)
    except (OSError, asyncio.IncompleteReadError):
        seen.lost += 1
        return False
    if not head.startswith(b"http/1.1 200"):
        seen.lost += 1
    seen.answered += 1
    return b"connection: close" not in head


async def _stuck_upload(server: Server) -> asyncio.StreamWriter:
    _, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(
        b"POST /predict HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
        b'content-length: 100\r\n\r\n{"inputs": ['
    )
    await writer.drain()
    return writer
