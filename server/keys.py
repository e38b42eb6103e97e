"""Keys for callers: shown once, kept as a hash, scoped, revocable."""

import base64
import hashlib
import secrets
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from gis.errors import BadInput, NotFound
from grids.models import ApiKeyRow

SCOPES = ("read", "reports", "contacts", "replica", "admin")
"""``read`` asks, ``reports`` also sees stored reports, ``contacts`` phone numbers, ``replica`` reads and fetches whole
books (who is on leave when), ``admin`` may do everything."""

ALWAYS_KEYED = frozenset({"contacts"})
"""Scopes for which a key is asked even on this machine's own loopback: personal data."""


def allows(scopes: frozenset[str], scope: str) -> bool:
    """Whether a key with these scopes may do what asks for that one."""
    return not scopes.isdisjoint({scope, "admin"} | ({"replica"} if scope == "read" else set()))


def hashed(key: str) -> str:
    """What is kept of a key. Keys hold 256 random bits, so one plain SHA-256 is enough."""
    return hashlib.sha256(key.encode()).hexdigest()


def create_key(session: Session, name: str, scopes: list[str], now: datetime) -> str:
    """Make a key and give it, this once. Raises BadInput for an unknown scope."""
    strange = [scope for scope in scopes if scope not in SCOPES]
    if strange:
        raise BadInput(f"scope '{strange[0]}': choose of {', '.join(SCOPES)}", field="scope", value=strange[0])
    key = f"wg_{secrets.token_urlsafe(32)}"
    session.add(ApiKeyRow(name=name, scopes=" ".join(scopes), sha256=hashed(key), created_at=now))
    return key


def revoke_key(session: Session, key_id: int, now: datetime) -> None:
    """End a key. Raises NotFound."""
    row = session.get(ApiKeyRow, key_id)
    if row is None:
        raise NotFound(f"there is no key {key_id}: `wangge key list` shows them")
    row.revoked_at = row.revoked_at or now


def live_keys(session: Session) -> dict[str, frozenset[str]]:
    """Scopes by hash of the keys that hold."""
    rows = session.scalars(select(ApiKeyRow).where(ApiKeyRow.revoked_at.is_(None)))
    return {row.sha256: frozenset(row.scopes.split()) for row in rows}


def presented(headers: Mapping[str, str]) -> str | None:
    """The key in the request: a bearer token, or the password a browser sends."""
    kind, _, value = headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer":
        return value.strip()
    if kind.lower() == "basic":
        try:
            return base64.b64decode(value, validate=True).decode().partition(":")[2]
        except ValueError:
            return None
    return None
