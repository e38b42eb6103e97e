"""Point -> area: the exact index against shapely's own tree, on a grid of many-cornered cells and random points."""

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from benchmarks.rounds import Case
from gis.locate import PointIndex
from gis.rings import rings_of

SIDE = 60
CORNERS_A_SIDE = 20
POINTS = 100_000
WEST, SOUTH, DEGREE_A_CELL = 116.2, 39.8, 0.003


def cases() -> list[Case]:
    """The batch and the single look-up."""
    rng = np.random.default_rng(20261122)
    shapes = _wavy_cells(rng)
    span = SIDE * DEGREE_A_CELL
    lon, lat = WEST + rng.uniform(0, span, POINTS), SOUTH + rng.uniform(0, span, POINTS)
    index = PointIndex(rings_of(shapes))
    tree = shapely.STRtree(shapes)
    points = gpd.GeoDataFrame(geometry=gpd.points_from_xy(lon, lat), crs=4326)
    cells = gpd.GeoDataFrame(geometry=shapes, crs=4326)
    one = (float(lon[0]), float(lat[0]))
    return [
        Case(
            "index/batch",
            "points",
            POINTS,
            {
                "wangge": lambda: index.locate(lon, lat),
                "shapely STRtree": lambda: tree.query(shapely.points(lon, lat), predicate="covered_by"),
                "geopandas sjoin": lambda: gpd.sjoin(points, cells, predicate="within"),
            },
        ),
        Case(
            "index/one",
            "points",
            1,
            {
                "wangge": lambda: index.locate([one[0]], [one[1]]),
                "shapely STRtree": lambda: tree.query(shapely.Point(one), predicate="covered_by"),
            },
        ),
    ]


def _wavy_cells(rng: np.random.Generator) -> NDArray[np.object_]:
    """A seamless grid whose shared edges are crooked, so that boxes do not decide."""
    steps = SIDE * CORNERS_A_SIDE + 1
    shift = rng.uniform(-0.2, 0.2, (2, steps, steps)) / CORNERS_A_SIDE
    ticks = np.arange(steps) / CORNERS_A_SIDE
    x = WEST + (ticks[None, :] + shift[0]) * DEGREE_A_CELL
    y = SOUTH + (ticks[:, None] + shift[1]) * DEGREE_A_CELL
    cells = np.empty(SIDE * SIDE, object)
    for number in range(SIDE * SIDE):
        row, column = (index * CORNERS_A_SIDE for index in divmod(number, SIDE))
        rows, columns = slice(row, row + CORNERS_A_SIDE + 1), slice(column, column + CORNERS_A_SIDE + 1)
        ring = [
            np.column_stack([x[row, columns], y[row, columns]])[:-1],
            np.column_stack([x[rows, columns.stop - 1], y[rows, columns.stop - 1]])[:-1],
            np.column_stack([x[rows.stop - 1, columns], y[rows.stop - 1, columns]])[:0:-1],
            np.column_stack([x[rows, column], y[rows, column]])[:0:-1],
        ]
        cells[number] = shapely.Polygon(np.concatenate(ring))
    return cells
