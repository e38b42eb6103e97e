"""The shifts of Chinese web maps: GCJ-02 from WGS 84, BD-09 from GCJ-02, and their inverses, in degrees."""

from collections.abc import Callable

import numpy as np

from gis.coordinates import Flags, Floats, within

Pair = tuple[Floats, Floats]
Shift = Callable[[Floats, Floats], Pair]

_AXIS, _E2 = 6378245.0, 0.00669342162296594323
_BAIDU = np.pi * 3000.0 / 180.0
_CAP = 30
_ENOUGH = 1e-11  # degrees: a micrometre


def to_gcj02(lon: Floats, lat: Floats) -> Pair:
    """GCJ-02 of WGS 84 points; outside the box around China they stay as they are."""
    inside = _in_china_box(lon, lat)
    moved = _gcj02_shift(np.where(inside, lon, 105.0), np.where(inside, lat, 35.0))
    return np.where(inside, moved[0], lon), np.where(inside, moved[1], lat)


def from_gcj02(lon: Floats, lat: Floats) -> Pair:
    """The inverse, to below 1 cm. The box is asked after the loop: asked inside it, two public libraries never return.

    At the box's edge two points can have one image, one of them shifted and one, outside, not: the shifted one it is.
    """
    near = within((71.0, 0.0, 139.0, 57.0), lon, lat)
    back = _inverse(_gcj02_shift, np.where(near, lon, 105.0), np.where(near, lat, 35.0))
    shifted = near & (_in_china_box(lon, lat) | _in_china_box(*back, slack=1e-9))
    return np.where(shifted, back[0], lon), np.where(shifted, back[1], lat)


def gcj02_to_bd09(lon: Floats, lat: Floats) -> Pair:
    """BD-09 of GCJ-02 points."""
    radius = np.hypot(lon, lat) + 0.00002 * np.sin(lat * _BAIDU)
    angle = np.arctan2(lat, lon) + 0.000003 * np.cos(lon * _BAIDU)
    return radius * np.cos(angle) + 0.0065, radius * np.sin(angle) + 0.006


def bd09_to_gcj02(lon: Floats, lat: Floats) -> Pair:
    """The inverse, to below 1 cm."""
    return _inverse(gcj02_to_bd09, lon, lat)


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
