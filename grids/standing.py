"""Who answers each cell for each matter: the duty list of a version laid over all its cells at once. Pure.

It says what a report by place gets: assets, rulings and plans stand above it and are not asked. An area beside the
cells' ladder (zone, estate, segment) counts in the cells that it covers whole; the cells that it only meets are told by
``exceptions``, for a segment as far as its half-width reaches, rounded up.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from grids.content import Content
from grids.precedence import Claim, order_of, weight
from grids.relations import is_relative, relation_in
from grids.seats import Flags, Ints, Seats

_NOBODY = np.iinfo(np.int64).max
_Sheet = tuple[str, str, int]
"""Layer, matter scope, priority: duties between which only their places tell."""


@dataclass(frozen=True, slots=True)
class Answered:
    """One matter in every cell. ``party``, ``duty``: indices, -1 where nobody answers; of those tied, the first.

    ``named``: the winning duty names the matter. ``stands_in``: a duty ranks as high or higher whose relation leads to
    nobody there. ``level``: how many groups of duties rank above the winner; the largest number where nobody answers.
    """

    party: Ints
    duty: Ints
    tied: Flags
    named: Flags
    stands_in: Flags
    level: Ints


class Standing:
    """The leading duties of a version over its cells. Raises BadInput for an order of precedence that is none."""

    def __init__(self, content: Content) -> None:
        self.content, self._order = content, order_of(content.order)
        led = (duty for duty in content.duties if duty.role == "lead" and duty.layer in content.areas)
        self.duties = sorted(led, key=lambda duty: duty.code)
        told = {duty.party for duty in self.duties} | {row.party for row in content.relations}
        self.parties = sorted(told | set(content.parties))
        self._party = {code: index for index, code in enumerate(self.parties)}
        spoken: defaultdict[str, set[str]] = defaultdict(set)
        for layer, area in ((row.layer, row.area) for rows in (self.duties, content.relations) for row in rows):
            spoken[layer].add(area)
        for _, layer in {relation_in(duty.party) or ("", "") for duty in self.duties}:
            if layer in content.areas:  # where a relation is meant, its areas count whether they have one or not
                spoken[layer].update(content.areas[layer].codes)
        self.seats = Seats(content, spoken)
        self._sheet, self._parts = lru_cache(maxsize=64)(self._laid_out), lru_cache(maxsize=1024)(self._in_part)

    @cached_property
    def _sheets(self) -> dict[str, dict[_Sheet, list[int]]]:
        """The duties by scope, and within it by sheet."""
        found: defaultdict[str, defaultdict[_Sheet, list[int]]] = defaultdict(lambda: defaultdict(list))
        for index, duty in enumerate(self.duties):
            found[duty.matter][duty.layer, duty.matter, duty.priority].append(index)
        return {scope: dict(sheets) for scope, sheets in found.items()}

    def scopes(self, matter: str) -> tuple[str, ...]:
        """The scopes of duties that apply to the matter; matters with the same ones have the same answers."""
        starts = (matter[:length] for length in range(len(matter) + 1))
        return tuple(scope for scope in starts if scope in self._sheets)

    def answered(self, scopes: Iterable[str]) -> Answered:
        """Who answers, in every cell, where the duties of these scopes apply."""
        cells, duties = self.seats.count, len(self.duties)
        party, duty = np.full(cells, -1, np.int64), np.full(cells, -1, np.int64)
        tied, named, lost_above = (np.zeros(cells, bool) for _ in range(3))
        level = np.full(cells, _NOBODY, np.int64)
        for above, sheets in enumerate(self._by_weight(scopes)):
            low, high, lost = self._merged(sheets)
            free = party < 0
            lost_above |= free & lost
            won = free & (low < _NOBODY)
            party[won], duty[won] = low[won] // duties, low[won] % duties
            tied[won] = party[won] != high[won] // duties
            named[won], level[won] = bool(sheets[0][1]), above
        return Answered(party, duty, tied, named, lost_above & (party >= 0), level)

    def anyone(self) -> Flags:
        """The cells where somebody answers for something."""
        found = np.zeros(self.seats.count, bool)
        for sheet in (sheet for sheets in self._sheets.values() for sheet in sheets):
            found |= self._sheet(sheet)[0] < _NOBODY
        return found

    def exceptions(self, scopes: Iterable[str], told: Answered) -> Flags:
        """The cells of which an area beside the ladder holds a part whose duty ranks as high as the winner or higher.

        ``told``: what ``answered`` said of the same scopes.
        """
        found = np.zeros(self.seats.count, bool)
        for above, sheets in enumerate(self._by_weight(scopes)):
            for sheet in sheets:
                found |= self._parts(sheet) & (told.level >= above)
        return found

    def _by_weight(self, scopes: Iterable[str]) -> list[list[_Sheet]]:
        """The sheets of these scopes, winners first; those that nothing tells apart together."""
        groups: defaultdict[tuple[int, ...], list[_Sheet]] = defaultdict(list)
        for sheet, held in (item for scope in scopes for item in self._sheets[scope].items()):
            claim = Claim(self.duties[held[0]], self.content.areas[sheet[0]].layer, None)
            groups[weight(claim, self._order)].append(sheet)
        return [groups[key] for key in sorted(groups, reverse=True)]

    def _merged(self, sheets: Sequence[_Sheet]) -> tuple[Ints, Ints, Flags]:
        low, high, lost = self._sheet(sheets[0])
        for sheet in sheets[1:]:
            more = self._sheet(sheet)
            low, high, lost = np.minimum(low, more[0]), np.maximum(high, more[1]), lost | more[2]
        return low, high, lost

    def _laid_out(self, sheet: _Sheet) -> tuple[Ints, Ints, Flags]:
        """In each cell the lowest and the highest claim, as party times duties plus duty, and whether one is lost."""
        count = self.seats.count
        low, high, lost = np.full(count, _NOBODY, np.int64), np.full(count, -1, np.int64), np.zeros(count, bool)
        cells, areas = self.seats.whole(sheet[0])
        area_low, area_high, relative = self._in_areas(sheet)
        np.minimum.at(low, cells, area_low[areas])
        np.maximum.at(high, cells, area_high[areas])
        for text, first in relative.items():
            at, duty = cells[first[areas] >= 0], first[areas][first[areas] >= 0]
            party = self._party_by_cell(text)[at]
            known = party >= 0
            claim = party * len(self.duties) + duty
            np.minimum.at(low, at[known], claim[known])
            np.maximum.at(high, at[known], claim[known])
            lost[at[~known & self._meant(text)[at]]] = True
        return low, high, lost

    def _in_areas(self, sheet: _Sheet) -> tuple[Ints, Ints, dict[str, Ints]]:
        """In each area of the sheet's layer the lowest and highest claim of named parties, and for each relation the
        first duty that names it, -1 for none."""
        size, position = len(self.content.areas[sheet[0]]), self.seats.position(sheet[0])
        low, high = np.full(size, _NOBODY, np.int64), np.full(size, -1, np.int64)
        relative: dict[str, Ints] = {}
        for index in reversed(self._sheets[sheet[1]][sheet]):
            duty = self.duties[index]
            at = position.get(duty.area)
            if at is None:
                continue
            if is_relative(duty.party):
                relative.setdefault(duty.party, np.full(size, -1, np.int64))[at] = index
            else:
                claim = self._party[duty.party] * len(self.duties) + index
                low[at], high[at] = min(low[at], claim), max(high[at], claim)
        return low, high, relative

    def _party_by_cell(self, text: str) -> Ints:
        """Whom a relation means in each cell; -1 where it leads to nobody. Of several areas the first by code tells."""
        found = np.full(self.seats.count, -1, np.int64)
        name, layer = relation_in(text) or ("", "")
        if layer in self.content.areas:
            told = np.full(len(self.content.areas[layer]), -1, np.int64)
            for area, party in self._related(name, layer).items():
                told[area] = self._party[party]
            cells, areas = self.seats.whole(layer)
            known = told[areas] >= 0
            found[cells[known][::-1]] = told[areas[known]][::-1]
        return found

    def _meant(self, text: str) -> Flags:
        """Where a relation is meant at all: of a layer beside the ladder only inside its areas (``grids.claims``)."""
        _, layer = relation_in(text) or ("", "")
        if layer not in self.content.areas or layer in self.seats.under:
            return np.ones(self.seats.count, bool)
        found = np.zeros(self.seats.count, bool)
        found[self.seats.whole(layer)[0]] = True
        return found

    def _related(self, name: str, layer: str) -> dict[int, str]:
        """The party of each area of the layer that has one in that relation."""
        position = self.seats.position(layer)
        rows = (row for row in self.content.relations if (row.relation, row.layer) == (name, layer))
        return {position[row.area]: row.party for row in rows if row.area in position}

    def _in_part(self, sheet: _Sheet) -> Flags:
        """The cells of which areas beside the ladder that decide on duties of the sheet hold a part."""
        found = np.zeros(self.seats.count, bool)
        for layer, areas in self._beside(sheet).items():
            cells, at = self.seats.parted(layer)
            found[cells[np.isin(at, list(areas))]] = True
        return found

    def _beside(self, sheet: _Sheet) -> dict[str, set[int]]:
        """The areas beside the ladder that decide: as the place of a duty, or as the layer of the relation it names."""
        found: defaultdict[str, set[int]] = defaultdict(set)
        duties, position = (
            [self.duties[index] for index in self._sheets[sheet[1]][sheet]],
            self.seats.position(sheet[0]),
        )
        if sheet[0] not in self.seats.under:
            found[sheet[0]] |= {position[duty.area] for duty in duties if duty.area in position}
        for _, layer in {relation_in(duty.party) or ("", "") for duty in duties}:
            if layer in self.content.areas and layer not in self.seats.under:
                found[layer] |= set(range(len(self.content.areas[layer])))
        return found
