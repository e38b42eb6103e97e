"""The store: a block is one transaction, readers see one snapshot, writers take turns."""

import subprocess
import sys
import time
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Column, ForeignKey, Integer, MetaData, String, Table, func, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from gis.errors import BadInput
from gis.storage.engine import Store, insert_missing, one_at_a_time

META = MetaData()
CASES = Table("cases", META, Column("id", Integer, primary_key=True), Column("name", String(20), unique=True))
STEPS = Table("steps", META, Column("id", Integer, primary_key=True), Column("case_id", ForeignKey("cases.id")))

HOLD_THE_PEN = """
import sys, time
from sqlalchemy import text
from gis.storage.engine import Store
with Store(sys.argv[1]).write() as session:
    print("writing", flush=True)
    sys.stdin.readline()
    count = session.execute(text("SELECT count(*) FROM cases")).scalar_one()
    session.execute(text("INSERT INTO cases VALUES (:id, :name)"), {"id": count + 1, "name": f"case {count + 1}"})
"""


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    opened = Store(store_url)
    META.create_all(opened.engine)
    yield opened
    opened.close()


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Store]:
    opened = Store(f"sqlite:///{tmp_path}/deep/er/wangge.db")
    META.create_all(opened.engine)
    yield opened
    opened.close()


def add(store: Store, *ids: int) -> None:
    with store.write() as session:
        session.execute(CASES.insert(), [{"id": number, "name": f"case {number}"} for number in ids])


def count(store: Store) -> int:
    with store.read() as session:
        return session.scalars(select(func.count()).select_from(CASES)).one()


def test_a_block_is_kept_whole_when_it_ends(store: Store) -> None:
    add(store, 1, 2)
    assert count(store) == 2


def test_a_block_that_raises_is_undone_whole(store: Store) -> None:
    with pytest.raises(RuntimeError), store.write() as session:  # noqa: PT012
        session.execute(CASES.insert().values(id=1))
        session.flush()
        raise RuntimeError
    with pytest.raises(IntegrityError):
        add(store, 1, 2, 1)
    assert count(store) == 0


def test_a_reader_sees_one_snapshot_while_others_write(store: Store) -> None:
    add(store, 1)
    with store.read() as session:
        first = session.scalars(select(func.count()).select_from(CASES)).one()
        add(store, 2, 3)
        again = session.scalars(select(func.count()).select_from(CASES)).one()
    assert (first, again, count(store)) == (1, 1, 3)


def test_a_reader_cannot_write(store: Store) -> None:
    with store.read() as session, pytest.raises(DBAPIError, match=r"readonly|read-only"):
        session.execute(CASES.insert().values(id=1))
    assert count(store) == 0


def test_a_row_may_not_point_at_nothing(store: Store) -> None:
    with pytest.raises(IntegrityError), store.write() as session:
        session.execute(STEPS.insert().values(id=1, case_id=404))


def test_rows_that_are_there_are_left_and_the_others_added(store: Store) -> None:
    add(store, 2)
    with store.write() as session:
        insert_missing(session, CASES, ({"id": n, "name": f"new {n}"} for n in (1, 2, 3, 3)))
        insert_missing(session, CASES, [])
    with store.read() as session:
        assert session.execute(select(CASES.c.id, CASES.c.name).order_by(CASES.c.id)).all() == [
            (1, "new 1"),
            (2, "case 2"),
            (3, "new 3"),
        ]


def test_more_rows_than_one_statement_holds_are_all_added(store: Store) -> None:
    add(store, 4000)
    with store.write() as session:
        insert_missing(session, CASES, [{"id": n, "name": f"case {n}"} for n in range(1, 4501)])
    assert count(store) == 4500


def test_two_processes_that_write_take_turns(store: Store, store_url: str) -> None:
    """Each counts, then adds one: on SQLite the second waits from its first statement on."""
    command = [sys.executable, "-c", HOLD_THE_PEN, store_url]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes) as other:  # type: ignore[call-overload]
        assert other.stdout.readline() == "writing\n"
        if store.url.get_backend_name() == "postgresql":
            add(store, 9)  # PostgreSQL's writers only wait for the same row
        assert count(store) == (1 if store.url.get_backend_name() == "postgresql" else 0)
        other.stdin.write("\n")
        other.stdin.flush()
        if store.url.get_backend_name() == "sqlite":
            add(store, 9)
        assert other.wait() == 0
    assert count(store) == 2


def test_a_second_sqlite_writer_waits_from_its_beginning(sqlite: Store) -> None:
    with sqlite.write() as session:
        session.execute(text("SELECT 1"))
        other = Store(str(sqlite.url))
        with other.engine.connect() as connection:
            connection.connection.driver_connection.execute("PRAGMA busy_timeout=50")  # type: ignore[union-attr]
            began = time.monotonic()
            with pytest.raises(DBAPIError, match="locked"):
                connection.execute(text("SELECT 1"))
            assert time.monotonic() - began < 5
        assert count(other) == 0
        other.close()


def test_sqlite_is_opened_with_a_write_ahead_log_and_its_keys_held(sqlite: Store) -> None:
    with sqlite.read() as reading, sqlite.write() as writing:
        for session in (reading, writing):
            found = [session.execute(text(f"PRAGMA {name}")).scalar() for name in ("journal_mode", "foreign_keys")]
            assert found == ["wal", 1]
            assert session.execute(text("PRAGMA synchronous")).scalar() == 2


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "mysql://localhost/x"])
def test_what_cannot_hold_a_city_is_refused(url: str) -> None:
    with pytest.raises(BadInput, match="store"):
        Store(url)


@pytest.mark.postgis
def test_work_with_one_number_is_done_one_at_a_time(postgis_database: str) -> None:
    store = Store(postgis_database)
    with store.write() as holder:
        one_at_a_time(holder, 7)
        with store.write() as other:
            one_at_a_time(other, 8)
            asked = text("SELECT pg_try_advisory_xact_lock(:n)")
            assert [other.execute(asked, {"n": number}).scalar() for number in (7, 9)] == [False, True]
    store.close()


def test_an_error_tells_no_values(store: Store) -> None:
    add(store, 1)
    with pytest.raises(IntegrityError) as told:
        add(store, 77_001, 77_001)
    with pytest.raises(IntegrityError) as twice, store.write() as session:
        session.execute(CASES.insert().values(id=2, name="case 1"))
    with pytest.raises(IntegrityError) as nothing, store.write() as session:
        session.execute(STEPS.insert().values(id=3, case_id=77_001))
    for error in (told, twice, nothing):
        words = "".join(traceback.format_exception(error.value, limit=0))
        assert "77001" not in words
        assert "case 1" not in words


@pytest.mark.parametrize("url", ["foo", "", "mysql://a:secret@h/d", "postgresql+nothing://h/d", "postgresql://h:x/d"])
def test_an_address_that_is_none_is_refused_without_telling_it(url: str) -> None:
    with pytest.raises(BadInput, match="sqlite:///") as told:
        Store(url)
    assert "secret" not in str(told.value)


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInput, match="cannot be made"):
        Store(f"sqlite:///{tmp_path}/file/er/wangge.db")
