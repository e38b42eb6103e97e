"""Where a layer of road segments goes wrong: a stretch of road drawn in two segments, segments far from their parents.

Pure geometry. Crossings and shared ends are no faults: a point there belongs to the nearest centre line, and a tie goes
to the lowest code. Where it falls down: a stretch counts as drawn twice only where both lines lie on each other to the
last digit, as they do between the same vertices; two that run side by side, a hand apart, pass as two roads.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from gis.coordinates import Floats, Ranks
from gis.measure import length_m, metres_per_degree
from gis.shapes import Shapes

_NOISE_M = 0.01
_PAIRS = 100_000


@dataclass(frozen=True, slots=True)
class Stretch:
    """Centre line that two segments of one layer both hold. ``one``, ``other``: their indices."""

    one: int
    other: int
    shape: BaseGeometry
    metres: float


def shared_stretches(lines: Shapes) -> Iterator[Stretch]:
    """Every stretch that two of the lines hold, in the order of the pairs."""
    one, other = shapely.STRtree(lines).query(lines, predicate="intersects")
    kept = np.flatnonzero(one < other)
    order = kept[np.lexsort((other[kept], one[kept]))]
    for start in range(0, len(order), _PAIRS):
        pairs = order[start : start + _PAIRS]
        shared = shapely.intersection(lines[one[pairs]], lines[other[pairs]])
        for at in np.flatnonzero(shapely.length(shared) > 0.0).tolist():
            shape = linear_part(shared[at])
            metres = length_m(shape)
            if metres >= _NOISE_M:
                yield Stretch(int(one[pairs[at]]), int(other[pairs[at]]), shape, metres)


def linear_part(shape: BaseGeometry) -> BaseGeometry:
    """Only the lines of it, joined where they meet end to end."""
    parts = shapely.get_parts(shape)
    lines = parts[shapely.get_dimensions(parts) == 1]
    return shapely.line_merge(shapely.multilinestrings(lines)) if len(lines) else shapely.LineString()


def far_from_parents(parents: Shapes, lines: Shapes, half_widths: Floats, parent_of: Ranks) -> list[int]:
    """The lines whose ground, as far as their half-width, meets no ground of their parent.

    ``parent_of`` int64[lines]: -1 for a line that names none, which may lie in any of them. A road that only leaves its
    parent, or runs along its border, is no fault.
    """
    if not len(parents):
        return []
    named = parent_of >= 0
    meets = np.zeros(len(lines), bool)
    meets[named] = shapely.intersects(lines[named], parents[parent_of[named]])
    tree = shapely.STRtree(parents)
    loose = np.flatnonzero(~named)
    meets[loose[tree.query(lines[loose], predicate="intersects")[0]]] = True
    return [
        row
        for row in np.flatnonzero(~meets).tolist()
        if not _reaches(lines[row], float(half_widths[row]), parents[_choice(tree, lines[row], int(parent_of[row]))])
    ]


def _choice(tree: shapely.STRtree, line: BaseGeometry, parent: int) -> Ranks:
    """The parent it names, or those near it."""
    if parent >= 0:
        return np.array([parent], np.int64)
    return np.asarray(tree.query_nearest(line), np.int64)


def _reaches(line: BaseGeometry, half_width_m: float, parents: Shapes) -> bool:
    """Whether the line comes within its half-width of any of them, in a plane scaled at its own latitude."""
    _, south, _, north = line.bounds
    scale = np.array([float(each) for each in metres_per_degree((south + north) / 2.0)])
    flat_line = shapely.transform(line, lambda xy: xy * scale)
    flat = shapely.transform(parents, lambda xy: xy * scale)
    return bool((shapely.distance(flat_line, flat) <= half_width_m).any())
