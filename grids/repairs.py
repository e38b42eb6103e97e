"""Repair proposals for the gate's findings: shown as what each area would gain and lose, never applied silently."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from gis.errors import Conflict
from gis.measure import area_m2
from gis.shapes import Shapes, polygonal_part, problems, repaired
from gis.storage.engine import Store, insert_missing
from grids.content import Areas, Content
from grids.draft_steps import begin
from grids.drafts import DraftState, Edit, draft_for_update, state_of
from grids.models import AreaRow, ShapeRow, outline_row
from grids.names import SLIVER_M2
from grids.outlines import normal_outlines
from grids.topology import Coverage, TopologyFault, partition_faults

GAP_WIDTH_M = 2.0
"""Gaps wider than this are ground somebody must decide about: they are reported, not filled."""

_DEGREE_M = 111_000.0
_NOISE_M2 = 1e-2
_SNAPPING = (0.0, 1e-9)
"""Degrees: first every vertex as it is, then within a tenth of a millimetre."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A new outline for one area, and why."""

    layer: str
    code: str
    why: str
    before: BaseGeometry
    after: BaseGeometry

    def as_dict(self) -> dict[str, Any]:
        """The proposal as data: m2 gained and lost instead of outlines."""
        return {
            "layer": self.layer,
            "code": self.code,
            "why": self.why,
            "gains_m2": round(_beyond(self.after, self.before), 3),
            "loses_m2": round(_beyond(self.before, self.after), 3),
        }


def _beyond(one: BaseGeometry, other: BaseGeometry) -> float:
    one, other = (shape if shape.is_valid else shapely.make_valid(shape) for shape in (one, other))
    return _m2(shapely.difference(one, other))


def proposals(content: Content, kind: str | None = None, layer: str | None = None) -> Iterator[Proposal]:
    """For broken rings: untangled ones. For narrow gaps, overlaps and slivers: GEOS ``coverage_clean`` of the areas
    that touch them; other areas keep every vertex. Wide gaps and road segments get no proposal."""
    for table in content.areas.values():
        if table.layer.is_lines or layer not in (None, table.layer.code):
            continue
        mended = table.shapes.copy()
        for problem in problems(table.shapes):
            mended[problem.index] = repaired(table.shapes[problem.index])
        why = np.where([a is not b for a, b in zip(mended, table.shapes, strict=True)], "invalid", "").astype(object)
        wanted = kind in (None, "gap", "overlap", "sliver")
        if wanted and table.layer.partition:
            _close(mended, why, kind)
        yield from _changed(table, mended, why, kind)


def _close(shapes: Shapes, why: Shapes, kind: str | None) -> None:
    """Clean, in place, each group of areas around the faults of that kind."""
    layer = Coverage(shapes.copy())
    for fault in partition_faults(layer):
        told = "sliver" if fault.area_m2 < SLIVER_M2 else fault.kind
        if kind not in (None, told) or not _narrow(fault):
            continue
        around = list(fault.areas)
        clean = _cleaned(shapes[around])
        changed = [
            (index, shape)
            for index, shape in zip(around, clean, strict=True)
            if not shapely.equals_exact(shape, shapes[index], normalize=True)
        ]
        if any(_takes_from_others(layer, around, shapes[index], shape) for index, shape in changed):
            continue
        for index, shape in changed:
            shapes[index], why[index] = shape, told


def _cleaned(group: Shapes) -> Shapes:
    """The group without its overlaps and narrow gaps; as it was, where GEOS finds no honest way.

    Without snapping every vertex stays, but GEOS 3.14 then now and then drops whole areas: see ``_honest``.
    """
    for snapping in _SNAPPING:
        clean: Shapes = shapely.coverage_clean(  # type: ignore[attr-defined]  # newer than its stubs
            group, gap_width=GAP_WIDTH_M / _DEGREE_M, snapping_distance=snapping
        )
        if _honest(group, clean):
            return clean
    return group


def _honest(before: Shapes, after: Shapes) -> bool:
    """Whether no ground was dropped, and each area gained nothing but narrow strips that nobody held."""
    for index, (old, new) in enumerate(zip(before, after, strict=True)):
        if shapely.equals_exact(old, new, normalize=True):
            continue
        rest = shapely.difference(old, new)
        for other in after:
            rest = shapely.difference(rest, other)
        gained = shapely.difference(new, old)
        taken = (shapely.intersection(gained, other) for place, other in enumerate(before) if place != index)
        if _m2(rest) > _NOISE_M2 or any(_m2(part) > _NOISE_M2 for part in taken):
            return False
        parts = shapely.get_parts(polygonal_part(gained)).tolist()
        if any(_m2(part) >= SLIVER_M2 and _width_m(part) > 1.5 * GAP_WIDTH_M for part in parts):
            return False
    return True


def _takes_from_others(layer: Coverage, group: list[int], before: BaseGeometry, after: BaseGeometry) -> bool:
    """Whether the ground gained is another's: a strip between two areas of the group may be a third one."""
    gained = polygonal_part(shapely.difference(after, before))
    others = [index for index in layer.tree.query(gained, predicate="intersects").tolist() if index not in group]
    return _m2(shapely.intersection(gained, shapely.union_all(layer.shapes[others]))) > _NOISE_M2


def _m2(shape: BaseGeometry) -> float:
    part = polygonal_part(shape)
    return 0.0 if part.is_empty else area_m2(part)


def _narrow(fault: TopologyFault) -> bool:
    return fault.kind == "overlap" or fault.area_m2 < SLIVER_M2 or _width_m(fault.shape) <= GAP_WIDTH_M


def _width_m(shape: BaseGeometry) -> float:
    widest: float = shapely.length(shapely.maximum_inscribed_circle(np.array([shape], object)))[0]
    return widest * 2.0 * _DEGREE_M


def _changed(table: Areas, mended: Shapes, why: Shapes, kind: str | None) -> Iterator[Proposal]:
    for index, (before, after) in enumerate(zip(table.shapes, mended, strict=True)):
        if why[index] and kind in (None, why[index]) and not after.is_empty:
            after = normal_outlines(np.array([after], object))[0]
            yield Proposal(table.layer.code, table.codes[index], str(why[index]), before, after)


def apply_repairs(store: Store, draft: str, state: DraftState, repairs: Iterable[Proposal], now: datetime) -> None:
    """Put the proposed outlines into the draft. Raises Conflict when it is not as it was then."""
    with store.write() as session:
        row = draft_for_update(session, draft)
        if state_of(row) != state:
            raise Conflict(f"draft '{draft}' was edited meanwhile: look at the proposals again")
        begin(session, row, "repair", now)
        by_layer: dict[str, list[Proposal]] = {}
        for proposal in repairs:
            by_layer.setdefault(proposal.layer, []).append(proposal)
        for layer, found in by_layer.items():
            edit = Edit(session, row, AreaRow, AreaRow.layer == layer)
            outlines = [outline_row(proposal.after) for proposal in found]
            insert_missing(session, ShapeRow.__table__, outlines)
            changed = zip(found, outlines, strict=True)
            edit.add([edit.before(proposal.code) | {"shape_hash": outline["hash"]} for proposal, outline in changed])
            edit.finish(merge=True)
