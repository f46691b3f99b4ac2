"""The service in this process, started and asked without a socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeVar

import httpx
from starlette.types import Message, Receive, Scope, Send

from app.limits import replayed
from app.service import Service

__all__ = ["Started", "ask", "started"]

T = TypeVar("T")


class Started:
    """An application that has been started; failures are seen as a client sees them."""

    def __init__(self, app: Service, runner: asyncio.Runner) -> None:
        self.app = app
        self._runner = runner

    def ask(self, method: str, path: str, *, app: Any = None, **request: Any) -> httpx.Response:
        """The answer; of ``app``, where that is another one around this. A list comes in pieces."""
        return self._runner.run(ask(app or self.app, method, path, **request))

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Do something where the application is."""
        return self._runner.run(work)

    def get(self, path: str) -> httpx.Response:
        return self.ask("GET", path)

    def post(self, path: str, **request: Any) -> httpx.Response:
        return self.ask("POST", path, **request)

    def example(self) -> dict[str, Any]:
        """A request that is in order: each column's example."""
        return {"inputs": [self.app.state.model.profile.example()]}


@contextmanager
def started(app: Service) -> Iterator[Started]:
    """Start it, and stop it when the block ends."""

    async def starting(to_app: asyncio.Queue[Any], from_app: asyncio.Queue[Any]) -> Any:
        scope: Any = {"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}
        running = asyncio.create_task(app(scope, to_app.get, from_app.put))
        await to_app.put({"type": "lifespan.startup"})
        assert (await from_app.get())["type"] == "lifespan.startup.complete"
        return running

    async def stopping(to_app: asyncio.Queue[Any], running: asyncio.Task[None]) -> None:
        await to_app.put({"type": "lifespan.shutdown"})
        await running

    with asyncio.Runner() as runner:
        to_app: asyncio.Queue[Any] = asyncio.Queue()
        running = runner.run(starting(to_app, asyncio.Queue()))
        try:
            yield Started(app, runner)
        finally:
            runner.run(stopping(to_app, running))


async def ask(
    app: Any, method: str, path: str, root_path: str = "", **request: Any
) -> httpx.Response:
    """The answer of an application. A content that is a list comes in pieces, any other whole."""
    if isinstance(request.get("content"), list):
        request["content"] = _pieces(request["content"])
    else:
        app = partial(_whole, app)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False, root_path=root_path)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        return await client.request(method, path, **request)


async def _pieces(content: list[bytes]) -> AsyncIterator[bytes]:
    for piece in content:
        yield piece


async def _whole(app: Any, scope: Scope, receive: Receive, send: Send) -> None:
    """As uvicorn has it: what comes at once is one message, which says that it is all."""
    if scope["type"] == "http":
        message: Message = {"body": b"", "more_body": True}
        body = b""
        while message["more_body"]:
            message = await receive()
            body += message["body"]
        receive = replayed({**message, "body": body}, receive)
    await app(scope, receive, send)
