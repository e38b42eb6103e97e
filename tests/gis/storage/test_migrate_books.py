"""The old roster becomes dated people and back: every number names the same people on both sides."""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from alembic import command
from sqlalchemy import bindparam, text

from gis.storage.base import UtcTime
from gis.storage.engine import Store
from gis.storage.migrate import migrate, migration_config
from grids.book_reads import departed_people, numbers_known, recorded_at, roster_read
from grids.periods import holds
from grids.roster import Person

T1 = datetime(2026, 11, 20, 8, tzinfo=UTC)
T2, T3, T4 = (T1 + timedelta(days=day) for day in (1, 2, 3))
P1 = {"code": "P1", "name": "王芳", "party": "QCW", "role": "worker"}
P2 = {"code": "P2", "name": "李强", "party": "QCW", "role": "lead"}
LEAD = P1 | {"role": "lead"}
ROSTERS = [(1, T1, [P1, P2]), (2, T2, [LEAD, P2]), (3, T3, [P2]), (4, T4, [P1, P2])]
"""王芳 becomes lead, leaves, and comes back as she was."""
PEOPLE = [(P1, T1, T2), (P2, T1, None), (LEAD, T2, T3), (P1, T4, None)]


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    opened = Store(store_url)
    migrate(opened, "0001")
    yield opened
    opened.close()


def back(store: Store) -> None:
    config = migration_config()
    with store.engine.connect() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0001")


def run(store: Store, words: str, rows: Sequence[dict[str, Any]], *times: str) -> None:
    with store.write() as session:
        statement = text(words).bindparams(*(bindparam(name, type_=UtcTime()) for name in times))
        session.execute(statement, list(rows))


def fill(store: Store) -> None:
    rosters = [{"n": n, "at": at, "people": json.dumps(people)} for n, at, people in ROSTERS]
    run(store, "INSERT INTO roster (number, recorded_at, people) VALUES (:n, :at, :people)", rosters, "at")
    people = [person | {"at": at, "ended": ended} for person, at, ended in PEOPLE]
    columns = "code, name, party, role, recorded_at, ended_at"
    words = f"INSERT INTO person ({columns}) VALUES (:code, :name, :party, :role, :at, :ended)"
    run(store, words, people, "at", "ended")


def old_rows(store: Store) -> tuple[list[Any], list[Any]]:
    with store.read() as session:
        rosters = session.execute(text("SELECT number, recorded_at, people FROM roster ORDER BY number")).all()
        columns = "code, role, recorded_at, ended_at"
        people = session.execute(text(f"SELECT {columns} FROM person ORDER BY recorded_at, code")).all()
    told = [people if isinstance(people, list) else json.loads(people) for _, _, people in rosters]
    return [(*row[:2], said) for row, said in zip(rosters, told, strict=True)], [tuple(row) for row in people]


def test_every_old_number_reads_back_the_same_people(store: Store) -> None:
    fill(store)
    migrate(store)
    with store.read() as session:
        for number, recorded, people in ROSTERS:
            assert recorded_at(session, "roster", number) == recorded
            here = [p for p in roster_read(session, number).people if holds(p, recorded)]
            assert [{"code": p.code, "name": p.name, "party": p.party, "role": p.role} for p in here] == people
        assert numbers_known(session).as_dict() == {"roster": 4, "assets": 0, "overrides": 0}
        history = [p for p in roster_read(session, 4).people if p.code == "P1"]
        assert departed_people(session, T4) == frozenset()
    assert history == [
        Person("P1", "王芳", "QCW", "worker", None, T1, T2),
        Person("P1", "王芳", "QCW", "lead", None, T2, T3),
        Person("P1", "王芳", "QCW", "worker", None, T4, None),
    ]


def test_who_has_left_is_known_to_have_left(store: Store) -> None:
    fill(store)
    run(store, "DELETE FROM roster WHERE number = :n", [{"n": 4}])
    migrate(store)
    with store.read() as session:
        assert departed_people(session, T3) == {"P1"}
        assert departed_people(session, T3 - timedelta(seconds=1)) == frozenset()


def test_going_back_gives_the_old_rows_again(store: Store) -> None:
    fill(store)
    before = old_rows(store)
    migrate(store)
    back(store)
    assert old_rows(store) == before
    migrate(store)
    with store.read() as session:
        assert numbers_known(session).roster == 4


def test_old_reports_versions_and_layers_get_their_new_columns(store: Store) -> None:
    """A report was decided when it came in; a draft has seen the version it started from."""
    values = {"id": 1, "number": 7, "status": "published", "base": None, "at": T1}
    columns = "id, number, name, status, base_id, created_at, note, edits, accepted, release_sha256"
    words = f"INSERT INTO version ({columns}) VALUES (:id, :number, 'v', :status, :base, :at, '', 0, '{{}}', '')"
    run(store, words, [values, values | {"id": 2, "number": None, "status": "draft", "base": 1}], "at")
    layer = "INSERT INTO layer (id, code, name, kind, partition, rank, is_cell) VALUES"
    run(store, f"{layer} (:id, 'cell', '', 'cell', true, 60, true)", [{"id": 1}])
    migrate(store)
    with store.read() as session:
        assert session.execute(text("SELECT seen FROM version ORDER BY id")).scalars().all() == [0, 7]
        assert session.execute(text("SELECT geometry FROM layer")).scalars().all() == ["polygon"]
