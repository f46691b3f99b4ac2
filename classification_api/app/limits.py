"""Limit the bytes and the time of each request; uvicorn limits neither."""

from __future__ import annotations

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .config import Settings
from .errors import RefusedError, local_path

__all__ = ["Careful", "body_too_slow", "is_health", "replayed"]

_HEALTH = frozenset({"/health", "/v2/health/live", "/v2/health/ready"})


class Careful:
    """Receives a request whole, within the limits, and then has it answered within its time.

    Its limits are MAX_BODY_BYTES, the room for all bodies together which are on their way or at
    work, RECEIVE_SECONDS until a body must be whole, and REQUEST_SECONDS until an answer must begin
    from then on; it may then go on for long.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._settings = settings
        self._held = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = bytearray()
        try:
            if await self._is_whole(scope, receive, body):
                message = {"type": "http.request", "body": bytes(body), "more_body": False}
                await self._in_time(scope, replayed(message, receive), send)
        except RefusedError as refused:
            await refused.send(scope, send)
        finally:
            self._held -= len(body)

    async def _is_whole(self, scope: Scope, receive: Receive, body: bytearray) -> bool:
        """Fill in the body; False where the client has left."""
        length = next((v for name, v in scope["headers"] if name == b"content-length"), b"")
        if length.isdigit() and int(length) > self._settings.MAX_BODY_BYTES:
            raise self._too_long()
        seconds = self._settings.RECEIVE_SECONDS
        try:
            async with asyncio.timeout(seconds):
                while (message := await receive())["type"] == "http.request":
                    self._take(message.get("body", b""), body)
                    if not message.get("more_body"):
                        return True
        except TimeoutError:
            raise body_too_slow(seconds) from None
        except asyncio.CancelledError:  # by the server, when it waits no longer
            raise RefusedError(503, "This service is stopping.", closes=True) from None
        return False

    def _take(self, piece: bytes, body: bytearray) -> None:
        if len(body) + len(piece) > self._settings.MAX_BODY_BYTES:
            raise self._too_long()
        if self._held + len(piece) > self._settings.room:
            sentence = "Too much is being sent to this service: try again."
            raise RefusedError(503, sentence, retry_after=1)
        self._held += len(piece)
        body += piece

    def _too_long(self) -> RefusedError:
        most = self._settings.MAX_BODY_BYTES
        sentence = f"The body is longer than {most} bytes (MAX_BODY_BYTES): send fewer rows."
        return RefusedError(413, sentence)

    async def _in_time(self, scope: Scope, receive: Receive, send: Send) -> None:
        seconds = self._settings.REQUEST_SECONDS
        clock = asyncio.timeout(seconds)

        async def watched(message: Message) -> None:
            clock.reschedule(None)  # the answer has begun; how long it goes on is its own matter
            await send(message)

        try:
            async with clock:
                await self._app(scope, receive, watched)
        except TimeoutError:
            if not clock.expired():
                raise
            sentence = f"This took longer than {seconds:g} seconds: try again."
            raise RefusedError(503, sentence, retry_after=1) from None


def is_health(scope: Scope) -> bool:
    """Whether somebody asks how the service is, who is never refused."""
    return local_path(scope) in _HEALTH


def body_too_slow(seconds: float) -> RefusedError:
    return RefusedError(408, f"The body did not come within {seconds:g} seconds.", closes=True)


def replayed(message: Message, receive: Receive) -> Receive:
    """A message that was received, and then what comes after it."""
    messages = [message]

    async def again() -> Message:
        return messages.pop() if messages else await receive()

    return again
