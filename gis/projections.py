"""Systems that PROJ can compute: EPSG numbers, and the definition a city keeps itself (PROJ text, WKT, ESRI .prj)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError, ProjError

from gis.coordinates import Bounds, Floats
from gis.errors import BadInput, UnknownDatum

_MARGIN = 5.0  # degrees around a system's area of use: cities do use the zone next to theirs
_OWN_MARGIN = 1.0
_ZONE = 3.0  # degrees on each side of the central meridian, where a definition states no area
_POLES = 85.0
_CENTRES = ("Longitude of natural origin", "Longitude of projection centre", "Longitude of false origin")
_AS_GOOD_AS_WGS84 = (6378137.0, 298.257)


@dataclass(frozen=True, slots=True)
class Projection:
    """A transformation that PROJ computes; ``reach`` is the box beyond which no point is believed."""

    text: str
    in_degrees: bool
    closeness: float
    reach: Bounds | None
    place: str
    _in: Transformer = field(repr=False, compare=False)
    _out: Transformer | None = field(repr=False, compare=False)

    @property
    def facts(self) -> Mapping[str, Any]:
        """Nothing was fitted."""
        return {}

    def to_lonlat(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Longitude and latitude, not finite where there is no such place."""
        moved = self._in.transform(x, y, direction="FORWARD" if self._out else "INVERSE")
        return np.asarray(moved[0], np.float64), np.asarray(moved[1], np.float64)

    def from_lonlat(self, lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
        """x and y, not finite where the system cannot say."""
        moved = (self._out or self._in).transform(lon, lat)
        return np.asarray(moved[0], np.float64), np.asarray(moved[1], np.float64)


@lru_cache(maxsize=32)
def epsg_projection(name: str) -> Projection:
    """The system of that number, as ``EPSG:n``. Raises UnknownDatum."""
    try:
        system = CRS.from_user_input(name)
    except CRSError as error:
        raise UnknownDatum(f"datum '{name}' is not in PROJ's tables", value=name) from error
    if not (system.is_geographic or system.is_projected):
        raise UnknownDatum(f"datum '{name}' is {system.type_name}; only geographic and projected ones are read")
    stated = _stated_area(system)
    reach = (_grown(stated, _MARGIN), f" ({system.area_of_use.name})") if stated and system.area_of_use else (None, "")
    return _from_crs(name, system, reach)


@lru_cache(maxsize=32)
def own_projection(text: str, area: Bounds | None = None) -> Projection:
    """What a city's own definition says: a PROJ string, WKT 1 or 2, ESRI's .prj, or a PROJ pipeline that leads from
    longitude and latitude to x and y. ``area`` is where it is used; else what the definition states or its zone.

    Raises BadInput for what gives no longitude and latitude, and for a foreign ellipsoid without its shift to WGS 84.
    """
    plain = " ".join(text.split())
    found = _pipeline(plain, area) if "proj=pipeline" in plain else _own_crs(plain, area)
    _prove(found)
    return found


def _own_crs(text: str, area: Bounds | None) -> Projection:
    try:
        system = CRS.from_user_input(text)
    except CRSError as error:
        raise BadInput(
            f"'{_short(text)}': PROJ cannot read it as a coordinate system: {error}", field="proj"
        ) from error
    if not (system.is_geographic or system.is_projected):
        raise BadInput(
            f"'{_short(text)}' is {system.type_name}: it does not say where on Earth it lies; fit it to control points"
        )
    return _from_crs(text, system, _own_reach(system, area), ballpark=_as_good_as_wgs84(system))


def _own_reach(system: CRS, area: Bounds | None) -> tuple[Bounds | None, str]:
    if area is not None:
        return _grown(area, _OWN_MARGIN), f" ({_said(area)})"
    stated = _stated_area(system)
    if stated is not None:
        return _grown(stated, _MARGIN), f" ({_said(stated)})"
    conversion = (system.source_crs if system.is_bound and system.source_crs else system).coordinate_operation
    centres = [float(p.value) for p in conversion.params if p.name in _CENTRES] if conversion else []
    if not centres:
        return None, ""
    centre = centres[0]
    return (centre - _ZONE, -_POLES, centre + _ZONE, _POLES), f" ({_ZONE:g} degrees around its meridian {centre:g})"


def _stated_area(system: CRS) -> Bounds | None:
    used = system.area_of_use
    return (used.west, used.south, used.east, used.north) if used is not None and used.west <= used.east else None


def _as_good_as_wgs84(system: CRS) -> bool:
    """GRS 80, CGCS2000 and WGS 84 agree to below a metre; degrees of any other ellipsoid need a shift."""
    shape = system.ellipsoid
    axis, flattening = _AS_GOOD_AS_WGS84
    if shape is None:
        return False
    return abs(shape.semi_major_metre - axis) < 1.0 and abs(shape.inverse_flattening - flattening) < 0.001


def _from_crs(text: str, system: CRS, reach: tuple[Bounds | None, str], ballpark: bool = True) -> Projection:
    try:
        into, out = (
            Transformer.from_crs(a, b, always_xy=True, allow_ballpark=ballpark)
            for a, b in ((system, "EPSG:4326"), ("EPSG:4326", system))
        )
    except ProjError as error:
        words = (
            f"'{_short(text)}': no shift from its ellipsoid ({system.ellipsoid}) to WGS 84 is known here, and without "
            "one it may be off by 100 m: add +towgs84=..., give the grid file it names, or fit it to control points"
        )
        raise BadInput(words, field="proj") from error
    closeness = 1.0 if system.is_projected else 1e-5
    in_degrees = bool(system.is_geographic) and system.axis_info[0].unit_name == "degree"
    return Projection(text, in_degrees, closeness, *reach, into, out)


def _pipeline(text: str, area: Bounds | None) -> Projection:
    if area is None:
        raise BadInput("a pipeline states no area of use: say where the city lies, west,south,east,north", field="area")
    try:
        steps = Transformer.from_pipeline(text)
    except ProjError as error:
        raise BadInput(f"'{_short(text)}': PROJ cannot read it: {error}", field="proj") from error
    if not steps.has_inverse:
        raise BadInput(f"'{_short(text)}': has no inverse, so nothing can be read from it", field="proj")
    return Projection(text, False, 1e-3, _grown(area, _OWN_MARGIN), f" ({_said(area)})", steps, None)


def _prove(system: Projection) -> None:
    """In the middle of its area it must lead out and back."""
    west, south, east, north = system.reach or (-1.0, -1.0, 1.0, 1.0)
    lon, lat = np.array([(west + east) / 2]), np.array([(south + north) / 2])
    try:
        back = system.to_lonlat(*system.from_lonlat(lon, lat))
    except ProjError as error:
        raise BadInput(f"'{_short(system.text)}': PROJ cannot compute with it: {error}", field="proj") from error
    if not (abs(back[0] - lon) < 1e-8).all() or not (abs(back[1] - lat) < 1e-8).all():
        raise BadInput(f"'{_short(system.text)}': ({lon[0]:g}, {lat[0]:g}) does not come back through it", field="proj")


def _grown(box: Bounds, degrees: float) -> Bounds:
    return box[0] - degrees, box[1] - degrees, box[2] + degrees, box[3] + degrees


def _said(box: Bounds) -> str:
    return f"{box[0]:g} to {box[2]:g} east, {box[1]:g} to {box[3]:g} north"


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}..."
