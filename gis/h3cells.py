"""H3: the cell of a point, its parents, its outline, and the cover of an area.

Cells are int64 (an H3 index fits a signed BIGINT) or, for people, the usual 15-digit hexadecimal text.
"""

import re
from dataclasses import dataclass

import h3.api.basic_int as h3
import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry

from gis.coordinates import lonlat_arrays
from gis.errors import BadInput
from gis.shapes import Shapes

Cells = npt.NDArray[np.int64]

STORED_RESOLUTION = 12
"""Events keep their cell at this resolution (about 300 m2); coarser ones are its parents."""

_MARGIN = 2e-7  # degrees, 2 cm: ten times what an H3 edge of resolution 8 bows away from its straight chord
_RESOLUTION_SHIFT, _MODE_SHIFT, _CELL_MODE = 52, 59, 1  # the layout of an H3 index
_DIGITS, _DIGIT_BITS = 15, 3


@dataclass(frozen=True, slots=True)
class Cover:
    """The H3 cells of one area: ``whole`` lie inside it (compacted), ``border`` straddle its outline (finest)."""

    whole: Cells
    border: Cells
    resolution: int


def cells_at(lon: npt.ArrayLike, lat: npt.ArrayLike, resolution: int = STORED_RESOLUTION) -> Cells:
    """The H3 cell of each point. Raises BadCoordinate, and BadInput for a resolution outside 0-15."""
    check_resolution(resolution, 15)
    x, y = lonlat_arrays(lon, lat)
    found = (h3.latlng_to_cell(b, a, resolution) for a, b in zip(x.tolist(), y.tolist(), strict=True))
    return np.fromiter(found, np.int64, count=len(x))


def check_resolution(resolution: int, finest: int = STORED_RESOLUTION) -> None:
    """Raises BadInput unless it is a resolution from 0 to ``finest``."""
    if not 0 <= resolution <= finest:
        raise BadInput(f"H3 resolution {resolution}: must lie in 0-{finest}", field="resolution")


def parents(cells: Cells, resolution: int) -> Cells:
    """The coarser cell each belongs to: ``cell_to_parent``, the one way Wangge makes coarse cells, on a whole array.

    Writes the resolution and sets the digits below it to 7. Raises BadInput for what is finer than a given cell.
    """
    check_resolution(resolution, 15)
    ids = np.asarray(cells).astype(np.int64)
    wrong = ids[(ids >> _MODE_SHIFT != _CELL_MODE) | ((ids >> _RESOLUTION_SHIFT & 0xF) < resolution)]
    if wrong.size:
        raise BadInput(f"{_hex(wrong[0])} has no parent of resolution {resolution}", field="resolution")
    unused = np.int64((1 << (_DIGIT_BITS * (_DIGITS - resolution))) - 1)
    cleared = ids & ~np.int64(0xF << _RESOLUTION_SHIFT)
    coarse: Cells = cleared | np.int64(resolution << _RESOLUTION_SHIFT) | unused
    return coarse


def check_cells(cells: Cells, resolution: int = STORED_RESOLUTION) -> None:
    """Raises BadInput unless each id is a real cell of this resolution. About 100 ns an id: give distinct ones."""
    right = ((cells >> _RESOLUTION_SHIFT) & 0xF == resolution) & ((cells >> _MODE_SHIFT) == _CELL_MODE)
    valid = np.fromiter(map(h3.is_valid_cell, cells[right].tolist()), bool, count=int(right.sum()))
    wrong = np.concatenate([cells[~right], cells[right][~valid]])
    if wrong.size:
        raise BadInput(
            f"{wrong.size} of the ids are no H3 cells of resolution {resolution}, first {_hex(wrong[0])}", field="cells"
        )


def _hex(cell: int) -> str:
    return f"{int(cell) & (2**64 - 1):#x}"


def text_of(cell: int) -> str:
    """The hexadecimal name people write."""
    name: str = h3.int_to_str(cell)
    return name


def resolution_of(cell: int) -> int:
    """0 for the largest cells to 15 for the smallest."""
    return int(cell) >> _RESOLUTION_SHIFT & 0xF


def cell_of(text: str) -> int:
    """The cell of that name. Raises BadInput when it is none."""
    named = re.fullmatch(r"(?:0x)?0?([0-9a-f]{15})", text.strip().lower())
    cell = int(named[1], 16) if named else 0
    if not h3.is_valid_cell(cell):
        raise BadInput(f"'{text}' is not an H3 cell", field="h3", value=text)
    return cell


def outline(cell: int) -> Polygon:
    """The cell as a straight-edged polygon, for drawing: the true edges are great-circle arcs.

    A cell that meets the antimeridian keeps its west side beyond 180 degrees.
    """
    corners = np.array([(lon, lat) for lat, lon in h3.cell_to_boundary(cell)])
    if np.ptp(corners[:, 0]) > 180.0:
        corners[corners[:, 0] < 0.0, 0] += 360.0
    return Polygon(corners)


def outlines(cells: Cells) -> Shapes:
    """The outlines of many cells, as an array of polygons."""
    return np.array([outline(cell) for cell in cells.tolist()], object)


def cover(shape: BaseGeometry, resolution: int = STORED_RESOLUTION) -> Cover:
    """The cells of the area: a point in a ``whole`` cell is in the area; in no cell of either kind, outside it.

    A point's cell is the one of its stored resolution and that one's parents; cells drawn coarse do not nest.
    A cell counts as whole only if its chords keep 2 cm from the outline, because its true edges bow away from
    them: below 2 mm at resolution 8 and finer, so coarser resolutions than 8 are refused. Not for areas across
    the antimeridian.
    """
    check_resolution(resolution, 15)
    if resolution < 8:
        raise BadInput(f"H3 resolution {resolution}: covers are made at 8 or finer", field="resolution")
    grown = shapely.buffer(shape, _MARGIN)
    touching = _touching(grown, resolution)
    if not len(touching):
        return Cover(touching, touching, resolution)
    hexagons = outlines(touching)
    inner = shapely.buffer(shape, -_MARGIN)
    shapely.prepare(inner)
    is_whole = shapely.covers(inner, hexagons)
    shapely.prepare(grown)
    touches = shapely.intersects(grown, hexagons)
    whole = np.array(sorted(h3.compact_cells(touching[is_whole].tolist())), np.int64)
    return Cover(whole, np.sort(touching[touches & ~is_whole]), resolution)


def _touching(shape: BaseGeometry, resolution: int) -> Cells:
    found: set[int] = set()
    for part in shapely.get_parts(shape).tolist():
        loops = [[(lat, lon) for lon, lat in ring.coords] for ring in (part.exterior, *part.interiors)]
        polygon = h3.LatLngPoly(*loops)
        found.update(h3.h3shape_to_cells_experimental(polygon, resolution, contain="bbox_overlap"))
    return np.array(sorted(found), np.int64)
