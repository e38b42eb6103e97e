"""Longitude and latitude, always in that order, always degrees, always float64."""

import numpy as np
import numpy.typing as npt

from gis.errors import BadCoordinate

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Ranks = npt.NDArray[np.int64]
Bounds = tuple[float, float, float, float]
"""West, south, east, north."""


def good_lonlat(lon: npt.ArrayLike, lat: npt.ArrayLike) -> Flags:
    """Which pairs are places on Earth: finite, longitude within 180 and latitude within 90 degrees."""
    x, y = np.asarray(lon, np.float64), np.asarray(lat, np.float64)
    with np.errstate(invalid="ignore"):
        good: Flags = np.isfinite(x) & np.isfinite(y) & (np.abs(x) <= 180.0) & (np.abs(y) <= 90.0)
    return good


def lonlat_arrays(lon: npt.ArrayLike, lat: npt.ArrayLike) -> tuple[Floats, Floats]:
    """The two as contiguous float64 arrays of one length.

    Raises BadCoordinate that names the first bad pair and, where turning it round would help, says so.
    """
    x = np.ascontiguousarray(np.atleast_1d(np.asarray(lon, np.float64)))
    y = np.ascontiguousarray(np.atleast_1d(np.asarray(lat, np.float64)))
    if x.shape != y.shape or x.ndim != 1:
        raise BadCoordinate(f"longitudes and latitudes differ in number: {x.shape} and {y.shape}")
    good = good_lonlat(x, y)
    if not good.all():
        first = int(np.flatnonzero(~good)[0])
        raise BadCoordinate(describe_bad(float(x[first]), float(y[first])), index=first)
    return x, y


def describe_bad(lon: float, lat: float) -> str:
    """Why this pair is no place on Earth, in one sentence."""
    if not (np.isfinite(lon) and np.isfinite(lat)):
        return f"lon={lon}, lat={lat}: coordinates must be finite numbers"
    if abs(lon) <= 90.0 < abs(lat) <= 180.0:
        return f"lon={lon}, lat={lat}: latitude must lie in [-90, 90]; longitude and latitude look swapped"
    if abs(lat) > 90.0 and abs(lon) > 180.0:
        return f"lon={lon}, lat={lat}: these are not degrees; declare the projected datum (EPSG:n) they are in"
    name, value, limit = ("lat", lat, 90) if abs(lat) > 90.0 else ("lon", lon, 180)
    return f"{name}={value}: must lie in [-{limit}, {limit}]"


def within(bounds: Bounds, lon: npt.ArrayLike, lat: npt.ArrayLike) -> Flags:
    """Which points lie in the box, its border included."""
    x, y = np.asarray(lon, np.float64), np.asarray(lat, np.float64)
    west, south, east, north = bounds
    inside: Flags = (x >= west) & (x <= east) & (y >= south) & (y <= north)
    return inside


def look_swapped(bounds: Bounds, lon: npt.ArrayLike, lat: npt.ArrayLike) -> bool:
    """True when most points miss the box as they are and would lie in it with longitude and latitude exchanged."""
    x, y = np.atleast_1d(np.asarray(lon, np.float64)), np.atleast_1d(np.asarray(lat, np.float64))
    return x.size > 0 and float(within(bounds, x, y).mean()) < 0.5 < float(within(bounds, y, x).mean())
