"""The mutable index of a draft: which of its areas cover a point, and whom an area runs into.

An R-tree (libspatialindex) finds by boxes, GEOS decides on the exact outlines. Covering means what it means in
``gis.locate``: the closed polygon. Where it falls down: the whole draft is loaded first; it serves one editor's
session, not the million points of a batch.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import shapely
from rtree import index
from shapely.geometry.base import BaseGeometry
from sqlalchemy.orm import Session

from gis.coordinates import lonlat_arrays
from gis.errors import BadShape, NotFound
from gis.findings import Finding
from gis.measure import area_m2
from gis.shapes import polygonal_part, problems
from grids.content import Layer
from grids.names import SLIVER_M2
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


class _LayerTree:
    """One layer's areas by code, and their boxes in an R-tree."""

    def __init__(self) -> None:
        self._tree = index.Index()
        self._codes: dict[int, str] = {}
        self._held: dict[str, tuple[int, BaseGeometry]] = {}
        self._next = 0

    def put(self, code: str, shape: BaseGeometry) -> None:
        if code in self._held:
            self.remove(code)
        number, self._next = self._next, self._next + 1
        shapely.prepare(shape)
        self._tree.insert(number, shape.bounds)
        self._codes[number], self._held[code] = code, (number, shape)

    def remove(self, code: str) -> None:
        number, shape = self._held.pop(code)
        self._tree.delete(number, shape.bounds)
        del self._codes[number]

    def near(self, bounds: tuple[float, float, float, float]) -> Iterator[tuple[str, BaseGeometry]]:
        """Areas whose boxes meet these bounds, in the order of their codes; none for those of an empty shape."""
        if bounds[0] != bounds[0]:
            return
        for code in sorted(self._codes[number] for number in self._tree.intersection(bounds)):
            yield code, self._held[code][1]

    def __contains__(self, code: str) -> bool:
        return code in self._held

    def __len__(self) -> int:
        return len(self._held)


class DraftIndex:
    """Areas per layer, put and removed one by one. Not for several threads at once."""

    def __init__(self) -> None:
        self._layers: dict[str, _LayerTree] = {}

    def put(self, layer: str, code: str, shape: BaseGeometry) -> None:
        """Hold the area, in place of one with its code. Raises BadShape unless it is a non-empty polygon on Earth."""
        for problem in problems(np.array([shape], object)):
            if not problem.repairable:
                raise BadShape(f"layer {layer}, area {code}: {problem.message}", kind=problem.kind)
        self._layers.setdefault(layer, _LayerTree()).put(code, shape)

    def remove(self, layer: str, code: str) -> None:
        """Let go of the area. Raises NotFound."""
        if code not in self._layers.get(layer, ()):
            raise NotFound(f"layer {layer} has no area '{code}' in the draft")
        self._layers[layer].remove(code)

    def count(self, layer: str) -> int:
        """How many areas of the layer it holds."""
        return len(self._layers.get(layer, ()))

    def covering(self, lon: float, lat: float) -> list[tuple[str, str]]:
        """(layer, code) of every area that covers the point, layers as they came, codes in order.

        Raises BadCoordinate.
        """
        x, y = (float(values[0]) for values in lonlat_arrays(lon, lat))
        return [
            (layer, code)
            for layer, tree in self._layers.items()
            for code, shape in tree.near((x, y, x, y))
            if shapely.intersects_xy(shape, x, y)
        ]

    def overlapping(self, shape: BaseGeometry) -> list[tuple[str, str]]:
        """(layer, code) of every area that has ground in common with the shape; touching is not enough."""
        sound = shape if shape.is_valid else shapely.make_valid(shape)
        return [
            (layer, code)
            for layer, tree in self._layers.items()
            for code, other in tree.near(sound.bounds)
            if _common(sound, other)[1] >= NOISE_M2
        ]

    def conflicts(self, layer: str, code: str, shape: BaseGeometry) -> list[Overlap]:
        """What the area would overlap in its own layer, largest first; itself as it stands now does not count."""
        sound = shape if shape.is_valid else shapely.make_valid(shape)
        found = []
        for other, held in self._layers[layer].near(sound.bounds) if layer in self._layers else ():
            if other != code:
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
        for code, shape in zip(table.codes, table.shapes, strict=True):
            made.put(layer.code, code, shape)
    return made


def overlap_findings(layer: Layer, overlaps: list[Overlap]) -> Iterator[Finding]:
    """The overlaps as the gate would tell them; overlapping layers have none."""
    for overlap in overlaps if layer.partition else ():
        kind = "sliver" if overlap.area_m2 < SLIVER_M2 else "overlap"
        codes = (overlap.code, overlap.other)
        words = f"layer {layer.code}: {overlap.code} and {overlap.other} overlap by {overlap.area_m2:.2f} m2"
        extent = round(overlap.area_m2, 4)
        yield Finding(kind, "warning", words, None, None, "overlap", layer.code, codes, extent, overlap.shape)
