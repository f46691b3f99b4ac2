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


@contextmanager
def github() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The address of an API about the repository ``somebody/something``, and its issues."""
    issues: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = parse_qs(urlsplit(self.path).query)
            self._answer(
                [
                    issue
                    for issue in issues
                    if issue["state"] in asked["state"]
                    and {label["name"] for label in issue["labels"]} >= {*asked["labels"]}
                ]
            )

        def do_POST(self) -> None:
            number = len(issues) + 1
            sent = self._sent()
            labels = [{"name": name} for name in sent.pop("labels")]
            about = {"number": number, "state": "open", "labels": labels, "html_url": f"#{number}"}
            issues.append({**sent, **about})
            self._answer(issues[-1])

        def do_PATCH(self) -> None:
            issue = issues[int(self.path.rpartition("/")[2]) - 1]
            issue.update(self._sent())
            self._answer(issue)

        def _sent(self) -> dict[str, Any]:
            content: dict[str, Any] = json.loads(
                self.rfile.read(int(self.headers["content-length"]))
            )
            return content

        def _answer(self, content: object) -> None:
            known = urlsplit(self.path).path.startswith(_ISSUES)
            allowed = self.headers["authorization"] == f"Bearer {TOKEN}"
            self.send_response(200 if known and allowed else 404)
            self.end_headers()
            self.wfile.write(json.dumps(content).encode())

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", issues
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
