"""Coordinate systems by declaration: what a source says it is in, never guessed from where its points lie.

Stored coordinates are WGS 84. CGCS2000 is taken as identical to it: the two differ by less than a metre.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import shapely

from gis.coordinates import Bounds, Flags, Floats, describe_bad, good_lonlat, within
from gis.errors import BadCoordinate, UnknownDatum
from gis.projections import epsg_projection
from gis.shifts import bd09_to_gcj02, from_gcj02, gcj02_to_bd09, to_gcj02

Pair = tuple[Floats, Floats]

OWN = "city:"
"""What the name of a city's own system begins with."""

_NO_PLACE = "not a place in {}; is this its datum?"
_DEGREES = ("wgs84", "cgcs2000", "gcj02", "bd09")


class Transformation(Protocol):
    """A plane's way to WGS 84 and back. ``reach`` is the box, longitude and latitude, outside of which its points are
    refused; ``closeness`` is how near a point must come back to itself, in its own unit."""

    @property
    def in_degrees(self) -> bool:
        """Whether x and y are longitude and latitude in degrees."""

    @property
    def closeness(self) -> float: ...

    @property
    def reach(self) -> Bounds | None: ...

    @property
    def place(self) -> str:
        """Words on where it is used, in brackets; may be empty."""

    @property
    def facts(self) -> Mapping[str, Any]:
        """How it was fitted; empty for what is defined."""

    def to_lonlat(self, x: Floats, y: Floats) -> Pair:
        """Longitude and latitude, not finite where there is no such place."""

    def from_lonlat(self, lon: Floats, lat: Floats) -> Pair:
        """x and y, not finite where the system cannot say."""


@dataclass(frozen=True, slots=True)
class Datum:
    """A declared coordinate system, by its normal name: ``wgs84``, ``gcj02``, ``bd09``, ``cgcs2000``, ``EPSG:n``, or
    ``city:name`` with the ``transformation`` that the city has stored under that name."""

    name: str
    transformation: Transformation | None = None

    def __str__(self) -> str:
        return self.name

    @property
    def is_wgs84(self) -> bool:
        """Whether coordinates are kept as they come."""
        return self.name in ("wgs84", "cgcs2000", "EPSG:4326", "EPSG:4490")

    @property
    def is_own(self) -> bool:
        """Whether it is a city's own system."""
        return self.name.startswith(OWN)

    @property
    def in_degrees(self) -> bool:
        """Whether it is written in degrees of longitude and latitude."""
        return self.name in _DEGREES or _way(self).in_degrees

    @property
    def epsg(self) -> str | None:
        """The number that a file may declare, as ``EPSG:n``; None for what has none."""
        numbered = self.name if self.name.startswith("EPSG:") else None
        return {"wgs84": "EPSG:4326", "cgcs2000": "EPSG:4490"}.get(self.name, numbered)

    @property
    def facts(self) -> Mapping[str, Any]:
        """How a city's system was fitted: ``points``, ``model``, ``rms_m`` ...; empty for the others."""
        return self.transformation.facts if self.transformation else {}


WGS84 = Datum("wgs84")
NO_OWN: Mapping[str, Datum] = {}


def own_name(name: str) -> str | None:
    """The normal form of a city's own system, ``city:jinan``; None for any other name. Raises UnknownDatum."""
    plain = unicodedata.normalize("NFKC", name).strip().lower()
    if not plain.startswith(OWN):
        return None
    if not re.fullmatch(r"[\w][\w.-]{0,39}", plain.removeprefix(OWN)):
        rule = "after 'city:' come 1 to 40 letters, digits, '.', '_' or '-'"
        raise UnknownDatum(f"datum '{name[:60]}': {rule}", value=name)
    return plain


def datum(name: str | Datum, known: Mapping[str, Datum] = NO_OWN) -> Datum:
    """The datum of that name; a city's own systems are those in ``known``, by their normal names. A Datum is itself.

    Raises UnknownDatum for anything that cannot be turned into longitude and latitude.
    """
    if isinstance(name, Datum):
        return name
    own = own_name(name)
    if own is not None:
        return _known(own, known)
    plain = name.strip().lower().replace("-", "").replace("_", "")
    if plain in _DEGREES:
        return Datum(plain)
    code = re.fullmatch(r"epsg:?0*([1-9][0-9]{3,5})", plain)
    if not code:
        forms = "wgs84, gcj02, bd09, cgcs2000, EPSG:n or city:name"
        raise UnknownDatum(f"datum '{name}' is not known: declare {forms}", value=name)
    return Datum(epsg_projection(f"EPSG:{code[1]}").text)


def _known(name: str, known: Mapping[str, Datum]) -> Datum:
    if name not in known:
        there = f"there are: {', '.join(sorted(known))}" if known else "there is none"
        words = f"datum '{name}' is not among the city's own systems ({there}): `wangge datums add` makes one"
        raise UnknownDatum(words, value=name)
    return known[name]


def to_wgs84(x: npt.ArrayLike, y: npt.ArrayLike, source: Datum) -> Pair:
    """Longitude and latitude in WGS 84 of points given in ``source``.

    ``x`` is longitude or easting and ``y`` latitude or northing, whatever axis order the authority prints.
    The inverse of GCJ-02 and BD-09 is iterated to below 1 cm, with a cap. What comes of a point depends on that point
    alone, so that borders shared by two files stay shared. Raises BadCoordinate for what is no place on Earth and
    for what lies far outside the ground where a projected system is used.
    """
    x, y = _pair(x, y)
    if source.is_wgs84:
        return _checked(x, y)
    if source.name == "gcj02":
        return from_gcj02(*_checked(x, y))
    if source.name == "bd09":
        return _checked(*from_gcj02(*bd09_to_gcj02(*_checked(x, y))))
    return _from_plane(x, y, source)


def from_wgs84(lon: npt.ArrayLike, lat: npt.ArrayLike, target: Datum) -> Pair:
    """The same points as ``target`` writes them; x (longitude, easting) first. Raises BadCoordinate for what is no
    place on Earth, and for what lies far outside the ground of a city's own system."""
    lon, lat = _checked(*_pair(lon, lat))
    if target.is_wgs84:
        return lon, lat
    if target.name in ("gcj02", "bd09"):
        shifted = to_gcj02(lon, lat)
        return shifted if target.name == "gcj02" else gcj02_to_bd09(*shifted)
    x, y = _way(target).from_lonlat(lon, lat)
    _refuse(~(np.isfinite(x) & np.isfinite(y)), lon, lat, lambda a, b: f"lon={a}, lat={b}: cannot be said in {target}")
    if target.is_own:
        far = f"lies far outside where {target} is used{_way(target).place}"
        _refuse(~_within_reach(lon, lat, target), lon, lat, lambda a, b: f"lon={a}, lat={b}: {far}")
    return x, y


def shapes_to_wgs84(shapes: npt.NDArray[np.object_], source: Datum) -> npt.NDArray[np.object_]:
    """The shapes, flat, with every vertex taken to WGS 84: equal vertices stay equal, so shared borders stay shared.

    Shapes that are in WGS 84 already are not looked at: ``gis.shapes.problems`` tells what is wrong with them.
    """
    if source.is_wgs84:
        flat: npt.NDArray[np.object_] = shapely.force_2d(shapes)
        return flat
    return _moved(shapes, source, to_wgs84)


def shapes_from_wgs84(shapes: npt.NDArray[np.object_], target: Datum) -> npt.NDArray[np.object_]:
    """The shapes, flat, with every vertex as ``target`` writes it; edges stay straight between them."""
    return shapes if target.is_wgs84 else _moved(shapes, target, from_wgs84)


def _moved(
    shapes: npt.NDArray[np.object_], system: Datum, move: Callable[[Floats, Floats, Datum], Pair]
) -> npt.NDArray[np.object_]:
    moved: npt.NDArray[np.object_] = shapely.transform(
        shapes, lambda xy: np.column_stack(move(xy[:, 0], xy[:, 1], system))
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


def _way(system: Datum) -> Transformation:
    return system.transformation or epsg_projection(system.name)


def _from_plane(x: Floats, y: Floats, system: Datum) -> Pair:
    """Also refuses what lies far outside the system's area of use (degrees read as metres, exchanged axes) and what
    does not come back to itself."""
    way = _way(system)
    lon, lat = way.to_lonlat(x, y)
    nowhere = f": {_NO_PLACE.format(system)}"
    _refuse(~good_lonlat(lon, lat), x, y, lambda a, b: f"x={a}, y={b}{nowhere}")
    back = way.from_lonlat(lon, lat)
    with np.errstate(invalid="ignore"):
        stays = (np.abs(back[0] - x) <= way.closeness) & (np.abs(back[1] - y) <= way.closeness)
    _refuse(~stays, x, y, lambda a, b: f"x={a}, y={b}{nowhere}")
    far = f"lies far outside where {system} is used{way.place}; is this its datum, and is x the easting?"
    _refuse(~_within_reach(lon, lat, system), x, y, lambda a, b: f"x={a}, y={b}: {far}")
    return lon, lat


def _within_reach(lon: Floats, lat: Floats, system: Datum) -> Flags:
    reach = _way(system).reach
    return np.ones(lon.shape, bool) if reach is None else within(reach, lon, lat)
