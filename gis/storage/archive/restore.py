"""Restoring: an archive into an empty store of either kind, all of it or nothing."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import pyarrow as pa
from sqlalchemy import func, insert, inspect, select, table, text
from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.orm import Session

from gis.errors import BadFile, Conflict, NotReady, Refused
from gis.storage.archive.columns import KINDS, bare_table
from gis.storage.archive.file import Archive, Member, batches_of, opened_tables
from gis.storage.base import Base
from gis.storage.engine import Store
from gis.storage.migrate import current_revision, known_revisions, migrate, newest_revision

Progress = Callable[[int, int | None], None]


def restore_archive(store: Store, archive: Archive, tell: Progress) -> None:
    """Fill the empty store with the archive's rows, in one transaction, and bring it to the newest schema.

    Raises Conflict when the store holds anything; NotReady when the archive is of a schema this program does not know;
    Refused when the store cannot hold a value of the archive; BadFile when the file changed since it was verified.
    Then the store is as it was, or made and empty. Where it falls down: an empty store of another schema is made anew,
    and what somebody else writes into it in that very moment is lost.
    """
    if archive.schema not in known_revisions():
        words = f"is of schema {archive.schema}, which this program does not know: use the newer program"
        raise NotReady(f"{archive.path.name}: {words}")
    with store.read() as session:
        _require_empty(session, archive)
    found = current_revision(store)
    if found != archive.schema:
        if found is not None:
            migrate(store, "base")
        migrate(store, archive.schema)
    with store.write() as session, _keys_at_the_end(session, archive):
        _require_empty(session, archive)
        _fill(session, archive, tell)
        _count_up(session, archive)
    if archive.schema != newest_revision():
        migrate(store)


def _require_empty(session: Session, archive: Archive) -> None:
    there = set(inspect(session.connection()).get_table_names())
    for name in sorted(there & (Base.metadata.tables.keys() | {member.name for member in archive.tables})):
        if _count(session, name):
            where = session.get_bind().engine.url.render_as_string(hide_password=True)
            raise Conflict(
                f"the store {where} holds rows of '{name}': a backup is only restored into an empty one; "
                "name another WANGGE_HOME or WANGGE_STORE"
            )


def _count(session: Session, name: str) -> int:
    return session.scalar(select(func.count()).select_from(table(name))) or 0


def _fill(session: Session, archive: Archive, tell: Progress) -> None:
    done = 0
    with opened_tables(archive) as zipped:
        for member in archive.tables:
            with _told_which(member):
                for batch in batches_of(zipped, member):
                    session.execute(insert(bare_table(member.name, member.columns)), _rows(batch, member))
                    done += batch.num_rows
                    tell(done, archive.rows)
            if _count(session, member.name) != member.rows:
                raise BadFile(f"{archive.path.name}: table {member.name} does not have {member.rows} rows")


def _rows(batch: pa.RecordBatch, member: Member) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = batch.to_pylist()
    for name, kind in member.columns.items():
        value = KINDS[kind].value
        for row in rows:
            row[name] = value(row[name])
    return rows


@contextmanager
def _told_which(member: Member) -> Iterator[None]:
    """A store is stricter than another: PostgreSQL holds to lengths, and takes no NUL in a text."""
    try:
        yield
    except (DataError, IntegrityError) as error:
        words = str(error.orig).partition("\n")[0]
        raise Refused(f"table {member.name}: this store does not take a value of the backup: {words}") from error


@contextmanager
def _keys_at_the_end(session: Session, archive: Archive) -> Iterator[None]:
    """Foreign keys are looked at when all rows are there: a row may point at a later one of its own table."""
    if session.get_bind().dialect.name == "sqlite":
        session.execute(text("PRAGMA defer_foreign_keys=ON"))
        yield
        return
    keys = _foreign_keys(session, archive)
    _alter(session, keys, "DEFERRABLE INITIALLY DEFERRED")
    yield
    session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
    _alter(session, keys, "NOT DEFERRABLE")


def _foreign_keys(session: Session, archive: Archive) -> list[tuple[str, str]]:
    """Of the archive's tables, which nobody else changes from now on."""
    quote = session.get_bind().dialect.identifier_preparer.quote
    tables = ", ".join(quote(member.name) for member in archive.tables)
    session.execute(text(f"LOCK TABLE {tables} IN SHARE ROW EXCLUSIVE MODE"))
    inspector = inspect(session.connection())
    found = ((m.name, key["name"]) for m in archive.tables for key in inspector.get_foreign_keys(m.name))
    return [(quote(name), quote(key or "")) for name, key in found]


def _alter(session: Session, keys: Iterable[tuple[str, str]], how: str) -> None:
    for name, key in keys:
        session.execute(text(f"ALTER TABLE {name} ALTER CONSTRAINT {key} {how}"))


def _count_up(session: Session, archive: Archive) -> None:
    """PostgreSQL counts beside the table: the next new row must not get a number that is taken."""
    if session.get_bind().dialect.name == "sqlite":
        return
    quote = session.get_bind().dialect.identifier_preparer.quote
    for member in archive.tables:
        for column in (name for name, kind in member.columns.items() if kind == "integer"):
            named = {"table": quote(member.name), "column": column}
            counter = session.scalar(text("SELECT pg_get_serial_sequence(:table, :column)"), named)
            if counter is not None:
                most = f"SELECT setval(:counter, max({quote(column)})) FROM {quote(member.name)} HAVING count(*) > 0"
                session.execute(text(most), {"counter": counter})
