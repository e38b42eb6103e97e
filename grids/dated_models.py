"""The tables of what changes daily and is no part of a version: people, their shifts and leave, assets, overrides.

Two times, as everywhere. In the world a row holds from ``valid_from`` until before ``valid_until`` (None: open). In our
books it stands from snapshot ``since`` until before snapshot ``until`` (None: still). Nothing is ever changed but
``until``: what was believed at any snapshot can be read again.
"""

from datetime import datetime

from shapely.geometry import Point
from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, declared_attr, mapped_column

from gis.storage.base import Base, Code, Key, Shape, UtcTime, Words


class SnapshotRow(Base):
    """One numbered snapshot of a book (``roster``, ``assets``, ``overrides``): what was known from this instant on."""

    __tablename__ = "snapshot"
    book: Mapped[str] = mapped_column(String(20), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    recorded_at: Mapped[datetime] = mapped_column(UtcTime)


class Dated(Base):
    """What every dated row has."""

    __abstract__ = True
    id: Mapped[Key]
    code: Mapped[Code]
    valid_from: Mapped[datetime | None] = mapped_column(UtcTime)
    valid_until: Mapped[datetime | None] = mapped_column(UtcTime)
    since: Mapped[int]
    until: Mapped[int | None]

    @declared_attr.directive
    @classmethod
    def __table_args__(cls) -> tuple[Index, ...]:
        name = cls.__tablename__
        return (Index(f"ix_{name}_code", "code"), Index(f"ix_{name}_until", "until"))


class PersonRow(Dated):
    """A named person of a party. ``deputy``: who stands in during their leave."""

    __tablename__ = "person"
    name: Mapped[Words]
    party: Mapped[Code]
    role: Mapped[str] = mapped_column(String(40))
    deputy: Mapped[str | None] = mapped_column(String(200))


class ShiftRow(Dated):
    """A person on duty for a party; the times say when."""

    __tablename__ = "shift"
    party: Mapped[Code]
    person: Mapped[Code]


class AbsenceRow(Dated):
    """A person's leave; ``deputy`` None: the person's standing deputy."""

    __tablename__ = "absence"
    person: Mapped[Code]
    deputy: Mapped[str | None] = mapped_column(String(200))


class AssetRow(Dated):
    """A thing with an owner: a manhole cover, a lamp. ``matter``: its class in the class table."""

    __tablename__ = "asset"
    name: Mapped[Words]
    matter: Mapped[Code]
    owner: Mapped[str | None] = mapped_column(String(200))
    geom: Mapped[Point] = mapped_column(Shape("POINT"))

    @declared_attr.directive
    @classmethod
    def __table_args__(cls) -> tuple[Index, ...]:
        spatial = Index("ix_asset_geom", "geom", postgresql_using="gist").ddl_if(dialect="postgresql")
        return (Index("ix_asset_code", "code"), Index("ix_asset_until", "until"), spatial)


class OverrideRow(Dated):
    """A dated duty above the table: a ruling (裁定), or a duty of an emergency plan (应急预案) while that is on."""

    __tablename__ = "override"
    plan: Mapped[str | None] = mapped_column(String(200))
    name: Mapped[Words]
    party: Mapped[Code]
    person: Mapped[str | None] = mapped_column(String(200))
    layer: Mapped[Code]
    area: Mapped[Code]
    matter: Mapped[Words]
    role: Mapped[str] = mapped_column(String(20))
    basis: Mapped[Words]
    document: Mapped[Words]
    priority: Mapped[int] = mapped_column(default=0)


class ActivationRow(Dated):
    """An emergency plan switched on; its times say from when to when."""

    __tablename__ = "activation"
    plan: Mapped[Code]


BOOKS: dict[str, tuple[type[Dated], ...]] = {
    "roster": (PersonRow, ShiftRow, AbsenceRow),
    "assets": (AssetRow,),
    "overrides": (OverrideRow, ActivationRow),
}
"""What each book holds; a change to any of its tables is one new number of the book."""
