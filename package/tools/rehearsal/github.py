"""A stand-in for GitHub's issues: as much of its REST API as a workflow asks for."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

__all__ = ["TOKEN", "github"]

TOKEN = "not-a-token"  # noqa: S105 - it opens nothing
_ISSUES = "/repos/somebody/something/issues"


class _Server(ThreadingHTTPServer):
    """Listens on a port that is free."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.issues: list[dict[str, Any]] = []


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        asked = parse_qs(urlsplit(self.path).query)
        self._answer(
            [
                issue
                for issue in self.server.issues
                if issue["state"] in asked["state"]
                and {label["name"] for label in issue["labels"]} >= {*asked["labels"]}
            ]
        )

    def do_POST(self) -> None:
        issues, sent = self.server.issues, self._sent()
        number = len(issues) + 1
        labels = [{"name": name} for name in sent.pop("labels")]
        about = {"number": number, "state": "open", "labels": labels, "html_url": f"#{number}"}
        issues.append({**sent, **about})
        self._answer(issues[-1])

    def do_PATCH(self) -> None:
        issue = self.server.issues[int(self.path.rpartition("/")[2]) - 1]
        issue.update(self._sent())
        self._answer(issue)

    def _sent(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads(self.rfile.read(int(self.headers["content-length"])))
        return content

    def _answer(self, content: object) -> None:
        known = urlsplit(self.path).path.startswith(_ISSUES)
        allowed = self.headers["authorization"] == f"Bearer {TOKEN}"
        self.send_response(200 if known and allowed else 404)
        self.end_headers()
        self.wfile.write(json.dumps(content).encode())

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@contextmanager
def github() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The address of an API about the repository ``somebody/something``, and its issues."""
    server = _Server()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", server.issues
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
