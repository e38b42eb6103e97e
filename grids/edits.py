"""One area of a draft put or removed: stored at once, with what its neighbours have to say about it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import select
from sqlalchemy.orm import Session

from gis.errors import BadInput, BadShape, NotFound
from gis.findings import Finding
from gis.measure import area_m2
from gis.shapes import polygonal_part
from gis.storage.engine import insert_missing
from grids.content import Layer
from grids.draft_index import DraftIndex, draft_index, overlap_findings
from grids.draft_steps import drop, held_ids
from grids.drafts import Edit, touched
from grids.gate import far_finding, scheme_pattern, stretch_finding
from grids.layers import draft_layers
from grids.models import CONTENT, AreaRow, ShapeRow, VersionRow, outline_row
from grids.names import CODE_LENGTH, SLIVER_M2, USUAL_HALF_WIDTH_M
from grids.outlines import normal_outlines, outline_problems
from grids.stretches import far_from_parents, shared_stretches


@dataclass(frozen=True, slots=True)
class AreaEdit:
    """An area as it shall be. ``name``, ``parent``, ``half_width_m`` None: as they were; for a new area none, and
    ``USUAL_HALF_WIDTH_M`` for a new road segment."""

    layer: str
    code: str
    shape: BaseGeometry
    name: str | None = None
    parent: str | None = None
    half_width_m: float | None = None


def areas_at(session: Session, draft: VersionRow, lon: float, lat: float) -> list[tuple[str, str]]:
    """(layer, code) of the draft's areas that cover the point, coarse layers first. Raises BadCoordinate."""
    return draft_index(session, draft.id).covering(lon, lat)


def put_area(session: Session, draft: VersionRow, area: AreaEdit, held: DraftIndex | None = None) -> list[Finding]:
    """Store the area in the draft, in place of the one with its code, and give the findings around it.

    ``held`` is the index of the draft, kept up to date; without one the layer is read. Raises NotFound for an unknown
    layer or parent, BadInput, BadShape for an outline that is no sound polygon or line: nothing is stored then.
    """
    layer = _layer(session, draft, area.layer)
    before = _ground(session, draft, area.layer, area.code)
    edit = Edit(session, draft, AreaRow, (AreaRow.layer == area.layer) & (AreaRow.code == area.code))
    told = _told(layer, area, edit.before(area.code) if before is not None else {"name": ""})
    _check(session, draft, layer, area, told["half_width_m"])
    shape = normal_outlines(np.array([area.shape], object))[0]
    around = held or draft_index(session, draft.id, area.layer)
    outline = outline_row(shape)
    insert_missing(session, ShapeRow.__table__, [outline])
    edit.add([{"layer": area.layer, "code": area.code, **told, "shape_hash": outline["hash"]}])
    edit.finish(merge=True)
    found = list(_stretches(layer, area.code, shape, around))
    found += overlap_findings(layer, around.conflicts(area.layer, area.code, shape))
    found += _beyond_parent(session, draft, layer, area.code, told, shape)
    found += _left(layer, area.code, around, before, shape)
    around.put(layer, area.code, shape, told["half_width_m"])
    return found


def _told(layer: Layer, area: AreaEdit, old: Mapping[str, Any]) -> dict[str, Any]:
    """What the area is told to be, and where it is told nothing, what it was. Raises BadInput."""
    if area.half_width_m is not None and not layer.is_lines:
        raise BadInput(
            f"half width {area.half_width_m:g} m: layer {layer.code} holds polygons; road segments have half-widths",
            field="half_width_m",
        )
    told: dict[str, Any] = {}
    for name in ("name", "parent", "half_width_m"):
        value = getattr(area, name)
        told[name] = old.get(name) if value is None else value
    if layer.is_lines and told["half_width_m"] is None:
        told["half_width_m"] = USUAL_HALF_WIDTH_M
    return told


def remove_area(
    session: Session, draft: VersionRow, layer: str, code: str, held: DraftIndex | None = None
) -> list[Finding]:
    """Take the area out of the draft; the finding is the ground that nobody in its layer holds any more.

    Raises NotFound.
    """
    known, before = _layer(session, draft, layer), _ground(session, draft, layer, code)
    if before is None:
        raise NotFound(f"layer {layer} has no area '{code}' in draft '{draft.name}'")
    around = held or draft_index(session, draft.id, layer)
    drop(session, draft, AreaRow, held_ids(session, draft, AreaRow, AreaRow.layer == layer, AreaRow.code == code))
    touched(session, draft)
    around.remove(layer, code)
    return _left(known, code, around, before, shapely.Polygon())


def _layer(session: Session, draft: VersionRow, code: str) -> Layer:
    known = {layer.code: layer for layer in draft_layers(session, draft)}
    if code not in known:
        raise NotFound(f"there is no layer '{code}' in draft '{draft.name}'; there are: {', '.join(known) or 'none'}")
    return known[code]


def _check(session: Session, draft: VersionRow, layer: Layer, area: AreaEdit, half_width_m: float | None) -> None:
    pattern = scheme_pattern(layer.scheme)
    if not area.code.strip() or len(area.code) > CODE_LENGTH:
        raise BadInput(f"code='{area.code[:40]}': a code has 1 to {CODE_LENGTH} characters", field="code")
    if pattern and not pattern.fullmatch(area.code):
        raise BadInput(f"code='{area.code}': does not follow the scheme {layer.scheme} of layer {layer.code}")
    for problem in outline_problems(layer, np.array([area.shape], object), (half_width_m,)):
        raise BadShape(f"layer {layer.code}, area {area.code}: {problem.message}", kind=problem.kind)
    if area.parent is not None and layer.parent is None:
        raise BadInput(f"parent='{area.parent}': layer {layer.code} has no layer above it", field="parent")
    if area.parent is not None and _ground(session, draft, layer.parent or "", area.parent) is None:
        raise NotFound(f"parent='{area.parent}': layer {layer.parent} has no such area in the draft", field="parent")


def _ground(session: Session, draft: VersionRow, layer: str, code: str) -> BaseGeometry | None:
    """The outline of one area of the draft, or None when there is no such area."""
    held = CONTENT[AreaRow]
    query = select(ShapeRow.geom).join(AreaRow, AreaRow.shape_hash == ShapeRow.hash)
    query = query.join(held, held.c.row_id == AreaRow.id).where(held.c.version_id == draft.id)
    return session.scalar(query.where(AreaRow.layer == layer, AreaRow.code == code))


def _stretches(layer: Layer, code: str, shape: BaseGeometry, around: DraftIndex) -> Iterator[Finding]:
    """Stretches of road that other segments hold too."""
    if not layer.is_lines:
        return
    others = around.near(layer.code, code, shape)
    for fault in shared_stretches(np.array([shape, *(line for _, line in others), None], object)[:-1]):
        if fault.one == 0:
            yield stretch_finding(layer.code, code, others[fault.other - 1][0], fault)


def _beyond_parent(
    session: Session, draft: VersionRow, layer: Layer, code: str, told: Mapping[str, Any], shape: BaseGeometry
) -> list[Finding]:
    parent = told["parent"]
    above = _ground(session, draft, layer.parent or "", parent) if parent else None
    if above is None:
        return []
    if layer.is_lines:
        return _far(layer, code, told, shape, above)
    beyond = polygonal_part(shapely.difference(shape, above if above.is_valid else shapely.make_valid(above)))
    extent = 0.0 if beyond.is_empty else area_m2(beyond)
    if extent < SLIVER_M2:
        return []
    words = f"layer {layer.code}: {code} reaches {extent:.2f} m2 beyond its parent {parent}"
    return [Finding("outside_parent", "error", words, None, None, None, layer.code, (code,), round(extent, 4), beyond)]


def _far(layer: Layer, code: str, told: Mapping[str, Any], shape: BaseGeometry, above: BaseGeometry) -> list[Finding]:
    lines, parents = np.array([shape, None], object)[:-1], np.array([above, None], object)[:-1]
    if above.area == 0.0 or not far_from_parents(parents, lines, np.array([told["half_width_m"]]), np.array([0])):
        return []
    return [far_finding(layer.code, code, f"its parent {told['parent']}", shape)]


def _left(
    layer: Layer, code: str, around: DraftIndex, before: BaseGeometry | None, after: BaseGeometry
) -> list[Finding]:
    """Ground the area gave up and no neighbour holds."""
    if before is None or not layer.partition:
        return []
    rest = shapely.difference(before if before.is_valid else shapely.make_valid(before), after)
    for overlap in around.conflicts(layer.code, code, rest):
        rest = shapely.difference(rest, overlap.shape)
    left = polygonal_part(rest)
    extent = 0.0 if left.is_empty else area_m2(left)
    if extent < SLIVER_M2:
        return []
    words = f"layer {layer.code}: {extent:.2f} m2 that {code} held are left to nobody"
    return [Finding("gap", "warning", words, None, None, None, layer.code, (code,), round(extent, 4), left)]
