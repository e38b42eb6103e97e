"""The borders of many areas as plain arrays, and the distance from points to them.

The arrays are those of ``shapely.to_ragged_array`` for MultiPolygons, so that a release can map them from disk.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely
from shapely import STRtree

from gis.coordinates import Floats, Ranks
from gis.measure import metres_per_degree
from gis.shapes import Shapes

_RUN = 32  # segments in one entry of the search tree
_PAIRS = 20_000  # (point, run) pairs measured at once


@dataclass(frozen=True)
class Rings:
    """``coords`` float64[n, 2]; vertices of ring r: coords[rings[r]:rings[r+1]]; rings of part p: parts[p:p+2];
    parts of area a: areas[a:a+2]. Each ring is closed: its last vertex repeats its first."""

    coords: npt.NDArray[np.float64]
    rings: npt.NDArray[np.int64]
    parts: npt.NDArray[np.int64]
    areas: npt.NDArray[np.int64]

    def shapes(self) -> Shapes:
        """The areas as shapely MultiPolygons, in order."""
        offsets = (self.rings, self.parts, self.areas)
        made: Shapes = shapely.from_ragged_array(shapely.GeometryType.MULTIPOLYGON, self.coords, offsets)
        return made


def rings_of(shapes: Shapes) -> Rings:
    """The borders of polygons and multipolygons, vertex for vertex; an empty or missing one has no parts."""
    polygons, area = shapely.get_parts(shapes, return_index=True)
    ground = ~shapely.is_empty(polygons)  # an empty polygon has no ring, and shapely crashes on reading one back
    if not ground.any():
        zero = np.zeros(1, np.int64)
        return Rings(np.empty((0, 2)), zero, zero, np.zeros(len(shapes) + 1, np.int64))
    multi = np.full(len(shapes), shapely.MultiPolygon(), object)
    shapely.multipolygons(polygons[ground], indices=area[ground], out=multi)
    _, coords, offsets = shapely.to_ragged_array(shapely.force_2d(multi))
    rings, parts, areas = (np.asarray(level, np.int64) for level in offsets)
    return Rings(np.ascontiguousarray(coords, np.float64), rings, parts, areas)


class Borders:
    """Distances in metres to the nearest border of any area in the rings.

    Runs of 32 consecutive segments stand in an STR-tree; only runs within reach are measured, in a plane scaled to
    metres at the point's own latitude (``gis.measure``). The antimeridian is a wall to it.
    """

    def __init__(self, rings: Rings) -> None:
        self._coords = rings.coords
        self._first, self._count = _runs(rings.rings)
        self._tree = STRtree(self._boxes())

    def _boxes(self) -> Shapes:
        if not len(self._first):
            return np.empty(0, object)
        spans = np.repeat(self._first, self._count + 1) + _ramp(self._count + 1)
        starts = np.concatenate([[0], np.cumsum(self._count + 1)[:-1]])
        points = self._coords[spans]
        low, high = np.minimum.reduceat(points, starts), np.maximum.reduceat(points, starts)
        boxes: Shapes = shapely.box(low[:, 0], low[:, 1], high[:, 0], high[:, 1])
        return boxes

    def distance_m(self, lon: Floats, lat: Floats, reach_m: float) -> Floats:
        """The distance of each point, NaN where it is more than ``reach_m``.

        Looks within a tenth of the reach first: most points of a city find their border there.
        """
        found = np.full(len(lon), np.nan)
        for reach in (reach_m / 10.0, reach_m):
            todo = np.flatnonzero(np.isnan(found))
            if len(todo):
                found[todo] = self._within(lon[todo], lat[todo], reach)
        return found

    def _within(self, lon: Floats, lat: Floats, reach_m: float) -> Floats:
        per_lon, per_lat = metres_per_degree(lat)
        dx, dy = reach_m / per_lon * 1.001, reach_m / per_lat * 1.001
        boxes = shapely.box(lon - dx, lat - dy, lon + dx, lat + dy)
        point, run = self._tree.query(boxes)
        best = np.full(len(lon), np.inf)
        for start in range(0, len(point), _PAIRS):
            p, r = point[start : start + _PAIRS], run[start : start + _PAIRS]
            np.minimum.at(best, p, self._squared(lon[p], lat[p], per_lon[p], per_lat[p], r))
        distance = np.sqrt(best)
        return np.where(distance <= reach_m, distance, np.nan)

    def _squared(self, lon: Floats, lat: Floats, per_lon: Floats, per_lat: Floats, run: Ranks) -> Floats:
        """Squared metres from each point to its run; short runs repeat their last vertex."""
        step = np.minimum(np.arange(_RUN + 1), self._count[run][:, None])
        vertices = self._coords[self._first[run][:, None] + step]
        x = (vertices[:, :, 0] - lon[:, None]) * per_lon[:, None]
        y = (vertices[:, :, 1] - lat[:, None]) * per_lat[:, None]
        ax, ay, bx, by = x[:, :-1], y[:, :-1], np.diff(x), np.diff(y)
        length = bx * bx + by * by
        along = np.clip(-(ax * bx + ay * by) / np.where(length > 0.0, length, 1.0), 0.0, 1.0)
        squared = (ax + along * bx) ** 2 + (ay + along * by) ** 2
        return np.asarray(squared.min(axis=1), np.float64)


def _ramp(counts: Ranks) -> Ranks:
    """0, 1, .. c-1 for each c of counts, end to end."""
    ends = np.cumsum(counts)
    ramp: Ranks = np.arange(ends[-1] if len(ends) else 0) - np.repeat(ends - counts, counts)
    return ramp


def _runs(rings: npt.NDArray[np.int64]) -> tuple[Ranks, Ranks]:
    """First vertex and number of segments of each run."""
    segments = np.maximum(np.diff(rings) - 1, 0)
    pieces = -(-segments // _RUN)
    offset = _ramp(pieces) * _RUN
    first = np.repeat(rings[:-1], pieces) + offset
    return first.astype(np.int64), np.minimum(np.repeat(segments, pieces) - offset, _RUN).astype(np.int64)
