"""Writing the roster: people dated, phone numbers in a table of their own, numbered snapshots of names."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from gis.storage.engine import one_at_a_time
from grids.drafts import EDITING, Changes
from grids.models import ContactRow, PersonRow, RosterRow
from grids.reads import roster_number

_CHUNK = 500


def put_people(session: Session, rows: Sequence[Mapping[str, str | None]], now: datetime, merge: bool) -> Changes:
    """Date the roster: changed and missing people end now, new ones begin now; merging ends nobody who is missing.

    A numbered snapshot is made when names changed. Rows have ``code``, ``name``, ``party_code``, ``role`` and, where
    the sender told phones at all, ``phone``; who leaves takes their contact along.
    """
    one_at_a_time(session, EDITING)
    current = {p.code: p for p in session.scalars(select(PersonRow).where(PersonRow.ended_at.is_(None)))}
    changes, fresh, ended, seen = Changes(), list[dict[str, Any]](), list[int](), set[str]()
    for row in rows:
        code = str(row["code"])
        person = {"code": code, "name": row["name"], "party": row["party_code"], "role": row["role"] or "worker"}
        seen.add(code)
        old = current.get(code)
        if old and (old.name, old.party, old.role) == (person["name"], person["party"], person["role"]):
            changes.unchanged += 1
            continue
        changes.added, changes.changed = changes.added + (old is None), changes.changed + (old is not None)
        ended += [old.id] if old else []
        fresh.append(person | {"recorded_at": now})
    gone = [] if merge else [person for code, person in current.items() if code not in seen]
    changes.removed = len(gone)
    _end(session, [*ended, *(person.id for person in gone)], now)
    if fresh:
        session.execute(insert(PersonRow), fresh)
    _put_contacts(session, rows, [person.code for person in gone])
    if fresh or gone:
        _snapshot(session, now)
    return changes


def _end(session: Session, ids: Sequence[int], now: datetime) -> None:
    if ids:
        session.execute(update(PersonRow), [{"id": i, "ended_at": now} for i in ids])


def _put_contacts(session: Session, rows: Iterable[Mapping[str, str | None]], gone: Sequence[str]) -> None:
    """A phone that is told replaces the old one, an empty cell removes it; a file without the column changes none."""
    told = {str(row["code"]): row["phone"] for row in rows if "phone" in row}
    stale = [*told, *gone]
    for start in range(0, len(stale), _CHUNK):
        session.execute(delete(ContactRow).where(ContactRow.person.in_(stale[start : start + _CHUNK])))
    phones = [{"person": code, "phone": phone} for code, phone in told.items() if phone]
    if phones:
        session.execute(insert(ContactRow), phones)


def _snapshot(session: Session, now: datetime) -> None:
    people = session.scalars(select(PersonRow).where(PersonRow.ended_at.is_(None)))
    held = sorted(people, key=lambda person: person.code)
    names = [{"code": p.code, "name": p.name, "party": p.party, "role": p.role} for p in held]
    session.add(RosterRow(number=roster_number(session) + 1, recorded_at=now, people=names))
    session.flush()
