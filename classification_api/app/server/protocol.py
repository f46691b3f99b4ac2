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

from ..errors import RefusedError
from ..limits import STACK

__all__ = ["LimitedProtocol", "Received"]

# What uvicorn sets at first, whatever its annotations say.
_NONE: Any = None

_HEAD = 2**16
_FIELDS = 200
_FIELD = 160  # what one takes beside its text
_LIGHT = 2**12  # a request, or its head, that need not be looked at
_AHEAD = 1
_UNREAD = 2**14
_NO_LINGER = (SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))


class Received:
    """What has come from all connections since requests last had their turn.

    The event loop reads whatever is there from each of them before any request is looked at. So
    beyond so many bytes the rest has to wait where it is.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._size = 0
        self._waiting: list[Any] = []  # each is a LimitedProtocol

    def add(self, size: int, connection: LimitedProtocol) -> None:
        if not self._size:
            connection.loop.call_soon(self._next_turn)
        self._size += size
        if self._size > self._most and not self._waiting:
            self._waiting = [*connection.connections]
            for each in self._waiting:
                each.hold()

    def _next_turn(self) -> None:
        self._size = 0
        waiting, self._waiting = self._waiting, []
        for each in waiting:
            each.go_on()


class LimitedProtocol(HttpToolsProtocol):
    """uvicorn's protocol, with an end to what it takes from one connection, and from all.

    ``longest`` is the limit of a body, ``waiting`` that of what waits for clients to read it,
    ``heads`` that of all long heads, and ``most`` that of connections. Those in ``unread`` have
    more waiting than they should, and those in ``heavy`` a long head before a request that is not
    whole.
    """

    longest: int
    waiting: int
    heads: int
    most: int
    received: Received
    unread: dict[LimitedProtocol, None]
    heavy: dict[LimitedProtocol, int]

    # Not three more attributes: beyond thirty each instance keeps the names of all for itself.
    __slots__ = ("_part", "_size", "running")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.running: RequestResponseCycle | None = None
        self._part: object = None
        self._size = 0

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
        self.heavy.pop(self, None)
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
        size = len(data) + len(self.headers or ()) * _FIELD
        if size > _LIGHT:
            self.received.add(size, self)

    def on_response_complete(self) -> None:
        if self.heavy:
            self.heavy.pop(self, None)
        super().on_response_complete()

    def pause_writing(self) -> None:
        super().pause_writing()
        self.unread[self] = None
        for connection in [*self.unread][:-1]:  # the one that has waited for longest comes first
            if sum(c.kept() for c in self.unread) <= self.waiting:
                break
            connection.reset()

    def resume_writing(self) -> None:
        super().resume_writing()
        self.unread.pop(self, None)

    def kept(self) -> int:
        """Bytes, about, that are kept until its client has read them."""
        at_work = self.running is not None and not self.running.response_complete
        return self.transport.get_write_buffer_size() + STACK * at_work

    def hold(self) -> None:
        """Read no more for now."""
        if not self.transport.is_closing():
            self.transport.pause_reading()

    def go_on(self) -> None:
        """Read again, unless the request has enough."""
        if not (self.transport.is_closing() or self.flow.read_paused):
            self.transport.resume_reading()

    def _look_at_part(self, size: int) -> None:
        """Count what has come of a request that is not whole yet."""
        if self.transport.is_closing():
            return
        if len(self.pipeline) > _AHEAD:
            self.reset()
            return
        in_head = self.scope is _NONE or "path" not in self.scope
        part = self.scope if in_head else self.cycle
        is_new = part is not self._part
        if is_new:
            self._part, self._size = part, 0
        self._size += size
        fields = len(self.headers or ())
        if (in_head and self._size > _HEAD) or fields > _FIELDS:
            self.refuse(RefusedError(431, f"The head of the request is longer than {_HEAD} bytes."))
        elif in_head:
            self._weigh(self._size + fields * _FIELD)
        elif is_new:
            self._weigh(sum(len(name) + len(value) + _FIELD for name, value in self.headers))
        elif self._size > self.longest + _HEAD and not self.cycle.response_started:
            # With what stands around its chunks. The body alone is counted where it is received.
            self.refuse(RefusedError(413, f"The body is longer than {self.longest} bytes."))

    def _weigh(self, weight: int) -> None:
        """Refuse a head that is not light where those that are not have no room together."""
        if weight <= _LIGHT:
            return
        self.heavy[self] = weight
        if sum(self.heavy.values()) > self.heads:
            self.refuse(RefusedError(503, "Too many long heads at once: try again.", retry_after=1))

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
