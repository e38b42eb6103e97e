"""Where a layer fails to be seamless: gaps, overlaps, ground of the parent left uncovered, areas beyond their parent.

Pure geometry. The idea: orient all rings with the inside on the left. An edge that appears once in each direction
has an area on both sides and changes nothing; the number of areas over a place can only change across the other
edges. Node just those, cut the plane into faces, ask each face how many areas cover it: 0 is a gap, 2 an overlap.
Cost grows with the dirt, not with the city. Faces below 1e-5 m2 are the noise of crossing points and are dropped.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import Literal

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from gis.coordinates import Floats, Ranks
from gis.measure import area_m2, plane_areas_m2
from gis.shapes import Shapes, polygonal_part

_NOISE_M2 = 1e-5
_ROUNDING_M2 = 0.01

Fault = Literal["gap", "overlap", "uncovered", "outside_parent"]


@dataclass(frozen=True, slots=True)
class TopologyFault:
    """One fault. ``areas``: indices of those that overlap, lie around the gap, stick out, or are not covered."""

    kind: Fault
    areas: tuple[int, ...]
    shape: BaseGeometry
    area_m2: float


class Coverage:
    """The sound areas of one layer, with what several checks need of them computed once."""

    def __init__(self, shapes: Shapes) -> None:
        self.shapes = shapes

    def __len__(self) -> int:
        return len(self.shapes)

    @cached_property
    def tree(self) -> shapely.STRtree:
        """The areas by their boxes."""
        return shapely.STRtree(self.shapes)

    @cached_property
    def odd_edges(self) -> Floats:
        """float64[m, 4]: the edges that do not appear exactly once in each direction."""
        return _odd_edges(self.shapes)

    def covering(self, seats: Shapes) -> tuple[Ranks, Ranks]:
        """Every (point, area) whose closed area covers the point."""
        point, area = self.tree.query(seats, predicate="intersects")
        return point.astype(np.int64), area.astype(np.int64)

    def lowest(self, seats: Shapes) -> Ranks:
        """The lowest area that covers each point, -1 for none."""
        point, area = self.covering(seats)
        found = np.full(len(seats), len(self), np.int64)
        np.minimum.at(found, point, area)
        return np.where(found == len(self), -1, found)


def partition_faults(layer: Coverage) -> Iterator[TopologyFault]:
    """The gaps, with the areas around each, and the overlaps, one for each two areas. Shapes must be valid."""
    faces = _faces(layer.odd_edges)
    if not len(faces):
        return
    times = np.bincount(layer.covering(shapely.point_on_surface(faces))[0], minlength=len(faces))
    for face in faces[times == 0].tolist():
        around = tuple(sorted(layer.tree.query(face, predicate="intersects").tolist()))
        yield TopologyFault("gap", around, face, area_m2(face))
    yield from _overlaps(layer, faces[times > 1])


def _overlaps(layer: Coverage, faces: Shapes) -> Iterator[TopologyFault]:
    """A face may hold the border of two areas that both overlap a third, so each pair is cut out afresh."""
    pairs: set[tuple[int, int]] = set()
    for face in faces.tolist():
        pairs.update(combinations(sorted(layer.tree.query(face, predicate="intersects").tolist()), 2))
    for pair in sorted(pairs):
        shape = polygonal_part(shapely.intersection(*layer.shapes[list(pair)]))
        extent = 0.0 if shape.is_empty else area_m2(shape)
        if extent >= _NOISE_M2:
            yield TopologyFault("overlap", pair, shape, extent)


def uncovered_faults(parents: Coverage, children: Coverage, gaps: Shapes) -> Iterator[TopologyFault]:
    """Ground of the parent layer that no child covers, beyond the ``gaps`` already found inside the child layer."""
    faces = _faces(np.concatenate([children.odd_edges, parents.odd_edges]))
    if not len(faces):
        return
    seats = shapely.point_on_surface(faces)
    wanted, had, told = parents.lowest(seats), children.lowest(seats), Coverage(gaps).lowest(seats)
    for face in np.flatnonzero((wanted >= 0) & (had < 0) & (told < 0)).tolist():
        yield TopologyFault("uncovered", (int(wanted[face]),), faces[face], area_m2(faces[face]))


def outside_faults(parents: Shapes, children: Shapes, parent_of: Ranks) -> Iterator[TopologyFault]:
    """The part of each child beyond its own parent; ``parent_of`` int64[children], -1 for none. Below 1 dm2: none."""
    order = np.argsort(parent_of, kind="stable")
    ends = np.searchsorted(parent_of[order], np.arange(len(parents) + 1))
    for at, parent in enumerate(parents):
        own = order[ends[at] : ends[at + 1]]
        shapely.prepare(parent)
        for child in own[~shapely.covers(parent, children[own])].tolist():
            beyond = polygonal_part(shapely.difference(children[child], parent))
            extent = 0.0 if beyond.is_empty else area_m2(beyond)
            if extent >= _ROUNDING_M2:
                yield TopologyFault("outside_parent", (child,), beyond, extent)


def _odd_edges(shapes: Shapes) -> Floats:
    rings = shapely.get_rings(shapely.get_parts(shapely.orient_polygons(shapes, exterior_cw=False)))
    coords, ring = shapely.get_coordinates(rings, return_index=True)
    first = np.flatnonzero(ring[1:] == ring[:-1]) if len(ring) else np.empty(0, np.int64)
    a, b = coords[first] + 0.0, coords[first + 1] + 0.0
    moving = (a != b).any(axis=1)
    a, b = a[moving], b[moving]
    ahead = (a[:, 0] < b[:, 0]) | ((a[:, 0] == b[:, 0]) & (a[:, 1] < b[:, 1]))
    edges: Floats = np.where(ahead[:, None], np.hstack([a, b]), np.hstack([b, a]))
    order = np.lexsort(edges.T)
    edges, ahead = edges[order], ahead[order]
    starts = np.flatnonzero(np.concatenate([[True], (edges[1:] != edges[:-1]).any(axis=1)])[: len(edges)])
    if not len(starts):
        return np.empty((0, 4))
    forward = np.add.reduceat(ahead.astype(np.int64), starts)
    backward = np.diff(np.append(starts, len(edges))) - forward
    odd: Floats = edges[starts[(forward != 1) | (backward != 1)]]
    return odd


def _faces(edges: Floats) -> Shapes:
    if not len(edges):
        return np.empty(0, object)
    lines = shapely.linestrings(edges.reshape(-1, 2, 2))
    noded = shapely.get_parts(shapely.union_all(lines))
    faces: Shapes = shapely.get_parts(shapely.polygonize(noded))
    sizes = plane_areas_m2(shapely.bounds(faces)[:, 1], shapely.area(faces)) if len(faces) else np.empty(0)
    return faces[sizes >= _NOISE_M2]
