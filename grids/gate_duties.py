"""The gate's look at duties: those that point at what is gone, tie, or leave somebody without an owner.

Pure. What lies outside the version (people, assets, rulings) comes in as ``Outside``.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from shapely.geometry.base import BaseGeometry

from gis.findings import Finding
from grids.content import Content, Duty
from grids.gate_holes import matter_holes, relation_holes, unowned
from grids.gate_ties import tied
from grids.overrides import Override
from grids.relations import ASSET, is_relative, relation_in
from grids.standing import Standing


@dataclass(frozen=True, slots=True)
class Outside:
    """What the duties of a version speak of and no version holds.

    ``departed``: people who have left. ``assets``: of the assets that duties name, those that are there.
    ``owners``: how many assets each party owns. ``orders``: rulings and plans' duties that hold under the version.
    """

    departed: frozenset[str] = frozenset()
    assets: frozenset[str] = frozenset()
    owners: Mapping[str, int] = field(default_factory=dict)
    orders: tuple[Override, ...] = ()


NOTHING = Outside()
"""Nobody has left, there are no assets and no rulings."""

_Wrong = tuple[str, str, str]
"""Field, value, why."""


def duty_findings(
    content: Content, outside: Outside, sound: Callable[[str, str], BaseGeometry | None]
) -> Iterator[Finding]:
    """Every finding about duties. ``sound``: the shape of an area (layer, code), None when it is broken or missing."""
    yield from _dangling(content, outside)
    yield from _dangling_overrides(content, outside.orders)
    yield from _foreign_owners(content, outside)
    yield from tied(content, sound)
    standing = Standing(content)
    yield from unowned(content, standing)
    yield from matter_holes(content, standing)
    yield from relation_holes(content)


def _dangling(content: Content, outside: Outside) -> Iterator[Finding]:
    places = {layer: frozenset(table.codes) for layer, table in content.areas.items()}
    related = frozenset((row.relation, row.layer) for row in content.relations)
    for duty in content.duties:
        wrong = [*_wrong_party(duty.party, content, related), *_wrong_place(duty, places, outside)]
        if duty.person in outside.departed:
            wrong.append(("person", duty.person or "", f"has left, but still holds this duty of party {duty.party}"))
        for name, value, why in wrong:
            words = f"duty {duty.code}: {name} '{value}': {why}; change or remove the duty"
            yield Finding("dangling_duty", "error", words, field=name, value=value, codes=(duty.code,))
    for row in content.relations:
        wrong = [*_wrong_area(row.layer, row.area, places)]
        if row.party not in content.parties:
            wrong.append(("party", row.party, "no such party"))
        for name, value, why in wrong:
            words = f"relation {row.code}: {name} '{value}': {why}; change or remove the relation"
            yield Finding("dangling_duty", "error", words, field=name, value=value, codes=(row.code,))


def _dangling_overrides(content: Content, orders: Iterable[Override]) -> Iterator[Finding]:
    """Rulings and plans' duties that would count for nothing under this version, each once."""
    places = {layer: frozenset(table.codes) for layer, table in content.areas.items()}
    related = frozenset((row.relation, row.layer) for row in content.relations)
    told = defaultdict[str, dict[_Wrong, None]](dict)
    for duty in (order.duty for order in orders):
        wrong = [*_wrong_party(duty.party, content, related)]
        wrong += [] if duty.layer == ASSET else _wrong_area(duty.layer, duty.area, places)
        if wrong:
            told[duty.code] |= dict.fromkeys(wrong)
    for code, faults in sorted(told.items()):
        name, value, _ = next(iter(faults))
        whys = ", ".join(f"{name} '{value}': {why}" for name, value, why in faults)
        rule = f"import it with what took their place, or end it: `wangge rulings end {code}`"
        words = f"override {code}: {whys}; it would count for nothing under this version; {rule}"
        yield Finding("dangling_override", "warning", words, field=name, value=value, codes=(code,))


def _wrong_party(party: str, content: Content, related: frozenset[tuple[str, str]]) -> Iterator[_Wrong]:
    relation = relation_in(party)
    if relation is not None and relation[1] not in content.areas:
        yield "party", party, f"no such layer '{relation[1]}'"
    elif relation is not None and relation not in related:
        yield "party", party, f"no area of layer {relation[1]} has the relation '{relation[0]}': import relations"
    elif not is_relative(party) and party not in content.parties:
        yield "party", party, "no such party"


def _wrong_place(duty: Duty, places: Mapping[str, frozenset[str]], outside: Outside) -> Iterator[_Wrong]:
    if duty.layer != ASSET:
        yield from _wrong_area(duty.layer, duty.area, places)
    elif duty.area not in outside.assets:
        yield "area", duty.area, "no such asset any more"


def _wrong_area(layer: str, area: str, places: Mapping[str, frozenset[str]]) -> Iterator[_Wrong]:
    if layer not in places:
        yield "layer", layer, "no such layer"
    elif area not in places[layer]:
        yield "area", area, f"no such area in layer {layer} any more"


def _foreign_owners(content: Content, outside: Outside) -> Iterator[Finding]:
    """Owners in the assets' records that the version does not know as parties."""
    for party, count in sorted(outside.owners.items()):
        if party not in content.parties:
            words = (
                f"party '{party}' owns {count:,} assets, but the version has no such party;"
                " import it, or correct the owner in the assets"
            )
            yield Finding("asset", "warning", words, field="owner", value=party, codes=(party,))
