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

from gis.coordinates import Floats, describe_bad, good_lonlat
from gis.errors import BadCoordinate, UnknownDatum

Pair = tuple[Floats, Floats]
Shift = Callable[[Floats, Floats], Pair]

_AXIS, _E2 = 6378245.0, 0.00669342162296594323
_BAIDU = np.pi * 3000.0 / 180.0
_CAP = 30
_ENOUGH = 1e-11  # degrees: a micrometre


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
    code = re.fullmatch(r"epsg:?(\d{4,6})", plain)
    if not code:
        raise UnknownDatum(f"datum '{name}' is not known: declare wgs84, gcj02, bd09, cgcs2000 or EPSG:n", value=name)
    known = Datum(f"EPSG:{code[1]}")
    _transformer(known.name, False)
    return known


def to_wgs84(x: npt.ArrayLike, y: npt.ArrayLike, source: Datum) -> Pair:
    """Longitude and latitude in WGS 84 of points given in ``source``.

    ``x`` is longitude or easting and ``y`` latitude or northing, whatever axis order the authority prints.
    The inverse of GCJ-02 and BD-09 is iterated to below 1 cm, with a cap. Raises BadCoordinate.
    """
    x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)
    if source.is_wgs84:
        return x, y
    if source.name == "gcj02":
        return _from_gcj02(*_checked(x, y))
    if source.name == "bd09":
        return _from_gcj02(*_inverse(_bd09_shift, *_checked(x, y)))
    return _projected(x, y, source, False)


def from_wgs84(lon: npt.ArrayLike, lat: npt.ArrayLike, target: Datum) -> Pair:
    """The same points as ``target`` writes them; x (longitude, easting) first."""
    x, y = np.asarray(lon, np.float64), np.asarray(lat, np.float64)
    if target.is_wgs84:
        return x, y
    if target.name in ("gcj02", "bd09"):
        shifted = _gcj02(*_checked(x, y))
        return shifted if target.name == "gcj02" else _bd09_shift(*shifted)
    return _projected(x, y, target, True)


def shapes_to_wgs84(shapes: npt.NDArray[np.object_], source: Datum) -> npt.NDArray[np.object_]:
    """The shapes with every vertex taken to WGS 84: equal vertices stay equal, so shared borders stay shared."""
    if source.is_wgs84:
        return shapes
    moved: npt.NDArray[np.object_] = shapely.transform(
        shapes, lambda xy: np.column_stack(to_wgs84(xy[:, 0], xy[:, 1], source))
    )
    return moved


def _checked(x: Floats, y: Floats) -> Pair:
    good = good_lonlat(x, y)
    if not good.all():
        first = np.unravel_index(int(np.flatnonzero(~good)[0]), good.shape)
        raise BadCoordinate(describe_bad(float(x[first]), float(y[first])))
    return x, y


def _projected(x: Floats, y: Floats, system: Datum, outwards: bool) -> Pair:
    moved = _transformer(system.name, outwards).transform(x, y)
    lon, lat = (np.asarray(part, np.float64) for part in moved)
    if not (np.isfinite(lon).all() and np.isfinite(lat).all()):
        bad = np.flatnonzero(~(np.isfinite(np.atleast_1d(lon)) & np.isfinite(np.atleast_1d(lat))))[0]
        raise BadCoordinate(
            f"x={np.atleast_1d(x)[bad]}, y={np.atleast_1d(y)[bad]}: not a place in {system.name}; is this its datum?"
        )
    return lon, lat


@lru_cache(maxsize=32)
def _transformer(name: str, outwards: bool) -> Transformer:
    try:
        system = CRS.from_user_input(name)
    except CRSError as error:
        raise UnknownDatum(f"datum '{name}' is not in PROJ's tables", value=name) from error
    if not (system.is_geographic or system.is_projected):
        raise UnknownDatum(f"datum '{name}' is {system.type_name}; only geographic and projected ones are read")
    source, target = ("EPSG:4326", system) if outwards else (system, "EPSG:4326")
    return Transformer.from_crs(source, target, always_xy=True)


def _in_china_box(lon: Floats, lat: Floats) -> npt.NDArray[np.bool_]:
    box: npt.NDArray[np.bool_] = (lon >= 72.004) & (lon <= 137.8347) & (lat >= 0.8293) & (lat <= 55.8271)
    return box


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
    """The box is asked once, of the point as given: asked inside the loop, two public libraries never return."""
    inside = _in_china_box(lon, lat)
    back = _inverse(_gcj02_shift, np.where(inside, lon, 105.0), np.where(inside, lat, 35.0))
    return np.where(inside, back[0], lon), np.where(inside, back[1], lat)


def _inverse(shift: Shift, lon: Floats, lat: Floats) -> Pair:
    """The point that ``shift`` takes to (lon, lat), by fixed-point iteration: both shifts contract a hundredfold."""
    x, y = lon.copy(), lat.copy()
    for _ in range(_CAP):
        shifted = shift(x, y)
        dx, dy = lon - shifted[0], lat - shifted[1]
        x, y = x + dx, y + dy
        if max(np.abs(dx).max(initial=0.0), np.abs(dy).max(initial=0.0)) < _ENOUGH:
            break
    return x, y
