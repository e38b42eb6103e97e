"""A backup of either store gives either store back, to the bit, and nothing damaged, strange or half gets in."""

import os
import random
import shutil
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import ForeignKeyConstraint, insert, inspect, text

import routing.models  # noqa: F401  (the tables must be known)
from everyrow import every_row, fill_every_table
from gis.errors import BadFile, Conflict, NotReady, Refused
from gis.storage import migrate as migrating
from gis.storage.archive import backup, file
from gis.storage.archive.backup import write_archive
from gis.storage.archive.columns import kinds_of
from gis.storage.archive.file import Archive, open_archive
from gis.storage.archive.restore import restore_archive
from gis.storage.base import Base
from gis.storage.engine import Store
from gis.storage.migrate import current_revision, migrate, newest_revision, require_newest
from grids.models import ContactRow, VersionRow

LATER = '''
"""A schema of tomorrow"""
import sqlalchemy as sa
from alembic import op

revision, down_revision = "tomorrow", "{before}"


def upgrade() -> None:
    with op.batch_alter_table("version") as batch:
        batch.add_column(sa.Column("colour", sa.Text(), nullable=False, server_default="grey"))


def downgrade() -> None:
    with op.batch_alter_table("version") as batch:
        batch.drop_column("colour")
'''


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """A store with rows in every table."""
    opened = Store(store_url)
    migrate(opened)
    with opened.write() as session:
        if store_url.startswith("postgresql"):
            _let_keys_wait(session)
        fill_every_table(session)
    yield opened
    opened.close()


def _let_keys_wait(session: Any) -> None:
    """The rows of a table point at each other in a circle: PostgreSQL looks at each statement's end, so one by one."""
    for table in Base.metadata.tables.values():
        own = [k for k in table.constraints if isinstance(k, ForeignKeyConstraint) and k.referred_table is table]
        for key in own:
            session.execute(text(f"ALTER TABLE {table.name} ALTER CONSTRAINT {key.name} DEFERRABLE INITIALLY DEFERRED"))


@pytest.fixture(params=["sqlite", pytest.param("postgis", marks=pytest.mark.postgis)])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """Another database with nothing in it, of either kind."""
    if request.param == "sqlite":
        opened = Store(f"sqlite:///{tmp_path}/other/wangge.db")
        yield opened
        opened.close()
        return
    with request.getfixturevalue("postgis_cluster").database() as url:
        opened = Store(url)
        yield opened
        opened.close()


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Store]:
    """SQLite with rows in every table, for what does not depend on the store."""
    opened = Store(f"sqlite:///{tmp_path}/small.db")
    migrate(opened)
    with opened.write() as session:
        fill_every_table(session)
    yield opened
    opened.close()


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Store]:
    """SQLite with nothing in it."""
    opened = Store(f"sqlite:///{tmp_path}/fresh.db")
    yield opened
    opened.close()


@pytest.fixture
def tomorrow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The migrations of a newer program, in a folder of their own; the test says when they hold."""
    folder = tmp_path / "migrations"
    shutil.copytree(migrating.migrations_folder(), folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "versions" / "tomorrow.py").write_text(LATER.format(before=newest_revision()))
    return folder


def no_facts(_session: object) -> dict[str, Any]:
    return {}


def quiet(_done: int, _total: int | None) -> None:
    pass


def back_up(store: Store, path: Path) -> Archive:
    return write_archive(store, path, no_facts, quiet)


def rows_of(store: Store) -> dict[str, list[tuple[Any, ...]]]:
    with store.read() as session:
        return every_row(session)


def refused_and_empty(store: Store, wrong: type[Exception], words: str, archive: Archive) -> None:
    with pytest.raises(wrong, match=words):
        restore_archive(store, archive, quiet)
    assert current_revision(store) is None or not any(rows_of(store).values())


def test_every_column_of_every_table_can_be_kept() -> None:
    assert all(kinds_of(table) for table in Base.metadata.tables.values())


def test_a_migrated_store_is_empty(fresh: Store) -> None:
    """A migration that put rows in would make every new store one that holds data, and no backup fit it."""
    migrate(fresh)
    assert not any(rows_of(fresh).values())


def test_every_row_comes_back_on_either_store(store: Store, empty: Store, tmp_path: Path) -> None:
    archive = back_up(store, tmp_path / "a.wgb")
    assert archive.rows == 3 * len(Base.metadata.tables)
    restore_archive(empty, open_archive(tmp_path / "a.wgb"), quiet)
    require_newest(empty)
    assert rows_of(empty) == rows_of(store)
    assert back_up(empty, tmp_path / "b.wgb").tables == archive.tables, "the same rows make the same streams"
    with pytest.raises(Conflict, match=r"holds rows of '\w+'"):
        restore_archive(empty, archive, quiet)
    assert rows_of(empty) == rows_of(store)


def test_a_restored_store_counts_on_and_holds_its_keys(store: Store, empty: Store, tmp_path: Path) -> None:
    restore_archive(empty, back_up(store, tmp_path / "a.wgb"), quiet)
    row = VersionRow(name="new", status="draft", created_at=datetime(2026, 11, 22, tzinfo=UTC), note="", accepted={})
    with empty.write() as session:
        session.add(row)
        session.flush()
        assert row.id == 4
    for name in Base.metadata.tables:
        for key in inspect(empty.engine).get_foreign_keys(name):
            assert "deferrable" not in key["options"], name
    with pytest.raises(Exception, match=r"(?i)foreign key"), empty.write() as session:
        session.execute(text("UPDATE version SET base_id = 99 WHERE id = 4"))


def test_null_and_the_null_of_json_stay_two_values(store: Store, empty: Store, tmp_path: Path) -> None:
    with store.write() as session:
        session.execute(text("UPDATE version SET accepted = 'null' WHERE id = 1"))
    restore_archive(empty, back_up(store, tmp_path / "a.wgb"), quiet)
    with empty.read() as session:
        assert session.scalar(text("SELECT CAST(accepted AS text) FROM version WHERE id = 1")) == "null"
    assert rows_of(empty) == rows_of(store)


def test_the_file_is_for_its_owner_only_and_replaces_the_old_one_whole(small: Store, tmp_path: Path) -> None:
    path = tmp_path / "a.wgb"
    path.write_text("yesterday's")
    path.chmod(0o644)
    before = os.umask(0)
    try:
        back_up(small, path)
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o600
    assert open_archive(path).schema == newest_revision()


def test_an_interrupted_backup_leaves_the_old_file_and_nothing_else(small: Store, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    back_up(small, folder / "a.wgb")
    before = (folder / "a.wgb").read_bytes()

    def stop(done: int, _total: int | None) -> None:
        if done > 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_archive(small, folder / "a.wgb", no_facts, stop)
    assert [path.name for path in folder.iterdir()] == ["a.wgb"]
    assert (folder / "a.wgb").read_bytes() == before


def test_an_interrupted_restore_leaves_nothing_and_may_be_done_again(
    small: Store, empty: Store, tmp_path: Path
) -> None:
    archive = back_up(small, tmp_path / "a.wgb")

    def stop(done: int, total: int | None) -> None:
        if done == total:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        restore_archive(empty, archive, stop)
    assert not any(rows_of(empty).values())
    restore_archive(empty, archive, quiet)
    assert rows_of(empty) == rows_of(small)


def test_any_flipped_byte_is_noticed(small: Store, tmp_path: Path) -> None:
    path = tmp_path / "a.wgb"
    back_up(small, path)
    whole = path.read_bytes()
    places = {0, 1, 10, len(whole) - 1, len(whole) - 64, len(whole) - 65, len(whole) - 70}
    places |= set(random.Random(1).sample(range(len(whole)), 300))
    for place in places:
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :])
        with pytest.raises(BadFile):
            open_archive(path)
    for other in (b"", b"PK", whole[:-1], whole[: len(whole) // 2], whole + b"0", b"x" * 1000):
        path.write_bytes(other)
        with pytest.raises(BadFile, match=r"a\.wgb: is (damaged|no backup)"):
            open_archive(path)
    with pytest.raises(BadFile, match="cannot be read"):
        open_archive(tmp_path / "none.wgb")


def test_a_file_that_changes_after_it_was_verified_leaves_nothing(small: Store, fresh: Store, tmp_path: Path) -> None:
    path = tmp_path / "a.wgb"
    archive = back_up(small, path)
    whole = path.read_bytes()
    start = whole.index(b"tables/area.arrows") + len("tables/area.arrows")
    end = whole.index(b"PK\3\4", start)
    for at in range(start + 30, end - 30, (end - start) // 12):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 4]) + whole[at + 1 :])
        refused_and_empty(fresh, BadFile, "changed while it was read", archive)


def test_another_format_is_refused(small: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(file, "FORMAT", 2)
        back_up(small, tmp_path / "a.wgb")
    with pytest.raises(BadFile, match="another format"):
        open_archive(tmp_path / "a.wgb")


def test_a_zip_of_something_else_is_refused(tmp_path: Path) -> None:
    with file.new_zip(tmp_path / "a.wgb") as zipped:
        zipped.writestr("holiday.txt", "sunny")
    with pytest.raises(BadFile, match="is no backup of Wangge"):
        open_archive(tmp_path / "a.wgb")


def test_a_backup_of_a_newer_program_is_refused(
    small: Store, fresh: Store, tmp_path: Path, tomorrow: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(migrating, "migrations_folder", lambda: tomorrow)
        migrate(small)
        archive = back_up(small, tmp_path / "a.wgb")
    assert archive.schema == "tomorrow"
    refused_and_empty(fresh, NotReady, "use the newer program", archive)


@pytest.mark.parametrize("made", [False, True])
def test_a_backup_of_an_older_program_is_brought_up_to_date(
    made: bool, store: Store, empty: Store, tmp_path: Path, tomorrow: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive, before = back_up(store, tmp_path / "a.wgb"), rows_of(store)
    monkeypatch.setattr(migrating, "migrations_folder", lambda: tomorrow)
    if made:
        migrate(empty)
    restore_archive(empty, archive, quiet)
    assert current_revision(empty) == "tomorrow"
    assert rows_of(empty) == before
    with empty.read() as session:
        assert set(session.scalars(text("SELECT colour FROM version"))) == {"grey"}


@pytest.mark.postgis
@pytest.mark.parametrize("value", ["x" * 300, "nul\0"])
def test_a_value_that_the_other_store_cannot_hold_is_told(
    value: str, small: Store, tmp_path: Path, postgis_database: str
) -> None:
    with small.write() as session:
        session.execute(insert(ContactRow), [{"person": value, "phone": "1"}])
    empty = Store(postgis_database)
    refused_and_empty(empty, Refused, "table contact: this store does not take", back_up(small, tmp_path / "a.wgb"))
    empty.close()


def test_tables_that_nobody_knows_are_named(store: Store, tmp_path: Path) -> None:
    with store.write() as session:
        session.execute(text("CREATE TABLE somebodys_notes (id INTEGER)"))
    assert back_up(store, tmp_path / "a.wgb").facts["left_out"] == ["somebodys_notes"]


def test_a_backup_goes_into_a_folder_that_is_there(small: Store, tmp_path: Path) -> None:
    for path, words in ((tmp_path, "is a folder"), (tmp_path / "no" / "a.wgb", "create it")):
        with pytest.raises(BadFile, match=words):
            back_up(small, path)


def test_memory_does_not_grow_with_a_table(fresh: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sixty megabytes of rows go by in pieces of one."""
    monkeypatch.setattr(backup, "BATCH_BYTES", 1 << 20)
    migrate(fresh)
    with fresh.write() as session:
        for start in range(0, 30_000, 5_000):
            rows = [{"person": f"{n:08d}", "phone": f"{n:08d}" * 256} for n in range(start, start + 5_000)]
            session.execute(insert(ContactRow), rows)
    tracemalloc.start()
    archive = back_up(fresh, tmp_path / "a.wgb")
    written, _ = tracemalloc.get_traced_memory()[1], tracemalloc.reset_peak()
    other = Store(f"sqlite:///{tmp_path}/other.db")
    restore_archive(other, archive, quiet)
    restored = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    other.close()
    assert max(written, restored) < 25e6, (written, restored)
