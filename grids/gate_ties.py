"""Leads that nothing in ``grids.precedence`` tells apart, at one place or where two places share ground. Pure.

A city may put the lines of precedence in another order but drops none, so two duties that differ on no line tie under
every order, and two that differ on one tie under none: the order is not asked here.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from gis.findings import Finding, Severity
from gis.measure import area_m2
from gis.shapes import polygonal_part
from grids.content import Content, Duty
from grids.names import ASSET_RANK, SLIVER_M2
from grids.relations import ASSET, is_relative

_NOISE_M2 = 0.01
"""Ground of two areas below this is the noise of crossing points."""

Place = tuple[str, str]
"""(layer, area)."""

Sound = Callable[[str, str], BaseGeometry | None]


def tied(content: Content, sound: Sound) -> Iterator[Finding]:
    """The ties. ``sound``: the shape of an area (layer, code), None when it is broken or missing.

    Of relative parties the text is compared: two relations may mean one unit at a place, and mostly do not.
    """
    equals: defaultdict[tuple[int, str, int], dict[Place, list[Duty]]] = defaultdict(dict)
    for duty in content.duties:
        if duty.role == "lead":
            key = _rank(content, duty.layer), duty.matter, duty.priority
            equals[key].setdefault((duty.layer, duty.area), []).append(duty)
    exclusive = _exclusive(content)
    lines = frozenset(layer.code for layer in content.layers if layer.is_lines)
    for places in equals.values():
        for (layer, area), duties in places.items():
            if len({duty.party for duty in duties}) > 1:
                yield _tie(duties, f"{layer} {area}", sound(layer, area))
        # a point has the nearest of the crossing segments, so lines tie with no ground
        on_ground = {place: duties for place, duties in places.items() if place[0] not in lines | {ASSET}}
        yield from _tied_on_ground(on_ground, sound, exclusive)


def _rank(content: Content, layer: str) -> int:
    table = content.areas.get(layer)
    return table.layer.rank if table else ASSET_RANK if layer == ASSET else -1


def _exclusive(content: Content) -> frozenset[str]:
    """Layers of which a point is in one area only: those that say so, and those of the cells' ladder, by code."""
    ladder = content.ladder(content.cell_layer.code) if content.cell_layer else []
    return frozenset(ladder) | {layer.code for layer in content.layers if layer.exclusive}


def _tied_on_ground(
    places: Mapping[Place, Sequence[Duty]], sound: Sound, exclusive: frozenset[str]
) -> Iterator[Finding]:
    layers = {layer for layer, _ in places}
    if len({duty.party for duties in places.values() for duty in duties}) < 2 or (
        len(layers) == 1 and layers <= exclusive
    ):
        return
    shown = {place: shape for place in places if (shape := sound(*place)) is not None}
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


def _tie(duties: Sequence[Duty], where: str, shape: BaseGeometry | None, extent: float | None = None) -> Finding:
    """A sliver shared by two areas is where they were drawn past each other: that can be accepted."""
    codes, first = tuple(duty.code for duty in duties), duties[0]
    relations = sorted({duty.party for duty in duties if is_relative(duty.party)})
    both = f" ({' and '.join(relations)}: who that is depends on the place)" if len(relations) > 1 else ""
    words = (
        f"duties {', '.join(codes)} all lead for {where}{both}, matter {first.matter or 'all'}, priority"
        f" {first.priority}; give one a higher priority or make it support"
    )
    if extent is None:
        return Finding("tied_leads", "error", words, layer=first.layer, codes=codes, geometry=shape)
    severity: Severity = "warning" if extent < SLIVER_M2 else "error"
    kind = "sliver" if extent < SLIVER_M2 else "tied_leads"
    return Finding(kind, severity, words, None, None, "tied_leads", first.layer, codes, round(extent, 4), shape)
