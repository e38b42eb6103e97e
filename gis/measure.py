"""Metres and square metres on the WGS 84 ellipsoid."""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import shapely
from pyproj import Geod
from shapely.geometry.base import BaseGeometry

from gis.coordinates import Bounds, Floats

WGS84 = Geod(ellps="WGS84")
_E2 = WGS84.es


def metres_per_degree(lat: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Metres in one degree of longitude and of latitude at these latitudes.

    From the ellipsoid's radii of curvature. A plane scaled so is good to 1 cm over 250 m below 60 degrees.
    """
    phi = np.radians(np.asarray(lat, np.float64))
    slim = 1.0 - _E2 * np.sin(phi) ** 2
    along_parallel = np.pi / 180.0 * WGS84.a * np.cos(phi) / np.sqrt(slim)
    along_meridian = np.pi / 180.0 * WGS84.a * (1.0 - _E2) / slim**1.5
    return along_parallel, along_meridian


def distance_m(lon1: npt.ArrayLike, lat1: npt.ArrayLike, lon2: npt.ArrayLike, lat2: npt.ArrayLike) -> Floats:
    """Geodesic distance, metres."""
    x1, y1, x2, y2 = np.broadcast_arrays(*(np.asarray(a, np.float64) for a in (lon1, lat1, lon2, lat2)))
    return np.asarray(WGS84.inv(x1, y1, x2, y2)[2], np.float64)


def area_m2(shape: BaseGeometry) -> float:
    """The area of its polygons on the ellipsoid, holes taken off, whichever way the rings run; 0 for lines and points.

    Edges are geodesics, as in PostGIS's ``geography``.
    """
    polygons = [part for part in shapely.get_parts(shapely.get_parts(shape)).tolist() if part.geom_type == "Polygon"]
    return float(sum(WGS84.geometry_area_perimeter(part)[0] for part in shapely.orient_polygons(polygons)))


def length_m(shape: BaseGeometry) -> float:
    """The length of its lines on the ellipsoid; edges are geodesics. A polygon counts its rings."""
    return float(WGS84.geometry_length(shape))


def plane_areas_m2(lat: npt.ArrayLike, square_degrees: npt.ArrayLike) -> Floats:
    """Areas in m2 of shapes a few kilometres across, from their latitude and their area in square degrees.

    Good to 0.1 % at that size, and a thousand times faster than the geodesic area: for sorting out slivers.
    """
    east, north = metres_per_degree(lat)
    return np.asarray(square_degrees, np.float64) * east * north


def bounds_of(boxes: Iterable[Bounds]) -> Bounds | None:
    """The box around all boxes, or None for none."""
    stacked = np.array(list(boxes), np.float64)
    if stacked.size == 0:
        return None
    west, south = np.nanmin(stacked[:, :2], axis=0)
    east, north = np.nanmax(stacked[:, 2:], axis=0)
    return float(west), float(south), float(east), float(north)
