"""The service's work and nothing else: one ASGI function, with the service's own functions."""

from __future__ import annotations

import gc

from starlette.types import Receive, Scope, Send

from app.predict import answerer
from classification_model.config.home import Home
from classification_model.predict import load_model

answer = answerer(load_model(Home.find()))
gc.collect()
gc.freeze()


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Every request is taken for one that is in order."""
    if scope["type"] != "http":
        return
    message = await receive()
    body: bytes = message["body"]
    while message["more_body"]:
        message = await receive()
        body += message["body"]
    content = answer(body)
    headers = [(b"content-length", b"%d" % len(content)), (b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": content})
