"""Whatever is sent, the answer is a plain one, and the next good request is served."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from harness import JSON, Server, body, running
from torture.flood import LIMIT
from torture.hostile import Case, cases, faults


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running() as server:
        server.ask(content=body())
        before = server.memory()
        yield server
        assert server.peak() - before < LIMIT
        assert "Traceback" not in server.log.read_text(encoding="utf-8")


@pytest.mark.parametrize("case", cases(), ids=str)
def test_a_hostile_request_is_answered_plainly(server: Server, case: Case) -> None:
    for request in case.requests():
        assert faults(case, server.send(request)) is None
    assert server.ask(content=body()).status == 200


def test_of_a_key_that_comes_twice_the_last_counts(server: Server) -> None:
    (row,) = json.loads(body())["inputs"]
    name = next(iter(row))
    twice = (
        json.dumps({"inputs": [row]})
        .replace("{", f'{{"{name}": [], ', 2)
        .replace(f'{{"{name}": [], ', "{", 1)
    )
    assert json.loads(twice) == {"inputs": [row]}
    assert server.ask(content=twice.encode()).content == server.ask(content=body()).content


def test_of_many_faults_the_first_hundred_are_named(server: Server) -> None:
    answer = server.ask(content=json.dumps({"inputs": [{}] * 1000}).encode())
    detail = json.loads(answer.content)["detail"]
    columns = len(json.loads(body())["inputs"][0])
    assert len(detail) == 101
    assert detail[-1]["msg"] == f"and {1000 * columns - 100} more like these"


def test_a_long_name_is_cut_where_it_is_shown(server: Server) -> None:
    answer = server.ask(content=json.dumps({"inputs": [{"k" * 5000: 1}]}).encode(), headers=JSON)
    assert answer.status == 422
    assert b"k" * 201 not in answer.content


def test_a_long_number_is_cut_where_it_is_shown(server: Server) -> None:
    (row,) = json.loads(body())["inputs"]
    name = next(name for name, cell in row.items() if not isinstance(cell, str))
    row[name] = int("9" * 4000)
    for path in ("/predict", "/predict?on_error=skip"):
        answer = server.ask(path=path, content=json.dumps({"inputs": [row]}).encode())
        assert b"9" * 150 in answer.content
        assert b"9" * 201 not in answer.content
