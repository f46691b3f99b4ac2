"""A service with a store: what it said to have kept is there, and no answer waits for the store."""

from __future__ import annotations

import json
import math
import os
import random
import re
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from http.client import HTTPException
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from postgres import Postgres
from postgres import serving as postgres

from classification_model import bundle
from classification_model.config.core import load_config
from classification_model.config.home import Home
from classification_model.config.schema import Column
from classification_model.monitoring.answers import Record
from classification_model.monitoring.store import Store, Truth
from classification_model.monitoring.store_export import export
from classification_model.processing.data_manager import load_dataset
from classification_model.processing.profile import ColumnProfile
from classification_model.processing.validation import RowValidator
from classification_model.processing.value_rules import number_format
from harness import JSON, SOURCE_HOME, Answer, Server, body, failing_to_start, running
from homes import copy_of

KEY = "an-operators-key-of-tests"
OPERATOR = {**JSON, "x-api-key": KEY}
LABELS = [str(label) for label in bundle.load(Home(SOURCE_HOME)).manifest.classes]
LABEL = LABELS[0]


def settings(address: str, **more: object) -> dict[str, object]:
    return {"STORE": address, "OPERATOR_KEYS": KEY, "STORE_INPUTS": "yes", **more}


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with postgres() as found:
        yield found


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/answers.db"
    found: Postgres = request.getfixturevalue("server")
    return found.database()


def predict(service: Server, content: bytes | None = None) -> str:
    """Ask for an answer; its id."""
    answer = service.ask(content=content or body())
    assert answer.status == 200, answer
    return answer.headers["x-answer-id"]


def feedback(service: Server, *labels: tuple[str, int]) -> Answer:
    content = [{"id": name, "row": row, "label": LABEL} for name, row in labels]
    return service.ask("POST", "/feedback", json.dumps(content).encode(), OPERATOR)


def truths(address: str) -> list[Truth]:
    with Store(address) as store:
        return [*store.truths()]


def answers(address: str, *ids: str) -> set[str]:
    """Those of the ids whose answers are in the store."""
    with Store(address) as store:
        return {*store.given(dict.fromkeys(ids, ()))}


def live(service: Server) -> dict[str, Any]:
    headers = {**OPERATOR, "accept": "application/json"}
    found: dict[str, Any] = json.loads(service.ask("GET", "/live", None, headers).content)
    return found


def eventually(condition: Callable[[], bool]) -> None:
    """Wait until it is so; a test that waits for ever is ended from outside."""
    while not condition():
        time.sleep(0.05)


def test_an_answer_and_its_truth_are_kept_with_what_was_sent(address: str) -> None:
    sent = json.loads(body(3))["inputs"]
    with running(settings(address)) as service:
        first = predict(service, body(3))
        told = feedback(service, (first, 1))
        assert (told.status, json.loads(told.content)) == (
            200, {"accepted": 1, "repeated": 0, "unknown": 0, "stored": 1},
        )  # fmt: skip
        (found,) = truths(address)
        assert (found.answer.id, found.answer.row, found.label) == (first, 1, LABEL)
        assert found.answer.inputs == sent[1]
        assert json.loads(service.ask(content=body()).content)["probabilities"][0] == [
            *found.answer.probabilities
        ]


def random_value(column: Column, seen: ColumnProfile, draw: random.Random) -> object:
    """What a client may send for a column: mostly as JSON has it, sometimes as the table writes it."""
    if not column.required and draw.random() < 0.1:
        return draw.choice([None, ""])
    match column.kind:
        case "integer":
            return draw.choice([draw.randint(-(10**9), 10**9), str(draw.randint(0, 999))])
        case "number":
            number = draw.choice([draw.gauss(0, 1e3), draw.uniform(-1, 1) * 1e-9, 3e38, -0.0])
            return draw.choice([number, number_format(column).write(number)])
        case "boolean":
            return draw.choice([True, False, "Yes", "no"])
        case "date":
            day = date.fromordinal(draw.randint(date(1900, 1, 1).toordinal(), 760_000))
            return draw.choice([day.isoformat(), day.strftime(column.date_format or "%Y-%m-%d")])
    words = [*seen.categories, 'Größe; "groß"', "  = 1+1 ", "a\nb", "N/A", "€ 5,50", "'"]
    return draw.choice(words)


@pytest.mark.parametrize("table", ["awkward", "people"])
def test_random_rows_come_out_of_an_export_as_the_values_that_were_sent(
    table: str, trained: Callable[[str], Home], tmp_path: Path
) -> None:
    """Whatever the spelling: by HTTP, through the store, into the table and read by training."""
    home, address = copy_of(trained(table), tmp_path / "home"), f"sqlite:///{tmp_path}/answers.db"
    found, config = bundle.load(home), load_config(home)
    schema, seen, draw = found.manifest.row_schema, found.profile().columns, random.Random(table)
    rows = [
        {name: random_value(column, seen[name], draw) for name, column in schema.columns.items()}
        for _ in range(150)
    ]
    labels = [str(draw.choice(found.manifest.classes)) for _ in rows]
    with running(settings(address, MODEL_HOME=home.path)) as service:
        for start in range(0, len(rows), 50):  # by columns; and then one by one
            some = range(start, start + 50)
            parts = [some] if start < 100 else [[i] for i in some]
            for part in parts:
                name = predict(service, json.dumps({"inputs": [rows[i] for i in part]}).encode())
                told = [{"id": name, "row": i, "label": labels[k]} for i, k in enumerate(part)]
                answer = service.ask("POST", "/feedback", json.dumps(told).encode(), OPERATOR)
                assert answer.status == 200
    stream = BytesIO()
    with Store(address) as store:
        assert export(store, home, stream).refused == []
    (home.datasets / config.dataset).write_bytes(stream.getvalue())
    again = load_dataset(config, home)
    assert again.rows() == RowValidator(schema).validate(rows).rows
    assert [str(label) for label in again.labels] == labels


def test_without_store_inputs_no_row_is_kept(address: str) -> None:
    with running(settings(address, STORE_INPUTS="no")) as service:
        feedback(service, (predict(service), 0))
    (found,) = truths(address)
    assert found.answer.inputs is None


def test_each_road_to_an_answer_keeps_the_rows_that_were_sent(address: str) -> None:
    """By rows, by columns, by FastAPI with a bad row among them, and by the other protocol."""
    row = json.loads(body())["inputs"][0]
    name = next(name for name, value in row.items() if isinstance(value, int | float))
    bad = {**row, name: "no number"}
    with running(settings(address)) as service:
        ids = [predict(service), predict(service, body(100))]
        mixed = json.dumps({"inputs": [row, bad, row]}).encode()
        answer = service.ask("POST", "/predict?on_error=skip", mixed)
        ids.append(answer.headers["x-answer-id"])
        known = {ids[0]: 1, ids[1]: 100, ids[2]: 3}
        told = feedback(service, *[(one, i) for one, size in known.items() for i in range(size)])
        assert told.status == 200
    found = {(one.answer.id, one.answer.row): one.answer.inputs for one in truths(address)}
    assert found == {
        (ids[0], 0): row,
        **{(ids[1], i): row for i in range(100)},
        **{(ids[2], i): row for i in (0, 2)},  # the row between was not answered
    }


def test_a_label_of_an_answer_that_nobody_knows_yet_waits_for_it(address: str) -> None:
    """It may be another replica's, whose queue is longer."""
    with running(settings(address)) as one, running(settings(address)) as other:
        stranger = predict(other)
        told = feedback(one, ("ab" * 16, 0), ("no id at all", 0))
        assert (told.status, json.loads(told.content)["stored"]) == (202, 1)
        eventually(lambda: answers(address, stranger) == {stranger})
        told = feedback(one, (stranger, 0))
        assert (told.status, json.loads(told.content)["accepted"]) == (200, 1)
        assert live(one)["truth"]["rows"] == 1
        told = feedback(one, (stranger, 1))  # it has no such row
        nothing = {"accepted": 0, "repeated": 0, "unknown": 1, "stored": 0}
        assert (told.status, json.loads(told.content)) == (200, nothing)
    assert [found.answer.id for found in truths(address)] == [stranger]


def test_a_label_that_comes_after_a_restart_counts(address: str) -> None:
    """Once, and against what was answered then; of another version's answers it counts nowhere."""
    with running(settings(address)) as service:
        ids = [predict(service, body(2)), predict(service)]
    old = f"{7:032x}"
    with Store(address) as store:
        store.write([Record(old, time.time(), "0.0.1", "[[0.25,0.75]]", None)])
    with running(settings(address)) as service:
        told = feedback(service, (ids[0], 1), (ids[1], 0), (ids[0], 1), (old, 0))
        assert json.loads(told.content) == {
            "accepted": 2, "repeated": 1, "unknown": 1, "stored": 4,
        }  # fmt: skip
        truth = live(service)["truth"]
    (share,) = (one.answer.probabilities[0] for one in truths(address) if one.answer.id == ids[1])
    assert truth["rows"] == 2
    # Both rows are the same one.
    assert truth["log_loss"]["value"] == pytest.approx(-math.log(share), rel=1e-4)


def test_after_a_stop_all_that_was_answered_is_in_the_store(address: str) -> None:
    with running(settings(address)) as service:
        ids = [predict(service) for _ in range(30)]
    assert answers(address, *ids) == {*ids}


def test_what_was_acknowledged_is_there_after_kill_9_in_the_middle_of_it(address: str) -> None:
    acknowledged: list[tuple[str, int]] = []
    with running(settings(address)) as service:
        first = predict(service, body(1000))

        def send(start: int) -> None:
            for row in range(start, 1000, 4):
                try:
                    if feedback(service, (first, row)).status == 200:
                        acknowledged.append((first, row))
                except (OSError, HTTPException):
                    return

        senders = [threading.Thread(target=send, args=(start,)) for start in range(4)]
        for sender in senders:
            sender.start()
        eventually(lambda: len(acknowledged) > 40)
        service.process.kill()
        for sender in senders:
            sender.join()
    with running(settings(address)) as service:
        kept = {(found.answer.id, found.answer.row) for found in truths(address)}
        assert {*acknowledged} <= kept
        assert len(kept) <= len(acknowledged) + 4
        # Once more, as a client does that was not answered: nothing changes.
        told = feedback(service, *acknowledged)
        assert (told.status, json.loads(told.content)["stored"]) == (200, len(acknowledged))
        assert {(found.answer.id, found.answer.row) for found in truths(address)} == kept


def test_a_store_that_goes_costs_no_answer_and_refuses_labels_until_it_is_back(
    server: Postgres, tmp_path: Path
) -> None:
    address, log = server.database(), tmp_path / "log"
    with running(settings(address), log=log) as service:
        before = predict(service)
        assert feedback(service, (before, 0)).status == 200
        server.stop()
        try:
            during = [predict(service) for _ in range(5)]
            told = feedback(service, (during[0], 0))
            assert (told.status, told.headers["retry-after"]) == (503, "5")
            assert "is not kept" in json.loads(told.content)["detail"]
            eventually(lambda: live(service)["store"]["fault"] is not None)
            assert b"model_store_up 0.0" in service.ask("GET", "/metrics", None, OPERATOR).content
        finally:
            server.start()
        eventually(lambda: feedback(service, (during[0], 0)).status == 200)
        after = predict(service)
        eventually(lambda: live(service)["store"]["rows"] == 7)
        assert live(service)["store"] == {"rows": 7, "dropped": 0, "labels": 2, "fault": None}
        assert b"model_store_up 1.0" in service.ask("GET", "/metrics", None, OPERATOR).content
    assert answers(address, before, *during, after) == {before, *during, after}
    said = log.read_text()
    assert len(re.findall("their answers wait for it", said)) == 1
    assert len(re.findall("The store is back; 0 row", said)) == 1


def test_a_store_that_hangs_costs_no_answer(tmp_path: Path) -> None:
    """Another program holds the file, for as long as it likes."""
    address = f"sqlite:///{tmp_path}/answers.db"
    with running(settings(address, REQUEST_SECONDS="2")) as service:
        first = predict(service)
        assert feedback(service, (first, 0)).status == 200
        holder = sqlite3.connect(tmp_path / "answers.db", isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        assert feedback(service, (first, 0)).status == 503
        assert [predict(service) for _ in range(20)]
        holder.execute("ROLLBACK")
        holder.close()
        eventually(lambda: feedback(service, (first, 0)).status == 200)


SMALL_DISK = """
import resource, signal, sys, runpy
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # as on a full disk, writing fails
resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))
sys.argv = ["uvicorn", *sys.argv[1:]]
runpy.run_module("uvicorn", run_name="__main__")
"""


def test_on_a_full_disk_labels_are_refused_and_those_that_were_taken_stay(tmp_path: Path) -> None:
    from harness import free_port, started

    address, port = f"sqlite:///{tmp_path}/answers.db", free_port()
    command = [sys.executable, "-c", SMALL_DISK, "app.main:app", "--port", str(port)]
    taken = []
    with started(command, port, environment=settings(address)) as service:
        for _ in range(500):
            name = predict(service, body(20))
            if feedback(service, (name, 0)).status != 200:
                break
            taken.append(name)
        else:
            pytest.fail("the disk did not become full")
        assert predict(service)
        assert live(service)["store"]["fault"]
    assert taken
    assert {*taken} <= {found.answer.id for found in truths(address)}


def test_what_cannot_wait_any_longer_is_dropped_the_oldest_first_and_counted(
    server: Postgres, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from app.live import keeper as module
    from app.live.served import Served
    from classification_model.predict import load_model

    monkeypatch.setattr(module, "_ROOM", 100 * len("[[0.25,0.75]]"))
    address = server.database()
    keeper = module.Keeper(address, load_model(Home(SOURCE_HOME)), inputs=False, days=1, seconds=5)
    server.stop()
    ids = [f"{number:032x}" for number in range(150)]
    try:
        for name in ids:
            text = b"[[0.25,0.75]]"
            keeper.answers(Served(ids=bytes.fromhex(name), sizes=[1], texts=[text]))
        eventually(lambda: keeper.kept.fault is not None)
        eventually(lambda: keeper.kept.dropped == 50)
    finally:
        server.start()
    eventually(lambda: keeper.kept.rows == 100)
    keeper.close()
    assert answers(address, *ids) == {*ids[50:]}


def test_made_up_ids_cannot_fill_the_store(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import asyncio

    from app.live import keeper as module
    from classification_model.monitoring.answers import Label
    from classification_model.predict import load_model

    monkeypatch.setattr(module, "_MOST_UNKNOWN", 10)
    keeper = module.Keeper(address, load_model(Home(SOURCE_HOME)), inputs=False, days=1, seconds=9)

    def made_up(*numbers: int) -> Sequence[Label]:
        return [Label(f"{number:032x}", 0, LABEL, time.time()) for number in numbers]

    assert asyncio.run(keeper.labels(made_up(*range(10)))) == {}
    with pytest.raises(module.NotKeptError, match="see that X-Answer-ID is what you send"):
        asyncio.run(keeper.labels(made_up(10)))
    keeper.close()
    with Store(address) as store:
        assert store.unknown() == 10


def test_after_so_many_days_answers_and_labels_are_gone(address: str) -> None:
    with running(settings(address, STORE_DAYS=1e-6)) as service:
        feedback(service, (predict(service), 0))
    with running(settings(address, STORE_DAYS=1e-6)):
        assert truths(address) == []


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("mysql://me:hidden-word@host/database", "'mysql' is no database that is known here"),
        ("hidden-word", "no address of a database"),
    ],
)
def test_a_service_with_a_store_that_is_none_does_not_start_and_shows_no_password(
    address: str, said: str
) -> None:
    done = failing_to_start({"STORE": address})
    assert done.returncode != 0
    assert said in done.stderr
    assert "hidden-word" not in done.stdout + done.stderr


def test_a_store_that_is_not_there_at_the_start_is_waited_for(tmp_path: Path) -> None:
    folder = tmp_path / "later"
    with running(settings(f"sqlite:///{folder}/answers.db")) as service:
        first = predict(service)
        assert "there is no folder" in live(service)["store"]["fault"]
        assert b"It fails now: store sqlite" in service.ask("GET", "/live", None, OPERATOR).content
        folder.mkdir()
        eventually(lambda: feedback(service, (first, 0)).status == 200)


def test_without_a_store_nothing_of_it_is_imported() -> None:
    program = (
        "import sys\n"
        "from fastapi.testclient import TestClient\n"
        "from app.main import app\n"
        "with TestClient(app) as client:\n"
        "    assert client.get('/live').status_code == 200\n"
        "print(sorted({'sqlalchemy', 'psycopg', 'pandas', 'sklearn'} & set(sys.modules)))\n"
    )
    environment = {**os.environ, "OPERATOR_KEYS": "*"}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.endswith("[]\n")
