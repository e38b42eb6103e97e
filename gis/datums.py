"""Coordinate systems by declaration: what a source says it is in, never guessed from where its points lie.

Stored coordinates are WGS 84. CGCS2000 is taken as identical to it: the two differ by less than a metre.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import shapely
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError

from gis.coordinates import Flags, Floats, describe_bad, good_lonlat, within
from gis.errors import BadCoordinate, UnknownDatum

Pair = tuple[Floats, Floats]
Shift = Callable[[Floats, Floats], Pair]

_AXIS, _E2 = 6378245.0, 0.00669342162296594323
_BAIDU = np.pi * 3000.0 / 180.0
_CAP = 30
_NO_PLACE = "not a place in {}; is this its datum?"
_ENOUGH = 1e-11  # degrees: a micrometre
_MARGIN = 5.0  # degrees around a system's area of use: cities do use the zone next to theirs


@dataclass(frozen=True, slots=True)
class Datum:
    """A declared coordinate system, by its normal name: ``wgs84``, ``gcj02``, ``bd09``, ``cgcs2000``, ``EPSG:n``."""

    name: str

    def __str__(self) -> str:
        return self.name

    @property
    def is_wgs84(self) -> bool:
        """Whether coordinates are kept as they come."""
        return self.name in ("wgs84", "cgcs2000", "EPSG:4326", "EPSG:4490")


def datum(name: str) -> Datum:
    """The datum of that name. Raises UnknownDatum for anything that PROJ cannot turn into longitude and latitude."""
    plain = name.strip().lower().replace("-", "").replace("_", "")
    if plain in ("wgs84", "gcj02", "bd09", "cgcs2000"):
        return Datum(plain)
    code = re.fullmatch(r"epsg:?0*([1-9][0-9]{3,5})", plain)
    if not code:
        raise UnknownDatum(f"datum '{name}' is not known: declare wgs84, gcj02, bd09, cgcs2000 or EPSG:n", value=name)
    known = Datum(f"EPSG:{code[1]}")
    _transformer(known.name, False)
    return known


def to_wgs84(x: npt.ArrayLike, y: npt.ArrayLike, source: Datum) -> Pair:
    """Longitude and latitude in WGS 84 of points given in ``source``.

    ``x`` is longitude or easting and ``y`` latitude or northing, whatever axis order the authority prints.
    The inverse of GCJ-02 and BD-09 is iterated to below 1 cm, with a cap. What comes of a point depends on that point
    alone, so that borders shared by two files stay shared. Raises BadCoordinate for what is no place on Earth and
    for what lies far outside the ground where an EPSG system is used.
    """
    x, y = _pair(x, y)
    if source.is_wgs84:
        return _checked(x, y)
    if source.name == "gcj02":
        return _from_gcj02(*_checked(x, y))
    if source.name == "bd09":
        return _checked(*_from_gcj02(*_inverse(_bd09_shift, *_checked(x, y))))
    return _from_epsg(x, y, source)


def from_wgs84(lon: npt.ArrayLike, lat: npt.ArrayLike, target: Datum) -> Pair:
    """The same points as ``target`` writes them; x (longitude, easting) first."""
    x, y = _checked(*_pair(lon, lat))
    if target.is_wgs84:
        return x, y
    if target.name in ("gcj02", "bd09"):
        shifted = _gcj02(x, y)
        return shifted if target.name == "gcj02" else _bd09_shift(*shifted)
    return _projected(x, y, target, True)


def shapes_to_wgs84(shapes: npt.NDArray[np.object_], source: Datum) -> npt.NDArray[np.object_]:
    """The shapes, flat, with every vertex taken to WGS 84: equal vertices stay equal, so shared borders stay shared.

    Shapes that are in WGS 84 already are not looked at: ``gis.shapes.problems`` tells what is wrong with them.
    """
    if source.is_wgs84:
        flat: npt.NDArray[np.object_] = shapely.force_2d(shapes)
        return flat
    moved: npt.NDArray[np.object_] = shapely.transform(
        shapes, lambda xy: np.column_stack(to_wgs84(xy[:, 0], xy[:, 1], source))
    )
    return moved


def _pair(x: npt.ArrayLike, y: npt.ArrayLike) -> Pair:
    left, right = np.broadcast_arrays(np.asarray(x, np.float64), np.asarray(y, np.float64))
    return left, right


def _checked(x: Floats, y: Floats) -> Pair:
    _refuse(~good_lonlat(x, y), x, y, describe_bad)
    return x, y


def _refuse(bad: Flags, x: Floats, y: Floats, why: Callable[[float, float], str]) -> None:
    """Raises BadCoordinate for the first bad pair, if there is one."""
    if bad.any():
        first = int(np.flatnonzero(bad)[0])
        raise BadCoordinate(why(float(x.flat[first]), float(y.flat[first])), index=first)


def _from_epsg(x: Floats, y: Floats, system: Datum) -> Pair:
    """Also refuses what lies far outside the system's area of use (degrees read as metres, exchanged axes) and what
    does not come back to itself."""
    lon, lat = _projected(x, y, system, False)
    back = _transformer(system.name, True).transform(lon, lat)
    enough = 1.0 if _crs(system.name).is_projected else 1e-5
    stays = (np.abs(back[0] - x) <= enough) & (np.abs(back[1] - y) <= enough)
    _refuse(~stays, x, y, lambda a, b: f"x={a}, y={b}: {_NO_PLACE.format(system.name)}")
    used = _crs(system.name).area_of_use
    if used is not None and used.west <= used.east:
        box = (used.west - _MARGIN, used.south - _MARGIN, used.east + _MARGIN, used.north + _MARGIN)
        far = f"lies far outside where {system.name} is used ({used.name}); is this its datum, and is x the easting?"
        _refuse(~within(box, lon, lat), x, y, lambda a, b: f"x={a}, y={b}: {far}")
    return lon, lat


def _projected(x: Floats, y: Floats, system: Datum, outwards: bool) -> Pair:
    moved = _transformer(system.name, outwards).transform(x, y)
    a, b = (np.asarray(part, np.float64) for part in moved)
    good = np.isfinite(a) & np.isfinite(b)
    _refuse(~good, x, y, lambda p, q: f"x={p}, y={q}: {_NO_PLACE.format(system.name)}")
    return a, b


@lru_cache(maxsize=32)
def _transformer(name: str, outwards: bool) -> Transformer:
    system = _crs(name)
    source, target = ("EPSG:4326", system) if outwards else (system, "EPSG:4326")
    return Transformer.from_crs(source, target, always_xy=True)


@lru_cache(maxsize=32)
def _crs(name: str) -> CRS:
    try:
        system = CRS.from_user_input(name)
    except CRSError as error:
        raise UnknownDatum(f"datum '{name}' is not in PROJ's tables", value=name) from error
    if not (system.is_geographic or system.is_projected):
        raise UnknownDatum(f"datum '{name}' is {system.type_name}; only geographic and projected ones are read")
    return system


def _in_china_box(lon: Floats, lat: Floats, slack: float = 0.0) -> Flags:
    return within((72.004 - slack, 0.8293 - slack, 137.8347 + slack, 55.8271 + slack), lon, lat)


def _gcj02_shift(lon: Floats, lat: Floats) -> Pair:
    """The shift as published code has it, wherever the point lies."""
    x, y = lon - 105.0, lat - 35.0
    root = np.sqrt(np.abs(x))
    waves = 20.0 * np.sin(6.0 * np.pi * x) + 20.0 * np.sin(2.0 * np.pi * x)
    up = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root
    up += (waves + 20.0 * np.sin(np.pi * y) + 40.0 * np.sin(np.pi / 3.0 * y)) * 2.0 / 3.0
    up += (160.0 * np.sin(np.pi / 12.0 * y) + 320.0 * np.sin(np.pi / 30.0 * y)) * 2.0 / 3.0
    right = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root
    right += (waves + 20.0 * np.sin(np.pi * x) + 40.0 * np.sin(np.pi / 3.0 * x)) * 2.0 / 3.0
    right += (150.0 * np.sin(np.pi / 12.0 * x) + 300.0 * np.sin(np.pi / 30.0 * x)) * 2.0 / 3.0
    phi = np.radians(lat)
    slim = 1.0 - _E2 * np.sin(phi) ** 2
    per_lat = _AXIS * (1.0 - _E2) / (slim * np.sqrt(slim)) * np.pi / 180.0
    per_lon = _AXIS / np.sqrt(slim) * np.cos(phi) * np.pi / 180.0
    return lon + right / per_lon, lat + up / per_lat


def _bd09_shift(lon: Floats, lat: Floats) -> Pair:
    radius = np.hypot(lon, lat) + 0.00002 * np.sin(lat * _BAIDU)
    angle = np.arctan2(lat, lon) + 0.000003 * np.cos(lon * _BAIDU)
    return radius * np.cos(angle) + 0.0065, radius * np.sin(angle) + 0.006


def _gcj02(lon: Floats, lat: Floats) -> Pair:
    inside = _in_china_box(lon, lat)
    moved = _gcj02_shift(np.where(inside, lon, 105.0), np.where(inside, lat, 35.0))
    return np.where(inside, moved[0], lon), np.where(inside, moved[1], lat)


def _from_gcj02(lon: Floats, lat: Floats) -> Pair:
    """The box is asked after the loop: asked inside it, two public libraries never return.

    At the box's edge two points can have one image, one of them shifted and one, outside, not: the shifted one it is.
    """
    near = within((71.0, 0.0, 139.0, 57.0), lon, lat)
    back = _inverse(_gcj02_shift, np.where(near, lon, 105.0), np.where(near, lat, 35.0))
    shifted = near & (_in_china_box(lon, lat) | _in_china_box(*back, slack=1e-9))
    return np.where(shifted, back[0], lon), np.where(shifted, back[1], lat)


def _inverse(shift: Shift, lon: Floats, lat: Floats) -> Pair:
    """The point that ``shift`` takes to (lon, lat), by fixed-point iteration: both shifts contract a hundredfold.

    Each point stops by itself, so that its answer never depends on the others of its batch.
    """
    x, y, moving = lon.copy(), lat.copy(), np.ones(lon.shape, bool)
    for _ in range(_CAP):
        shifted = shift(x, y)
        dx, dy = lon - shifted[0], lat - shifted[1]
        x, y = np.where(moving, x + dx, x), np.where(moving, y + dy, y)
        moving = moving & (np.maximum(np.abs(dx), np.abs(dy)) >= _ENOUGH)
        if not moving.any():
            break
    return x, y
