"""Backing up: every table of the store, as it was at one instant, while others go on writing."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Row, Select, Table, func, inspect, select
from sqlalchemy.orm import Session

from gis.storage.archive.columns import KINDS, arrow_schema, asked, kinds_of
from gis.storage.archive.file import Archive, Member, new_zip, write_manifest, write_member
from gis.storage.base import Base
from gis.storage.engine import Store

BATCH_BYTES = 4 << 20
_FETCHED = 50
"""Rows taken from the store at a time: one roster snapshot of a large city is megabytes."""
_CELL_BYTES = 64
_NOT_OURS = frozenset({"alembic_version", "spatial_ref_sys"})

Progress = Callable[[int, int | None], None]


def write_archive(store: Store, path: Path, facts: Callable[[Session], Mapping[str, Any]], tell: Progress) -> Archive:
    """Every table that a model has, in one file, from one snapshot; written whole or not at all, mode 0600.

    ``facts`` are asked in the same snapshot and stand in the manifest. Memory does not grow with the tables, only with
    the largest row. Tables of the database that no model knows are named in ``facts["left_out"]``. Raises BadFile.
    Where it falls down: the snapshot holds back SQLite's checkpoints and PostgreSQL's vacuum until it is done.
    """
    with store.read() as session:
        tables = Base.metadata.sorted_tables
        total = sum(session.scalar(select(func.count()).select_from(table)) or 0 for table in tables)
        schema = MigrationContext.configure(session.connection()).get_current_revision() or ""
        told = {**facts(session), "left_out": _left_out(session)}
        with new_zip(path) as zipped:
            members: list[Member] = []
            for table in tables:
                batches = _told(_batches(session, table), sum(m.rows for m in members), total, tell)
                members.append(write_member(zipped, table.name, kinds_of(table), batches))
            archive = Archive(path, schema, tuple(members), told)
            write_manifest(zipped, archive)
    return archive


def _left_out(session: Session) -> list[str]:
    found = inspect(session.connection()).get_table_names()
    return sorted(set(found) - Base.metadata.tables.keys() - _NOT_OURS)


def _told(batches: Iterator[pa.RecordBatch], done: int, total: int, tell: Progress) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        yield batch
        done += batch.num_rows
        tell(done, total)


def _batches(session: Session, table: Table) -> Iterator[pa.RecordBatch]:
    """The table in the order of its key, some megabytes at a time."""
    kinds = kinds_of(table)
    ways = [KINDS[kind].plain for kind in kinds.values()]
    waiting: list[list[Any]] = []
    size = 0
    for row in _rows(session, select(*map(asked, table.columns)).order_by(*table.primary_key)):
        plain = [way(value) for way, value in zip(ways, row, strict=True)]
        waiting.append(plain)
        size += _CELL_BYTES * len(plain) + sum(len(value) for value in plain if isinstance(value, str | bytes))
        if size >= BATCH_BYTES:
            yield _batch(waiting, kinds)
            waiting, size = [], 0
    if waiting:
        yield _batch(waiting, kinds)


def _rows(session: Session, query: Select[Any]) -> Iterator[Row[Any]]:
    yield from session.execute(query, execution_options={"yield_per": _FETCHED})


def _batch(rows: Sequence[Sequence[Any]], kinds: Mapping[str, str]) -> pa.RecordBatch:
    columns = zip(*rows, strict=True)
    arrays = [pa.array(column, KINDS[kind].arrow) for column, kind in zip(columns, kinds.values(), strict=True)]
    return pa.record_batch(arrays, schema=arrow_schema(kinds))
