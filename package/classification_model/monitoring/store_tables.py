"""The tables of a store, and how its database is opened.

Nothing here is imported before a store is asked for: SQLAlchemy and the driver take their time.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic_core import to_json

from classification_model.errors import ConfigError, MissingExtraError, StoreError
from classification_model.monitoring.answers import Record

try:
    import sqlalchemy as sql
    from sqlalchemy.dialects import postgresql, sqlite
    from sqlalchemy.engine import URL, Connection, Engine, make_url
    from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
except ImportError as error:
    raise MissingExtraError(purpose="STORE", extra="store", module="sqlalchemy") from error

__all__ = [
    "ANSWERS",
    "EXPORTED",
    "LABELS",
    "MODELS",
    "insert_into",
    "meaning",
    "opened",
    "sql",
    "write_records",
]

SCHEMA = "1"
"""The number that changes when a reader of the old tables would misread the new ones."""

_SECONDS = 5
"""How long a statement waits for a lock, or for a server that does not answer."""
_TRIES = 5
_CURE = "give it as sqlite:////folder/answers.db or postgresql://user@host/database"

_TABLES = sql.MetaData()


def _of_rows(name: str, *columns: sql.Column[Any]) -> sql.Table:
    """A table with a line for each row of an answer."""
    return sql.Table(
        name,
        _TABLES,
        sql.Column("id", sql.String(64), primary_key=True),
        sql.Column("row", sql.Integer, primary_key=True, autoincrement=False),
        sql.Column("at", sql.Double, nullable=False, index=True),
        *columns,
    )


# A line for each request, and JSON as text: what a database need not understand costs little, and
# cannot be refused.
ANSWERS = sql.Table(
    "answers",
    _TABLES,
    sql.Column("id", sql.String(64), primary_key=True),
    sql.Column("at", sql.Double, nullable=False, index=True),
    sql.Column("version", sql.String(64), nullable=False),
    sql.Column("probabilities", sql.Text, nullable=False),
    sql.Column("inputs", sql.Text),
)
LABELS = _of_rows("labels", sql.Column("label", sql.Text, nullable=False))
EXPORTED = _of_rows("exported", sql.Column("label", sql.Text))  # with which, in newer stores
MODELS = sql.Table(
    "models",
    _TABLES,
    sql.Column("version", sql.String(64), primary_key=True),
    sql.Column("classes", sql.Text, nullable=False),
)
ABOUT = sql.Table(
    "about",
    _TABLES,
    sql.Column("key", sql.String(64), primary_key=True),
    sql.Column("value", sql.Text, nullable=False),
)


def opened(address: str, *, new: bool = True) -> tuple[Engine, str]:
    """A database whose tables are there, and its name without user and password.

    Args:
        address: of the database.
        new: whether a file that is not there is made.

    Raises:
        ConfigError: the address is none.
        MissingExtraError: what the database needs is not installed.
        StoreError: it cannot be opened, or its tables are of another version.
    """
    url = _url(address)
    name = f"{url.get_backend_name()}://{url.host or ''}/{url.database or ''}"
    engine = _engine(url, new=new)
    try:
        with meaning(name):
            _make_tables(engine)
            found = _schema(engine)
        if found != SCHEMA:
            raise StoreError(
                f"store {name}: its tables are of version {found}, and this program knows "
                f"{SCHEMA}; install the program that made them, or name another store"
            )
    except BaseException:
        engine.dispose()
        raise
    return engine, name


@contextmanager
def meaning(name: str) -> Iterator[None]:
    """Say of what goes wrong with a database which one it is, in one line and without secrets."""
    try:
        yield
    except DBAPIError as error:
        # The driver's own words: SQLAlchemy's have the statement, and with it the values.
        told = str(error.orig).strip().splitlines() or [type(error.orig).__name__]
        raise StoreError(f"store {name}: {told[0]}") from None
    except SQLAlchemyError as error:
        raise StoreError(f"store {name}: {type(error).__name__}") from None


def insert_into(table: sql.Table, engine: Engine) -> Any:
    """An insertion that can say what happens where a row is there already."""
    dialect = postgresql if engine.dialect.name == "postgresql" else sqlite
    return dialect.insert(table)


def write_records(connection: Connection, records: Sequence[Record]) -> None:
    """Insert those that are not there: most of the work of a store, so in the quickest way of each."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(_INSERT + "VALUES (?, ?, ?, ?, ?)" + _ONCE, [*records])
    else:  # as one parameter, that the server takes apart: a sixth of the time of row by row
        listed = "json_array_elements(CAST(:records AS json)) AS each WHERE true"
        connection.execute(
            sql.text(f"{_INSERT} SELECT {_CELLS} FROM {listed} {_ONCE}"),  # noqa: S608
            {"records": to_json(records).decode()},
        )


_INSERT = "INSERT INTO answers (id, at, version, probabilities, inputs) "
_CELLS = "value->>0, CAST(value->>1 AS DOUBLE PRECISION), value->>2, value->>3, value->>4"
_ONCE = " ON CONFLICT DO NOTHING"


def _url(address: str) -> URL:
    try:
        url = make_url(address)
    except ArgumentError:
        raise ConfigError(f"STORE: no address of a database; {_CURE}") from None
    kind = {"postgres": "postgresql"}.get(url.drivername, url.drivername)
    if kind not in ("sqlite", "postgresql"):
        raise ConfigError(f"STORE: {kind!r} is no database that is known here; {_CURE}")
    if not url.database:
        raise ConfigError(f"STORE: names no {'file' if kind == 'sqlite' else 'database'}; {_CURE}")
    return url.set(drivername="postgresql+psycopg" if kind == "postgresql" else kind)


def _engine(url: URL, *, new: bool) -> Engine:
    if url.get_backend_name() == "postgresql":
        # A server that is gone is noticed in seconds, and not by TCP's quarters of an hour.
        waits = {"connect_timeout": _SECONDS, "tcp_user_timeout": _SECONDS * 1000}
        locks = {} if "options" in url.query else {"options": f"-c lock_timeout={_SECONDS}s"}
        try:
            return sql.create_engine(url, connect_args={**waits, **locks}, pool_pre_ping=True)
        except ImportError:
            raise MissingExtraError(
                purpose="STORE=postgresql://...", extra="store", module="psycopg"
            ) from None
    file = Path(url.database or "").resolve()
    if not file.parent.is_dir():
        raise StoreError(f"store sqlite:///{url.database}: there is no folder {file.parent}")
    if not new and not file.exists():
        raise StoreError(f"store sqlite:///{url.database}: there is no file {file}")
    engine = sql.create_engine(url, connect_args={"timeout": _SECONDS})
    sql.event.listen(engine, "connect", _set_up_sqlite)
    return engine


def _set_up_sqlite(connection: Any, _: object) -> None:
    try:
        # Readers and one writer at a time; what is committed is on the disk.
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        # Ids are random, so a batch touches pages all over their index: with these settings each is
        # read and copied less often, which is a quarter of the work once there are 100,000 answers.
        connection.execute("PRAGMA cache_size=-8192")  # KiB
        connection.execute("PRAGMA wal_autocheckpoint=4000")  # pages of 4 KiB
    except BaseException:
        connection.close()
        raise


def _schema(engine: Engine) -> str | None:
    with engine.connect() as connection:
        return connection.scalar(sql.select(ABOUT.c.value).where(ABOUT.c.key == "schema"))


def _make_tables(engine: Engine) -> None:
    """Make the tables that are missing; other processes may do so at the same moment."""
    said = insert_into(ABOUT, engine).on_conflict_do_nothing()
    for left in reversed(range(_TRIES)):
        try:
            with engine.begin() as connection:
                _TABLES.create_all(connection)
                found = {one["name"] for one in sql.inspect(connection).get_columns(EXPORTED.name)}
                if EXPORTED.c.label.name not in found:  # a store of an older version
                    connection.execute(sql.text("ALTER TABLE exported ADD COLUMN label TEXT"))
                connection.execute(said, {"key": "schema", "value": SCHEMA})
        except DBAPIError:
            if not left:
                raise
            time.sleep(0.1)
        else:
            return
