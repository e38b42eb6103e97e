"""The H3 cells of many areas at once: coarse inside, fine along the border, as SQL looks them up.

A point's cell is the one of resolution 12, and that one's parents. Children stick out of their parents, so whatever is
asked of a cell is asked of its outline grown until it holds every cell of resolution 12 below it. The true edges of a
cell bow away from the straight ones drawn here (they are straight on the faces of H3's icosahedron): by micrometres at
resolution 12, where the growth is 3 cm, and by a thousandth of the growth at most where cells are coarser.
"""

from collections.abc import Iterable
from itertools import chain

import h3.api.basic_int as h3
import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from gis.coordinates import Flags, Floats, Ranks
from gis.h3cells import STORED_RESOLUTION, Cells, Cover, parents
from gis.lines import TIE_M
from gis.measure import metres_per_degree
from gis.shapes import Shapes

MOST_BORDER = 400
"""So many cells of a border are kept at most, or no more than a handful on a border that is coarse from the start."""

RESOLUTIONS = (0, *range(4, STORED_RESOLUTION + 1))
"""Those of the cells in covers. Resolution 0, all its 122 cells as a border, is for ground that is too wide, or too
near a pole or the antimeridian, for cells drawn in degrees."""

_COARSEST, _SIBLINGS = RESOLUTIONS[1], 7
_GROWTH, _LAST_GROWTH = 1.45, 1.004
_MORE_BORDER = 7.0**0.5  # cells on a border, one resolution finer
_WIDEST_M, _POLEWARD, _EASTWARD = 300_000.0, 80.0, 170.0
_RINGS, _STARTS = 2, 2.0  # an area whose radius is half an edge lies in the two rings around its middle
_ROUND = 1.02  # by how much the 32 chords of a buffer's circle fall short of it, at most

Pairs = tuple[Ranks, Cells]
"""Area i and cell i belong together."""


def covers(shapes: Shapes, most_border: int = MOST_BORDER) -> list[Cover]:
    """The cover of each polygon: a point whose cell or one of its parents is ``whole`` is inside; in neither, outside.

    A point has a parent in at most one of the two. The border is followed to resolution 12, or as far as
    ``most_border`` cells go: ``resolution`` says how far. About 1.3 ms an area.
    """
    shapely.prepare(shapes)
    starts = _start_resolutions(shapes)
    everywhere = _pairs((area, h3.get_res0_cells()) for area in np.flatnonzero(starts == 0).tolist())
    whole, border, waiting = [_pairs(())], [everywhere], _pairs(())
    finest = np.zeros(len(shapes), np.int64)
    for resolution in RESOLUTIONS[1:]:
        area, cell = _joined([waiting, _around(shapes, np.flatnonzero(starts == resolution), resolution)])
        inside, meets = _tested(shapes, (area, cell), resolution)
        whole.append((area[inside], cell[inside]))
        crowd = np.bincount(area[meets], minlength=len(shapes)) * _MORE_BORDER > most_border
        last = meets & (crowd[area] | (resolution == STORED_RESOLUTION))
        border.append((area[last], cell[last]))
        finest[area[last]] = resolution
        waiting = _children((area[meets & ~last], cell[meets & ~last]))
    inner, outer = (_by_area(found, len(shapes)) for found in (_compacted(whole), _joined(border)))
    return [Cover(a, b, int(end)) for a, b, end in zip(inner, outer, finest, strict=True)]


def line_covers(lines: Shapes, half_widths: npt.ArrayLike, most_border: int = MOST_BORDER) -> list[Cover]:
    """The cover of each road segment: cells that its line, grown by the half-width, may reach. None is whole, because
    a nearer line may answer."""
    ground = np.array([*map(_reach, lines, np.asarray(half_widths, np.float64).tolist()), None], object)[:-1]
    nothing = np.empty(0, np.int64)
    return [Cover(nothing, np.concatenate([c.whole, c.border]), c.resolution) for c in covers(ground, most_border)]


def ancestors(cells: Cells) -> Cells:
    """The cells by which a cover may hold each cell of resolution 12: int64[n, 10], the coarsest first."""
    return np.column_stack([parents(cells, resolution) for resolution in RESOLUTIONS])


def _reach(line: BaseGeometry, half_width_m: float) -> BaseGeometry:
    """No less than the ground within reach of the line: metres count as the most degrees they are anywhere on it."""
    _, south, _, north = line.bounds
    east = metres_per_degree(min(max(abs(south), abs(north)) + 0.01, 90.0))[0]
    up = metres_per_degree(min(abs(south), abs(north)) if south * north > 0.0 else 0.0)[1]
    scale = np.array([max(float(east), 1e-3), float(up)])
    grown = shapely.buffer(shapely.transform(line, lambda xy: xy * scale), (half_width_m + TIE_M) * _ROUND)
    ground: BaseGeometry = shapely.transform(grown, lambda xy: xy / scale)
    return ground


def _start_resolutions(shapes: Shapes) -> Ranks:
    """Where cells are as large as the area, or 0 where they cannot be drawn as polygons in degrees."""
    radius = _radius_m(shapes)
    west, south, east, north = shapely.bounds(shapes).T
    far = np.maximum(np.abs(south), np.abs(north)) > _POLEWARD
    far |= np.maximum(np.abs(west), np.abs(east)) > _EASTWARD
    found = np.full(len(shapes), _COARSEST, np.int64)
    for resolution in range(_COARSEST + 1, STORED_RESOLUTION + 1):
        found[_STARTS * radius <= h3.average_hexagon_edge_length(resolution, "m")] = resolution
    found[far | ~(radius <= _WIDEST_M)] = 0
    return found


def _radius_m(shapes: Shapes) -> Floats:
    west, south, east, north = shapely.bounds(shapes).T
    across = metres_per_degree(np.clip(0.0, south, north))[0]
    return np.asarray(np.hypot((east - west) * across, (north - south) * 111_700.0) / 2.0)


def _around(shapes: Shapes, areas: Ranks, resolution: int) -> Pairs:
    """The cells that may hold ground of these areas, by their middle and radius."""
    west, south, east, north = shapely.bounds(shapes[areas]).T
    edge = h3.average_hexagon_edge_length(resolution, "m")
    beyond = np.maximum(_radius_m(shapes[areas]) - edge / _STARTS, 0.0)
    rings = _RINGS + np.ceil(beyond / edge).astype(np.int64)
    middles = zip((south + north) / 2.0, (west + east) / 2.0, rings.tolist(), strict=True)
    disks = (h3.grid_disk(h3.latlng_to_cell(lat, lon, resolution), ring) for lat, lon, ring in middles)
    return _pairs(zip(areas.tolist(), disks, strict=True))


def _tested(shapes: Shapes, pairs: Pairs, resolution: int) -> tuple[Flags, Flags]:
    """Which cells lie wholly inside their area, and which others meet it."""
    area, cell = pairs
    distinct, place = np.unique(cell, return_inverse=True)
    outlines = _grown(distinct, _LAST_GROWTH if resolution == STORED_RESOLUTION else _GROWTH)[place]
    inside: Flags = shapely.covers(shapes[area], outlines)
    meets = np.zeros(len(cell), bool)
    meets[~inside] = shapely.intersects(shapes[area[~inside]], outlines[~inside])
    return inside, meets


def _grown(cells: Cells, growth: float) -> Shapes:
    """The outlines, that many times as large; not for cells across the antimeridian."""
    corners = [h3.cell_to_boundary(cell) for cell in cells.tolist()]
    sizes = np.fromiter(map(len, corners), np.int64, count=len(corners))
    flat = np.fromiter(chain.from_iterable(chain.from_iterable(corners)), np.float64, count=2 * int(sizes.sum()))
    lonlat = flat.reshape(-1, 2)[:, ::-1]
    ring = np.repeat(np.arange(len(cells)), sizes)
    middle = np.column_stack([np.bincount(ring, lonlat[:, axis], len(cells)) for axis in (0, 1)]) / sizes[:, None]
    rings = shapely.linearrings(middle[ring] + (lonlat - middle[ring]) * growth, indices=ring)
    return np.asarray(shapely.polygons(rings), object)


def _children(pairs: Pairs) -> Pairs:
    area, cell = pairs
    return _pairs(zip(area.tolist(), map(h3.cell_to_children, cell.tolist()), strict=True))


def _compacted(levels: list[Pairs]) -> Pairs:
    """Seven siblings become their parent, from the finest resolution up."""
    kept = list(levels)
    for level in range(len(kept) - 1, 1, -1):
        area, cell = kept[level]
        family = np.column_stack([area, parents(cell, RESOLUTIONS[level - 1])])
        found, place, count = np.unique(family, axis=0, return_inverse=True, return_counts=True)
        full = count == _SIBLINGS
        alone = ~full[place.ravel()]
        kept[level] = area[alone], cell[alone]
        kept[level - 1] = _joined([kept[level - 1], (found[full, 0], found[full, 1])])
    return _joined(kept)


def _pairs(found: Iterable[tuple[int, Iterable[int]]]) -> Pairs:
    both = [(area, cell) for area, cells in found for cell in cells]
    area, cell = np.array(both, np.int64).reshape(-1, 2).T
    return area, cell


def _joined(found: list[Pairs]) -> Pairs:
    area, cell = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return area, cell


def _by_area(pairs: Pairs, areas: int) -> list[Cells]:
    area, cell = pairs
    order = np.lexsort((cell, area))
    return np.split(cell[order], np.searchsorted(area[order], np.arange(1, areas))) if areas else []
