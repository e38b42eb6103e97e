"""The publish gate: everything that would send a case to the wrong place, found before it can.

Pure: content in, findings out. Errors stop publishing; warnings stop it until somebody accepts their kind.
"""

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from gis.coordinates import Ranks
from gis.errors import BadInput
from gis.findings import Finding, Severity
from gis.shapes import ShapeProblem
from grids.content import Areas, Content, cycle_in
from grids.gate_duties import NOTHING, Outside, duty_findings
from grids.names import SLIVER_M2
from grids.outlines import area_problems
from grids.stretches import Stretch, far_from_parents, shared_stretches
from grids.topology import Coverage, TopologyFault, outside_faults, partition_faults, uncovered_faults


def findings_of(content: Content, outside: Outside = NOTHING) -> Iterator[Finding]:
    """Every finding, check by check. ``outside``: what the books say of people, assets and rulings."""
    yield from _hierarchy(content)
    ground: dict[str, Ground] = {}
    for table in content.areas.values():
        yield from _codes(table)
        broken = list(area_problems(table))
        yield from _shapes(table, broken)
        yield from _parents(table, content)
        ground[table.layer.code] = _sound(table, broken)
    for table in content.areas.values():
        yield from _topology(table, content, ground)
    yield from duty_findings(content, outside, lambda layer, area: _sound_shape(ground, layer, area))


def _hierarchy(content: Content) -> Iterator[Finding]:
    ladders = {
        "layer": {code: table.layer.parent for code, table in content.areas.items()},
        "party": {code: party.parent for code, party in content.parties.items()},
        "matter": {code: matter.parent for code, matter in content.matters.items()},
    }
    for what, parents in ladders.items():
        circle = cycle_in(parents)
        if circle:
            words = f"{what} hierarchy runs in a circle: {' -> '.join(circle)}; give one of them another parent"
            yield Finding("hierarchy", "error", words, field="parent", codes=circle)
        for code, parent in parents.items():
            if parent is not None and parent not in parents:
                words = f"{what} {code}: parent '{parent}' does not exist; import it or change the parent"
                yield Finding("hierarchy", "error", words, field="parent", value=parent, codes=(code,))


def _codes(table: Areas) -> Iterator[Finding]:
    layer = table.layer
    pattern = scheme_pattern(layer.scheme)
    for code, count in Counter(table.codes).items():
        if count > 1:
            words = f"layer {layer.code}: code '{code}' is used {count} times; codes must be unique in a layer"
            yield Finding("code", "error", words, field="code", value=code, layer=layer.code, codes=(code,))
        if not code or (pattern and not pattern.fullmatch(code)):
            words = f"layer {layer.code}: code '{code}' does not follow the scheme {layer.scheme or 'non-empty text'}"
            yield Finding("code", "error", words, field="code", value=code, layer=layer.code, codes=(code,))


def scheme_pattern(scheme: str | None) -> re.Pattern[str] | None:
    """``6+3+3+3`` means so many digits; anything else is read as a regular expression; None accepts all.

    Raises BadInput for an expression that is none.
    """
    if not scheme:
        return None
    if re.fullmatch(r"\d+(\+\d+)*", scheme):
        return re.compile(rf"[0-9]{{{sum(map(int, scheme.split('+')))}}}")
    try:
        return re.compile(scheme)
    except re.error as fault:
        raise BadInput(
            f"scheme '{scheme}': neither digits like 6+3+3+3 nor a regular expression ({fault})",
            field="scheme",
            value=scheme,
        ) from fault


def _shapes(table: Areas, broken: Iterable[ShapeProblem]) -> Iterator[Finding]:
    for problem in broken:
        code = table.codes[problem.index]
        words = f"layer {table.layer.code}, area {code}: {problem.message}"
        shape = table.shapes[problem.index]
        yield Finding("invalid", "error", words, layer=table.layer.code, codes=(code,), geometry=_drawable(shape))


def _drawable(shape: BaseGeometry | None) -> BaseGeometry | None:
    return None if shape is None or shape.is_empty else shapely.convex_hull(shape)


def _parents(table: Areas, content: Content) -> Iterator[Finding]:
    layer, known = table.layer, set[str]()
    if layer.parent is not None and layer.parent in content.areas:
        known = set(content.areas[layer.parent].codes)
    for code, parent in zip(table.codes, table.parents, strict=True):
        if parent is not None and parent not in known:
            words = f"layer {layer.code}, area {code}: parent '{parent}' is no area of layer {layer.parent or '(none)'}"
            yield Finding("hierarchy", "error", words, None, "parent", parent, layer.code, (code,))


@dataclass(frozen=True, slots=True)
class Ground:
    """The sound areas of a layer: broken ones are left out of the topology, they have their finding."""

    codes: tuple[str, ...]
    parents: tuple[str | None, ...]
    coverage: Coverage
    half_widths: tuple[float | None, ...] = ()


def _sound(table: Areas, broken: Iterable[ShapeProblem]) -> Ground:
    lost = {problem.index for problem in broken}
    kept = [index for index in range(len(table)) if index not in lost]
    codes, parents = tuple(table.codes[i] for i in kept), tuple(table.parents[i] for i in kept)
    widths = tuple(table.half_widths[i] for i in kept) if table.layer.is_lines else ()
    return Ground(codes, parents, Coverage(table.shapes[kept]), widths)


def _topology(table: Areas, content: Content, ground: Mapping[str, Ground]) -> Iterator[Finding]:
    own, gaps = ground[table.layer.code], list[BaseGeometry]()
    if table.layer.is_lines:
        yield from _lines(table, content, ground)
        return
    if table.layer.partition:
        for fault in partition_faults(own.coverage):
            gaps += [fault.shape] if fault.kind == "gap" else []
            yield _fault_finding(fault, table, own.codes)
    above = content.areas.get(table.layer.parent or "")
    if above is None or not len(above) or above.layer.is_lines:
        return
    over = ground[above.layer.code]
    for fault in outside_faults(over.coverage.shapes, own.coverage.shapes, _parent_of(own, over)):
        yield _fault_finding(fault, table, own.codes)
    if table.layer.partition and above.layer.partition:
        for fault in uncovered_faults(over.coverage, own.coverage, np.array([*gaps, None], object)[:-1]):
            yield _fault_finding(fault, table, over.codes)


def _parent_of(own: Ground, over: Ground) -> Ranks:
    """Each area's parent as its place among those above; -1 for none."""
    position = {code: index for index, code in enumerate(over.codes)}
    return np.array([position.get(parent or "", -1) for parent in own.parents], np.int64)


def _lines(table: Areas, content: Content, ground: Mapping[str, Ground]) -> Iterator[Finding]:
    """Of road segments: stretches drawn twice, and segments far from the parents their layer has. A layer without a
    parent may lie anywhere; that it lies in another city is for the import to notice."""
    layer, own = table.layer.code, ground[table.layer.code]
    for fault in shared_stretches(own.coverage.shapes):
        yield stretch_finding(layer, own.codes[fault.one], own.codes[fault.other], fault)
    above = content.areas.get(table.layer.parent or "")
    if above is None or above.layer.is_lines:
        return
    over, widths = ground[above.layer.code], np.array(own.half_widths, np.float64)
    for index in far_from_parents(over.coverage.shapes, own.coverage.shapes, widths, _parent_of(own, over)):
        parent = own.parents[index]
        where = f"its parent {parent}" if parent else f"all areas of layer {above.layer.code}"
        yield far_finding(layer, own.codes[index], where, own.coverage.shapes[index])


def far_finding(layer: str, code: str, where: str, shape: BaseGeometry) -> Finding:
    """A road segment that lies nowhere near the areas it belongs to."""
    words = f"layer {layer}: {code} lies wholly outside {where}; change its line or its parent"
    return Finding("outside_parent", "error", words, layer=layer, codes=(code,), geometry=shape)


def stretch_finding(layer: str, one: str, other: str, stretch: Stretch) -> Finding:
    """A stretch of road that two segments hold."""
    words = (
        f"layer {layer}: {one} and {other} both hold {stretch.metres:.2f} m of the same centre line; "
        "points there are in doubt: draw each stretch in one segment"
    )
    return Finding("overlap", "warning", words, None, None, None, layer, (one, other), None, stretch.shape)


_WORDS = {
    "gap": "a gap of {area:.2f} m2 between {codes}",
    "overlap": "{codes} overlap by {area:.2f} m2",
    "uncovered": "{area:.2f} m2 of parent {codes} are covered by no area",
    "outside_parent": "{codes} reaches {area:.2f} m2 beyond its parent",
}


def _fault_finding(fault: TopologyFault, table: Areas, codes: Sequence[str]) -> Finding:
    named = tuple(codes[index] for index in fault.areas)
    small = fault.area_m2 < SLIVER_M2
    kind = "sliver" if small else fault.kind
    shown = ", ".join(named[:6]) + (f" and {len(named) - 6} more" if len(named) > 6 else "")
    words = f"layer {table.layer.code}: " + _WORDS[fault.kind].format(area=fault.area_m2, codes=shown or "nothing")
    severity: Severity = "error" if kind == "outside_parent" else "warning"
    return Finding(
        kind, severity, words, None, None, fault.kind, table.layer.code, named, round(fault.area_m2, 4), fault.shape
    )


def _sound_shape(ground: Mapping[str, Ground], layer: str, area: str) -> BaseGeometry | None:
    own = ground.get(layer)
    at = bisect_left(own.codes, area) if own else 0
    return own.coverage.shapes[at] if own and at < len(own.codes) and own.codes[at] == area else None
