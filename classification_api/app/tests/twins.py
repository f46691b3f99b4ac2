"""The service and its plain FastAPI twin, which is the same without its fast path."""

from __future__ import annotations

import asyncio
import json
from functools import partial
from typing import Any

from fastapi import FastAPI
from hypothesis import strategies as st
from starlette.types import Receive, Scope, Send

from app.config import Settings
from app.conventions import Conventions
from app.main import create_app
from app.predict import answerer
from app.tests import in_process
from classification_model.config.schema import RowSchema
from classification_model.predict import Model

__all__ = ["JSON", "LONG", "NASTY", "Answer", "Twins", "ask", "bodies", "rows", "without_id"]

JSON = {"content-type": "application/json"}
Answer = tuple[int, list[tuple[bytes, bytes]], bytes]


class Twins:
    """The service as it is, and without its fast path, both in this process."""

    def __init__(self, home: str, runner: asyncio.Runner) -> None:
        self.app = create_app(Settings(MODEL_HOME=home))
        self._runner = runner
        self._lifespan = self.app.router.lifespan_context(self.app)

    def start(self) -> None:
        self._runner.run(self._lifespan.__aenter__())

    def stop(self) -> None:
        self._runner.run(self._lifespan.__aexit__(None, None, None))

    @property
    def model(self) -> Model:
        model: Model = self.app.state.model
        return model

    async def plain(self, scope: Scope, receive: Receive, send: Send) -> None:
        await Conventions(partial(FastAPI.__call__, self.app))(scope, receive, send)

    def schema(self) -> RowSchema:
        return self.model.manifest.row_schema

    def row(self) -> dict[str, Any]:
        return dict(self.model.profile.example())

    def ask(self, method: str = "POST", path: str = "/predict", **request: Any) -> Answer:
        """The answer, which both give."""
        fast, plain = (
            self._runner.run(ask(app, method, path, **request)) for app in (self.app, self.plain)
        )
        assert fast == plain
        return fast

    def is_fast(self, body: bytes) -> bool:
        try:
            answerer(self.model)(body)
        except (ValueError, LookupError, TypeError):
            return False
        return True


async def ask(app: Any, method: str, path: str, root_path: str = "", **request: Any) -> Answer:
    answer = await in_process.ask(app, method, path, root_path, **request)
    return answer.status_code, without_id(answer.headers.raw), answer.content


def without_id(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Headers but for the ids, which the twin does not give."""
    return [header for header in headers if header[0] not in (b"x-answer-id", b"x-request-id")]


# What makes a body so long that its rows are read by columns.
LONG = b" " * 2**12

# Values as JSON text, at which two readers of JSON, or two checks of a value, may differ.
NASTY = [
    "-1",
    *["null", "true", "false", "0", "-0", "-0.0", "0.0", "1", "3.0", "3.5", "1e2", "1E+2", "1e-400", "5e-324", "0.1", "1.0000000000000002"],
    *["NaN", "Infinity", "-Infinity", "-NaN", "nan", "1e999", "-1e999", "1e308", "01", "+1", "1.", ".5", "1e", "0x10", "True"],
    *["9007199254740992", "9007199254740993", "-9007199254740993", "9007199254740993.0"],
    *["340282346638528860000000000000000000000", "3.4028235677973366e38", "3.5e38"],
    *["9223372036854775807", "9223372036854775808", "18446744073709551616", "99999999999999999999"],
    "1" + "0" * 400,
    "1" * 5000,
    "0." + "1" * 500,
    *(json.dumps(text) for text in (
        "", " ", "?", " ? ", "N/A", "1", " 1 ", "1.5", "1,5", "1_0", "1e5", "nan", "inf", "0x1",
        "१", "yes", "No", "2024-12-31", "31.12.2024", "2024-12-31T00:00:00", "S", " S ", "S\n",
        "\x1cS", "\u00a0S", "\u2003", "\u200bS", "ﬁ", "é", "e\u0301", "😀", "\x00", "\x7f", "None",
    )),
    *(json.dumps(text, ensure_ascii=False) for text in ("\u2028", "é", "😀", "\x85S")),
    r'"\ud83d\ude00"', r'"\ud800"', r'"\udc00"', r'"\ud800x"', r'"\/"', r'"\x"', '"\t"', '"\n"',
    "[]", "{}", "[1]", '{"a":1}', "[" * 150 + "]" * 150, "[" * 250 + "]" * 250,
    "[" * 5000 + "]" * 5000, "[1,]", '{"a":1,}', "'S'", "", "/* */ 1",
]  # fmt: skip

VALUES = (
    st.sampled_from(NASTY)
    | (st.floats() | st.integers() | st.text(max_size=8)).map(json.dumps)
    | st.integers(2**52, 2**70).map(str)
)


@st.composite
def rows(draw: st.DrawFn, twins: Twins) -> str:
    """A row as JSON text: mostly the examples, with some values, keys or spaces changed."""
    cells = {name: json.dumps(value) for name, value in twins.row().items()}
    names = [*cells, *twins.schema().ignored, "unknown"]
    changes = draw(st.dictionaries(st.sampled_from(names), VALUES, max_size=3))
    if draw(st.integers(0, 3)):  # mostly what a row may have, or most would be refused at once
        changes.pop("unknown", None)
    cells |= changes
    if not draw(st.integers(0, 9)):
        del cells[draw(st.sampled_from([*cells]))]
    items = [f"{json.dumps(name)}:{value}" for name, value in cells.items()]
    if not draw(st.integers(0, 5)):  # a key twice
        items.append(f"{json.dumps(draw(st.sampled_from(names[:-1])))}:{draw(VALUES)}")
    return "{" + draw(st.sampled_from([",", " , ", ",\r\n\t", ",\x0b"])).join(items) + "}"


@st.composite
def bodies(draw: st.DrawFn, twins: Twins) -> bytes:
    inputs = "[" + ",".join(draw(st.lists(rows(twins), max_size=3))) + "]"
    frame = st.sampled_from(
        [
            *['{"inputs":%s}'] * 12,
            ' {"inputs" : %s} \n',
            '{"inputs":7,"inputs":%s}',
            '{"inputs":%s,"inputs":[]}',
            '{"inputs":%s,"more":1}',
            '[{"inputs":%s}]',
            '{"inputs":%s}}',
            '{"inputs":%s',
            "\ufeff" + '{"inputs":%s}',
            "%s",
        ]
    )
    text = (draw(frame) % inputs).encode()
    if not draw(st.integers(0, 9)):
        place = draw(st.integers(0, len(text)))
        text = text[:place] + draw(st.binary(min_size=1, max_size=3)) + text[place:]
    if not draw(st.integers(0, 19)):
        text = text.decode(errors="replace").encode(draw(st.sampled_from(["utf-16", "utf-32-le"])))
    return text + draw(st.sampled_from([b"", LONG]))
