"""What the gate must know of the daily books: who has left, which assets are there, who owns them, what is ruled."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from grids.book_reads import departed_people, lasting, numbers_known, overrides_read
from grids.content import Content
from grids.dated_models import AssetRow
from grids.gate_duties import Outside
from grids.overrides import Override
from grids.periods import BEGINNING, END
from grids.reads import editions
from grids.relations import ASSET

_BATCH = 500
"""Codes in one question: SQLite takes a bounded number of parameters."""


def outside_of(session: Session, content: Content, at: datetime) -> Outside:
    """What lies outside a version that holds from that instant, as the newest books tell it. An asset is there until
    its time has ended, and so are people."""
    named = sorted({duty.area for duty in content.duties if duty.layer == ASSET})
    there = lasting(AssetRow, at)
    assets = frozenset(
        code
        for codes in _batches(named)
        for code in session.scalars(select(AssetRow.code).where(there, AssetRow.code.in_(codes)))
    )
    owned = select(AssetRow.owner, func.count(AssetRow.code.distinct())).where(there, AssetRow.owner.is_not(None))
    owners = {owner: count for owner, count in session.execute(owned.group_by(AssetRow.owner)) if owner}
    return Outside(departed_people(session, at), assets, owners, tuple(_orders(session, at)))


def _orders(session: Session, at: datetime) -> Iterator[Override]:
    """Rulings and plans' duties that have not ended by then, and begin before a known version takes over."""
    until = min((known.effective_at for known in editions(session) if known.effective_at > at), default=END)
    for order in overrides_read(session, numbers_known(session).overrides).orders:
        if (order.valid_until or END) > at and (order.valid_from or BEGINNING) < until:
            yield order


def _batches(codes: Sequence[str]) -> Iterator[Sequence[str]]:
    return (codes[start : start + _BATCH] for start in range(0, len(codes), _BATCH))
