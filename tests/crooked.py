"""A made-up partition with all that hurts: enclaves, islands, parts that touch in one vertex, slanted borders."""

import numpy as np
import shapely

from gis.shapes import Shapes

STADHUIS_AMSTERDAM = (4.9012, 52.3676)


def partition(seed: int, side: int = 8, areas: int = 9, size: float = 0.002) -> Shapes:
    """``side`` x ``side`` crooked quadrilaterals dealt out to areas at random; shared corners are equal to the bit."""
    rng = np.random.default_rng(seed)
    steps = np.arange(side + 1) * size
    corners = np.stack(np.meshgrid(steps, steps), axis=-1) + rng.uniform(-0.3, 0.3, (side + 1, side + 1, 2)) * size
    corners += STADHUIS_AMSTERDAM
    a, b, c, d = corners[:-1, :-1], corners[:-1, 1:], corners[1:, 1:], corners[1:, :-1]
    quads = shapely.polygons(np.stack([a, b, c, d], axis=2).reshape(-1, 4, 2))
    owner = rng.integers(0, areas, len(quads))
    owner[:areas] = np.arange(areas)
    return np.array([shapely.coverage_union_all(quads[owner == area]) for area in range(areas)], object)


def hard_points(shapes: Shapes, seed: int, ordinary: int) -> np.ndarray:
    """Every vertex and edge middle, each also one ulp away on all four sides, mixed x and y, and ordinary points."""
    rng = np.random.default_rng(seed)
    rings = shapely.get_rings(shapely.get_parts(shapes))
    vertices = np.unique(shapely.get_coordinates(rings), axis=0)
    middles = np.concatenate([(xy[1:] + xy[:-1]) / 2 for xy in map(shapely.get_coordinates, rings)])
    exact = np.concatenate([vertices, middles])
    shifted = [np.nextafter(exact, exact + np.array(way)) for way in ((1, 0), (-1, 0), (0, 1), (0, -1))]
    mixed = np.column_stack([rng.permutation(vertices[:, 0]), rng.permutation(vertices[:, 1])])
    west, south, east, north = shapely.total_bounds(shapes)
    spread = rng.uniform((west - 0.001, south - 0.001), (east + 0.001, north + 0.001), (ordinary, 2))
    return np.concatenate([exact, *shifted, mixed, spread])
