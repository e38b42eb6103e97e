"""H3 cells as GeoJSON polygons that a flat web map draws in one piece, also across 180 degrees."""

from typing import Any

import h3.api.numpy_int as h3
import numpy as np
import numpy.typing as npt

Feature = dict[str, Any]
_DECIMALS = 6  # a tenth of a metre; the edge of the finest cell drawn is 10 m


def hexagons(cells: npt.NDArray[np.int64], counts: npt.NDArray[np.int64]) -> list[Feature]:
    """One Polygon feature a cell, longitude first, with properties `n` (reports) and `cell` (the id in hex).

    A cell that crosses 180 degrees runs on past 180 instead of wrapping, and so do the cells east of it when the
    data lie on both sides; a cell around a pole is not drawn properly, and no city is there.
    """
    rings = [[(lng, lat) for lat, lng in h3.cell_to_boundary(int(cell))] for cell in cells]
    east_of = _cut([ring[0][0] for ring in rings])
    return [
        {
            "type": "Feature",
            "properties": {"n": int(n), "cell": h3.int_to_str(int(cell))},
            "geometry": {"type": "Polygon", "coordinates": [_ring(ring, east_of)]},
        }
        for ring, cell, n in zip(rings, cells, counts, strict=True)
    ]


def bounds(features: list[Feature]) -> list[list[float]]:
    """[[south, west], [north, east]] of what is drawn; the caller has at least one feature."""
    points = np.array([point for feature in features for point in feature["geometry"]["coordinates"][0]])
    (west, south), (east, north) = points.min(axis=0), points.max(axis=0)
    return [[float(south), float(west)], [float(north), float(east)]]


def _cut(longitudes: list[float]) -> float:
    """Longitudes below this one belong after 180: the eastern end of the widest empty stretch, -180 mostly."""
    around = np.unique(longitudes)
    if around.size < 2:
        return -180.0
    gaps = np.diff(around)
    widest = int(gaps.argmax())
    return float(around[widest + 1]) if gaps[widest] > 180.0 else -180.0


def _ring(ring: list[tuple[float, float]], east_of: float) -> list[list[float]]:
    first = ring[0][0] + 360.0 * (ring[0][0] < east_of and east_of > -180.0)
    unwrapped = [[_near(lng, first), round(lat, _DECIMALS)] for lng, lat in ring]
    return [*unwrapped, unwrapped[0]]


def _near(lng: float, first: float) -> float:
    return round(lng + 360.0 * round((first - lng) / 360.0), _DECIMALS)
