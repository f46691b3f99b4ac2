"""What uvicorn does not limit in the bytes of a connection.

A head that never ends, requests that are sent ahead without end, an answer that nobody takes.
Bytes are looked at as they come, and only while a request is not whole.
"""

from __future__ import annotations

import asyncio
import contextlib
import struct
from socket import SO_LINGER, SOL_SOCKET
from typing import Any

from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

from app.errors import RefusedError

__all__ = ["LimitedProtocol"]

# What uvicorn sets at first, whatever its annotations say.
_NONE: Any = None

_HEAD = 2**16
_HEADERS = 1000
_AHEAD = 4
_UNREAD = 2**14
_NO_LINGER = (SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))


class LimitedProtocol(HttpToolsProtocol):
    """uvicorn's protocol, with an end to what it takes from one connection.

    ``longest`` is the limit of a body, ``waiting`` that of all bytes that wait for clients to read
    them, and ``most`` that of connections. Those in ``unread`` have more waiting than they should.
    """

    longest: int
    waiting: int
    most: int
    unread: dict[LimitedProtocol, None]
    running: RequestResponseCycle | None = None
    _part: object = None
    _size = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        transport.set_write_buffer_limits(high=_UNREAD)
        if len(self.connections) > self.most:
            self.refuse(RefusedError(503, "Too many connections: try again.", retry_after=1))

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self.running = cycle
        super()._start_asgi_task(cycle, app)

    def connection_lost(self, exc: Exception | None) -> None:
        self.unread.pop(self, None)
        # uvicorn tells the newest request only, though one before it may still be at work.
        self.pipeline.clear()
        if self.running is not None:
            self.running.disconnected = True
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        cycle, scope = self.cycle, self.scope
        if cycle is _NONE or cycle.more_body or self.pipeline or "path" not in scope:
            self._look_at_part(len(data))

    def pause_writing(self) -> None:
        super().pause_writing()
        self.unread[self] = None
        for connection in [*self.unread][:-1]:  # the one that has waited for longest comes first
            if sum(c.transport.get_write_buffer_size() for c in self.unread) <= self.waiting:
                break
            connection.reset()

    def resume_writing(self) -> None:
        super().resume_writing()
        self.unread.pop(self, None)

    def _look_at_part(self, size: int) -> None:
        """Count what has come of a request that is not whole yet."""
        if self.transport.is_closing():
            return
        if len(self.pipeline) > _AHEAD:
            self.reset()
            return
        in_head = self.scope is _NONE or "path" not in self.scope
        part = self.scope if in_head else self.cycle
        if part is not self._part:
            self._part, self._size = part, 0
        self._size += size
        if (in_head and self._size > _HEAD) or len(self.headers) > _HEADERS:
            self.refuse(RefusedError(431, f"The head of the request is longer than {_HEAD} bytes."))
        elif not in_head and self._size > self.longest + _HEAD and not self.cycle.response_started:
            # With what stands around its chunks. The body alone is counted where it is received.
            self.refuse(RefusedError(413, f"The body is longer than {self.longest} bytes."))

    def refuse(self, refused: RefusedError) -> None:
        """Answer what is no request yet, and close."""
        lines = [name + b": " + value + b"\r\n" for name, value in refused.headers]
        head = [STATUS_LINE[refused.status], *lines, b"connection: close\r\n\r\n"]
        self.transport.write(b"".join([*head, refused.body]))
        self.transport.close()

    def reset(self) -> None:
        """Close at once, and drop what was not sent: whoever does not read would keep it."""
        with contextlib.suppress(OSError):
            self.transport.get_extra_info("socket").setsockopt(*_NO_LINGER)
        self.transport.abort()
        self.unread.pop(self, None)
