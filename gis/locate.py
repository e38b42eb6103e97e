"""The point index: which areas cover a point, how near the border is, and who else may be meant.

Batch first: arrays in, arrays out. An area covers a point when its closed polygon does (PostGIS ``ST_Covers``).
Areas come in the order of their codes (Unicode code points), and where several cover a point the lowest answers.
"""

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from threading import Lock

import numpy as np
import numpy.typing as npt
import shapely
from shapely import STRtree
from shapely.geometry.base import BaseGeometry

from gis.coordinates import Flags, Floats, Ranks, lonlat_arrays
from gis.errors import BadInput
from gis.measure import distance_m, metres_per_degree
from gis.rings import Borders, Rings
from gis.shapes import Shapes

BORDER_REACH_M = 250.0
"""Distances to the border are exact up to here; beyond, they are only known to be larger."""

_LEAST_RADIUS_M = 1e-4
_DISC = np.linspace(0.0, 2.0 * np.pi, 65)
_CIRCLE = np.column_stack([np.cos(_DISC), np.sin(_DISC)])


@dataclass(frozen=True, slots=True)
class Located:
    """Where each of n points lies.

    ``area`` int64[n]: the lowest covering area, -1 for none. ``on_border`` bool[n]: on the outline of a covering
    area. ``point``, ``covering`` int64[m]: every (point, area) pair that covers, sorted by point, then area.
    """

    area: Ranks
    on_border: Flags
    point: Ranks
    covering: Ranks


@dataclass(frozen=True, slots=True)
class Candidates:
    """Areas that meet the disc of doubt: (point, area, share of the disc), sorted by point, then falling share."""

    point: Ranks
    area: Ranks
    share: Floats


class PointIndex:
    """The exact index of one layer. Correct and clear, on shapely; its cost is stated by ``./run bench index``."""

    def __init__(self, rings: Rings) -> None:
        self._rings = rings
        self._shapes: Shapes = rings.shapes()
        self._warm = np.zeros(len(self._shapes), bool)
        self._warming = Lock()

    def __len__(self) -> int:
        return len(self._shapes)

    @property
    def shapes(self) -> Shapes:
        """The areas it answers from, in order; not to be changed."""
        return self._shapes

    @cached_property
    def _tree(self) -> STRtree:
        return STRtree(self._shapes)

    @cached_property
    def _borders(self) -> Borders:
        return Borders(self._rings)

    def locate(self, lon: npt.ArrayLike, lat: npt.ArrayLike) -> Located:
        """The covering areas of each point. Raises BadCoordinate."""
        x, y = lonlat_arrays(lon, lat)
        point, area = self._tree.query(shapely.points(x, y))
        order = np.argsort(area, kind="stable")
        point, area = point[order].astype(np.int64), area[order].astype(np.int64)
        covers = np.zeros(len(point), bool)
        border = np.zeros(len(point), bool)
        starts = np.flatnonzero(np.diff(area, prepend=-1))
        for first, last in pairwise([*starts.tolist(), len(area)]):
            shape, rows = self._prepared(int(area[first])), point[first:last]
            covers[first:last] = shapely.intersects_xy(shape, x[rows], y[rows])
            border[first:last] = covers[first:last] & ~shapely.contains_xy(shape, x[rows], y[rows])
        return _lowest(len(x), point[covers], area[covers], border[covers])

    def _prepared(self, area: int) -> BaseGeometry:
        """The shape with its own point locator built. GEOS builds it at the first question, and two threads that ask
        the first question together crash the process (libgeos/geos#825)."""
        shape: BaseGeometry = self._shapes[area]
        if not self._warm[area]:
            with self._warming:
                shapely.prepare(shape)
                x, y = shapely.get_coordinates(shape)[0]
                shapely.intersects_xy(shape, x, y)
                shapely.contains_xy(shape, x, y)
                self._warm[area] = True
        return shape

    def near(self, shape: BaseGeometry) -> Ranks:
        """The areas that meet the shape, in rising order."""
        return np.sort(self._tree.query(shape, predicate="intersects")).astype(np.int64)

    def border_distance_m(self, lon: npt.ArrayLike, lat: npt.ArrayLike) -> Floats:
        """Metres to the nearest border of the layer, NaN beyond ``BORDER_REACH_M``."""
        x, y = lonlat_arrays(lon, lat)
        return self._borders.distance_m(x, y, BORDER_REACH_M)

    def candidates(self, lon: npt.ArrayLike, lat: npt.ArrayLike, radius_m: npt.ArrayLike) -> Candidates:
        """The areas within ``radius_m`` of each point, with their shares of that disc (a 64-gon).

        In a partition the shares and what lies outside sum to 1; in an overlapping layer they may exceed it.
        Raises BadInput for a radius that is negative or not finite.
        """
        x, y = lonlat_arrays(lon, lat)
        radius = np.broadcast_to(np.asarray(radius_m, np.float64), x.shape)
        if not (np.isfinite(radius) & (radius >= 0.0)).all():
            raise BadInput("the accuracy must be a finite number of metres, 0 or more", field="accuracy_m")
        radius = np.maximum(radius, _LEAST_RADIUS_M)
        discs = _discs(x, y, radius)
        point, area = self._tree.query(discs, predicate="intersects")
        whole = shapely.area(discs)
        share = shapely.area(shapely.intersection(discs[point], self._shapes[area])) / whole[point]
        order = np.lexsort((area, -share, point))
        kept = order[share[order] > 0.0]
        return Candidates(point[kept].astype(np.int64), area[kept].astype(np.int64), np.minimum(share[kept], 1.0))

    def nearest(self, lon: float, lat: float) -> tuple[int, float] | None:
        """The nearest area and its distance in metres (0 when it covers the point), or None for a layer without ground.

        Chosen in a plane scaled to metres at the point, measured on the ellipsoid: good to a metre within 20 km below
        60 degrees; from other countries it names a near area, hardly the nearest. The antimeridian is a wall to it.
        """
        covering = int(self.locate(lon, lat).area[0])
        if covering >= 0:
            return covering, 0.0
        here = shapely.Point(lon, lat)
        close = self._tree.nearest(here)
        if close is None:
            return None
        east, north = (max(float(scale), 1e-3) for scale in metres_per_degree(lat))
        guess = _nearest_in_plane(self._shapes[int(close)], lon, lat, east, north)
        reach = float(np.hypot(*guess)) * (1.0 + 1e-9) + 1e-3
        dx, dy = reach / east, reach / north
        near = np.sort(self._tree.query(shapely.box(lon - dx, lat - dy, lon + dx, lat + dy)))
        steps = np.array([_nearest_in_plane(self._shapes[area], lon, lat, east, north) for area in near])
        best = int(np.argmin(np.hypot(steps[:, 0], steps[:, 1])))
        x, y = steps[best]
        return int(near[best]), float(distance_m(lon, lat, lon + x / east, lat + y / north))


def _nearest_in_plane(shape: BaseGeometry, lon: float, lat: float, east: float, north: float) -> Floats:
    """The step in metres, east and north, from the point to the shape."""
    scaled = shapely.transform(shape, lambda xy: (xy - (lon, lat)) * (east, north))
    step: Floats = shapely.get_coordinates(shapely.shortest_line(shapely.Point(0, 0), scaled))[1]
    return step


def _lowest(points: int, point: Ranks, area: Ranks, border: Flags) -> Located:
    order = np.lexsort((area, point))
    point, area, border = point[order], area[order], border[order]
    first = np.flatnonzero(np.diff(point, prepend=-1))
    answer = np.full(points, -1, np.int64)
    answer[point[first]] = area[first]
    on_border = np.zeros(points, bool)
    on_border[point[border]] = True
    return Located(answer, on_border, point, area)


def _discs(lon: Floats, lat: Floats, radius: Floats) -> Shapes:
    per_lon, per_lat = metres_per_degree(lat)
    scale = np.column_stack([radius / per_lon, radius / per_lat])
    ring = np.column_stack([lon, lat])[:, None, :] + _CIRCLE[None, :, :] * scale[:, None, :]
    ring[:, -1] = ring[:, 0]
    return np.asarray(shapely.polygons(ring), object)
