"""Limit the number of connections and the length of a request's head; uvicorn does not."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from ..errors import RefusedError

__all__ = ["LimitedProtocol"]

_HEAD = 2**16
_FIELDS = 200


class LimitedProtocol(HttpToolsProtocol):
    """uvicorn's protocol, with an end to connections and to a head that does not come at once.

    ``most`` is the limit of connections.
    """

    most: int

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._head = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > self.most:
            self.refuse(RefusedError(503, "Too many connections: try again.", retry_after=1))

    def data_received(self, data: bytes) -> None:
        was_in_head = self._is_in_head()
        super().data_received(data)
        in_head = self._is_in_head()
        self._head = self._head + len(data) if was_in_head and in_head else 0
        if self._head > _HEAD:
            self.refuse(RefusedError(431, f"The head of the request is longer than {_HEAD} bytes."))
        elif len(self.headers or ()) > _FIELDS and (in_head or self.cycle.more_body):
            self.headers.clear()  # or all connections would keep theirs until their next turn
            self.refuse(RefusedError(431, f"The request has more than {_FIELDS} header fields."))

    def _is_in_head(self) -> bool:
        scope: Any = self.scope  # None at first, whatever its annotation says
        return scope is None or "path" not in scope

    def refuse(self, refused: RefusedError) -> None:
        """Answer what is no request yet, and close."""
        if self.transport.is_closing():
            return
        headers, body = refused.answer(None if self._is_in_head() else {**self.scope})
        lines = [name + b": " + value + b"\r\n" for name, value in headers]
        head = [b"HTTP/1.1 %d \r\n" % refused.status, *lines, b"connection: close\r\n\r\n"]
        self.transport.write(b"".join([*head, body]))
        self.transport.close()
