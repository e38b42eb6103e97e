"""House numbers along both sides of every road."""

from dataclasses import dataclass

import numpy as np
import shapely

from data.chance import chance
from data.layers import Ladder
from data.names import CITY
from data.plane import Floats, Ints, Shapes, Texts, degrees, flat, locate
from data.roads import Roads


@dataclass(frozen=True, slots=True)
class Addresses:
    """One house a row: its parts, its point (WGS 84, ``(n, 2)``), and the row in the cell layer it lies in.

    Odd numbers stand left of the road's direction, even ones right; some numbers are missing, as in life.
    """

    texts: Texts
    districts: Texts
    roads: Texts
    numbers: Ints
    lonlat: Floats
    cell: Ints

    def __len__(self) -> int:
        return len(self.texts)


def addresses(ways: Roads, areas: Ladder, tree: shapely.STRtree, seed: int) -> Addresses:
    """The address table; ``tree`` holds the cells in code order. No house stands outside the city."""
    rng = chance(seed, "addresses")
    lines = flat(ways.shapes)
    road, along, number = _plots(shapely.length(lines), rng)
    lonlat = degrees(_beside(lines[road], along, np.where(number % 2, 1.0, -1.0) * rng.uniform(7, 19, len(road))))
    cell = locate(tree, lonlat)
    kept = (cell >= 0) & (rng.random(len(cell)) < 0.87)
    road, number, lonlat, cell = road[kept], number[kept], lonlat[kept], cell[kept]
    named = dict(zip(areas.districts.codes.tolist(), areas.districts.names.tolist(), strict=True))
    of_cell = np.array([named[code[:6]] for code in areas.cells.codes.tolist()])
    districts, roads = of_cell[cell], ways.names[road]
    add = np.strings.add
    texts = add(add(add(add(CITY, districts), roads), number.astype(np.str_)), "号")
    return Addresses(texts, districts, roads, number, lonlat, cell)


def _plots(lengths: Floats, rng: np.random.Generator) -> tuple[Ints, Floats, Ints]:
    """Road row, metres along the road and number of each house: one odd and one even for each frontage."""
    frontage = rng.uniform(70.0, 140.0, len(lengths))
    houses = np.maximum(1, (lengths / frontage).astype(np.int64))
    road = np.repeat(np.arange(len(lengths)), 2 * houses)
    number = np.arange(len(road)) - np.repeat(np.cumsum(2 * houses) - 2 * houses, 2 * houses) + 1
    place = (number - 1) // 2 + 0.5 + rng.uniform(-0.3, 0.3, len(road))
    return road, place * (lengths / houses)[road], number


def _beside(lines: Shapes, along: Floats, offset: Floats) -> Floats:
    """Points ``offset`` metres left (right when negative) of the lines at ``along`` metres."""
    at = shapely.get_coordinates(shapely.line_interpolate_point(lines, along))
    ahead = shapely.get_coordinates(shapely.line_interpolate_point(lines, along + 0.5))
    behind = shapely.get_coordinates(shapely.line_interpolate_point(lines, np.maximum(along - 0.5, 0.0)))
    heading = ahead - behind
    heading = heading / np.linalg.norm(heading, axis=1, keepdims=True)
    return np.asarray(at + offset[:, None] * np.stack([-heading[:, 1], heading[:, 0]], axis=-1))
