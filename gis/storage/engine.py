"""The store: one database, opened for reading or for writing. One transaction a block, committed at its end."""

import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from sqlite3 import OperationalError
from typing import Any, cast

from sqlalchemy import URL, Engine, Executable, FromClause, Table, create_engine, event, make_url, text
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.engine.interfaces import DBAPIConnection, DBAPICursor, ExceptionContext
from sqlalchemy.exc import ArgumentError
from sqlalchemy.orm import Session

from gis.errors import BadInput

_CHUNK = 2000
_WAL_ATTEMPTS = 200
_FORMS = "write sqlite:///path/to/file.db or postgresql+psycopg://user:password@host/database"


class Store:
    """A SQLite file (WAL; writers BEGIN IMMEDIATE) or a PostgreSQL database with PostGIS.

    ``actor`` is who works through it, for the records that name somebody.
    """

    def __init__(self, url: str, actor: str = "") -> None:
        self.actor = actor
        self.url = _parsed(url)
        if self.url.get_backend_name() == "sqlite":
            if self.url.database in (None, "", ":memory:"):
                raise BadInput("store 'sqlite://': name a file; in memory, each connection has its own")
            self._reader = _sqlite(self.url, "BEGIN", "query_only=ON")
            self._writer = _sqlite(self.url, "BEGIN IMMEDIATE")
        elif self.url.get_backend_name() == "postgresql":
            snapshot = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
            self._reader = _postgresql(self.url, execution_options=snapshot)
            self._writer = _postgresql(self.url)
        else:
            raise BadInput(f"store '{self.url.drivername}': only sqlite:/// and postgresql+psycopg:// are kept")

    @property
    def engine(self) -> Engine:
        """The engine that writes; for migrations."""
        return self._writer

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session on one snapshot, taken at its first question and unchanging from then; it cannot write."""
        with Session(self._reader) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session whose work is committed when the block ends, and undone whole when it raises."""
        info = {"actor": self.actor}
        with Session(self._writer, expire_on_commit=False, info=info) as session, session.begin():
            yield session

    def close(self) -> None:
        """Let go of all connections."""
        self._reader.dispose()
        self._writer.dispose()


def _parsed(url: str) -> URL:
    """The URL itself is never told: it may hold a password."""
    try:
        return make_url(url)
    except (ArgumentError, ValueError) as error:
        raise BadInput(f"the store's address is no database URL: {_FORMS}", field="store") from error


def _postgresql(url: URL, **options: Any) -> Engine:
    try:
        engine = create_engine(url, pool_pre_ping=True, hide_parameters=True, **options)
    except (ArgumentError, ImportError) as error:
        raise BadInput(f"store '{url.drivername}': {_FORMS}", field="store") from error
    event.listen(engine, "handle_error", _first_line_only)
    return engine


def _first_line_only(context: ExceptionContext) -> None:
    """PostgreSQL's DETAIL quotes the failing row, whatever its language: phones and addresses stay out of logs."""
    for error in (context.original_exception, context.sqlalchemy_exception):
        if error is not None and error.args:
            error.args = (str(error.args[0]).partition("\n")[0], *error.args[1:])


def _sqlite(url: URL, begin: str, *pragmas: str) -> Engine:
    folder = Path(url.database or "").parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(f"store: the folder {folder} cannot be made: {error.strerror}", field="store") from error
    engine = create_engine(url, connect_args={"timeout": 60}, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def prepare(connection: DBAPIConnection, _record: object) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        _use_wal(cursor)
        for pragma in ("foreign_keys=ON", "synchronous=FULL", *pragmas):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def start(connection: Any) -> None:
        connection.exec_driver_sql(begin)

    return engine


def _use_wal(cursor: DBAPICursor) -> None:
    """Switching a new file to WAL needs it alone and, unlike all else, does not wait for its turn: so we do."""
    for attempt in range(_WAL_ATTEMPTS):
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
            return
        except OperationalError:
            if attempt == _WAL_ATTEMPTS - 1:
                raise
            time.sleep(0.05)


def pairs_of(session: Session, query: Executable) -> dict[Any, Any]:
    """What a query of two columns finds, the second by the first."""
    return {row[0]: row[1] for row in session.execute(query)}


def insert_missing(session: Session, table: FromClause, rows: Iterable[Mapping[str, Any]]) -> None:
    """Insert the rows whose key is not there yet; the others are left as they are."""
    insert = postgresql_insert if session.get_bind().dialect.name == "postgresql" else sqlite_insert
    waiting = list(rows)
    for start in range(0, len(waiting), _CHUNK):
        session.execute(insert(cast(Table, table)).on_conflict_do_nothing(), waiting[start : start + _CHUNK])


def one_at_a_time(session: Session, what: int) -> None:
    """Wait until no other transaction holds this number. SQLite's writers already wait for each other."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:what)"), {"what": what})
