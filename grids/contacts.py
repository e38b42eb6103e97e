"""How to reach people: personal data in a table of its own, which nothing but the database ever holds."""

from collections.abc import Mapping, Set
from itertools import islice

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from grids.models import ContactRow

_CHUNK = 500


def put_contacts(session: Session, told: Mapping[str, str | None], gone: Set[str]) -> None:
    """Keep the phones of these people; an empty one removes what is kept, and who is gone takes theirs along."""
    kept = set(session.scalars(select(ContactRow.person)))
    stale = iter(sorted(kept & (told.keys() | gone)))
    while part := list(islice(stale, _CHUNK)):
        session.execute(delete(ContactRow).where(ContactRow.person.in_(part)))
    phones = [{"person": code, "phone": phone} for code, phone in told.items() if phone and code not in gone]
    if phones:
        session.execute(insert(ContactRow), phones)
