"""The city's own plane, as a survey office keeps it: a transverse Mercator of its own, shifted and turned a little."""

from dataclasses import dataclass

import numpy as np
import shapely
from pyproj import Transformer

from data.chance import chance
from data.plane import Floats, Shapes, Texts

MERIDIAN, TURN_DEG = 118.04, 0.35
NORTHING_M = 3_430_000.0
FALSE_EASTING_M, FALSE_NORTHING_M = 60_000.0, 40_000.0
NOISE_M = 0.02
NAMES = ("西南角", "南门", "东南角", "东门", "东北角", "北门", "西北角", "西门")


@dataclass(frozen=True, slots=True)
class ControlPoints:
    """Points known in the city's plane (x east, y north; surveyed to 2 cm) and in WGS 84."""

    names: Texts
    xy: Floats
    lonlat: Floats


def city_plane(lonlat: Floats) -> Floats:
    """The same points, ``(n, 2)``, in the city's plane, metres."""
    mercator = Transformer.from_pipeline(f"+proj=tmerc +lat_0=0 +lon_0={MERIDIAN} +k=1 +ellps=GRS80")
    east, north = (np.asarray(part) for part in mercator.transform(lonlat[:, 0], lonlat[:, 1]))
    north = north - NORTHING_M
    turn = np.radians(TURN_DEG)
    x = FALSE_EASTING_M + np.cos(turn) * east - np.sin(turn) * north
    y = FALSE_NORTHING_M + np.sin(turn) * east + np.cos(turn) * north
    return np.stack([x, y], axis=-1)


def in_city_plane(shapes: Shapes) -> Shapes:
    """The shapes with their vertices in the city's plane."""
    moved: Shapes = shapely.transform(shapes, city_plane)
    return moved


def control_points(city: shapely.Geometry, seed: int) -> ControlPoints:
    """Eight points around the city, on the edges of its box."""
    west, south, east, north = shapely.bounds(city).tolist()
    ring = np.array([(0, 0), (0.5, 0), (1, 0), (1, 0.5), (1, 1), (0.5, 1), (0, 1), (0, 0.5)])
    lonlat = np.round(np.array([west, south]) + ring * np.array([east - west, north - south]), 9)
    noise = chance(seed, "survey").normal(0.0, NOISE_M, lonlat.shape)
    return ControlPoints(np.array(NAMES), np.round(city_plane(lonlat) + noise, 3), lonlat)
