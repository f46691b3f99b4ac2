"""The store: what is said to be written stays, and is written once, in SQLite and PostgreSQL."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from postgres import Postgres, serving

from classification_model.errors import ConfigError, StoreError
from classification_model.monitoring.answers import Answer, Label, Record
from classification_model.monitoring.store import Store, Truth
from classification_model.monitoring.store_tables import opened, sql

SENT: list[dict[str, object]] = [{"age": 31, "town": "Ulm"}, {"age": 32, "town": "Bonn"}]


def record(of: str = "a", at: float = 100.0, sent: Sequence[object] = SENT) -> Record:
    """What was answered to a request of some rows."""
    shares = [[0.25, 0.75]] * len(sent)
    return Record(of * 32, at, "1.0.0", json.dumps(shares), json.dumps({"inputs": sent}))


def label(row: int, text: str, of: str = "a", at: float = 200.0) -> Label:
    return Label(of * 32, row, text, at)


FIRST = Answer("a" * 32, 0, 100.0, "1.0.0", (0.25, 0.75), SENT[0])
SECOND = Answer("a" * 32, 1, 100.0, "1.0.0", (0.25, 0.75), SENT[1])


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


def kept(store: Store, *, new: bool = False) -> list[tuple[Answer, str]]:
    return [(truth.answer, truth.label) for truth in store.truths(new=new)]


def test_what_is_written_is_there_for_who_opens_it_again(address: str) -> None:
    with Store(address) as store:
        store.write([record()], [label(0, "yes")])
        store.meet("1.0.0", ["no", "yes"])
    with Store(address) as store:
        assert kept(store) == [(FIRST, "yes")]
        assert store.classes() == {"1.0.0": ["no", "yes"]}


def test_the_same_answer_twice_is_once_and_stays_as_it_came_first(store: Store) -> None:
    store.write([record(), record()], [label(0, "yes")])
    store.write([record()._replace(version="2.0.0"), record("b", sent=SENT[:1])])
    assert kept(store) == [(FIRST, "yes")]
    found = store.given({"a" * 32: [1, 2], "b" * 32: [], "c" * 32: [0]})
    shares = {1: [*SECOND.probabilities]}
    assert found == {"a" * 32: ("1.0.0", 2, shares), "b" * 32: ("1.0.0", 1, {})}


def test_of_two_labels_of_a_row_the_last_counts(store: Store) -> None:
    store.write([record()], [label(0, "no"), label(0, "yes")])
    assert kept(store) == [(FIRST, "yes")]
    store.write([], [label(0, "no")])
    assert kept(store) == [(FIRST, "no")]


def test_a_label_whose_answer_comes_later_waits_for_it(store: Store) -> None:
    store.write([], [label(0, "yes")])
    assert (store.unknown(), kept(store)) == (1, [])
    store.write([record()])
    assert (store.unknown(), kept(store)) == (0, [(FIRST, "yes")])


def test_of_a_row_that_was_refused_or_never_sent_there_is_no_truth(store: Store) -> None:
    shares = json.dumps([[0.25, 0.75], None])
    store.write([record()._replace(probabilities=shares)], [label(i, "yes") for i in range(3)])
    assert kept(store) == [(FIRST, "yes")]


def test_what_was_exported_is_new_no_more(store: Store) -> None:
    store.write([record()], [label(0, "yes"), label(1, "no")])
    for _ in range(2):
        store.mark([Truth(FIRST, "yes")])
    assert kept(store, new=True) == [(SECOND, "no")]
    assert len(kept(store)) == 2


def test_a_label_that_was_corrected_after_its_export_is_new_again(store: Store) -> None:
    store.write([record()], [label(0, "yes")])
    store.mark([Truth(FIRST, "yes")])
    store.write([], [label(0, "no")])
    (found,) = store.truths(new=True)
    assert (found.label, found.exported_as) == ("no", "yes")
    store.mark([found])
    assert kept(store, new=True) == []
    assert [one.exported_as for one in store.truths()] == [None]


def test_a_store_whose_exports_have_no_labels_yet_goes_on(store: Store, address: str) -> None:
    store.write([record()], [label(0, "yes")])
    store.mark([Truth(FIRST, "yes")])
    engine, _ = opened(address)
    with engine.begin() as connection:
        connection.execute(sql.text("ALTER TABLE exported DROP COLUMN label"))
    engine.dispose()
    with Store(address) as again:
        assert kept(again, new=True) == []
        again.write([record("b")], [label(0, "no", "b")])
        assert [one.answer.id for one in again.truths(new=True)] == ["b" * 32]


def test_what_is_too_old_is_forgotten_with_its_label_however_new(store: Store) -> None:
    young = record("b", at=300.0)
    store.write([record(), young], [label(0, "yes", at=400.0), label(0, "no", "b", at=400.0)])
    store.write([], [label(0, "yes", "c", at=100.0)])
    assert store.forget(before=250.0) == 1
    assert kept(store) == [(replace(FIRST, id="b" * 32, at=300.0), "no")]
    assert store.unknown() == 0


def test_all_is_written_or_nothing(store: Store) -> None:
    bad = Label("b" * 32, 0, None, 200.0)  # type: ignore[arg-type]
    with pytest.raises(StoreError):
        store.write([record()], [label(0, "yes"), bad])
    assert kept(store) == []
    assert store.given({"a" * 32: [0]}) == {}


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
    shares = [[share, 1 - share]]
    sent = record(sent=[inputs])._replace(probabilities=json.dumps(shares))
    store.write([sent], [label(0, "yes")])
    assert kept(store) == [(replace(FIRST, inputs=inputs, probabilities=(share, 1 - share)), "yes")]


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


def test_a_store_whose_libraries_are_missing_says_what_to_install() -> None:
    program = (
        "import sys\n"
        "sys.modules[sys.argv[1]] = None\n"
        "from classification_model.monitoring.store import Store\n"
        "Store('postgresql://host/database')\n"
    )
    for module in ("sqlalchemy", "psycopg"):
        command = [sys.executable, "-c", program, module]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        last = done.stderr.splitlines()[-1]
        assert f"needs '{module}', which is not installed: pip install" in last
        assert "[store]'" in last


def test_after_a_server_was_gone_the_next_write_finds_it_again(server: Postgres) -> None:
    with Store(server.database()) as store:
        store.write([record()])
        server.stop()
        with pytest.raises(StoreError):
            store.write([], [label(0, "yes")])
        server.start()
        store.write([], [label(0, "yes")])
        assert kept(store) == [(FIRST, "yes")]


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
