"""The base of all tables, and the column types that mean the same on SQLite and on PostGIS."""

from datetime import UTC, datetime
from typing import Annotated, Any, cast

import shapely
from geoalchemy2 import Geometry
from geoalchemy2.shape import from_shape
from shapely.geometry.base import BaseGeometry
from sqlalchemy import BigInteger, DateTime, Dialect, Integer, LargeBinary, MetaData, String, Table, Text
from sqlalchemy.orm import DeclarativeBase, mapped_column
from sqlalchemy.types import TypeDecorator, TypeEngine


class Base(DeclarativeBase):
    """Every table of Wangge; constraint names are fixed so that migrations can name them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


def table_of(row: type[Base]) -> Table:
    """The table behind a model."""
    return cast(Table, row.__table__)


class Shape(TypeDecorator[BaseGeometry]):
    """A shapely geometry in WGS 84: ``geometry(Geometry, 4326)`` on PostGIS, WKB in a BLOB on SQLite.

    Heights are dropped, and another kind of geometry than the column's is refused, on both alike.
    A plain ``with_variant`` does not work: GeoAlchemy2's DDL hooks look at the column type before the dialect.
    """

    impl = Geometry
    cache_ok = True

    def __init__(self, geometry_type: str = "GEOMETRY") -> None:
        self.geometry_type = geometry_type
        super().__init__(geometry_type, srid=4326, spatial_index=False)

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect is None or dialect.name == "postgresql":
            return Geometry(self.geometry_type, srid=4326, spatial_index=False)
        return dialect.type_descriptor(LargeBinary())

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        if value is None or not isinstance(value, BaseGeometry):
            return value
        if self.geometry_type not in ("GEOMETRY", value.geom_type.upper()):
            raise ValueError(f"a {value.geom_type} does not go into a column of {self.geometry_type}")
        flat = shapely.force_2d(value)
        return from_shape(flat, srid=4326, extended=True) if dialect.name == "postgresql" else shapely.to_wkb(flat)

    def process_result_value(self, value: Any, dialect: Dialect) -> BaseGeometry | None:
        if value is None:
            return None
        return shapely.from_wkb(value if isinstance(value, bytes) else value.desc)


class UtcTime(TypeDecorator[datetime]):
    """An aware instant, kept in UTC. A naive one is refused: the caller must have said its zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value}: an instant needs its time zone")
        instant = value.astimezone(UTC)
        return instant if dialect.name == "postgresql" else instant.replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


BigId = BigInteger().with_variant(Integer, "sqlite")
"""SQLite only counts up a column that is exactly INTEGER."""

Key = Annotated[int, mapped_column(BigId, primary_key=True, autoincrement=True)]


def code_text(length: int) -> String:
    """Text that every store orders by Unicode code points, as Python does."""
    return String(length).with_variant(String(length, collation="C"), "postgresql")


CodeText = code_text(200)
"""Ordered by Unicode code points on both, as Python does, whatever the collation of the database."""

Code = Annotated[str, mapped_column(CodeText)]
Words = Annotated[str, mapped_column(Text, default="")]
