"""What a request may take: bytes, values, time, and a place among the others.

uvicorn has none of these limits. What costs something is asked only of a request that is not
small and whole at once: such a one is answered before a clock could be set.
"""

from __future__ import annotations

import asyncio
from typing import Self

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .errors import RefusedError

__all__ = [
    "HEALTH",
    "SMALL",
    "STACK",
    "Careful",
    "Upload",
    "Uploads",
    "body_too_slow",
    "is_health",
    "too_slow",
]

SMALL = 2**16
"""Bytes up to which a body is read at once."""

HEALTH = "/health"

STACK = 2**16
"""Bytes, about, that FastAPI keeps for a request whose answer is not all sent."""

_KEPT = 2**13
"""Bytes, about, that a request takes beside its body while that is on its way."""


class Uploads:
    """The bodies that are on their way, and what they may take alone and together.

    Args:
        longest: of one body, in bytes, and of all that are on their way, with what each of
            them takes beside its body.
        seconds: until a body must be whole.
        rows: of a request.
        columns: of a row.
    """

    def __init__(self, *, longest: int, seconds: float, rows: int, columns: int) -> None:
        self.longest = longest
        self.longest_row = max(SMALL, longest // 64)
        self.seconds = seconds
        self.held = 0
        self._rows = rows
        # With some to spare: in a text such a character stands for nothing.
        self._opened = rows * 2 + 1000
        self._separated = rows * columns + 20_000

    def check_values(self, body: bytes | bytearray) -> None:
        """Refuse JSON that would take far more time to read than to send."""
        opened = body.count(b"{") + body.count(b"[")
        separated = body.count(b",")
        if opened > self._opened or separated > self._separated:
            raise RefusedError(
                413, f"The body holds more values than {self._rows} rows have: send fewer at once."
            )


class Upload:
    """One body on its way: there is room for it until the block ends."""

    __slots__ = ("_held", "_longest", "_uploads", "_waits")

    def __init__(self, uploads: Uploads) -> None:
        self._uploads = uploads
        self._longest = uploads.longest
        self._waits = False
        self._held = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._uploads.held -= self._held

    async def whole(
        self,
        scope: Scope,
        receive: Receive,
        message: Message | None = None,
        longest: int | None = None,
    ) -> bytearray | None:
        """The body; nothing where the client has left.

        Args:
            scope: of the request.
            receive: the messages that it comes in.
            message: the first of them, where that was received already.
            longest: bytes that it may have, where that is less than for any.

        Raises:
            RefusedError: it is too long, or too slow, or there is no room for it now.
        """
        self._longest = min(longest or self._longest, self._longest)
        self._check_declared(scope)
        body = bytearray()
        try:
            async with asyncio.timeout(self._uploads.seconds):
                message = message or await receive()
                while message["type"] == "http.request":
                    # Out of the message, or whoever has that keeps the piece while others come.
                    self._take(message.pop("body", b""), body)
                    if not message.get("more_body"):
                        return body
                    self._wait()
                    message = await receive()
        except TimeoutError:
            raise body_too_slow(self._uploads.seconds) from None
        except asyncio.CancelledError:  # by the server, when it waits no longer
            raise RefusedError(503, "This service is stopping.", closes=True) from None
        return None

    def _check_declared(self, scope: Scope) -> None:
        for name, value in scope["headers"]:
            if name == b"content-length" and value.isdigit() and int(value) > self._longest:
                raise self._too_long()

    def _take(self, piece: bytes, body: bytearray) -> None:
        if len(body) + len(piece) > self._longest:
            raise self._too_long()
        self._hold(len(piece))
        body += piece

    def _wait(self) -> None:
        if not self._waits:
            self._waits = True
            self._hold(_KEPT)

    def _hold(self, size: int) -> None:
        if self._uploads.held + size > self._uploads.longest + _KEPT:
            raise RefusedError(
                503, "Too much is being sent to this service: try again.", retry_after=1
            )
        self._uploads.held += size
        self._held += size

    def _too_long(self) -> RefusedError:
        sentence = f"The body is longer than {self._longest} bytes."
        if self._longest < self._uploads.longest:
            sentence += " Only POST /predict takes more, as application/json."
        return RefusedError(413, sentence)


class Careful:
    """Receives a request whole, within the limits, and then has it answered within its time.

    Args:
        app: answers.
        uploads: the room for bodies.
        seconds: until a request must be answered, from when it is whole.
        longest: bytes that a body may have, where that is less than for any.
    """

    def __init__(
        self, app: ASGIApp, uploads: Uploads, seconds: float, longest: int | None = None
    ) -> None:
        self._app = app
        self._uploads = uploads
        self._seconds = seconds
        self._longest = longest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        with Upload(self._uploads) as upload:
            try:
                body = await upload.whole(scope, receive, longest=self._longest)
            except RefusedError as refused:
                await refused.send(send)
                return
        if body is not None:
            await self.answer(scope, body, receive, send)

    async def answer(self, scope: Scope, body: bytearray, receive: Receive, send: Send) -> None:
        """Have a request answered in time whose body is there already."""
        await self._in_time(scope, _replayed(bytes(body), receive), send)

    async def _in_time(self, scope: Scope, receive: Receive, send: Send) -> None:
        clock = asyncio.timeout(self._seconds)

        async def watched(message: Message) -> None:
            clock.reschedule(None)  # the answer is there; how fast it is taken is the client's
            await send(message)

        try:
            async with clock:
                await self._app(scope, receive, watched)
        except TimeoutError:
            if not clock.expired():
                raise
            await too_slow(self._seconds, "try again").send(send)


def is_health(scope: Scope) -> bool:
    """Whether somebody asks how the service is, who is never refused and need not wait."""
    return bool(scope["path"] == scope.get("root_path", "") + HEALTH)


def body_too_slow(seconds: float) -> RefusedError:
    return RefusedError(408, f"The body did not come within {seconds:g} seconds.", closes=True)


def too_slow(seconds: float, cure: str) -> RefusedError:
    return RefusedError(503, f"This took longer than {seconds:g} seconds: {cure}.", retry_after=1)


def _replayed(body: bytes, receive: Receive) -> Receive:
    """A body that was received, and then what comes after it."""
    messages = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def again() -> Message:
        for message in messages:
            return message
        return await receive()

    return again
