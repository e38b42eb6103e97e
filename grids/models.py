"""The tables of the grid.

A version is a set of rows: layers, areas, parties, matters and duties are immutable once written, and each version
lists the ids of those it holds. An edit writes a new row and changes the list of the draft; unchanged rows are shared.
Where it falls down: a version of 100,000 areas costs 100,000 short list rows, even when one area changed.
"""

from datetime import datetime
from typing import Any

from shapely import to_wkb
from shapely.geometry.base import BaseGeometry
from sqlalchemy import JSON, Boolean, Column, Float, ForeignKey, Index, String, Table, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from gis.shapes import shape_hash
from gis.storage.base import Base, BigId, Code, Key, Shape, UtcTime, Words

_IS_DRAFT = text("status = 'draft'")


class VersionRow(Base):
    """A draft or a published version. ``number`` counts published ones; a draft has none, it has ``base_id``, whose
    rows it started from, and ``seen``, the newest version its editor knew of at ``seen_at``."""

    __tablename__ = "version"
    id: Mapped[Key]
    number: Mapped[int | None] = mapped_column(unique=True)
    name: Mapped[Code]
    status: Mapped[str] = mapped_column(String(20))
    base_id: Mapped[int | None] = mapped_column(BigId, ForeignKey("version.id"))
    seen: Mapped[int] = mapped_column(default=0)
    seen_at: Mapped[datetime | None] = mapped_column(UtcTime)
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    effective_at: Mapped[datetime | None] = mapped_column(UtcTime)
    recorded_at: Mapped[datetime | None] = mapped_column(UtcTime)
    note: Mapped[Words]
    published_by: Mapped[str | None] = mapped_column(String(200))
    edits: Mapped[int] = mapped_column(default=0)
    accepted: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    release_sha256: Mapped[str] = mapped_column(String(64), default="")
    __table_args__ = (
        Index("ix_version_status_name", "status", "name"),
        Index("uq_version_draft", "name", unique=True, postgresql_where=_IS_DRAFT, sqlite_where=_IS_DRAFT),
    )


class ShapeRow(Base):
    """One exact outline, kept once, under a key made from its own bytes; never simplified."""

    __tablename__ = "shape"
    hash: Mapped[str] = mapped_column(String(32), primary_key=True)
    geom: Mapped[BaseGeometry] = mapped_column(Shape())
    west: Mapped[float] = mapped_column(Float)
    south: Mapped[float] = mapped_column(Float)
    east: Mapped[float] = mapped_column(Float)
    north: Mapped[float] = mapped_column(Float)
    __table_args__ = (Index("ix_shape_geom", "geom", postgresql_using="gist").ddl_if(dialect="postgresql"),)


def outline_row(shape: BaseGeometry) -> dict[str, Any]:
    """The row that keeps this outline."""
    west, south, east, north = shape.bounds
    key = shape_hash(to_wkb(shape))
    return {"hash": key, "geom": shape, "west": west, "south": south, "east": east, "north": north}


class LayerRow(Base):
    """One set of polygons: a partition (seamless) or overlapping."""

    __tablename__ = "layer"
    id: Mapped[Key]
    code: Mapped[Code]
    name: Mapped[Words]
    kind: Mapped[str] = mapped_column(String(20))
    partition: Mapped[bool] = mapped_column(Boolean)
    parent: Mapped[str | None] = mapped_column(String(200))
    rank: Mapped[int]
    is_cell: Mapped[bool] = mapped_column(Boolean)
    scheme: Mapped[str | None] = mapped_column(String(200))
    geometry: Mapped[str] = mapped_column(String(10), default="polygon")


class AreaRow(Base):
    """One area of a layer, with a code, a name and the code of its parent; a road segment is a line with a width."""

    __tablename__ = "area"
    id: Mapped[Key]
    layer: Mapped[Code]
    code: Mapped[Code]
    name: Mapped[Words]
    parent: Mapped[str | None] = mapped_column(String(200))
    shape_hash: Mapped[str] = mapped_column(ForeignKey("shape.hash"), index=True)
    half_width_m: Mapped[float | None] = mapped_column(Float)
    __table_args__ = (Index("ix_area_layer_code", "layer", "code"),)


class PartyRow(Base):
    """A unit that answers for something: department, office, committee, company."""

    __tablename__ = "party"
    id: Mapped[Key]
    code: Mapped[Code]
    name: Mapped[Words]
    kind: Mapped[str] = mapped_column(String(40))
    parent: Mapped[str | None] = mapped_column(String(200))


class MatterRow(Base):
    """A node of the class tree; a longer code that begins with this one lies below it."""

    __tablename__ = "matter"
    id: Mapped[Key]
    code: Mapped[Code]
    name: Mapped[Words]
    kind: Mapped[str] = mapped_column(String(20))
    parent: Mapped[str | None] = mapped_column(String(200))
    time_limit: Mapped[Words]
    file_condition: Mapped[Words]
    close_condition: Mapped[Words]


class DutyRow(Base):
    """A party answers for a place and a matter scope (a code prefix; empty for all), with its basis."""

    __tablename__ = "duty"
    id: Mapped[Key]
    code: Mapped[Code]
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


class RelationRow(Base):
    """Who is what to an area: the office of a street, the property company of an estate. Duties name the relation."""

    __tablename__ = "relation"
    id: Mapped[Key]
    code: Mapped[Code]
    relation: Mapped[str] = mapped_column(String(40))
    layer: Mapped[Code]
    area: Mapped[Code]
    party: Mapped[Code]


class RuleRow(Base):
    """A setting of the version: ``precedence`` holds the order in which duties win."""

    __tablename__ = "rule"
    id: Mapped[Key]
    code: Mapped[Code]
    value: Mapped[Words]


def _held_by_version(row: type[Base]) -> Table:
    name = row.__tablename__
    return Table(
        f"version_{name}",
        Base.metadata,
        Column("version_id", BigId, ForeignKey("version.id", ondelete="CASCADE"), primary_key=True),
        Column("row_id", BigId, ForeignKey(f"{name}.id"), primary_key=True, index=True),
    )


CONTENT: dict[type[Base], Table] = {
    row: _held_by_version(row) for row in (LayerRow, AreaRow, PartyRow, MatterRow, DutyRow, RelationRow, RuleRow)
}
"""What a version holds: each kind of row, and the table that lists which of them each version has."""


class ContactRow(Base):
    """How to reach a person: personal data, kept apart, never in a release, a snapshot or a log."""

    __tablename__ = "contact"
    person: Mapped[str] = mapped_column(String(200), primary_key=True)
    phone: Mapped[Words]


class ApiKeyRow(Base):
    """A key that opens the service from elsewhere than this machine: only its hash is kept."""

    __tablename__ = "api_key"
    id: Mapped[Key]
    name: Mapped[Code]
    scopes: Mapped[Words]
    sha256: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcTime)
    __table_args__ = (UniqueConstraint("sha256"),)
