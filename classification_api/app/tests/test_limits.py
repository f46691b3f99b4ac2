"""What a request may take, and the answer to one that takes more."""

from __future__ import annotations

import json
import signal
import socket
from collections.abc import Iterator
from itertools import cycle, islice

import pytest

from harness import Server, body, failing_to_start, read_answer, running
from torture.flood import KINDS, LIMIT, flood
from torture.slow import slow_down

HEAD = b"POST /predict HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
MB = 10**6


def post(content: bytes) -> bytes:
    return HEAD + b"content-length: %d\r\n\r\n" % len(content) + content


def sentence(content: bytes) -> str:
    detail: str = json.loads(content)["detail"]
    return detail


@pytest.fixture(scope="module")
def small() -> Iterator[Server]:
    """A service with limits that a test can reach."""
    settings = {
        "MAX_BODY_BYTES": 200_000,
        "MAX_ROWS": 200,
        "MAX_CONCURRENCY": 5,
        "MAX_CONNECTIONS": 100,
        "RECEIVE_SECONDS": 1.5,
    }
    with running(settings) as server:
        yield server
        assert "Traceback" not in server.log.read_text(encoding="utf-8")


def test_a_body_that_says_it_is_too_long_is_refused_before_it_comes(small: Server) -> None:
    answer = small.send(HEAD + b"content-length: 200001\r\n\r\n ")
    assert answer
    assert answer.status == 413
    assert "200000 bytes" in sentence(answer.content)


def test_a_body_of_unknown_length_is_refused_once_it_is_too_long() -> None:
    chunk = b"10000\r\n" + b" " * 2**16 + b"\r\n"
    with running() as server, server.connect() as connection:
        server.ask(content=body())
        before = server.memory()
        server.reset_peak()
        connection.sendall(HEAD + b"transfer-encoding: chunked\r\n\r\n")
        try:
            for _ in range(100 * MB // len(chunk)):
                connection.sendall(chunk)
        except OSError:
            pass  # it has been closed
        answer = read_answer(connection)
        assert answer is None or answer.status == 413
        assert server.peak() - before < LIMIT
        assert server.ask(content=body()).status == 200


def test_the_document_says_how_many_rows_there_may_be(small: Server) -> None:
    document = json.loads(small.ask("GET", "/openapi.json").content)
    assert (
        document["components"]["schemas"]["PredictRequest"]["properties"]["inputs"]["maxItems"]
        == 200
    )
    assert small.ask(content=body(200)).status == 200
    for path in ("/predict", "/predict?on_error=skip"):
        answer = small.ask(path=path, content=body(201))
        (fault,) = json.loads(answer.content)["detail"]
        assert (answer.status, fault["type"], fault["loc"]) == (422, "too_long", ["body", "inputs"])


@pytest.mark.parametrize("after", [b"", post(body())], ids=["at first", "after another"])
@pytest.mark.parametrize(
    "start",
    [
        HEAD,
        HEAD + b"content-length: 5000\r\n\r\n",
        HEAD + b"content-length: 5000\r\n\r\n" + b" " * 100,
        HEAD + b"transfer-encoding: chunked\r\n\r\n5\r\n     \r\n",
    ],
    ids=["head", "no body", "body", "chunks"],
)
def test_what_does_not_come_is_not_waited_for(small: Server, after: bytes, start: bytes) -> None:
    with small.connect() as connection:
        if after:
            connection.sendall(after)
            assert read_answer(connection)
        connection.sendall(start)
        answer = read_answer(connection)
        assert answer
        assert answer.status == 408
        assert "1.5 seconds" in sentence(answer.content)
        assert connection.recv(1) == b""


def test_who_is_slow_is_told_as_the_protocol_has_it(small: Server) -> None:
    with small.connect() as connection:
        head = HEAD.replace(b"/predict", b"/v2/models/m/infer")
        connection.sendall(head + b"content-length: 5000\r\n\r\n{")
        answer = read_answer(connection)
        assert answer
        assert (answer.status, [*json.loads(answer.content)]) == (408, ["error"])


def test_bodies_on_their_way_share_their_room(small: Server) -> None:
    """Which is a megabyte here: of six that are half there and one more."""
    stuck = [small.connect() for _ in range(6)]
    for connection in stuck:
        connection.sendall(HEAD + b"content-length: 190000\r\n\r\n" + b" " * 160_000)
    wait_until_it_holds(small, post(b" " * 190_000))
    assert small.ask(content=body()).status == 200
    for connection in stuck:
        connection.close()
    assert small.ask(content=b" " * 150_000).status == 422


def wait_until_it_holds(server: Server, request: bytes) -> None:
    """Until a body that would have had room finds none."""
    for _ in range(1000):
        answer = server.send(request)
        if answer and answer.status == 503:
            assert answer.headers["retry-after"] == "1"
            return
    raise AssertionError("there was always room")


def test_beyond_the_limit_of_concurrency_a_request_is_refused_and_others_are_not(
    small: Server,
) -> None:
    connections = [small.connect() for _ in range(40)]
    for connection in connections:
        connection.sendall(post(body()))
        assert read_answer(connection)
    small.process.send_signal(signal.SIGSTOP)
    for connection in connections:
        connection.sendall(post(body()))
    small.process.send_signal(signal.SIGCONT)
    answers = [read_answer(connection) for connection in connections]
    for connection in connections:
        connection.close()
    statuses = [answer.status for answer in answers if answer]
    expected = small.ask(content=body()).content
    assert {*statuses} == {200, 503}
    assert len(statuses) == 40
    for answer in answers:
        assert answer
        if answer.status == 200:
            assert answer.content == expected
        else:
            assert answer.headers["retry-after"] == "1"


def test_beyond_the_limit_of_connections_one_is_refused(small: Server) -> None:
    held: list[socket.socket] = []
    refused = None
    while refused is None and len(held) < 120:
        connection = small.connect()
        held.append(connection)
        connection.setblocking(False)
        try:
            connection.sendall(b"")
            connection.settimeout(0.02)
            connection.recv(1, socket.MSG_PEEK)
        except TimeoutError:
            continue
        connection.settimeout(10)
        refused = read_answer(connection)
    for connection in held:
        connection.close()
    assert refused
    assert refused.status == 503
    assert refused.headers["retry-after"] == "1"


def test_health_is_answered_when_nothing_else_is(small: Server) -> None:
    small.ask(content=body())
    connections = [small.connect() for _ in range(20)]
    small.process.send_signal(signal.SIGSTOP)
    for connection in connections:
        connection.sendall(b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n")
    small.process.send_signal(signal.SIGCONT)
    answers = [read_answer(connection) for connection in connections]
    for connection in connections:
        connection.close()
    assert {answer.status for answer in answers if answer} == {200}


@pytest.mark.parametrize(
    ("head", "said"),
    [
        (b"GET /health HTTP/1.1\r\n" + b"a:b\r\n" * 300, "more than 200 header fields"),
        (b"GET /health HTTP/1.1\r\na: " + b"b" * 70_000, "longer than 65536 bytes"),
    ],
    ids=["fields", "bytes"],
)
def test_a_head_without_an_end_is_told_what_is_too_much(
    small: Server, head: bytes, said: str
) -> None:
    answer = small.send(head)
    assert answer
    assert answer.status == 431
    assert said in sentence(answer.content)


def test_what_cannot_be_guarded_is_said_at_the_start() -> None:
    """h11 serves where httptools is not installed: slow clients are cut there, too."""
    with running({"RECEIVE_SECONDS": 0.5}, "--http", "h11") as server:
        for start in (HEAD, HEAD + b"content-length: 5000\r\n\r\n {"):
            with server.connect() as connection:
                connection.sendall(start)
                while connection.recv(1000):
                    pass
        assert server.ask(content=body()).status == 200
        log = server.log.read_text(encoding="utf-8")
    assert "Traceback" not in log
    assert "WARNING:  NOT GUARDED: MAX_CONNECTIONS and the limits of heads: H11Protocol" in log


def test_with_the_usual_protocol_all_is_guarded(small: Server) -> None:
    assert "NOT GUARDED" not in small.log.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "kind",
    [
        "200 KB of a body of 5 MB",
        "a head of 60 KB, and no body",
        "too many fields",
        "a question for a file",
        "all",
    ],
)
def test_many_clients_at_once_take_little_memory(kind: str) -> None:
    contents = cycle([KINDS[kind]] if kind in KINDS else KINDS.values())
    with running() as server:
        assert flood(server, [*islice(contents, 500)]) < LIMIT
        assert "Traceback" not in server.log.read_text(encoding="utf-8")


def test_among_slow_clients_a_good_one_is_served_and_they_are_cut() -> None:
    with running({"RECEIVE_SECONDS": 1}) as server:
        found = slow_down(server, clients=100, seconds=0.5, longest=60)
        assert found.failed == 0
        assert found.cut_after < 60
        assert found.growth < LIMIT


@pytest.mark.parametrize("value", ["0", "-1", "many", "nan"])
def test_a_limit_that_is_none_is_one_line_and_a_status(value: str) -> None:
    run = failing_to_start({"RECEIVE_SECONDS": value})
    assert run.returncode == 3
    assert f"environment variable RECEIVE_SECONDS='{value}'" in run.stderr
    assert "Traceback" not in run.stderr
