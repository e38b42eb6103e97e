"""Estates (小区楼宇): walled ground inside a cell or across two, each with a property company."""

from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from data.chance import chance
from data.layers import COMMUNITY_DIGITS, Ladder, Layer
from data.names import place_names
from data.parties import COMMUNITIES_PER_PROPERTY, PROPERTY
from data.plane import DECIMALS, Floats, Ints, Shapes, degrees, flat

ENDS = ("小区", "花园", "家园")
FEWEST, MOST = 1, 3
SETBACK_M = 18.0
SMALLEST_M2 = 1_500.0


@dataclass(frozen=True, slots=True)
class Estates:
    """The layer, and the property company of each estate."""

    layer: Layer
    companies: list[str]


def estates(areas: Ladder, seed: int) -> Estates:
    """Up to three estates in each third community; they stand back from the roads, and none meets another."""
    rng = chance(seed, "estates")
    codes: list[str] = []
    shapes: list[BaseGeometry] = []
    community = np.array([code[:COMMUNITY_DIGITS] for code in areas.cells.codes.tolist()])
    for home in areas.communities.codes[::COMMUNITIES_PER_PROPERTY].tolist():
        found = _inside(areas.cells.shapes[community == home], int(rng.integers(FEWEST, MOST + 1)), rng)
        codes += [f"XQ{home}{number:02d}" for number in range(1, len(found) + 1)]
        shapes += found
    names = place_names(len(codes), ENDS, rng)
    layer = Layer(
        "estate",
        np.array(codes, dtype=np.str_),
        np.array(names, dtype=np.str_),
        np.full(len(codes), "", dtype=np.str_),
        np.array([*shapes, None], dtype=object)[:-1],
        overlapping=True,
    )
    return Estates(layer, [f"{PROPERTY}{code[2:-2]}" for code in codes])


def points_inside(living: Estates, count: int, rng: np.random.Generator) -> tuple[Ints, Floats]:
    """Rows of estates, larger ones more often, and a point in each (WGS 84, ``(count, 2)``)."""
    shapes = living.layer.shapes
    if not len(shapes):
        return np.empty(0, dtype=np.int64), np.empty((0, 2))
    yards = shapely.area(flat(shapes))
    row = rng.choice(len(shapes), count, p=yards / yards.sum())
    low, high = np.split(shapely.bounds(shapes), 2, axis=1)
    lonlat, out = np.empty((count, 2)), np.arange(count)
    for _ in range(8):  # as good as always enough: an estate fills more than a third of its box
        tried = low[row[out]] + rng.random((len(out), 2)) * (high - low)[row[out]]
        lonlat[out] = np.round(tried, DECIMALS)
        out = out[~shapely.contains_xy(shapes[row[out]], lonlat[out])]
    lonlat[out] = np.round(shapely.get_coordinates(shapely.point_on_surface(shapes[row[out]])), DECIMALS)
    return row, lonlat


def _inside(cells: Shapes, wanted: int, rng: np.random.Generator) -> list[BaseGeometry]:
    """So many estates on different cells, each second one across two neighbours."""
    ground = flat(cells)
    free = set(range(len(ground)))
    found: list[BaseGeometry] = []
    for row in rng.permutation(len(ground)).tolist():
        if len(found) == wanted:
            break
        if row not in free:
            continue
        taken = [row, *(_neighbours(ground, row, free)[:1] if len(found) % 2 else ())]
        walled = _walled(shapely.unary_union(ground[taken]))
        if walled is not None:
            found.append(walled)
            free -= set(taken)
    return found


def _neighbours(ground: Shapes, row: int, free: set[int]) -> list[int]:
    """The free cells that share more than a corner with that one, the longest shared border first."""
    others = sorted(free - {row})
    if not others:
        return []
    shared = shapely.length(shapely.intersection(ground[row], ground[others]))
    return [others[k] for k in np.argsort(-shared, kind="stable").tolist() if shared[k] > 2 * SETBACK_M]


def _walled(block: BaseGeometry) -> BaseGeometry | None:
    """The block set back from its borders, in degrees; None where little is left."""
    inner = shapely.simplify(shapely.buffer(block, -SETBACK_M, join_style="mitre"), 2.0)
    parts = shapely.get_parts(inner)
    if not len(parts):
        return None
    best = parts[int(np.argmax(shapely.area(parts)))]
    walled = shapely.transform(best, degrees)
    return walled if shapely.area(best) >= SMALLEST_M2 and shapely.is_valid(walled) else None
