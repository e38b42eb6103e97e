"""Polygons in and out: GeoJSON, what is refused, what can be repaired. WGS 84, longitude first."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from gis.coordinates import describe_bad, good_lonlat
from gis.errors import BadShape

Shapes = npt.NDArray[np.object_]
Problem = Literal[
    "empty_geometry", "not_polygon", "not_line", "bad_coordinate", "no_length", "bad_half_width", "invalid"
]

_POLYGONAL = (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON)


@dataclass(frozen=True, slots=True)
class ShapeProblem:
    """Why the shape at ``index`` is no sound area or line. All but ``invalid`` (a repairable ring) make it unusable."""

    index: int
    kind: Problem
    message: str

    @property
    def repairable(self) -> bool:
        """Whether ``repaired`` can make a sound area of it."""
        return self.kind == "invalid"


def problems(shapes: Shapes) -> Iterator[ShapeProblem]:
    """What is wrong with each shape that is not a sound, non-empty polygon on Earth; at most one a shape."""
    missing = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    polygonal = np.isin(shapely.get_type_id(shapes), _POLYGONAL)
    usable = polygonal & ~missing
    bad_vertex = first_bad_vertex(shapes, usable)
    valid = shapely.is_valid(shapes)
    for index in np.flatnonzero(missing | ~polygonal | (bad_vertex != "") | ~valid):
        where = int(index)
        if missing[index]:
            yield ShapeProblem(where, "empty_geometry", "the geometry is empty: an area needs a polygon")
        elif not polygonal[index]:
            name = shapes[index].geom_type
            yield ShapeProblem(where, "not_polygon", f"the geometry is a {name}: an area needs a polygon")
        elif bad_vertex[index]:
            yield ShapeProblem(where, "bad_coordinate", str(bad_vertex[index]))
        else:
            reason = shapely.is_valid_reason(shapes[index])
            yield ShapeProblem(
                where, "invalid", f"{reason}: rings may not cross or overlap; `wangge repair` can mend it"
            )


def first_bad_vertex(shapes: Shapes, usable: npt.NDArray[np.bool_]) -> npt.NDArray[np.object_]:
    """What is wrong with the first vertex of each usable shape that is no place on Earth; empty for the others."""
    told = np.full(len(shapes), "", object)
    rows = np.flatnonzero(usable)
    coords, owner = shapely.get_coordinates(shapes[rows], return_index=True)
    bad = np.flatnonzero(~good_lonlat(coords[:, 0], coords[:, 1]))
    for vertex in bad[::-1]:
        told[rows[owner[vertex]]] = describe_bad(float(coords[vertex, 0]), float(coords[vertex, 1]))
    return told


def repaired(shape: BaseGeometry) -> BaseGeometry:
    """The nearest sound polygon, flat: rings untangled by structure, stray points and lines dropped."""
    sound = polygonal_part(shapely.make_valid(shapely.force_2d(shape), method="structure", keep_collapsed=False))
    if sound.is_valid:
        return sound
    return polygonal_part(shapely.union_all(shapely.get_parts(sound)))  # GEOS may leave parts that share an edge


def polygonal_part(shape: BaseGeometry) -> BaseGeometry:
    """Only the polygons of it: a Polygon, a MultiPolygon or an empty polygon."""
    polygons = [part for part in _simple_parts(shape) if isinstance(part, Polygon) and not part.is_empty]
    if not polygons:
        return Polygon()
    return polygons[0] if len(polygons) == 1 else MultiPolygon(polygons)


def _simple_parts(shape: BaseGeometry) -> Iterator[BaseGeometry]:
    for part in shapely.get_parts(shape).tolist():
        if hasattr(part, "geoms"):
            yield from _simple_parts(part)
        else:
            yield part


def from_geojson(source: str | Mapping[str, Any]) -> BaseGeometry:
    """The polygon of a GeoJSON geometry or feature, heights dropped. Raises BadShape unless it is a sound area."""
    shape = geometry_from_geojson(source)
    for problem in problems(np.array([shape], object)):
        raise BadShape(problem.message, kind=problem.kind)
    return shape


def geometry_from_geojson(source: str | Mapping[str, Any]) -> BaseGeometry:
    """The geometry of a GeoJSON geometry or feature, of any kind, heights dropped. Raises BadShape."""
    try:
        parsed = json.loads(source) if isinstance(source, str) else source
        inner = parsed.get("geometry") if parsed.get("type") == "Feature" else parsed
        shape: BaseGeometry = shapely.force_2d(shapely.from_geojson(json.dumps(inner)))
    except RecursionError as error:
        raise BadShape("not a GeoJSON geometry: it is nested too deeply") from error
    except (ValueError, TypeError, AttributeError, shapely.GEOSException) as error:
        raise BadShape(f"not a GeoJSON geometry: {error}") from error
    return shape


def to_geojson(shape: BaseGeometry) -> dict[str, Any]:
    """The GeoJSON geometry (RFC 7946) with the coordinates as they are kept."""
    geojson: dict[str, Any] = json.loads(shapely.to_geojson(shape))
    return geojson


def shape_hash(wkb: bytes) -> str:
    """A key for the exact shape: 32 hexadecimal digits of SHA-256 over its WKB."""
    return hashlib.sha256(wkb).hexdigest()[:32]
