"""The publish gate: everything that would send a case to the wrong place, found before it can.

Pure: content in, findings out. Errors stop publishing; warnings stop it until somebody accepts their kind.
"""

import re
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from gis.errors import BadInput
from gis.findings import Finding, Severity
from gis.measure import area_m2
from gis.shapes import ShapeProblem, polygonal_part, problems
from grids.content import Areas, Content, Duty, cycle_in
from grids.names import SLIVER_M2
from grids.topology import Coverage, TopologyFault, outside_faults, partition_faults, uncovered_faults

_NOISE_M2 = 0.01
"""Ground of two areas below this is the noise of crossing points."""


def findings_of(content: Content, departed: frozenset[str] = frozenset()) -> Iterator[Finding]:
    """Every finding, check by check. ``departed``: codes of people who have left but may still be named in a duty."""
    yield from _hierarchy(content)
    ground: dict[str, Ground] = {}
    for table in content.areas.values():
        yield from _codes(table)
        broken = list(problems(table.shapes))
        yield from _shapes(table, broken)
        yield from _parents(table, content)
        ground[table.layer.code] = _sound(table, broken)
    for table in content.areas.values():
        yield from _topology(table, content, ground)
    yield from _dangling(content, departed)
    yield from _tied(content, ground)
    yield from _unowned(content)


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


def _sound(table: Areas, broken: Iterable[ShapeProblem]) -> Ground:
    lost = {problem.index for problem in broken}
    kept = [index for index in range(len(table)) if index not in lost]
    codes, parents = tuple(table.codes[i] for i in kept), tuple(table.parents[i] for i in kept)
    return Ground(codes, parents, Coverage(table.shapes[kept]))


def _topology(table: Areas, content: Content, ground: Mapping[str, Ground]) -> Iterator[Finding]:
    own, gaps = ground[table.layer.code], list[BaseGeometry]()
    if table.layer.partition:
        for fault in partition_faults(own.coverage):
            gaps += [fault.shape] if fault.kind == "gap" else []
            yield _fault_finding(fault, table, own.codes)
    above = content.areas.get(table.layer.parent or "")
    if above is None or not len(above):
        return
    over = ground[above.layer.code]
    position = {code: index for index, code in enumerate(over.codes)}
    parent_of = np.array([position.get(parent or "", -1) for parent in own.parents], np.int64)
    for fault in outside_faults(over.coverage.shapes, own.coverage.shapes, parent_of):
        yield _fault_finding(fault, table, own.codes)
    if table.layer.partition and above.layer.partition:
        for fault in uncovered_faults(over.coverage, own.coverage, np.array([*gaps, None], object)[:-1]):
            yield _fault_finding(fault, table, over.codes)


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


def _dangling(content: Content, departed: frozenset[str]) -> Iterator[Finding]:
    places = {layer: frozenset(table.codes) for layer, table in content.areas.items()}
    for duty in content.duties:
        wrong: list[tuple[str, str, str]] = []
        if duty.party not in content.parties:
            wrong.append(("party", duty.party, "no such party"))
        if duty.layer not in places:
            wrong.append(("layer", duty.layer, "no such layer"))
        elif duty.area not in places[duty.layer]:
            wrong.append(("area", duty.area, f"no such area in layer {duty.layer} any more"))
        if duty.person in departed:
            wrong.append(("person", duty.person or "", "this person has left"))
        for name, value, why in wrong:
            words = f"duty {duty.code}: {name} '{value}': {why}; change or remove the duty"
            yield Finding("dangling_duty", "error", words, field=name, value=value, codes=(duty.code,))


Place = tuple[str, str]
"""(layer, area)."""


def _tied(content: Content, ground: Mapping[str, Ground]) -> Iterator[Finding]:
    """Leads that nothing in ``grids.precedence`` tells apart, at one place or where two places share ground."""
    equals: defaultdict[tuple[int, str, int], dict[Place, list[Duty]]] = defaultdict(dict)
    for duty in content.duties:
        if duty.role == "lead":
            table = content.areas.get(duty.layer)
            rank = table.layer.rank if table else -1
            equals[rank, duty.matter, duty.priority].setdefault((duty.layer, duty.area), []).append(duty)
    exclusive = _exclusive(content)
    for places in equals.values():
        for place, duties in places.items():
            if len({duty.party for duty in duties}) > 1:
                yield _tie(duties, " ".join(place), _shape_of(content, *place))
        yield from _tied_on_ground(places, ground, exclusive)


def _exclusive(content: Content) -> frozenset[str]:
    """Layers of which a point is in one area only: partitions, and those of the cells' ladder, taken by code."""
    ladder = content.ladder(content.cell_layer.code) if content.cell_layer else []
    return frozenset(ladder) | {layer.code for layer in content.layers if layer.partition}


def _tied_on_ground(
    places: Mapping[Place, Sequence[Duty]], ground: Mapping[str, Ground], exclusive: frozenset[str]
) -> Iterator[Finding]:
    layers = {layer for layer, _ in places}
    if len({duty.party for duties in places.values() for duty in duties}) < 2 or (
        len(layers) == 1 and layers <= exclusive
    ):
        return
    shown = {place: shape for place in places if (shape := _sound_shape(ground, *place)) is not None}
    known, shapes = list(shown), np.array([*shown.values(), None], object)[:-1]
    parties = [{duty.party for duty in places[place]} for place in known]
    pairs = [
        (one, two)
        for one, two in shapely.STRtree(shapes).query(shapes, predicate="intersects").T.tolist()
        if one < two
        and len(parties[one] | parties[two]) > 1
        and not (known[one][0] == known[two][0] and known[one][0] in exclusive)
    ]
    for one, two in sorted(pairs):
        shared = polygonal_part(shapely.intersection(shapes[one], shapes[two]))
        if not shared.is_empty and (extent := area_m2(shared)) >= _NOISE_M2:
            where = f"{extent:.2f} m2 that {' '.join(known[one])} and {' '.join(known[two])} share"
            yield _tie([*places[known[one]], *places[known[two]]], where, shared, extent)


def _sound_shape(ground: Mapping[str, Ground], layer: str, area: str) -> BaseGeometry | None:
    own = ground.get(layer)
    at = bisect_left(own.codes, area) if own else 0
    return own.coverage.shapes[at] if own and at < len(own.codes) and own.codes[at] == area else None


def _tie(duties: Sequence[Duty], where: str, shape: BaseGeometry | None, extent: float | None = None) -> Finding:
    """A sliver shared by two areas is where they were drawn past each other: that can be accepted."""
    codes, first = tuple(duty.code for duty in duties), duties[0]
    words = (
        f"duties {', '.join(codes)} all lead for {where}, matter {first.matter or 'all'}, priority {first.priority};"
        " give one a higher priority or make it support"
    )
    if extent is None:
        return Finding("tied_leads", "error", words, layer=first.layer, codes=codes, geometry=shape)
    severity: Severity = "warning" if extent < SLIVER_M2 else "error"
    kind = "sliver" if extent < SLIVER_M2 else "tied_leads"
    return Finding(kind, severity, words, None, None, "tied_leads", first.layer, codes, round(extent, 4), shape)


def _shape_of(content: Content, layer: str, area: str) -> BaseGeometry | None:
    table = content.areas.get(layer)
    at = bisect_left(table.codes, area) if table else 0
    return table.shapes[at] if table and at < len(table) and table.codes[at] == area else None


def _unowned(content: Content) -> Iterator[Finding]:
    """Cells for which no duty for all matters answers: not theirs, nor of anything above them."""
    cell = content.cell_layer
    if cell is None:
        return
    answered = {(duty.layer, duty.area) for duty in content.duties if duty.role == "lead" and not duty.matter}
    loose = owners_by_ground(content, answered)
    table = content.areas[cell.code]
    for index, code in enumerate(table.codes):
        if not _chain_answers(content, cell.code, code, answered) and not loose(table.shapes[index]):
            words = f"layer {cell.code}, area {code}: no party answers for all matters here, nor at any level above"
            yield Finding("unowned", "warning", words, layer=cell.code, codes=(code,), geometry=table.shapes[index])


def _chain_answers(content: Content, layer: str, code: str, answered: set[tuple[str, str]]) -> bool:
    return any(place in answered for place in content.chain(layer, code))


def owners_by_ground(content: Content, answered: set[tuple[str, str]]) -> Callable[[BaseGeometry], bool]:
    """Whether an answered-for area of another layer than the cells' covers the shape whole."""
    cell = content.cell_layer
    chosen = [
        table.shapes[index]
        for table in content.areas.values()
        if cell is None or table.layer.code != cell.code
        for index, code in enumerate(table.codes)
        if (table.layer.code, code) in answered
    ]
    tree = shapely.STRtree(np.array([*chosen, None], object)[:-1])

    def covered(shape: BaseGeometry | None) -> bool:
        return shape is not None and len(tree.query(shape, predicate="covered_by")) > 0

    return covered
