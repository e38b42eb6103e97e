"""Rows for every table there is, made from its columns: a table that is added tomorrow is tested tomorrow."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import shapely
from sqlalchemy import Column, Table, select, text
from sqlalchemy.orm import Session

from gis.storage.archive.columns import asked, kind_of
from gis.storage.base import Base, Shape

ROWS = 3
_CORNERS = [(118.0, 31.0), (118.1, 31.0), (118.1, 31.2 + 1e-13), (118.0, 31.0)]
_SHAPES = {
    "POINT": shapely.Point(_CORNERS[2]),
    "LINESTRING": shapely.LineString(_CORNERS),
    "POLYGON": shapely.Polygon(_CORNERS),
    "MULTIPOLYGON": shapely.MultiPolygon([shapely.Polygon(_CORNERS)]),
    "GEOMETRY": shapely.GeometryCollection([shapely.Point(_CORNERS[0]), shapely.Polygon(_CORNERS)]),
}


def fill_every_table(session: Session) -> dict[str, list[dict[str, Any]]]:
    """Three rows in each table. What points at its own table points at later rows too; of what may be NULL, one is."""
    made: dict[str, list[dict[str, Any]]] = {}
    for table in Base.metadata.sorted_tables:
        rows = [{c.name: _value(c, row) for c in table.columns} for row in range(ROWS)]
        for column in table.columns:
            for key in column.foreign_keys:
                own = key.column.table is table
                for row in range(ROWS):
                    pointed = rows[ROWS - 1 - row] if own else made[key.column.table.name][row]
                    rows[row][column.name] = pointed[key.column.name]
        made[table.name] = rows
    if session.get_bind().dialect.name == "sqlite":
        session.execute(text("PRAGMA defer_foreign_keys=ON"))
    for table in Base.metadata.sorted_tables:
        session.execute(table.insert(), made[table.name])
    return made


def _value(column: Column[Any], row: int) -> Any:
    if column.nullable and row == 1 and not column.foreign_keys:
        return None
    length = getattr(column.type, "length", None) or 100
    instant = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=20_000 * row, microseconds=row)
    values = {
        "shape": _SHAPES[column.type.geometry_type] if isinstance(column.type, Shape) else None,
        "instant": instant,
        "json": [{"名": [1.1, None, row]}, [], "\u2028'\"\\"][row],
        "boolean": row == 2,
        "integer": row + 1,
        "number": [0.1 + 0.2, -1e300, 5e-324][row],
        "text": f"{row}é中\U00020000\n\t'"[-length:],
        "bytes": bytes([0, 255, row]),
        "day": date(2026, 11, 20 + row),
        "clock": time(9, 30, row, 1),
    }
    return values[kind_of(column)]


def every_row(session: Session) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all tables: shapes as WKB, JSON as the text that is stored."""
    return {table.name: _rows(session, table) for table in Base.metadata.sorted_tables}


def _rows(session: Session, table: Table) -> list[tuple[Any, ...]]:
    found = session.execute(select(*map(asked, table.columns)).order_by(*table.primary_key))
    return [tuple(v.wkb if isinstance(v, shapely.Geometry) else v for v in row) for row in found]
