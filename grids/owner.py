"""Whose is this point? Resolved from one release and one roster, batch first.

The places of a point are its cell and the areas above it by code, and the covering areas of every layer outside that
ladder. The duties of all its places compete by ``grids.precedence``. Where the disc of doubt meets several cells, each
is resolved as if the point lay there, and the answer says whether that changes the owner.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from gis.coordinates import Flags, Floats, Ranks, lonlat_arrays
from gis.errors import BadInput
from gis.h3cells import cells_at, text_of
from gis.locate import BORDER_REACH_M, Candidates, Located
from grids.answer import (
    Answer,
    Assigned,
    Candidate,
    Nearest,
    PlaceRef,
    Point,
    duty_ref,
    party_ref,
    person_ref,
)
from grids.names import CellVerdict, OwnerVerdict
from grids.precedence import Claim, ranked, weight
from grids.release import LayerTable, Release
from grids.roster import Roster

DEFAULT_ACCURACY_M = 1.0
"""For a surveyed or corrected point."""

NEGLIGIBLE = 1e-3
"""Shares below this are the disc's own rounding."""

MOST_DOUBT_M = 5_000.0
"""A point known less well than this is no point."""

Place = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Resolution:
    """The duties at one set of places for one matter: winners first, those tied for it, supporting, and specific."""

    claims: tuple[Claim, ...]
    tied: tuple[Claim, ...]
    supporting: tuple[Claim, ...]
    specific: tuple[Claim, ...]

    @property
    def winner(self) -> Claim | None:
        """The claim that wins, or None when nobody answers."""
        return self.claims[0] if self.claims else None


@dataclass(frozen=True, slots=True)
class Doubt:
    """Of one point: its cell or None, its candidate cells with shares, and what share lies in no cell."""

    cell: int | None
    candidates: tuple[tuple[int, float], ...]
    outside: float


class Resolver:
    """Answers owner calls from one release and one roster."""

    def __init__(self, release: Release, roster: Roster) -> None:
        self.release, self.roster = release, roster
        self._ladder = release.ladder(release.cells.layer.code) if release.cells else []
        self.loose = [code for code in release.tables if code not in self._ladder]
        self.resolve = lru_cache(maxsize=200_000)(self._resolve)

    def answers(
        self,
        lon: npt.ArrayLike,
        lat: npt.ArrayLike,
        matters: Sequence[str | None],
        accuracy_m: npt.ArrayLike = DEFAULT_ACCURACY_M,
    ) -> Iterator[Answer]:
        """One answer a point, in order. WGS 84; ``matters`` one a point, None or blank for none.

        ``accuracy_m``: one for all, or one a point. Raises BadCoordinate and BadInput.
        """
        x, y = lonlat_arrays(lon, lat)
        accuracy = _checked_accuracy(accuracy_m, len(x))
        if len(matters) != len(x):
            raise BadInput(f"{len(matters)} matters for {len(x)} points: give one a point", field="matter")
        distance, on_border, doubts = self._doubts(x, y, accuracy)
        outside = np.array([doubt.cell is None for doubt in doubts], bool)
        loose = self._loose_places(x, y, outside)
        cells = cells_at(x, y)
        for i, doubt in enumerate(doubts):
            answer = _Draft(
                self, Point(float(x[i]), float(y[i])), float(accuracy[i]), matters[i] or None, loose[i], doubt
            )
            yield answer.finished(_none_if_nan(distance[i]), bool(on_border[i]), text_of(int(cells[i])))

    def _doubts(self, lon: Floats, lat: Floats, accuracy: Floats) -> tuple[Floats, Flags, list[Doubt]]:
        cells = self.release.cells
        if cells is None:
            return np.full(len(lon), np.nan), np.zeros(len(lon), bool), [Doubt(None, (), 1.0)] * len(lon)
        located = cells.index.locate(lon, lat)
        distance = np.where(located.on_border, 0.0, cells.index.border_distance_m(lon, lat))
        at_least = np.where(np.isnan(distance), BORDER_REACH_M, distance)
        rows = np.flatnonzero((at_least < accuracy) | located.on_border)
        found = cells.index.candidates(lon[rows], lat[rows], accuracy[rows]) if len(rows) else None
        shares = _grouped(rows, found)
        covering = _by_point(located)
        doubts = [_doubt(covering.get(i, ()), shares.get(i)) for i in range(len(lon))]
        return distance, located.on_border, doubts

    def _loose_places(self, lon: Floats, lat: Floats, outside: Flags) -> list[tuple[Place, ...]]:
        """Covering areas of the layers beside the cells' ladder; outside all cells, of the ladder's layers too."""
        places: list[list[Place]] = [[] for _ in range(len(lon))]
        everywhere = np.arange(len(lon))
        for code in self.loose + self._ladder:
            rows = everywhere if code in self.loose else np.flatnonzero(outside)
            if not len(rows) or not len(self.release.tables[code]):
                continue
            table = self.release.tables[code]
            located = table.index.locate(lon[rows], lat[rows])
            if table.layer.partition:
                pairs = zip(rows[located.area >= 0], located.area[located.area >= 0], strict=True)
            else:
                pairs = zip(rows[located.point], located.covering, strict=True)
            for row, area in pairs:
                places[row].append((code, int(area)))
        return [tuple(found) for found in places]

    def places_of(self, cell: int | None, loose: tuple[Place, ...]) -> tuple[Place, ...]:
        """All places of a point in that cell, narrow to wide."""
        above = self.release.chain(self._ladder[0], cell) if cell is not None else []
        return tuple(sorted([*above, *loose], key=lambda place: -self.release.tables[place[0]].layer.rank))

    def _resolve(self, places: tuple[Place, ...], matter: str | None) -> Resolution:
        claims = [
            Claim(duty, self.release.tables[layer].layer)
            for layer, area in places
            for duty in self.release.duties_at(layer, area)
        ]
        fits = [claim for claim in claims if (matter or "").startswith(claim.duty.matter)]
        leads = ranked([claim for claim in fits if claim.duty.role == "lead"])
        rivals = [c for c in leads if weight(c) == weight(leads[0]) and c.duty.party != leads[0].duty.party]
        support = ranked([claim for claim in fits if claim.duty.role != "lead"])
        other = ranked([c for c in claims if c.duty.matter and c.duty.role == "lead"]) if matter is None else []
        return Resolution(tuple(leads), tuple(rivals), tuple(support), tuple(other))

    def assigned(self, claim: Claim, share: float = 1.0) -> Assigned:
        """The claim as an answer shows it."""
        table = self.release.tables[claim.layer.code]
        name = table.names[table.area(claim.duty.area)]
        party = party_ref(claim.duty.party, self.release.parties)
        person = person_ref(self.roster.person_for(claim.duty))
        return Assigned(party, duty_ref(claim.duty, claim.layer, name), person, round(share, 4))

    def place_ref(self, place: Place) -> PlaceRef:
        """The place as an answer shows it."""
        return _place_ref(self.release.tables[place[0]], place[1])


@dataclass(frozen=True, slots=True)
class _Draft:
    """One answer in the making."""

    by: Resolver
    point: Point
    accuracy: float
    matter: str | None
    loose: tuple[Place, ...]
    doubt: Doubt

    def finished(self, distance: float | None, on_border: bool, h3: str) -> Answer:
        release, doubt = self.by.release, self.doubt
        places = self.by.places_of(doubt.cell, self.loose)
        resolution = self.by.resolve(places, self.matter)
        candidates = tuple(self._candidates())
        verdict = self._owner_verdict(resolution, candidates)
        winner = resolution.winner
        return Answer(
            point=self.point,
            accuracy_m=self.accuracy,
            version=release.number,
            release=release.number,
            roster=self.by.roster.number,
            cell_verdict=self._cell_verdict(),
            owner_verdict=verdict,
            on_border=on_border,
            distance_m=None if distance is None else round(distance, 3),
            cell=self._cell(),
            candidates=candidates,
            outside_share=round(doubt.outside, 4) if doubt.outside >= NEGLIGIBLE else 0.0,
            owner=self.by.assigned(winner, self._share_of(winner.duty.party, candidates)) if winner else None,
            tied=tuple(self.by.assigned(claim) for claim in resolution.tied),
            supporting=tuple(self.by.assigned(claim) for claim in resolution.supporting),
            matter_duties=tuple(self.by.assigned(claim) for claim in resolution.specific),
            places=tuple(self.by.place_ref(place) for place in places),
            nearest=self._nearest(),
            matter=self._matter(),
            h3=h3,
            warnings=tuple(self._warnings()),
        )

    def _cell_verdict(self) -> CellVerdict:
        if self.doubt.cell is None:
            return "outside"
        doubtful = len(self.doubt.candidates) > 1 or self.doubt.outside >= NEGLIGIBLE
        return "ambiguous" if doubtful else "certain"

    def _owner_verdict(self, resolution: Resolution, candidates: tuple[Candidate, ...]) -> OwnerVerdict:
        owners = {candidate.owner.code if candidate.owner else None for candidate in candidates}
        if resolution.winner is None:
            return "ambiguous" if owners - {None} else "unowned"
        owners.add(resolution.winner.duty.party)
        at_the_edge = self.doubt.cell is not None and self.doubt.outside >= NEGLIGIBLE
        return "ambiguous" if resolution.tied or len(owners) > 1 or at_the_edge else "certain"

    def _share_of(self, party: str, candidates: tuple[Candidate, ...]) -> float:
        """How much of the disc is this party's; ground in no cell is the owner's of a point that lies in none."""
        held = sum(c.share for c in candidates if c.owner and c.owner.code == party)
        return min(1.0, held + (self.doubt.outside if self.doubt.cell is None else 0.0))

    def _candidates(self) -> Iterator[Candidate]:
        cells = self.by.release.cells
        if cells is None:
            return
        for cell, share in self.doubt.candidates:
            winner = self.by.resolve(self.by.places_of(cell, self._beside()), self.matter).winner
            owner = party_ref(winner.duty.party, self.by.release.parties) if winner else None
            yield Candidate(cells.codes[cell], cells.names[cell], round(share, 4), owner)

    def _beside(self) -> tuple[Place, ...]:
        """The loose places that are not on the cells' own ladder: those hold whatever the cell."""
        return tuple(place for place in self.loose if place[0] in self.by.loose)

    def _cell(self) -> PlaceRef | None:
        cells = self.by.release.cells
        return None if cells is None or self.doubt.cell is None else _place_ref(cells, self.doubt.cell)

    def _nearest(self) -> Nearest | None:
        cells = self.by.release.cells
        found = cells.index.nearest(self.point.lon, self.point.lat) if cells and self.doubt.cell is None else None
        if cells is None or found is None:
            return None
        place = _place_ref(cells, found[0])
        return Nearest(place.layer, place.code, place.name, place.layer_name, round(found[1], 3))

    def _matter(self) -> dict[str, str] | None:
        if self.matter is None:
            return None
        known = self.by.release.matters.get(self.matter)
        return {"code": self.matter, "name": known.name if known else ""}

    def _warnings(self) -> Iterator[str]:
        if self.matter is not None and self.by.release.matters and self.matter not in self.by.release.matters:
            yield f"matter '{self.matter}' is not in the class table of version {self.by.release.number}"


def _place_ref(table: LayerTable, area: int) -> PlaceRef:
    return PlaceRef(table.layer.code, table.codes[area], table.names[area], table.layer.title)


def _none_if_nan(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _checked_accuracy(accuracy_m: npt.ArrayLike, count: int) -> Floats:
    accuracy = np.broadcast_to(np.asarray(accuracy_m, np.float64), count)
    bad = np.flatnonzero(~((accuracy >= 0.0) & (accuracy <= MOST_DOUBT_M)))
    if len(bad):
        value = float(accuracy[bad[0]])
        words = f"accuracy={value:g}: must lie in 0 to {MOST_DOUBT_M:g} metres"
        raise BadInput(words, field="accuracy", value=str(value), index=int(bad[0]))
    return accuracy


def _by_point(located: Located) -> dict[int, tuple[int, ...]]:
    covering: dict[int, tuple[int, ...]] = {}
    for point, area in zip(located.point.tolist(), located.covering.tolist(), strict=True):
        covering[point] = (*covering.get(point, ()), area)
    return covering


def _grouped(rows: Ranks, found: Candidates | None) -> dict[int, dict[int, float]]:
    """By point: the areas that meet its disc, largest share first, with their shares."""
    groups: dict[int, dict[int, float]] = {int(row): {} for row in rows}
    if found is not None:
        for point, area, share in zip(found.point, found.area, found.share, strict=True):
            groups[int(rows[point])][int(area)] = float(share)
    return groups


def _doubt(covering: tuple[int, ...], shares: dict[int, float] | None) -> Doubt:
    """The lowest covering area answers. Every covering one is a candidate, however small its share."""
    cell = covering[0] if covering else None
    if shares is None:
        return Doubt(cell, ((cell, 1.0),), 0.0) if cell is not None else Doubt(None, (), 1.0)
    meant = shares | {area: 0.0 for area in covering if area not in shares}
    kept = tuple((area, share) for area, share in meant.items() if share >= NEGLIGIBLE or area in covering)
    return Doubt(cell, kept, max(0.0, 1.0 - sum(shares.values())))
