"""Reading the dated books back: any snapshot of people, assets and overrides, as it was believed then."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, func, or_, select
from sqlalchemy.orm import Session

from gis.errors import NotFound
from gis.storage.engine import pairs_of
from grids.assets import Asset
from grids.books import Numbers, Snapshots, numbers_of
from grids.content import Duty
from grids.dated_models import (
    AbsenceRow,
    ActivationRow,
    AssetRow,
    Dated,
    OverrideRow,
    PersonRow,
    ShiftRow,
    SnapshotRow,
)
from grids.overrides import Activation, Override, Overrides
from grids.periods import BEGINNING, END
from grids.roster import Absence, Person, Roster, Shift

_BOOKKEEPING = frozenset({"id", "since", "until"})
_TIMES = frozenset({"valid_from", "valid_until"})


def numbers_known(session: Session, known_at: datetime | None = None) -> Numbers:
    """The newest snapshot of each book, or the newest that was recorded by that instant; 0 before any."""
    query = select(SnapshotRow.book, func.max(SnapshotRow.number)).group_by(SnapshotRow.book)
    if known_at is not None:
        query = query.where(SnapshotRow.recorded_at <= known_at)
    return numbers_of(pairs_of(session, query))


def snapshots_known(session: Session, known_at: datetime | None = None) -> Snapshots:
    """As ``numbers_known``, and when each was recorded."""
    numbers = numbers_known(session, known_at)
    return Snapshots(numbers, tuple(_recorded(session, book, number) for book, number in numbers.as_dict().items()))


def believed(table: type[Dated], number: int | None = None) -> ColumnElement[bool]:
    """Which rows of a table stand in that snapshot of its book; None: in the newest."""
    if number is None:
        return table.until.is_(None)
    return (table.since <= number) & or_(table.until.is_(None), table.until > number)


def roster_read(session: Session, number: int) -> Roster:
    """The roster of that number, past and future times included. Raises NotFound."""
    recorded = _recorded(session, "roster", number)
    people = tuple(Person(**row) for row in _rows(session, PersonRow, number))
    shifts = tuple(Shift(**row) for row in _rows(session, ShiftRow, number))
    leave = tuple(Absence(**row) for row in _rows(session, AbsenceRow, number))
    return Roster(number, people, shifts, leave, recorded)


def assets_read(session: Session, number: int) -> list[Asset]:
    """The assets of that number, with their past, by code and time. Raises NotFound."""
    _recorded(session, "assets", number)
    return [_asset(row) for row in _rows(session, AssetRow, number)]


def overrides_read(session: Session, number: int) -> Overrides:
    """The rulings, plan duties and activations of that number. Raises NotFound."""
    recorded = _recorded(session, "overrides", number)
    orders = tuple(_order(row) for row in _rows(session, OverrideRow, number))
    switches = tuple(Activation(**row) for row in _rows(session, ActivationRow, number))
    return Overrides(number, orders, switches, recorded)


def lasting(table: type[Dated], now: datetime) -> ColumnElement[bool]:
    """Which rows of a table, as the newest snapshot has it, have not ended by now."""
    return believed(table) & or_(table.valid_until.is_(None), table.valid_until > now)


def holding(table: type[Dated], at: datetime) -> ColumnElement[bool]:
    """Which rows of a table, as the newest snapshot has it, hold at the instant."""
    return lasting(table, at) & or_(table.valid_from.is_(None), table.valid_from <= at)


def assets_at(session: Session, at: datetime, most: int, **having: str | None) -> tuple[int, list[Asset]]:
    """How many assets there are at the instant, and the first ``most`` by code; ``owner`` or ``matter`` (a prefix of
    the class code) narrow them."""
    owner, matter = having.get("owner"), having.get("matter")
    wanted = [holding(AssetRow, at)]
    wanted += [AssetRow.owner == owner] if owner else []
    wanted += [AssetRow.matter.startswith(matter, autoescape=True)] if matter else []
    count = session.scalar(select(func.count()).select_from(AssetRow).where(*wanted)) or 0
    found = session.execute(select(*_columns(AssetRow)).where(*wanted).order_by(AssetRow.code).limit(most)).mappings()
    return count, [_asset(dict(row)) for row in found]


def asset_history(session: Session, code: str) -> list[Asset]:
    """What the newest snapshot says of the asset, in order of time. Raises NotFound."""
    query = select(*_columns(AssetRow)).where(believed(AssetRow), AssetRow.code == code)
    rows = sorted(session.execute(query).mappings(), key=_by_code_and_time)
    if not rows:
        raise NotFound(f"there is no asset '{code}': `wangge assets list` shows them")
    return [_asset(dict(row)) for row in rows]


def departed_people(session: Session, now: datetime) -> frozenset[str]:
    """Codes of people who are in the books, but whose last membership has ended by now."""
    here = set(session.scalars(select(PersonRow.code).where(lasting(PersonRow, now))))
    return frozenset(session.scalars(select(PersonRow.code).distinct())) - here


def recorded_at(session: Session, book: str, number: int) -> datetime:
    """When that snapshot was recorded. Raises NotFound."""
    found = session.get(SnapshotRow, (book, number))
    if found is None:
        raise NotFound(f"there is no snapshot {number} of the book '{book}'", book=book, number=number)
    return found.recorded_at


def _recorded(session: Session, book: str, number: int) -> str:
    """The same as text; empty for number 0, which is always there."""
    return recorded_at(session, book, number).astimezone(UTC).isoformat() if number else ""


def _rows(session: Session, table: type[Dated], number: int) -> Iterator[dict[str, Any]]:
    """What the snapshot says, without the books' own columns, in the order of codes and times."""
    found = session.execute(select(*_columns(table)).where(believed(table, number))).mappings()
    yield from (dict(row) for row in sorted(found, key=_by_code_and_time))


def _columns(table: type[Dated]) -> list[ColumnElement[Any]]:
    return [column for column in table.__table__.columns if column.name not in _BOOKKEEPING]


def _by_code_and_time(row: RowMapping) -> tuple[str, datetime, datetime]:
    return row["code"], row["valid_from"] or BEGINNING, row["valid_until"] or END


def _asset(row: dict[str, Any]) -> Asset:
    point = row.pop("geom")
    return Asset(**row, lon=point.x, lat=point.y)


def _order(row: dict[str, Any]) -> Override:
    plan, times = row.pop("plan"), {name: row.pop(name) for name in _TIMES}
    return Override(Duty(**row), plan, **times)
