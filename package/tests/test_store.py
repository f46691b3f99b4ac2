"""The store: what is said to be written stays, and is written once, in SQLite and PostgreSQL."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from postgres import Postgres, serving

from classification_model.errors import ConfigError, StoreError
from classification_model.monitoring.answers import Answer, Label
from classification_model.monitoring.store import Store

ANSWER = Answer("a" * 32, 0, 100.0, "1.0.0", (0.25, 0.75), {"age": 31, "town": "Ulm"})


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with serving() as found:
        yield found


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/answers.db"
    found: Postgres = request.getfixturevalue("server")
    return found.database()


@pytest.fixture
def store(address: str) -> Iterator[Store]:
    with Store(address) as found:
        yield found


def label(of: Answer, text: str, at: float = 200.0) -> Label:
    return Label(of.id, of.row, text, at)


def kept(store: Store, *, new: bool = False) -> list[tuple[Answer, str]]:
    return [(truth.answer, truth.label) for truth in store.truths(new=new)]


def test_what_is_written_is_there_for_who_opens_it_again(address: str) -> None:
    with Store(address) as store:
        store.write([ANSWER], [label(ANSWER, "yes")])
        store.meet("1.0.0", ["no", "yes"])
    with Store(address) as store:
        assert kept(store) == [(ANSWER, "yes")]
        assert store.classes() == {"1.0.0": ["no", "yes"]}


def test_the_same_answer_twice_is_once_and_stays_as_it_came_first(store: Store) -> None:
    store.write([ANSWER, ANSWER], [label(ANSWER, "yes")])
    store.write([replace(ANSWER, version="2.0.0"), replace(ANSWER, row=1)])
    assert kept(store) == [(ANSWER, "yes")]
    assert [*store.answers_to([(ANSWER.id, 0), (ANSWER.id, 1), ("b" * 32, 0)])] == [
        (ANSWER.id, 0),
        (ANSWER.id, 1),
    ]


def test_of_two_labels_of_a_row_the_last_counts(store: Store) -> None:
    store.write([ANSWER], [label(ANSWER, "no"), label(ANSWER, "yes")])
    assert kept(store) == [(ANSWER, "yes")]
    store.write([], [label(ANSWER, "no")])
    assert kept(store) == [(ANSWER, "no")]


def test_a_label_whose_answer_comes_later_waits_for_it(store: Store) -> None:
    store.write([], [label(ANSWER, "yes")])
    assert (store.unknown(), kept(store)) == (1, [])
    store.write([ANSWER])
    assert (store.unknown(), kept(store)) == (0, [(ANSWER, "yes")])


def test_what_was_exported_is_new_no_more(store: Store) -> None:
    other = replace(ANSWER, row=1)
    store.write([ANSWER, other], [label(ANSWER, "yes"), label(other, "no")])
    store.mark([ANSWER])
    store.mark([ANSWER])
    assert kept(store, new=True) == [(other, "no")]
    assert len(kept(store)) == 2


def test_what_is_too_old_is_forgotten_with_its_label_however_new(store: Store) -> None:
    young, waiting = replace(ANSWER, row=1, at=300.0), replace(ANSWER, row=2)
    store.write([ANSWER, young], [label(ANSWER, "yes", at=400.0), label(young, "no", at=400.0)])
    store.write([], [label(waiting, "yes", at=100.0)])
    assert store.forget(before=250.0) == 1
    assert kept(store) == [(young, "no")]
    assert store.unknown() == 0


def test_all_is_written_or_nothing(store: Store) -> None:
    bad = Label("b" * 32, 0, None, 200.0)  # type: ignore[arg-type]
    with pytest.raises(StoreError):
        store.write([ANSWER], [label(ANSWER, "yes"), bad])
    assert kept(store) == []
    assert store.answers_to([(ANSWER.id, 0)]) == {}


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**53), 2**53),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters()),  # NUL and half characters among them
)


@given(inputs=st.dictionaries(st.text(max_size=8), VALUES), share=st.floats(0, 1))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_was_sent_comes_back_as_it_was(
    store: Store, inputs: dict[str, object], share: float
) -> None:
    store.forget(before=1e12)
    sent = replace(ANSWER, probabilities=(share, 1 - share), inputs=inputs)
    store.write([sent])
    assert store.answers_to([(sent.id, 0)]) == {(sent.id, 0): sent}


def test_dates_come_back_as_columns_of_dates_read_them(store: Store) -> None:
    inputs = {"day": date(2024, 2, 29), "time": datetime(2024, 2, 29, 18, 30, tzinfo=UTC)}
    store.write([replace(ANSWER, inputs=inputs)])
    (found,) = store.answers_to([(ANSWER.id, 0)]).values()
    assert found.inputs is not None
    assert {name: datetime.fromisoformat(str(v)) for name, v in found.inputs.items()} == {
        "day": datetime(2024, 2, 29),  # noqa: DTZ001
        "time": inputs["time"],
    }


def test_processes_may_open_a_new_store_at_the_same_moment(address: str) -> None:
    with ThreadPoolExecutor(6) as pool:
        for store in pool.map(lambda _: Store(address), range(6)):
            with store:
                assert kept(store) == []


def test_tables_of_another_version_are_left_alone(address: str) -> None:
    with Store(address) as store, store._engine.begin() as connection:
        connection.exec_driver_sql("UPDATE about SET value = '7'")
    with pytest.raises(StoreError, match="are of version 7, and this program knows 1"):
        Store(address)


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("answers.db", "no address of a database"),
        ("mysql://host/database", "'mysql' is no database that is known here"),
        ("sqlite://", "names no file"),
        ("postgresql://host", "names no database"),
    ],
)
def test_what_is_no_store_is_refused_with_the_cure(address: str, said: str) -> None:
    with pytest.raises(ConfigError, match=f"STORE: {said}.*sqlite:////folder/answers.db"):
        Store(address)


def test_a_store_that_cannot_be_opened_is_named_without_its_password(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"there is no folder .*/nowhere"):
        Store(f"sqlite:///{tmp_path}/nowhere/answers.db")
    with pytest.raises(StoreError, match=r"there is no file .*/typo\.db"):
        Store(f"sqlite:///{tmp_path}/typo.db", new=False)
    assert not (tmp_path / "typo.db").exists()
    (tmp_path / "answers.db").write_text("no database, " * 100)
    with pytest.raises(StoreError, match=r"answers\.db: file is not a database"):
        Store(f"sqlite:///{tmp_path}/answers.db")
    with pytest.raises(StoreError) as caught:
        Store("postgresql://somebody:secret-word@127.0.0.1:1/things?password=secret-word")
    assert "store postgresql://127.0.0.1/things: " in str(caught.value)
    assert "secret-word" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_after_a_server_was_gone_the_next_write_finds_it_again(server: Postgres) -> None:
    with Store(server.database()) as store:
        store.write([ANSWER])
        server.stop()
        with pytest.raises(StoreError):
            store.write([], [label(ANSWER, "yes")])
        server.start()
        store.write([], [label(ANSWER, "yes")])
        assert kept(store) == [(ANSWER, "yes")]


WRITER = """
import sys
from classification_model.monitoring.answers import Label
from classification_model.monitoring.store import Store
with Store(sys.argv[1]) as store:
    for number in range(100_000):
        store.write([], [Label("a" * 32, number, "yes", 1.0)])
        print(number, flush=True)
"""


def test_of_a_process_that_is_killed_all_is_there_that_it_said_was_written(address: str) -> None:
    command = [sys.executable, "-c", WRITER, address]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        said = [int(writer.stdout.readline()) for _ in range(25)]
        writer.kill()
        said += [int(line) for line in writer.stdout.read().split("\n")[:-1]]
    with Store(address) as store:
        assert store.unknown() in (len(said), len(said) + 1)
