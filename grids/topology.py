"""Where a layer fails to be seamless: gaps, overlaps, ground of the parent left uncovered, areas beyond their parent.

Pure geometry. The idea: orient all rings with the inside on the left. An edge that appears once in each direction
has an area on both sides and changes nothing; the number of areas over a place can only change across the other
edges. Node just those, cut the plane into faces, ask each face how many areas cover it: 0 is a gap, 2 an overlap.
Cost grows with the dirt, not with the city. Faces below 1e-5 m2 are the noise of crossing points and are dropped.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from gis.coordinates import Floats
from gis.locate import PointIndex
from gis.measure import area_m2, plane_areas_m2
from gis.rings import rings_of
from gis.shapes import Shapes, polygonal_part

_NOISE_M2 = 1e-5
_ROUNDING_M2 = 0.01

Fault = Literal["gap", "overlap", "uncovered", "outside_parent"]


@dataclass(frozen=True, slots=True)
class TopologyFault:
    """One fault: ``areas`` are the indices of those that overlap, lie around the gap, or stick out or are not covered."""

    kind: Fault
    areas: tuple[int, ...]
    shape: BaseGeometry
    area_m2: float


def partition_faults(shapes: Shapes) -> Iterator[TopologyFault]:
    """The gaps, with the areas around each, and the overlaps, one for each two areas. Shapes must be valid."""
    faces = _faces(_unmatched_edges(shapes))
    if not len(faces):
        return
    tree = shapely.STRtree(shapes)
    seats = shapely.get_coordinates(shapely.point_on_surface(faces))
    times = np.bincount(PointIndex(rings_of(shapes)).locate(seats[:, 0], seats[:, 1]).point, minlength=len(faces))
    for face in faces[times == 0].tolist():
        around = tuple(sorted(tree.query(face, predicate="intersects").tolist()))
        yield TopologyFault("gap", around, face, area_m2(face))
    yield from _overlaps(shapes, tree, faces[times > 1])


def _overlaps(shapes: Shapes, tree: shapely.STRtree, faces: Shapes) -> Iterator[TopologyFault]:
    """A face may hold the border of two areas that both overlap a third, so each pair is cut out afresh."""
    pairs: set[tuple[int, int]] = set()
    for face in faces.tolist():
        pairs.update(combinations(sorted(tree.query(face, predicate="intersects").tolist()), 2))
    for pair in sorted(pairs):
        shape = polygonal_part(shapely.intersection(*shapes[list(pair)]))
        extent = 0.0 if shape.is_empty else area_m2(shape)
        if extent >= _NOISE_M2:
            yield TopologyFault("overlap", pair, shape, extent)


def uncovered_faults(parents: Shapes, children: Shapes, gaps: Shapes) -> Iterator[TopologyFault]:
    """Ground of the parent layer that no child covers, beyond the ``gaps`` already found inside the child layer."""
    faces = _faces(np.concatenate([_unmatched_edges(children), _unmatched_edges(parents)]))
    if not len(faces):
        return
    seats = shapely.get_coordinates(shapely.point_on_surface(faces))
    wanted = PointIndex(rings_of(parents)).locate(seats[:, 0], seats[:, 1]).area
    had = PointIndex(rings_of(children)).locate(seats[:, 0], seats[:, 1]).area
    told = PointIndex(rings_of(gaps)).locate(seats[:, 0], seats[:, 1]).area
    for face in np.flatnonzero((wanted >= 0) & (had < 0) & (told < 0)).tolist():
        yield TopologyFault("uncovered", (int(wanted[face]),), faces[face], area_m2(faces[face]))


def outside_faults(parents: Shapes, children: Shapes, parent_of: npt.NDArray[np.int64]) -> Iterator[TopologyFault]:
    """The part of each child beyond its own parent; ``parent_of`` int64[children], -1 for none. Below 1 dm2: none."""
    order = np.argsort(parent_of, kind="stable")
    for child in order[parent_of[order] >= 0].tolist():
        parent = parents[parent_of[child]]
        shapely.prepare(parent)
        if shapely.covers(parent, children[child]):
            continue
        beyond = polygonal_part(shapely.difference(children[child], parent))
        extent = 0.0 if beyond.is_empty else area_m2(beyond)
        if extent >= _ROUNDING_M2:
            yield TopologyFault("outside_parent", (child,), beyond, extent)


def _unmatched_edges(shapes: Shapes) -> Floats:
    """float64[m, 4]: the edges that do not appear exactly once in each direction."""
    rings = rings_of(shapely.orient_polygons(shapes, exterior_cw=False)) if len(shapes) else rings_of(shapes)
    if not len(rings.coords):
        return np.empty((0, 4))
    starts = np.ones(len(rings.coords), bool)
    starts[rings.rings[1:] - 1] = False
    first = np.flatnonzero(starts)
    a, b = rings.coords[first] + 0.0, rings.coords[first + 1] + 0.0
    moving = (a != b).any(axis=1)
    a, b = a[moving], b[moving]
    forward = (a[:, 0] < b[:, 0]) | ((a[:, 0] == b[:, 0]) & (a[:, 1] < b[:, 1]))
    edges = np.where(forward[:, None], np.hstack([a, b]), np.hstack([b, a]))
    distinct, back = np.unique(edges.view([("", np.float64)] * 4).ravel(), return_inverse=True)
    ahead = np.bincount(back, weights=forward, minlength=len(distinct))
    behind = np.bincount(back, weights=~forward, minlength=len(distinct))
    odd: Floats = distinct[(ahead != 1) | (behind != 1)].view(np.float64).reshape(-1, 4)
    return odd


def _faces(edges: Floats) -> Shapes:
    if not len(edges):
        return np.empty(0, object)
    lines = shapely.linestrings(edges.reshape(-1, 2, 2))
    noded = shapely.get_parts(shapely.union_all(lines))
    faces: Shapes = shapely.get_parts(shapely.polygonize(noded))
    sizes = plane_areas_m2(shapely.bounds(faces)[:, 1], shapely.area(faces)) if len(faces) else np.empty(0)
    return faces[sizes >= _NOISE_M2]
