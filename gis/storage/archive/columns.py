"""What each kind of column becomes in an archive, and how it comes back: the same for both stores."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import shapely
from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Date,
    Enum,
    Float,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    Time,
    cast,
)
from sqlalchemy.types import TypeEngine

from gis.storage.base import Shape, UtcTime


def _same(value: Any) -> Any:
    return value


def _json_value(text: str | None) -> Any:
    """SQL's NULL and JSON's null are two values."""
    return None if text is None else JSON.NULL if text == "null" else json.loads(text)


@dataclass(frozen=True)
class Kind:
    """Its type in Arrow, its type in SQL, and the ways there and back."""

    arrow: pa.DataType
    sql: TypeEngine[Any]
    plain: Callable[[Any], Any] = _same
    value: Callable[[Any], Any] = _same


KINDS: Mapping[str, Kind] = {
    "shape": Kind(pa.binary(), Shape(), shapely.to_wkb, shapely.from_wkb),
    "instant": Kind(pa.timestamp("us", tz="UTC"), UtcTime()),
    "json": Kind(pa.string(), JSON(none_as_null=True), _same, _json_value),
    "boolean": Kind(pa.bool_(), Boolean()),
    "integer": Kind(pa.int64(), BigInteger()),
    "number": Kind(pa.float64(), Float()),
    "text": Kind(pa.string(), Text()),
    "bytes": Kind(pa.binary(), LargeBinary()),
    "day": Kind(pa.date32(), Date()),
    "clock": Kind(pa.time64("us"), Time()),
}
_TYPES: tuple[tuple[type[TypeEngine[Any]], str], ...] = (
    (Shape, "shape"),
    (UtcTime, "instant"),
    (JSON, "json"),
    (Boolean, "boolean"),
    (Integer, "integer"),
    (Float, "number"),
    (String, "text"),
    (LargeBinary, "bytes"),
    (Date, "day"),
    (Time, "clock"),
)


def kind_of(column: Column[Any]) -> str:
    """The name of the column's kind. Raises TypeError for a type that no archive was taught to hold."""
    for known, name in _TYPES:
        if isinstance(column.type, known) and not isinstance(column.type, Enum):
            return name
    raise TypeError(f"column {column}: an archive does not know the type {column.type!r}: add it to KINDS")


def kinds_of(table: Table) -> dict[str, str]:
    """The kinds of a table's columns, by name."""
    return {column.name: kind_of(column) for column in table.columns}


def asked(column: Column[Any]) -> ColumnElement[Any]:
    """The column as a backup reads it: JSON as the very text that is stored."""
    return cast(column, Text).label(column.name) if kind_of(column) == "json" else column


def bare_table(name: str, columns: Mapping[str, str]) -> Table:
    """A table to insert into that knows names and kinds only: the models may be newer than the archive."""
    return Table(name, MetaData(), *(Column(column, KINDS[kind].sql) for column, kind in columns.items()))


def arrow_schema(columns: Mapping[str, str]) -> pa.Schema:
    """The columns as Arrow has them."""
    return pa.schema([(name, KINDS[kind].arrow) for name, kind in columns.items()])
