"""A release: one published version compiled into one immutable file that answers by itself.

It holds the borders, codes and hierarchy of every layer and the duties; ids and display names only, no phone numbers.
"""

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from functools import cached_property, lru_cache
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from gis.arrays import ArraysFile, TextColumn, open_arrays, text_arrays, write_arrays
from gis.coordinates import Bounds, Floats
from gis.errors import BadRelease, NotFound
from gis.lines import LineIndex, Lines, lines_of
from gis.locate import PointIndex
from gis.rings import Rings, rings_of
from gis.shapes import Shapes
from grids.content import Areas, Content, Duty, Layer, Matter, Party
from grids.names import ASSET_RANK
from grids.precedence import order_of
from grids.relations import ASSET, relation_in

ASSET_LAYER = Layer(ASSET, "部件", ASSET, partition=False, rank=ASSET_RANK)
"""Where duties for single assets stand: not on any ground of the version."""

_DUTY_TEXTS = ("code", "party", "matter", "role", "name", "basis", "document", "person")
_RINGS = ("coords", "rings", "parts", "areas")
_LINES = ("coords", "lines", "areas", "half_width_m")
_FORMAT = 2


def write_release(path: Path, content: Content, number: int, effective: datetime, recorded: datetime) -> str:
    """Compile the content and write it; gives the digest that names the file.

    Equal content gives equal bytes, whatever the zone its times are told in and whichever store it came from.
    """
    cell = content.cell_layer
    meta = {
        "format": _FORMAT,
        "number": number,
        "effective_at": effective.astimezone(UTC).isoformat(),
        "recorded_at": recorded.astimezone(UTC).isoformat(),
        "layers": [asdict(layer) for layer in content.layers],
        "cell_layer": cell.code if cell else None,
        "parties": [asdict(party) for party in content.parties.values()],
        "matters": [asdict(matter) for matter in content.matters.values()],
        "bounds": content.bounds,
        "order": list(order_of(content.order)),
    }
    arrays: dict[str, npt.NDArray[Any]] = {}
    for table in content.areas.values():
        arrays |= _layer_arrays(table, content.areas.get(table.layer.parent or ""))
    return write_arrays(path, meta, arrays | _duty_arrays(content) | _relation_arrays(content))


def _layer_arrays(table: Areas, above: Areas | None) -> dict[str, npt.NDArray[Any]]:
    at = f"layer.{table.layer.code}"
    if table.layer.is_lines:
        widths = np.array([np.nan if width is None else width for width in table.half_widths], np.float64)
        lines = lines_of(table.shapes, widths)
        borders = {f"{at}.{name}": getattr(lines, name) for name in _LINES}
    else:
        rings = rings_of(table.shapes)
        borders = {f"{at}.{name}": getattr(rings, name) for name in _RINGS}
    names = text_arrays(f"{at}.code", table.codes) | text_arrays(f"{at}.name", table.names)
    return borders | names | {f"{at}.parent": _parent_ranks(table, above)}


def _parent_ranks(table: Areas, above: Areas | None) -> npt.NDArray[np.int64]:
    """Each area's parent as its place in the layer above: by code, and by ground for an area that names none."""
    rank = {code: index for index, code in enumerate(above.codes)} if above else {}
    parents = np.array([rank.get(parent or "", -1) for parent in table.parents], np.int64)
    orphans = np.flatnonzero(parents < 0)
    if above and len(orphans) and not above.layer.is_lines and not table.layer.is_lines:
        seats = shapely.get_coordinates(shapely.point_on_surface(table.shapes[orphans]))
        parents[orphans] = PointIndex(rings_of(above.shapes)).locate(seats[:, 0], seats[:, 1]).area
    return parents


def _duty_arrays(content: Content) -> dict[str, npt.NDArray[Any]]:
    """The duties by place. Those for single assets stand last, in a layer of their own."""
    assets = sorted({duty.area for duty in content.duties if duty.layer == ASSET})
    layers = {code: index for index, code in enumerate([*content.areas, ASSET])}
    ranks = {code: {area: i for i, area in enumerate(table.codes)} for code, table in content.areas.items()}
    ranks[ASSET] = {code: i for i, code in enumerate(assets)}
    placed = [(layers[d.layer], ranks[d.layer][d.area], d) for d in content.duties if d.area in ranks.get(d.layer, ())]
    placed.sort(key=lambda item: (item[0], item[1], item[2].code))
    arrays: dict[str, npt.NDArray[Any]] = {
        "duty.layer": np.array([item[0] for item in placed], np.int64),
        "duty.area": np.array([item[1] for item in placed], np.int64),
        "duty.priority": np.array([item[2].priority for item in placed], np.int64),
    }
    for name in _DUTY_TEXTS:
        arrays |= text_arrays(f"duty.{name}", [getattr(item[2], name) or "" for item in placed])
    return arrays | text_arrays("asset.code", assets)


def _relation_arrays(content: Content) -> dict[str, npt.NDArray[Any]]:
    held = sorted(content.relations, key=lambda relation: relation.code)
    arrays: dict[str, npt.NDArray[Any]] = {}
    for name in ("relation", "layer", "area", "party"):
        arrays |= text_arrays(f"relation.{name}", [getattr(relation, name) for relation in held])
    return arrays


class LayerTable:
    """One layer of a release: codes and names by area, each area's parent in the layer above, and the point index."""

    def __init__(self, file: ArraysFile, layer: Layer) -> None:
        at = f"layer.{layer.code}"
        self.layer = layer
        self.codes: TextColumn = file.text(f"{at}.code")
        self.names: TextColumn = file.text(f"{at}.name")
        self.parent: npt.NDArray[np.int64] = file.arrays[f"{at}.parent"]
        names = _LINES if layer.is_lines else _RINGS
        self._ground = [file.arrays[f"{at}.{name}"] for name in names]

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def coords(self) -> Floats:
        """Every vertex, WGS 84."""
        return self._ground[0]

    @property
    def half_widths(self) -> Floats | None:
        """Metres on either side of each centre line; None for polygons."""
        return self._ground[3] if self.layer.is_lines else None

    @cached_property
    def index(self) -> PointIndex | LineIndex:
        """The exact index of its areas."""
        return LineIndex(Lines(*self._ground)) if self.layer.is_lines else PointIndex(Rings(*self._ground))

    @property
    def shapes(self) -> Shapes:
        """The areas as shapely MultiPolygons, or MultiLineStrings: those of the index, made once."""
        return self.index.shapes

    def area(self, code: str) -> int:
        """The area with that code; codes stand in the order of their code points. Raises NotFound."""
        at = bisect_left(self.codes, code)
        if at == len(self.codes) or self.codes[at] != code:
            raise NotFound(f"layer {self.layer.code} has no area '{code}'")
        return at


class Release:
    """An open release. Immutable: whoever holds one sees one version, whatever is published meanwhile."""

    def __init__(self, file: ArraysFile) -> None:
        self._file = file
        meta = file.meta
        if meta["format"] != _FORMAT:
            raise BadRelease(f"release {meta['number']} is of format {meta['format']}, this program reads {_FORMAT}")
        self.digest = file.digest
        self.number: int = meta["number"]
        self.effective_at = datetime.fromisoformat(meta["effective_at"])
        self.recorded_at = datetime.fromisoformat(meta["recorded_at"])
        self.bounds: Bounds | None = tuple(meta["bounds"]) if meta["bounds"] else None
        self.tables = {item["code"]: LayerTable(file, Layer(**item)) for item in meta["layers"]}
        self.cells: LayerTable | None = self.tables.get(meta["cell_layer"] or "")
        self.parties = {item["code"]: Party(**item) for item in meta["parties"]}
        self.matters = {item["code"]: Matter(**item) for item in meta["matters"]}
        self.order = order_of(meta["order"])
        self._layers = [*self.tables, ASSET]
        self._place = file.arrays["duty.layer"] << 40 | file.arrays["duty.area"]
        self._texts = {name: file.text(f"duty.{name}") for name in _DUTY_TEXTS}
        self.duties_at = lru_cache(maxsize=100_000)(self._duties_at)

    def table(self, layer: str) -> LayerTable:
        """The layer of that code. Raises NotFound."""
        if layer not in self.tables:
            raise NotFound(f"there is no layer '{layer}'; there are: {', '.join(self.tables) or 'none'}")
        return self.tables[layer]

    def ladder(self, layer: str) -> list[str]:
        """The layer and those above it."""
        steps: list[str] = []
        at: str | None = layer
        while at is not None and at in self.tables and at not in steps:
            steps.append(at)
            at = self.tables[at].layer.parent
        return steps

    def chain(self, layer: str, area: int) -> list[tuple[str, int]]:
        """(layer, area) of the area and of the areas above it, narrow to wide."""
        steps: list[tuple[str, int]] = []
        for step in self.ladder(layer):
            if area < 0:
                break
            steps.append((step, area))
            area = int(self.tables[step].parent[area])
        return steps

    @cached_property
    def layers_with_duties(self) -> frozenset[str]:
        """The layers whose areas any duty names."""
        return frozenset(self._layers[index] for index in np.unique(self._file.arrays["duty.layer"]).tolist())

    @cached_property
    def layers_in_relations(self) -> frozenset[str]:
        """The layers that relations of any duty are about."""
        found = (relation_in(party) for party in set(self._texts["party"]))
        return frozenset(relation[1] for relation in found if relation)

    @property
    def duty_count(self) -> int:
        """How many duties it holds."""
        return len(self._place)

    def duty(self, row: int) -> Duty:
        """The duty in that row."""
        texts = {name: column[row] for name, column in self._texts.items()}
        layer = self._layers[int(self._file.arrays["duty.layer"][row])]
        at = int(self._file.arrays["duty.area"][row])
        area = self._asset_codes[at] if layer == ASSET else self.tables[layer].codes[at]
        priority = int(self._file.arrays["duty.priority"][row])
        return Duty(layer=layer, area=area, priority=priority, **(texts | {"person": texts["person"] or None}))

    @cached_property
    def duties_by_code(self) -> tuple[tuple[str, Duty], ...]:
        """All duties with their codes, in the order of these."""
        duties = (self.duty(row) for row in range(self.duty_count))
        return tuple(sorted(((duty.code, duty) for duty in duties), key=itemgetter(0)))

    def layer_of(self, code: str) -> Layer:
        """The layer with that code, the assets' own included. Raises NotFound."""
        return ASSET_LAYER if code == ASSET else self.table(code).layer

    def duties_for_asset(self, code: str) -> tuple[Duty, ...]:
        """The duties for exactly this asset."""
        at = bisect_left(self._asset_codes, code)
        known = at < len(self._asset_codes) and self._asset_codes[at] == code
        return self.duties_at(ASSET, at) if known else ()

    @cached_property
    def relations(self) -> Mapping[tuple[str, str, str], str]:
        """The party by (relation, layer, area's code)."""
        columns = (list(self._file.text(f"relation.{name}")) for name in ("relation", "layer", "area", "party"))
        return {(relation, layer, area): party for relation, layer, area, party in zip(*columns, strict=True)}

    @cached_property
    def _asset_codes(self) -> TextColumn:
        return self._file.text("asset.code")

    def _duties_at(self, layer: str, area: int) -> tuple[Duty, ...]:
        """The duties for exactly this area."""
        place = self._layers.index(layer) << 40 | area
        first, last = np.searchsorted(self._place, [place, place + 1])
        return tuple(self.duty(row) for row in range(first, last))


def open_release(path: Path, expect: str | None = None) -> Release:
    """The release in that file. Raises BadRelease when it is damaged or not the one with digest ``expect`` (None or
    empty: any, as for versions that a program with another format of files has published)."""
    return Release(open_arrays(path, expect or None))
