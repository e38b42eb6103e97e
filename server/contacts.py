"""Phone numbers, for those who may see them: from the database only, never in a release, a snapshot or a log."""

from typing import Any

from sqlalchemy.orm import Session

from grids.answer import Answer
from grids.models import ContactRow


def phone_of(session: Session, person: str) -> str | None:
    """The person's phone number, or None when none is kept."""
    found = session.get(ContactRow, person)
    return found.phone if found else None


def with_phone(told: dict[str, Any], answer: Answer, session: Session) -> dict[str, Any]:
    """The answer as data, with the phone number of the person it names."""
    if answer.owner and answer.owner.person:
        told["owner"]["person"]["phone"] = phone_of(session, answer.owner.person.code)
    return told
