"""The sample city's flat working plane: metres east and north of the centre, and degrees rounded once."""

import math

import numpy as np
import numpy.typing as npt
import shapely

Floats = npt.NDArray[np.float64]
Shapes = npt.NDArray[np.object_]
Ints = npt.NDArray[np.int64]
Texts = npt.NDArray[np.str_]

CENTRE = np.array([118.0, 31.0])
METRES_PER_DEGREE = np.array([111_320.0 * math.cos(math.radians(31.0)), 110_860.0])
DECIMALS = 7


def degrees(metres: Floats) -> Floats:
    """Longitude and latitude (WGS 84) of plane coordinates, rounded to 7 decimals: the only place that rounds.

    Element by element, so that a vertex used by two borders stays the same two numbers.
    """
    rounded: Floats = np.round(CENTRE + metres / METRES_PER_DEGREE, DECIMALS)
    return rounded


def metres(lonlat: Floats) -> Floats:
    """Plane coordinates of degrees; good to a few per mille, enough for spacing houses."""
    plane: Floats = (lonlat - CENTRE) * METRES_PER_DEGREE
    return plane


def flat(shapes: Shapes) -> Shapes:
    """The same shapes on the plane, in metres."""
    projected: Shapes = shapely.transform(shapes, metres)
    return projected


def wiggly(ends: Floats, levels: int, ratio: float, rng: np.random.Generator) -> Floats:
    """Lines between pairs of points ``(n, 2, 2)``, bent by random midpoint displacement: ``(n, 2**levels + 1, 2)``.

    ``ratio`` is the usual sideways step as a share of the chord; it shrinks with each level and never exceeds twice
    itself, so that short lines stay simple. The two ends are kept to the bit.
    """
    lines = ends
    for _ in range(levels):
        chord = np.diff(lines, axis=1)
        side = np.stack([-chord[..., 1], chord[..., 0]], axis=-1)
        step = np.clip(rng.normal(0.0, ratio, chord.shape[:2]), -2 * ratio, 2 * ratio)
        middle = (lines[:, :-1] + lines[:, 1:]) / 2 + side * step[..., None]
        woven = np.empty((lines.shape[0], 2 * lines.shape[1] - 1, 2))
        woven[:, 0::2], woven[:, 1::2] = lines, middle
        lines, ratio = woven, ratio * 0.75
    return lines


def points(lonlat: Floats) -> Shapes:
    """A point for each row of ``(n, 2)`` coordinates."""
    return np.asarray(shapely.points(lonlat), dtype=object)


def locate(tree: shapely.STRtree, lonlat: Floats) -> Ints:
    """Row of the covering shape of each point, -1 outside; on a border the lowest row.

    With shapes in code order this is the rule of the service: the lowest code answers.
    """
    found = np.full(len(lonlat), len(tree.geometries), dtype=np.int64)
    which, row = tree.query(points(lonlat), predicate="intersects")
    np.minimum.at(found, which, row)
    found[found == len(tree.geometries)] = -1
    return found
