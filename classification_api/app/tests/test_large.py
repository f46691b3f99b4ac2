"""A long body is read a few rows at a time, and answered as if it had been read at once."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.limits import SMALL
from app.slices import MisshapenError, RowTooLongError, TooManyRowsError, slices
from app.tests.twins import JSON, NASTY, Answer, Twins, ask
from classification_model.config.home import Home
from torture.flood import LIMIT
from torture.server import Server, body, read_answer, running

SPACE = st.text(" \t\r\n", max_size=3)
LEAF = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
ITEM = st.recursive(
    LEAF, lambda items: st.lists(items) | st.dictionaries(st.text(), items), max_leaves=20
)


@st.composite
def framed(draw: st.DrawFn, items: st.SearchStrategy[list[str]]) -> bytes:
    """A body of some items, with spaces wherever there may be some."""
    spaced = [draw(SPACE) + item + draw(SPACE) for item in draw(items)]
    frame = '{0}{{{1}"inputs"{2}:{3}[{items}]{4}}}{5}'
    return frame.format(*(draw(SPACE) for _ in range(6)), items=",".join(spaced)).encode()


def cut(content: bytes, **limits: int) -> list[Any]:
    """The rows of a body, by way of its slices."""
    rows: list[Any] = []
    for part in slices(content, **{"at_once": 100, "most": 10**6, "longest": 10**6, **limits}):
        assert part.first == len(rows)
        assert content[part.start :].startswith(part.content)
        rows += json.loads(b"[%b]" % part.content)
    return rows


@given(framed(st.lists(ITEM, max_size=300).map(lambda items: [*map(json.dumps, items)])))
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_the_slices_of_a_body_are_its_rows(content: bytes) -> None:
    assert cut(content) == json.loads(content)["inputs"]


@given(
    framed(st.lists(st.text('{}[]",:\\a1 ') | ITEM.map(json.dumps), max_size=8)),
    st.binary(max_size=2),
    st.data(),
)
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=500)
def test_what_is_no_json_has_a_slice_that_is_none(
    content: bytes, noise: bytes, data: st.DataObject
) -> None:
    """No way of cutting makes rows of a body that a parser of JSON would refuse."""
    place = data.draw(st.integers(0, len(content)))
    content = content[:place] + noise + content[place:]
    try:
        rows = cut(content)
    except (MisshapenError, ValueError):
        return
    assert json.loads(content) == {"inputs": rows}


@pytest.mark.parametrize(
    ("content", "position"),
    [
        (b'[{"a": 1}]', 0),
        (b'{"more": 1, "inputs": [1]}', 0),
        (b'{"inputs": [1], "more": 1}', 13),
        (b'{"inputs": [1}', 13),
        (b'{"inputs": [1, "', 15),
        (b'{"inputs": [[1', 14),
        (b'{"inputs": [1]} x', 13),
    ],
)
def test_another_shape_is_refused_where_it_begins(content: bytes, position: int) -> None:
    with pytest.raises(MisshapenError) as raised:
        cut(content)
    assert raised.value.position == position


def test_rows_beyond_the_limits_are_refused() -> None:
    content = b'{"inputs": [%b]}' % b",".join([b'{"a": "bcd"}'] * 5)
    assert len(cut(content, most=5, longest=13)) == 5
    with pytest.raises(TooManyRowsError):
        cut(content, most=4)
    for longest in range(1, 12):
        with pytest.raises(RowTooLongError) as raised:
            cut(content, longest=longest)
        assert raised.value.row == 0


def long(rows: list[str]) -> bytes:
    """A body of these rows that is too long to be read at once."""
    text = ",".join(row + " " * (1 + SMALL // len(rows)) for row in rows)
    return f'{{"inputs": [{text}]}}'.encode()


def both(twins: Twins, path: str, content: bytes) -> tuple[Answer, Answer]:
    """The answer of the service, and of FastAPI alone."""
    assert len(content) > SMALL
    fast, plain = (
        twins._runner.run(ask(app, "POST", path, content=content, headers=JSON))
        for app in (twins.app, twins.plain)
    )
    return fast, plain


@pytest.mark.parametrize("path", ["/predict", "/predict?on_error=skip", "/predict?on_error=raise"])
def test_a_long_body_gets_the_same_answer(twins: Twins, path: str) -> None:
    """With values that training never saw in one slice, and rows that are wrong in another."""
    row = twins.row()
    strange = {
        name: "never seen" if column.kind == "category" else row[name]
        for name, column in twins.schema().columns.items()
    }
    good = [json.dumps(row)] * 150 + [json.dumps(strange)] * 3
    bad = [json.dumps({**row, "surprise": 1}), "{}", "[]", "1"]
    for rows in (good, bad * 20, [*good, *bad, *good], good[:1]):
        fast, plain = both(twins, path, long(rows))
        assert (fast[0], json.loads(fast[2])) == (plain[0], json.loads(plain[2]))
        if rows is good:
            assert fast == plain
            assert json.loads(fast[2])["warnings"]


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_any_value_gets_the_same_answer_in_a_long_body(twins: Twins, data: st.DataObject) -> None:
    row = twins.row()
    name = data.draw(st.sampled_from([*row, *twins.schema().ignored]))
    path = data.draw(st.sampled_from(["/predict", "/predict?on_error=skip"]))
    value = data.draw(st.sampled_from([value for value in NASTY if value.isascii()]))
    marked = json.dumps({**row, name: "@"}).replace('"@"', value)
    rows = [json.dumps(row)] * data.draw(st.integers(0, 120))
    fast, plain = both(twins, path, long([*rows, marked, json.dumps(row)]))
    if fast[0] == 413:
        assert value.startswith("[" * 5000)  # which only a long body may be refused for
    elif b"json_invalid" in plain[2] + fast[2]:  # each says where in its own words
        assert {fast[0], plain[0]} <= {400, 422}
    else:
        assert (fast[0], json.loads(fast[2])) == (plain[0], json.loads(plain[2]))


WRONG: dict[str, tuple[Callable[[bytes], bytes], int, str]] = {
    "nothing": (lambda row: b" " * SMALL * 2, 422, "json_invalid"),
    "no rows": (lambda row: b'{"inputs": [%b]}' % (b" " * SMALL), 422, "too_short"),
    "more beside inputs": (lambda row: b'{"a": 1, "inputs": [%b]}' % row, 422, "json_invalid"),
    "UTF-16": (lambda row: long([row.decode()]).decode().encode("utf-16"), 422, "json_invalid"),
    "another content": (lambda row: b"x" * SMALL * 2, 422, "json_invalid"),
    "too many rows": (lambda row: b'{"inputs": [%b]}' % b",".join([row] * 2001), 422, "too_long"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_long_body_of_another_shape_is_refused_plainly(twins: Twins, case: str) -> None:
    make, status, rule = WRONG[case]
    content = make(json.dumps(twins.row()).encode()).ljust(SMALL + 1)
    found = twins._runner.run(ask(twins.app, "POST", "/predict", content=content, headers=JSON))
    (fault,) = json.loads(found[2])["detail"]
    assert (found[0], fault["type"]) == (status, rule)
    assert fault["msg"]


def test_a_query_that_is_wrong_is_named(twins: Twins) -> None:
    fast, plain = both(twins, "/predict?on_error=maybe", long([json.dumps(twins.row())]))
    assert fast == plain
    assert fast[0] == 422


@pytest.mark.parametrize(
    ("path", "headers"), [("/predict", {"content-type": "text/json"}), ("/docs", JSON)]
)
def test_elsewhere_a_long_body_is_refused(twins: Twins, path: str, headers: dict[str, str]) -> None:
    content = long([json.dumps(twins.row())])
    found = twins._runner.run(ask(twins.app, "POST", path, content=content, headers=headers))
    assert found[0] == 413
    assert b"Only POST /predict takes more, as application/json." in found[2]


def counted(server: Server) -> dict[str, float]:
    """What is counted of rows."""
    lines = server.ask("GET", "/metrics").content.decode().splitlines()
    found = (line.rpartition(" ") for line in lines if line.startswith("model_"))
    return {name: float(value) for name, _, value in found}


def test_the_rows_of_a_long_body_are_counted_once_and_with_their_reasons() -> None:
    (row,) = json.loads(body())["inputs"]
    with running() as server:
        good, bad = [json.dumps(row)] * 250, [json.dumps({**row, "surprise": 1})]
        assert server.ask(content=long(good)).status == 200
        assert server.ask(content=long([*good, *bad])).status == 422
        assert server.ask(path="/predict?on_error=skip", content=long([*good, *bad])).status == 200
        found = counted(server)
    assert found['model_rows_total{outcome="scored"}'] == 500
    assert found['model_rows_total{outcome="refused"}'] == 2
    assert found['model_refusals_total{column="",rule="extra_forbidden"}'] == 2
    predicted = [n for name, n in found.items() if name.startswith("model_predictions_total")]
    assert sum(predicted) == 500


def test_rows_without_any_of_many_columns_take_little_memory(
    trained: Callable[[str], Home],
) -> None:
    """Each is a fault for each of its columns, and each fault some objects."""
    with running({"MODEL_HOME": trained("digits").path}) as server:
        server.ask(content=b'{"inputs": [{}]}')
        before = server.memory()
        server.reset_peak()
        answer = server.ask(content=b'{"inputs": [%b]}' % b",".join([b"{}"] * 2000))
        assert answer.status == 422
        assert b"more like these" in answer.content
        assert server.peak() - before < LIMIT


def test_a_long_body_holds_up_nobody() -> None:
    (row,) = json.loads(body())["inputs"]
    content = long([json.dumps(row)] * 2000)
    with running() as server, server.connect() as connection:
        expected = server.ask(content=body()).content
        head = b"POST /predict HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
        connection.sendall(head + b"content-length: %d\r\n\r\n" % len(content) + content)
        for _ in range(5):
            assert server.ask(content=body()).content == expected
        connection.settimeout(0)
        with pytest.raises(BlockingIOError):
            connection.recv(1)
        connection.settimeout(60)
        answer = read_answer(connection)
    assert answer
    assert len(json.loads(answer.content)["predictions"]) == 2000
