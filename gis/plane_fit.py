"""A city's plane fitted to control points: a polynomial from its x and y to a transverse Mercator plane laid there.

Between two conformal planes, and a city's grid is one, lies a conformal map: a similarity (shift, turn, scale) where
both touch the ground in the same place, a second-order one where the city keeps another central meridian.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from pyproj import Transformer

from gis.coordinates import Bounds, Floats

Six = tuple[float, float, float, float, float, float]
Pair = tuple[Floats, Floats]

_LEAST_REACH = 0.25  # degrees around the control points; a fit says little beyond their own width
_NEWTON = 8  # squares the error each time; a linear fit is exact after the first


@dataclass(frozen=True, slots=True)
class LocalPlane:
    """Transverse Mercator, true to scale at its origin; metres."""

    lon: float
    lat: float

    def plane(self, lon: Floats, lat: Floats) -> Pair:
        """East and north of the origin."""
        east, north = _mercator(self.lon, self.lat).transform(lon, lat)
        return np.asarray(east, np.float64), np.asarray(north, np.float64)

    def lonlat(self, east: Floats, north: Floats) -> Pair:
        """Longitude and latitude."""
        lon, lat = _mercator(self.lon, self.lat).transform(east, north, direction="INVERSE")
        return np.asarray(lon, np.float64), np.asarray(lat, np.float64)


@lru_cache(maxsize=64)
def _mercator(lon: float, lat: float) -> Transformer:
    return Transformer.from_pipeline(f"+proj=tmerc +lat_0={lat!r} +lon_0={lon!r} +k=1 +ellps=GRS80 +units=m")


@dataclass(frozen=True, slots=True)
class PlaneFit:
    """The fitted plane as a transformation. With s and t for x and y less ``centre``, in ``unit``s, ``east`` and
    ``north`` are the factors of 1, s, t, s2, st, t2; ``box`` holds the control points."""

    model: str
    origin: LocalPlane
    centre: tuple[float, float]
    unit: float
    east: Six
    north: Six
    box: Bounds
    points: int
    rms_m: float
    max_m: float
    left_out_rms_m: float

    @property
    def in_degrees(self) -> bool:
        """Never."""
        return False

    @property
    def closeness(self) -> float:
        """A millimetre, in the city's own unit."""
        return 1e-3 / self.scale

    @property
    def reach(self) -> Bounds:
        """The box of the control points and as much again on each side."""
        west, south, east, north = self.box
        wide, high = max(east - west, _LEAST_REACH), max(north - south, _LEAST_REACH)
        return west - wide, south - high, east + wide, north + high

    @property
    def place(self) -> str:
        """Where its control points lie."""
        west, south, east, north = self.box
        return f" (its control points lie in {west:.4f} to {east:.4f} east, {south:.4f} to {north:.4f} north)"

    @property
    def facts(self) -> Mapping[str, Any]:
        """How it was fitted."""
        names = ("model", "points", "rms_m", "max_m", "left_out_rms_m")
        return {name: getattr(self, name) for name in names}

    @property
    def scale(self) -> float:
        """Metres on the ground for one of the city's units, in the middle."""
        return float(np.sqrt(abs(self.determinant)) / self.unit)

    @property
    def turn_deg(self) -> float:
        """By how much the city's x axis is turned from the east, counter-clockwise."""
        return float(np.degrees(np.arctan2(self.north[1], self.east[1])))

    @property
    def determinant(self) -> float:
        """Negative when the plane is a mirror image: exchanged axes."""
        return self.east[1] * self.north[2] - self.east[2] * self.north[1]

    def to_lonlat(self, x: Floats, y: Floats) -> Pair:
        """Longitude and latitude of the city's coordinates."""
        return self.origin.lonlat(*self.on_plane(x, y))

    def on_plane(self, x: Floats, y: Floats) -> Pair:
        """Metres east and north of the origin. Sums are written out: a product of matrices would make a point's
        answer depend on the others of its batch."""
        s, t = (x - self.centre[0]) / self.unit, (y - self.centre[1]) / self.unit
        return _value(self.east, s, t), _value(self.north, s, t)

    def from_lonlat(self, lon: Floats, lat: Floats) -> Pair:
        """The city's coordinates, by Newton's method; not finite where it finds none."""
        wanted = self.origin.plane(lon, lat)
        s, t = np.zeros_like(wanted[0]), np.zeros_like(wanted[1])
        with np.errstate(all="ignore"):
            for _ in range(_NEWTON if any(self.east[3:]) or any(self.north[3:]) else 2):
                off_east, off_north = wanted[0] - _value(self.east, s, t), wanted[1] - _value(self.north, s, t)
                es, et, ns, nt = *_slopes(self.east, s, t), *_slopes(self.north, s, t)
                slope = es * nt - et * ns
                s = s + (off_east * nt - off_north * et) / slope
                t = t + (off_north * es - off_east * ns) / slope
        return s * self.unit + self.centre[0], t * self.unit + self.centre[1]


def _value(c: Six, s: Floats, t: Floats) -> Floats:
    return c[0] + c[1] * s + c[2] * t + c[3] * (s * s) + c[4] * (s * t) + c[5] * (t * t)


def _slopes(c: Six, s: Floats, t: Floats) -> Pair:
    return c[1] + 2.0 * c[3] * s + c[4] * t, c[2] + c[4] * s + 2.0 * c[5] * t


def plane_as_dict(fit: PlaneFit) -> dict[str, Any]:
    """The fit as JSON-ready data; floats keep every bit."""
    return {
        "model": fit.model,
        "origin": [fit.origin.lon, fit.origin.lat],
        "centre": list(fit.centre),
        "unit": fit.unit,
        "east": list(fit.east),
        "north": list(fit.north),
        "box": list(fit.box),
        **{name: fit.facts[name] for name in ("points", "rms_m", "max_m", "left_out_rms_m")},
    }


def plane_from_dict(data: Mapping[str, Any]) -> PlaneFit:
    """The fit that ``plane_as_dict`` told."""
    west, south, upper_east, upper_north = data["box"]
    x, y = data["centre"]
    residuals = (data[name] for name in ("points", "rms_m", "max_m", "left_out_rms_m"))
    return PlaneFit(
        data["model"],
        LocalPlane(*data["origin"]),
        (x, y),
        data["unit"],
        six(data["east"]),
        six(data["north"]),
        (west, south, upper_east, upper_north),
        *residuals,
    )


def six(factors: Sequence[float]) -> Six:
    """The factors of 1, s, t, s2, st, t2."""
    a, b, c, d, e, f = factors
    return a, b, c, d, e, f
