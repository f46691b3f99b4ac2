"""Ids by which an answer can be quoted: minted here, since a caller chooses its X-Request-ID."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator
from contextvars import ContextVar

from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["HEADER", "ID_BYTES", "QUOTED", "Quoted", "new_ids", "quoting"]

HEADER = b"x-answer-id"

QUOTED: ContextVar[list[tuple[bytes, bytes]]] = ContextVar("quoted")
"""Where the header of an answer is put once rows were scored; a list, to be seen outside, too."""

ID_BYTES, _AT_ONCE = 16, 256


def new_ids(bits: deque[bytes]) -> Iterator[bytes]:
    """128 random bits each, as 32 hexadecimal digits; ``bits`` gets those of many at once."""
    while True:
        bits.append(os.urandom(ID_BYTES * _AT_ONCE))
        digits = bits[-1].hex().encode()
        for start in range(0, len(digits), 2 * ID_BYTES):
            yield digits[start : start + 2 * ID_BYTES]


def quoting() -> list[tuple[bytes, bytes]]:
    """Where the header of an answer to this request will be."""
    said: list[tuple[bytes, bytes]] = []
    QUOTED.set(said)
    return said


class Quoted:
    """Puts the id of an answer about rows in its head."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        said = quoting()

        async def quoted(message: Message) -> None:
            if said and message["type"] == "http.response.start" and message["status"] < 400:
                message = {**message, "headers": [*message.get("headers", ()), *said]}
            await send(message)

        await self._app(scope, receive, quoted)
