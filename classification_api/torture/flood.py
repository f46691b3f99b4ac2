"""Very many clients that send all they have at the same moment, and what that takes in memory."""

from __future__ import annotations

import contextlib
import resource
import signal
import time

from harness import JSON, Server, body

__all__ = ["KINDS", "LIMIT", "flood"]

LIMIT = 200.0
"""Megabytes by which memory may grow, whatever comes: a container of 512 MB has them to spare."""

_HEAD = b"POST /predict HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
_PAGES = (b"/docs", b"/metrics", b"/model")
_FILE = b"GET /static/docs/swagger-ui-bundle.js HTTP/1.1\r\nhost: x\r\n\r\n"


def _post(size: int, content: bytes) -> bytes:
    return _HEAD + b"content-length: %d\r\n\r\n" % size + content


KINDS = {
    "nothing": b"",
    "a head, and no body": _post(5000, b""),
    "the start of a body": _post(5000, b"{"),
    "60 KB of a body of 5 MB": _post(5_000_000, b" " * 60_000),
    "200 KB of a body of 5 MB": _post(5_000_000, b" " * 200_000),
    "a body of 50 KB": _post(50_000, b" " * 50_000),
    "a body of 200 KB": _post(200_000, b'{"inputs": [%s]}'.ljust(200_000)),
    "a body of one-byte chunks": _HEAD
    + b"transfer-encoding: chunked\r\n\r\n"
    + b"1\r\n \r\n" * 5000,
    "60 KB of a head": _HEAD + b"x: " + b"a" * 60_000,
    "a head of 60 KB, and no body": _HEAD
    + b"x: "
    + b"a" * 60_000
    + b"\r\ncontent-length: 5\r\n\r\n",
    "many fields": _HEAD + b"a:b\r\n" * 190,
    "too many fields": _HEAD + b"a:b\r\n" * 12_000,
    "many fields, and half a body": _HEAD + b"a:b\r\n" * 190 + b"content-length: 5\r\n\r\n{",
    "a question for a file": _FILE,
    "a question for a file, four times": _FILE * 4,
    "a question for each page": b"".join(
        b"GET %s HTTP/1.1\r\nhost: x\r\n\r\n" % path for path in _PAGES
    ),
}
"""What each client sends, and then nothing more. None of them reads."""


def flood(server: Server, contents: list[bytes]) -> float:
    """Have a client for each content send it at the same moment; the growth of memory, in MB.

    What the service makes when it is first asked for it was made before.

    Raises:
        ConnectionError: a good client is not served after that.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    for _ in range(50):
        server.ask(content=body())
    for path in (*_PAGES, _FILE.split()[1]):
        server.ask("GET", path.decode())
    memory = server.memory()
    server.reset_peak()
    connections = [server.connect() for _ in contents]
    server.ask(content=body())  # it has taken all of them in
    # So that all of it is there when the server looks.
    server.process.send_signal(signal.SIGSTOP)
    for connection, content in zip(connections, contents, strict=True):
        connection.settimeout(0)
        with contextlib.suppress(OSError):  # the rest of a long content has no room in between
            connection.send(content)
    server.process.send_signal(signal.SIGCONT)
    time.sleep(0.5)
    for _ in range(100):
        answer = server.ask(content=body(), headers=JSON)
        if answer.status != 200:
            raise ConnectionError(f"a good client was answered {answer.status}")
    growth = server.peak() - memory
    for connection in connections:
        connection.close()
    return growth
