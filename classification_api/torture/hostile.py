"""Requests that are sent to do harm: corpus.jsonl, one a line, for anyone to extend.

A line has a ``name``, the statuses that are right, and one of

``value``   in the place of each of a good row's values in turn; ``$SAME`` is what stood there
            again, with its key
``body``    ``$ROW`` is a good row
``rows``    so many good rows, in ``encoding``
``head``    all that is sent

with ``headers`` (``null`` leaves one out) and the size of ``chunks``, where they are wanted.
Bytes are written as a text, ``{"hex": ...}``, ``{"times": n, "of": ...}``, ``{"utf16": ...}``,
``{"gzip": ...}``, or a list of those.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness import JSON, Answer, body

__all__ = ["Case", "cases", "faults"]

CORPUS = Path(__file__).with_name("corpus.jsonl")
_TELLTALE = (b"Traceback", b'File "', b"site-packages", b"/app/", b".py")


@dataclass(frozen=True)
class Case:
    """A line of the corpus."""

    spec: dict[str, Any]

    def __str__(self) -> str:
        return str(self.spec["name"])

    def requests(self) -> Iterator[bytes]:
        """What to send: for a value, one request for each column."""
        (row,) = json.loads(body())["inputs"]
        return _requests(self.spec, row)


def cases() -> list[Case]:
    """The corpus."""
    return [Case(json.loads(line)) for line in CORPUS.read_text(encoding="utf-8").splitlines()]


def faults(case: Case, answer: Answer | None) -> str | None:
    """What is wrong with an answer, if anything is."""
    if answer is None:
        return "there was no answer"
    if answer.status not in case.spec["status"]:
        return f"answered {answer.status}: {answer.content[:200]!r}"
    if any(telltale in answer.content for telltale in _TELLTALE):
        return f"the answer tells too much: {answer.content[:200]!r}"
    if len(answer.content) > 100_000:
        return f"the answer has {len(answer.content)} bytes"
    return None


def _requests(case: dict[str, Any], row: dict[str, Any]) -> Iterator[bytes]:
    if "head" in case:
        yield _bytes(case["head"])
    elif "value" in case:
        for name, cell in row.items():
            same = f"{json.dumps(name)}: {json.dumps(cell)}".encode()
            value = _bytes(case["value"]).replace(b"$SAME", same)
            marked = json.dumps({"inputs": [{**row, name: "@"}, row]}).encode()
            yield _request(case, marked.replace(b'"@"', value))
    elif "rows" in case:
        text = body(case["rows"]).decode()
        yield _request(case, text.encode(case.get("encoding", "utf-8")))
    else:
        yield _request(case, _bytes(case["body"]).replace(b"$ROW", json.dumps(row).encode()))


def _request(case: dict[str, Any], content: bytes) -> bytes:
    headers: dict[str, Any] = {"host": "x", **JSON, **case.get("headers", {})}
    if "chunks" in case:
        headers["transfer-encoding"] = "chunked"
        content = b"".join(_chunks(content, case["chunks"]))
    else:
        headers["content-length"] = str(len(content))
    lines = [
        name.encode() + b": " + _bytes(value)
        for name, value in headers.items()
        if value is not None
    ]
    return b"\r\n".join([b"POST /predict HTTP/1.1", *lines, b"", content])


def _chunks(content: bytes, size: int) -> Iterator[bytes]:
    for start in range(0, len(content), size):
        part = content[start : start + size]
        yield b"%x\r\n%s\r\n" % (len(part), part)
    yield b"0\r\n\r\n"


def _bytes(spec: Any) -> bytes:
    if isinstance(spec, list):
        return b"".join(map(_bytes, spec))
    if isinstance(spec, str):
        return spec.encode()
    if "hex" in spec:
        return bytes.fromhex(spec["hex"])
    if "utf16" in spec:
        return str(spec["utf16"]).encode("utf-16-le")
    if "gzip" in spec:
        return gzip.compress(_bytes(spec["gzip"]), mtime=0)
    return _bytes(spec["of"]) * int(spec["times"])
