"""Arrow geometry columns as shapely geometry, in two dimensions."""

from typing import Any

import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import NDArray
from shapely.errors import GEOSException

from gis.errors import BadShape

Geometries = NDArray[np.object_]
_NATIVE = {
    "point": (shapely.GeometryType.POINT, 0),
    "linestring": (shapely.GeometryType.LINESTRING, 1),
    "polygon": (shapely.GeometryType.POLYGON, 2),
    "multipoint": (shapely.GeometryType.MULTIPOINT, 1),
    "multilinestring": (shapely.GeometryType.MULTILINESTRING, 2),
    "multipolygon": (shapely.GeometryType.MULTIPOLYGON, 3),
}
ENCODINGS = frozenset({"wkb", *_NATIVE})


def shapes_from(column: pa.Array, encoding: str, first_row: int, file: str) -> Geometries:
    """The column's geometries, Z and M dropped, None where there is none.

    ``encoding`` is one of GeoParquet 1.1's: ``WKB`` or a GeoArrow name. Raises BadShape naming the row.
    """
    if encoding.lower() != "wkb":
        return _native(column, encoding.lower())
    values = np.array(column.to_pylist(), dtype=object)
    try:
        return np.asarray(shapely.force_2d(shapely.from_wkb(values)), dtype=object)
    except GEOSException:
        for offset, value in enumerate(values):
            _check_wkb(value, first_row + offset, file)
        raise


def _check_wkb(value: bytes | None, row: int, file: str) -> None:
    try:
        shapely.from_wkb(value)
    except GEOSException as fault:
        raise BadShape(f"{file}: row {row}: the geometry cannot be read ({fault}); repair it", row=row) from fault


def _native(column: pa.Array, encoding: str) -> Geometries:
    """GeoArrow lists of x/y structs: the offsets of each list level, from the coordinates outwards."""
    kind, depth = _NATIVE[encoding]
    missing = column.is_null().to_numpy(zero_copy_only=False)
    offsets: list[NDArray[Any]] = []
    inner = pa.concat_arrays([column])
    for _ in range(depth):
        offsets.insert(0, inner.offsets.to_numpy())
        inner = inner.values
    if pa.types.is_struct(inner.type):
        xy = np.column_stack([inner.field(axis).to_numpy(zero_copy_only=False) for axis in ("x", "y")])
    else:
        xy = inner.values.to_numpy(zero_copy_only=False).reshape(-1, inner.type.list_size)[:, :2]
    found = np.asarray(shapely.from_ragged_array(kind, xy, tuple(offsets) or None), dtype=object)
    found[missing] = None
    return found
