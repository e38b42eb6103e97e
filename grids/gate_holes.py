"""Holes: cells without an owner, matters without one in some cells, areas without the relation a duty names. Pure."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import lru_cache

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from gis.findings import Finding
from grids.content import Areas, Content, Duty
from grids.relations import relation_in
from grids.seats import Ints, ancestors, drawn
from grids.standing import Standing

_SHOWN, _LISTED, _PICTURED = 6, 50, 12
"""How many codes a message names, a finding lists, and a finding's shape joins."""


def unowned(content: Content, standing: Standing) -> Iterator[Finding]:
    """Cells for which no duty for all matters answers: one finding a cell, or one for all when no cell has an owner."""
    table = standing.seats.table
    if table is None or not len(table):
        return
    layer, missing = table.layer.code, np.flatnonzero(standing.answered(standing.scopes("")).party < 0).tolist()
    if len(missing) == len(table):
        words = f"layer {layer}: no party answers for all matters in any of its {len(table):,} areas, nor above them"
        yield _finding("unowned", words, table, missing, None)
        return
    for index in missing:
        code = table.codes[index]
        words = f"layer {layer}, area {code}: no party answers for all matters here, nor at any level above"
        yield Finding("unowned", "warning", words, layer=layer, codes=(code,), geometry=table.shapes[index])


def matter_holes(content: Content, standing: Standing) -> Iterator[Finding]:
    """Matters at the leaves of the class table that nobody answers in cells where somebody answers for others."""
    table = standing.seats.table
    if table is None or not len(table):
        return
    inhabited = standing.anyone()
    holes = lru_cache(lambda scopes: np.flatnonzero(inhabited & (standing.answered(scopes).party < 0)).tolist())
    parents = {matter.parent for matter in content.matters.values()}
    for code in sorted(set(content.matters) - parents):
        missing = holes(standing.scopes(code))
        if missing:
            words = (
                f"matter {code} {content.matters[code].name}: nobody answers in {len(missing):,} of {len(table):,}"
                f" areas of layer {table.layer.code}, where others are answered for: {_listed(table, missing)};"
                " add a duty for it, or one for all matters"
            )
            yield _finding("hole", words, table, missing, ("matter", code))


def relation_holes(content: Content) -> Iterator[Finding]:
    """Areas that a duty gives to whoever has a relation to them, and nobody has. A relation that nobody has anywhere is
    a dangling duty, and none of these."""
    related: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for row in content.relations:
        related[row.relation, row.layer].add(row.area)
    beneath = lru_cache(maxsize=None)(lambda layer, place: _by_place(content, layer, place))
    for duty in content.duties:
        name, layer = relation_in(duty.party) or ("", "")
        if (name, layer) not in related or layer not in content.areas or duty.layer not in content.areas:
            continue
        table = content.areas[layer]
        under = beneath(layer, duty.layer).get(duty.area, [])
        missing = [index for index in under if table.codes[index] not in related[name, layer]]
        if missing:
            yield _finding(
                "hole", _no_relation(duty, name, table, (missing, under)), table, missing, ("party", duty.party)
            )


def _no_relation(duty: Duty, name: str, table: Areas, counted: tuple[Sequence[int], Sequence[int]]) -> str:
    missing, under = counted
    return (
        f"duty {duty.code}: {len(missing):,} of {len(under):,} areas of layer {table.layer.code} in {duty.layer}"
        f" {duty.area} have no '{name}': {_listed(table, missing)}; import relations or change the duty"
    )


def _by_place(content: Content, layer: str, place: str) -> dict[str, list[int]]:
    """The areas of a layer in each area of the place's layer: below it, above it, or on the same ground."""
    if place in content.ladder(layer):
        return _grouped(content.areas[place].codes, ancestors(content, layer)[place])
    if layer in content.ladder(place):
        above = ancestors(content, place)[layer].tolist()
        return {code: [at] for code, at in zip(content.areas[place].codes, above, strict=True) if at >= 0}
    table, places = content.areas[layer], content.areas[place]
    rows, spots = (np.flatnonzero(drawn(areas.shapes)) for areas in (table, places))
    spot, row = shapely.STRtree(table.shapes[rows]).query(places.shapes[spots], predicate="intersects")
    kept = ~shapely.touches(places.shapes[spots[spot]], table.shapes[rows[row]])
    found: defaultdict[str, list[int]] = defaultdict(list)
    for at, index in zip(spots[spot[kept]].tolist(), rows[row[kept]].tolist(), strict=True):
        found[places.codes[at]].append(index)
    return {code: sorted(indices) for code, indices in found.items()}


def _grouped(codes: Sequence[str], above: Ints) -> dict[str, list[int]]:
    found: defaultdict[str, list[int]] = defaultdict(list)
    for index, at in enumerate(above.tolist()):
        if at >= 0:
            found[codes[at]].append(index)
    return found


def _finding(kind: str, words: str, table: Areas, missing: Sequence[int], said: tuple[str, str] | None) -> Finding:
    field, value = said or (None, None)
    codes = tuple(table.codes[index] for index in missing[:_LISTED])
    return Finding(kind, "warning", words, None, field, value, table.layer.code, codes, None, _picture(table, missing))


def _listed(table: Areas, rows: Sequence[int]) -> str:
    more = f" and {len(rows) - _SHOWN:,} more" if len(rows) > _SHOWN else ""
    return ", ".join(table.codes[index] for index in rows[:_SHOWN]) + more


def _picture(table: Areas, rows: Sequence[int]) -> BaseGeometry | None:
    shapes = table.shapes[list(rows[:_PICTURED])]
    shapes = shapes[drawn(shapes)]
    return shapely.union_all(shapes) if len(shapes) else None
