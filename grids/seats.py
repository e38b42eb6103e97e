"""Which cells lie in which areas: by the parents' codes along the cells' ladder, by ground beside it. Pure."""

from collections.abc import Mapping
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import Literal

import numpy as np
import numpy.typing as npt
import shapely

from gis.measure import metres_per_degree
from gis.shapes import Shapes
from grids.content import Areas, Content

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Pairs = tuple[Ints, Ints]
"""Cells, and for each an area of some layer; a cell may come often."""

_NOISE_DEG2 = 1e-12  # about 0.01 m2


class Seats:
    """The cells of a version and the areas they lie in. ``spoken``: the areas of each layer that anybody asks for."""

    def __init__(self, content: Content, spoken: Mapping[str, set[str]]) -> None:
        self.content, self._spoken = content, spoken
        cell = content.cell_layer
        self.table = content.areas[cell.code] if cell else None
        self.count = len(self.table) if self.table else 0
        self.under = ancestors(content, cell.code) if cell else {}
        """For each layer of the cells' ladder, the area that each cell lies in; -1 for none."""
        self.position = lru_cache(maxsize=None)(self._position)
        self.whole, self.parted = lru_cache(self._whole), lru_cache(self._parted)

    def _position(self, layer: str) -> dict[str, int]:
        """The index of each area of the layer, by code."""
        return {code: index for index, code in enumerate(self.content.areas[layer].codes)}

    def _whole(self, layer: str) -> Pairs:
        """The cells that lie wholly in an area of the layer, in the order of its areas where it is beside the ladder.

        No cell lies wholly in a road segment.
        """
        if layer in self.under:
            cells = np.flatnonzero(self.under[layer] >= 0)
            return cells, self.under[layer][cells]
        table = self.content.areas[layer]
        if table.layer.is_lines:
            return np.empty(0, np.int64), np.empty(0, np.int64)
        return self._pairs(table, "covers")

    def _parted(self, layer: str) -> Pairs:
        """The cells that areas of a layer beside the ladder meet without covering them; touching is not meeting."""
        table = self.content.areas[layer]
        cells, areas = self._pairs(table, "intersects")
        if self.table is None or table.layer.is_lines:
            return cells, areas
        shared = shapely.area(shapely.intersection(self.table.shapes[cells], table.shapes[areas])) > _NOISE_DEG2
        kept = shared & ~np.isin(self._keys((cells, areas)), self._keys(self.whole(layer)))
        return cells[kept], areas[kept]

    def _keys(self, pairs: Pairs) -> Ints:
        return pairs[1] * max(self.count, 1) + pairs[0]

    def _pairs(self, table: Areas, predicate: Literal["covers", "intersects"]) -> Pairs:
        position = self.position(table.layer.code)
        spoken = (position[code] for code in self._spoken.get(table.layer.code, ()) if code in position)
        rows = np.array(sorted(spoken), np.int64)
        rows = rows[drawn(table.shapes[rows])]
        area, cell = self._tree.query(_with_width(table, rows), predicate=predicate)
        order = np.lexsort((cell, area))
        return self._drawn[cell[order]], rows[area[order]]

    @cached_property
    def _drawn(self) -> Ints:
        """The cells that can be asked: a draft may hold broken ones."""
        return np.flatnonzero(drawn(self.table.shapes)) if self.table else np.empty(0, np.int64)

    @cached_property
    def _tree(self) -> shapely.STRtree:
        return shapely.STRtree(self.table.shapes[self._drawn] if self.table else [])


def ancestors(content: Content, layer: str) -> dict[str, Ints]:
    """For each layer from this one up, the area that each area of this one lies in; -1 for none.

    An area without a known parent lies where a point of it does, as in a release.
    """
    found = {layer: np.arange(len(content.areas[layer]))}
    for below, above in pairwise(content.ladder(layer)):
        parents, at = _parents(content.areas[below], content.areas[above]), found[below]
        found[above] = np.where(at >= 0, parents[np.maximum(at, 0)], -1) if len(parents) else at
    return found


def _parents(table: Areas, above: Areas) -> Ints:
    position = {code: index for index, code in enumerate(above.codes)}
    parents = np.array([position.get(parent or "", -1) for parent in table.parents], np.int64)
    orphans = np.flatnonzero(parents < 0)
    orphans = orphans[drawn(table.shapes[orphans])]
    if len(orphans) and not table.layer.is_lines and not above.layer.is_lines:
        sound = np.flatnonzero(drawn(above.shapes))
        spots = shapely.point_on_surface(table.shapes[orphans])
        spot, area = shapely.STRtree(above.shapes[sound]).query(spots, predicate="intersects")
        order = np.argsort(area)[::-1]  # of several, the lowest code is written last and stays
        parents[orphans[spot[order]]] = sound[area[order]]
    return parents


def drawn(shapes: Shapes) -> Flags:
    """Which of the shapes can be asked for what they hold: sound and not empty."""
    return np.asarray(shapely.is_valid(shapes) & ~shapely.is_empty(shapes), bool)


def _with_width(table: Areas, rows: Ints) -> Shapes:
    """The areas; lines as wide as they reach: in degrees of longitude, so rather too wide than too narrow."""
    shapes = table.shapes[rows]
    if not table.layer.is_lines or not len(rows):
        return shapes
    _, south, _, north = shapely.total_bounds(shapes)
    east_m = float(metres_per_degree(max(abs(south), abs(north)))[0])
    widths = np.array([table.half_widths[row] or 0.0 for row in rows.tolist()])
    return np.asarray(shapely.buffer(shapes, widths / max(east_m, 1.0)))
