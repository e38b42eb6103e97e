"""The mutable index of a draft: which of its areas cover a point, and whom an area runs into.

An R-tree (libspatialindex) finds by boxes, GEOS decides on the exact outlines. Covering means what it means in
``gis.locate``, the closed polygon; of a layer of road segments it is the nearest centre line, as in ``gis.lines``.
Where it falls down: the whole draft is loaded first; it serves one editor's session, not the million points of a batch.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import shapely
from rtree import index
from shapely.geometry.base import BaseGeometry
from sqlalchemy.orm import Session

from gis.coordinates import Bounds, lonlat_arrays
from gis.errors import BadShape, NotFound
from gis.findings import Finding
from gis.lines import TIE_M, LineIndex, lines_of
from gis.measure import area_m2, metres_per_degree
from gis.shapes import polygonal_part
from grids.content import Layer
from grids.names import SLIVER_M2
from grids.outlines import outline_problems
from grids.reads import areas_of, layers_of

NOISE_M2 = 1e-3
"""Overlaps below this are the rounding of crossing points."""


@dataclass(frozen=True, slots=True)
class Overlap:
    """Ground that two areas of one layer both hold."""

    layer: str
    code: str
    other: str
    area_m2: float
    shape: BaseGeometry


@dataclass(frozen=True, slots=True)
class _Held:
    number: int
    shape: BaseGeometry
    half_width_m: float | None

    @property
    def box(self) -> Bounds:
        """The box around its ground; of a line a little more than its half-width on every side."""
        west, south, east, north = self.shape.bounds
        if self.half_width_m is None:
            return west, south, east, north
        per_east, per_north = metres_per_degree(np.array([south, north]))
        reach = 1.01 * (self.half_width_m + TIE_M)
        dx, dy = reach / max(float(per_east.min()), 1.0), reach / float(per_north.min())
        return west - dx, south - dy, east + dx, north + dy


class _LayerTree:
    """One layer's areas by code, and their boxes in an R-tree."""

    def __init__(self, layer: Layer) -> None:
        self.layer = layer
        self._tree = index.Index()
        self._codes: dict[int, str] = {}
        self._held: dict[str, _Held] = {}
        self._next = 0

    def put(self, code: str, shape: BaseGeometry, half_width_m: float | None) -> None:
        if code in self._held:
            self.remove(code)
        held = _Held(self._next, shape, half_width_m if self.layer.is_lines else None)
        self._next += 1
        shapely.prepare(shape)
        self._tree.insert(held.number, held.box)
        self._codes[held.number], self._held[code] = code, held

    def remove(self, code: str) -> None:
        held = self._held.pop(code)
        self._tree.delete(held.number, held.box)
        del self._codes[held.number]

    def near(self, bounds: Bounds) -> Iterator[tuple[str, BaseGeometry]]:
        """Areas whose boxes meet these bounds, in the order of their codes; none for those of an empty shape."""
        if bounds[0] != bounds[0]:
            return
        for code in sorted(self._codes[number] for number in self._tree.intersection(bounds)):
            yield code, self._held[code].shape

    def covering(self, x: float, y: float) -> list[str]:
        """The codes of the areas that have the point; of segments the nearest one, and those tied with it."""
        near = list(self.near((x, y, x, y)))
        if not self.layer.is_lines:
            return [code for code, shape in near if shapely.intersects_xy(shape, x, y)]
        shapes = np.array([*(shape for _, shape in near), None], object)[:-1]
        lines = LineIndex(lines_of(shapes, [self._held[code].half_width_m or 0.0 for code, _ in near]))
        return [near[row][0] for row in lines.locate(x, y).covering.tolist()]

    def __contains__(self, code: str) -> bool:
        return code in self._held

    def __len__(self) -> int:
        return len(self._held)


class DraftIndex:
    """Areas per layer, put and removed one by one. Not for several threads at once."""

    def __init__(self) -> None:
        self._layers: dict[str, _LayerTree] = {}

    def put(self, layer: Layer, code: str, shape: BaseGeometry, half_width_m: float | None = None) -> None:
        """Hold the area, in place of one with its code.

        Raises BadShape unless it is a non-empty polygon on Earth, or in a layer of lines a line with a half-width.
        """
        for problem in outline_problems(layer, np.array([shape], object), (half_width_m,)):
            if not problem.repairable:
                raise BadShape(f"layer {layer.code}, area {code}: {problem.message}", kind=problem.kind)
        self._layers.setdefault(layer.code, _LayerTree(layer)).put(code, shape, half_width_m)

    def remove(self, layer: str, code: str) -> None:
        """Let go of the area. Raises NotFound."""
        if code not in self._layers.get(layer, ()):
            raise NotFound(f"layer {layer} has no area '{code}' in the draft")
        self._layers[layer].remove(code)

    def count(self, layer: str) -> int:
        """How many areas of the layer it holds."""
        return len(self._layers.get(layer, ()))

    def covering(self, lon: float, lat: float) -> list[tuple[str, str]]:
        """(layer, code) of every area that has the point, layers as they came, codes in order.

        Raises BadCoordinate.
        """
        x, y = (float(values[0]) for values in lonlat_arrays(lon, lat))
        return [(layer, code) for layer, tree in self._layers.items() for code in tree.covering(x, y)]

    def overlapping(self, shape: BaseGeometry) -> list[tuple[str, str]]:
        """(layer, code) of every area that has ground in common with the shape; touching is not enough."""
        sound = shape if shape.is_valid else shapely.make_valid(shape)
        return [
            (layer, code)
            for layer, tree in self._layers.items()
            for code, other in tree.near(sound.bounds)
            if _common(sound, other)[1] >= NOISE_M2
        ]

    def near(self, layer: str, code: str, shape: BaseGeometry) -> list[tuple[str, BaseGeometry]]:
        """The other areas of the layer whose boxes meet the shape's, in the order of their codes."""
        found = self._layers[layer].near(shape.bounds) if layer in self._layers else ()
        return [(other, held) for other, held in found if other != code]

    def conflicts(self, layer: str, code: str, shape: BaseGeometry) -> list[Overlap]:
        """What the area would overlap in its own layer, largest first; itself as it stands now does not count."""
        sound = shape if shape.is_valid else shapely.make_valid(shape)
        found = []
        for other, held in self.near(layer, code, sound):
            part, extent = _common(sound, held)
            found += [Overlap(layer, code, other, extent, part)] if extent >= NOISE_M2 else []
        return sorted(found, key=lambda overlap: (-overlap.area_m2, overlap.other))


def _common(one: BaseGeometry, other: BaseGeometry) -> tuple[BaseGeometry, float]:
    other = other if other.is_valid else shapely.make_valid(other)
    if not shapely.intersects(other, one):
        return shapely.Polygon(), 0.0
    part = polygonal_part(shapely.intersection(one, other))
    return part, 0.0 if part.is_empty else area_m2(part)


def draft_index(session: Session, version_id: int, *only: str) -> DraftIndex:
    """The areas of a version, of all its layers or ``only`` those, coarse layers first."""
    made = DraftIndex()
    for layer in layers_of(session, version_id):
        if only and layer.code not in only:
            continue
        table = areas_of(session, version_id, layer.code)
        widths = table.half_widths or (None,) * len(table)
        for code, shape, half_width in zip(table.codes, table.shapes, widths, strict=True):
            made.put(table.layer, code, shape, half_width)
    return made


def overlap_findings(layer: Layer, overlaps: list[Overlap]) -> Iterator[Finding]:
    """The overlaps as the gate would tell them; overlapping layers have none."""
    for overlap in overlaps if layer.partition else ():
        kind = "sliver" if overlap.area_m2 < SLIVER_M2 else "overlap"
        codes = (overlap.code, overlap.other)
        words = f"layer {layer.code}: {overlap.code} and {overlap.other} overlap by {overlap.area_m2:.2f} m2"
        extent = round(overlap.area_m2, 4)
        yield Finding(kind, "warning", words, None, None, "overlap", layer.code, codes, extent, overlap.shape)
