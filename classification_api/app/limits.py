"""What a request may take: bytes, values, time, and a place among the others.

uvicorn has none of these limits. What costs something is asked only of a request that is not
small and whole at once: such a one is answered before a clock could be set.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator
from contextlib import contextmanager

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.errors import RefusedError
from app.observability import Observer

__all__ = ["SMALL", "Admission", "Careful", "Uploads", "replayed", "too_slow"]

SMALL = 2**16
"""Bytes up to which a body is not worth looking at before it is read."""


class Admission:
    """Refuses the requests beyond so many that wait for the processor at the same time.

    All that have come while the event loop was busy start in its next turn, one after another.
    So whoever starts as the last of too many in one turn has waited too long already. Requests
    that wait for their client do not count: they cost no time.
    """

    def __init__(self, app: ASGIApp, most: int, observer: Observer) -> None:
        self._app = app
        self._most = most
        self._observer = observer
        self._started = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not self._started:
            asyncio.get_running_loop().call_soon(self._next_turn)
        self._started += 1
        if self._started > self._most:
            refused = RefusedError(
                503, "More requests at once than this service takes: try again.", retry_after=1
            )
            # Counted, and not logged: that would take longer than to refuse.
            with self._observer.request(scope, send, logged=False) as observed:
                await refused.send(observed)
            return
        await self._app(scope, receive, send)

    def _next_turn(self) -> None:
        self._started = 0


class Uploads:
    """The bodies that are on their way, and what they may take alone and together.

    Args:
        longest: of one body, in bytes, and of all that are on their way.
        seconds: until a body must be whole.
        rows: of a request.
        columns: of a row.
    """

    def __init__(self, *, longest: int, seconds: float, rows: int, columns: int) -> None:
        self.longest = longest
        self.seconds = seconds
        self.held = 0
        self._rows = rows
        # With some to spare: in a text such a character stands for nothing.
        self._opened = rows * 2 + 1000
        self._separated = rows * columns + 20_000

    @contextmanager
    def room(self) -> Iterator[Upload]:
        """Room for one body, until the block ends."""
        upload = Upload(self)
        try:
            yield upload
        finally:
            self.held -= upload.held

    def check_values(self, body: bytes | bytearray) -> None:
        """Refuse JSON that would take far more memory once it is read than as text.

        An empty list takes two bytes, and a hundred times that when it is read.
        """
        if len(body) <= SMALL:
            return
        opened = body.count(b"{") + body.count(b"[")
        separated = body.count(b",")
        if opened > self._opened or separated > self._separated:
            raise RefusedError(
                413, f"The body holds more values than {self._rows} rows have: send fewer at once."
            )


class Upload:
    """One body on its way."""

    def __init__(self, uploads: Uploads) -> None:
        self._uploads = uploads
        self.held = 0

    async def whole(self, scope: Scope, message: Message, receive: Receive) -> bytearray | None:
        """The body whose first message this is; nothing where the client has left.

        Raises:
            RefusedError: it is too long, or too slow, or there is no room for it now.
        """
        self._check_declared(scope)
        body = bytearray()
        try:
            async with asyncio.timeout(self._uploads.seconds):
                while message["type"] == "http.request":
                    self._take(message.get("body", b""), body)
                    if not message.get("more_body"):
                        self._uploads.check_values(body)
                        return body
                    message = await receive()
        except TimeoutError:
            raise RefusedError(
                408,
                f"The body did not come within {self._uploads.seconds:g} seconds.",
                closes=True,
            ) from None
        except asyncio.CancelledError:  # by the server, when it waits no longer
            raise RefusedError(503, "This service is stopping.", closes=True) from None
        return None

    def _check_declared(self, scope: Scope) -> None:
        for name, value in scope["headers"]:
            if name == b"content-length" and value.isdigit() and int(value) > self._uploads.longest:
                raise self._too_long()

    def _take(self, piece: bytes, body: bytearray) -> None:
        if len(body) + len(piece) > self._uploads.longest:
            raise self._too_long()
        if self._uploads.held + len(piece) > self._uploads.longest:
            raise RefusedError(
                503, "Too much is being sent to this service: try again.", retry_after=1
            )
        self._uploads.held += len(piece)
        self.held += len(piece)
        body += piece

    def _too_long(self) -> RefusedError:
        return RefusedError(413, f"The body is longer than {self._uploads.longest} bytes.")


class Careful:
    """Receives a request whole, within the limits, and then has it answered within its time."""

    def __init__(self, app: ASGIApp, uploads: Uploads, seconds: float) -> None:
        self._app = app
        self._uploads = uploads
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        with self._uploads.room() as upload:
            try:
                body = await upload.whole(
                    scope, {"type": "http.request", "more_body": True}, receive
                )
            except RefusedError as refused:
                await refused.send(send)
                return
            if body is not None:
                await self.answer(scope, body, receive, send)

    async def answer(self, scope: Scope, body: bytearray, receive: Receive, send: Send) -> None:
        """Have a request answered in time whose body is there already."""
        large = len(body) > SMALL
        again = replayed(bytes(body), receive)
        body.clear()
        try:
            await self._in_time(scope, again, send)
        finally:
            del again
            if large:
                # A traceback holds on to what it was about, until the collector comes by.
                gc.collect()

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
            await too_slow(self._seconds).send(send)


def too_slow(seconds: float) -> RefusedError:
    return RefusedError(
        503, f"This took longer than {seconds:g} seconds: send fewer rows at once.", retry_after=1
    )


def replayed(body: bytes, receive: Receive) -> Receive:
    """A body that was received, and then what comes after it."""
    messages = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def again() -> Message:
        for message in messages:
            return message
        return await receive()

    return again
