"""Whose is this point? Resolved from one release and one roster, batch first.

The places of a point are its cell and the areas above it by code, and the covering areas of every layer outside that
ladder. The duties of all its places compete by ``grids.precedence``. Where the disc of doubt meets several cells, or
several areas of another layer, each is resolved as if the point lay there, and the answer says whether that changes
the owner. Layers are varied one at a time: a point near two borders at once is not tried in every combination.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from gis.coordinates import Floats, lonlat_arrays
from gis.errors import BadInput
from gis.h3cells import cells_at, text_of
from grids.answer import (
    Answer,
    Assigned,
    Candidate,
    Nearest,
    OtherOwner,
    PlaceRef,
    Point,
    duty_ref,
    party_ref,
    person_ref,
)
from grids.doubt import NEGLIGIBLE, Doubt, LayerDoubts, Place, Variant, held, layer_doubts, variants
from grids.names import CellVerdict, OwnerVerdict
from grids.precedence import Claim, ranked, weight
from grids.release import LayerTable, Release
from grids.roster import Roster

DEFAULT_ACCURACY_M = 1.0
"""For a surveyed or corrected point."""

MOST_DOUBT_M = 5_000.0
"""A point known less well than this is no point."""


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


@dataclass(slots=True)
class _Beside:
    """The places of one point in the layers beside the cells' ladder, and what else they may be."""

    places: list[Place] = field(default_factory=list)
    variants: list[Variant] = field(default_factory=list)


class Resolver:
    """Answers owner calls from one release and one roster."""

    def __init__(self, release: Release, roster: Roster) -> None:
        self.release, self.roster = release, roster
        self._ladder = release.ladder(release.cells.layer.code) if release.cells else []
        self.loose = [code for code in release.tables if code not in self._ladder]
        self.resolve = lru_cache(maxsize=200_000)(self._resolve)
        self._shown = lru_cache(maxsize=100_000)(self._show)

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
        ground = self._ground(x, y, accuracy)
        beside = self._beside(x, y, accuracy)
        above = self._above(x, y, np.array([doubt.area is None for doubt in ground.doubts], bool))
        h3 = cells_at(x, y)
        for i, doubt in enumerate(ground.doubts):
            point, asked = Point(float(x[i]), float(y[i])), (float(accuracy[i]), matters[i] or None)
            answer = _Draft(self, point, asked, doubt, beside[i], above[i])
            distance = _none_if_nan(ground.distance_m[i])
            yield answer.finished(distance, bool(ground.on_border[i]), text_of(int(h3[i])))

    def _ground(self, lon: Floats, lat: Floats, accuracy: Floats) -> LayerDoubts:
        if self.release.cells is not None:
            return layer_doubts(self.release.cells.index, lon, lat, accuracy)
        nowhere = (Doubt((), (), 1.0),) * len(lon)
        return LayerDoubts(np.full(len(lon), np.nan), np.zeros(len(lon), bool), nowhere)

    def _beside(self, lon: Floats, lat: Floats, accuracy: Floats) -> list[_Beside]:
        """The places in the layers beside the ladder, whatever the cell; varied only where a duty could change."""
        found = [_Beside() for _ in range(len(lon))]
        for code in self.loose:
            table = self.release.tables[code]
            partition, index = table.layer.partition, table.index
            reach = accuracy if code in self.release.layers_with_duties else np.zeros(len(lon))
            for at, doubt in zip(found, layer_doubts(index, lon, lat, reach).doubts, strict=True):
                at.places += held(code, partition, doubt)
                at.variants += variants(code, partition, doubt)
        return found

    def _above(self, lon: Floats, lat: Floats, outside: npt.NDArray[np.bool_]) -> list[tuple[Place, ...]]:
        """For points in no cell: the areas of the ladder's wider layers that cover them all the same."""
        places: list[tuple[Place, ...]] = [()] * len(lon)
        rows = np.flatnonzero(outside)
        for code in self._ladder[1:] if len(rows) else ():
            area = self.release.tables[code].index.locate(lon[rows], lat[rows]).area
            for row, found in zip(rows[area >= 0].tolist(), area[area >= 0].tolist(), strict=True):
                places[row] = (*places[row], (code, found))
        return places

    def places_of(self, cell: int | None, others: Iterable[Place]) -> tuple[Place, ...]:
        """All places of a point in that cell, narrow to wide."""
        above = self.release.chain(self._ladder[0], cell) if cell is not None else []
        return tuple(sorted([*above, *others], key=lambda place: -self.release.tables[place[0]].layer.rank))

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
        shown = self._shown(claim)
        return shown if share == 1.0 else replace(shown, share=round(share, 4))

    def _show(self, claim: Claim) -> Assigned:
        table = self.release.tables[claim.layer.code]
        name = table.names[table.area(claim.duty.area)]
        party = party_ref(claim.duty.party, self.release.parties)
        person = person_ref(self.roster.person_for(claim.duty))
        return Assigned(party, duty_ref(claim.duty, claim.layer, name), person)

    def place_ref(self, place: Place) -> PlaceRef:
        """The place as an answer shows it."""
        return _place_ref(self.release.tables[place[0]], place[1])


@dataclass(frozen=True, slots=True)
class _Draft:
    """One answer in the making."""

    by: Resolver
    point: Point
    asked: tuple[float, str | None]
    doubt: Doubt
    beside: _Beside
    above: tuple[Place, ...]

    @property
    def matter(self) -> str | None:
        """The matter asked about."""
        return self.asked[1]

    def finished(self, distance: float | None, on_border: bool, h3: str) -> Answer:
        release, doubt = self.by.release, self.doubt
        places = self.by.places_of(doubt.area, (*self.beside.places, *self.above))
        resolution = self.by.resolve(places, self.matter)
        candidates = tuple(self._candidates())
        others = tuple(self._other_owners(resolution.winner))
        verdict: OwnerVerdict = "ambiguous" if others else self._owner_verdict(resolution, candidates)
        winner = resolution.winner
        return Answer(
            point=self.point,
            accuracy_m=self.asked[0],
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
            owner=self.by.assigned(winner, self._share_of(winner.duty.party, candidates, others)) if winner else None,
            other_owners=others,
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
        if self.doubt.area is None:
            return "outside"
        doubtful = len(self.doubt.candidates) > 1 or self.doubt.outside >= NEGLIGIBLE
        return "ambiguous" if doubtful else "certain"

    def _owner_verdict(self, resolution: Resolution, candidates: tuple[Candidate, ...]) -> OwnerVerdict:
        owners = {candidate.owner.code if candidate.owner else None for candidate in candidates}
        if resolution.winner is None:
            return "ambiguous" if owners - {None} else "unowned"
        owners.add(resolution.winner.duty.party)
        at_the_edge = self.doubt.area is not None and self.doubt.outside >= NEGLIGIBLE
        return "ambiguous" if resolution.tied or len(owners) > 1 or at_the_edge else "certain"

    def _share_of(self, party: str, candidates: tuple[Candidate, ...], others: tuple[OtherOwner, ...]) -> float:
        """How much of the disc is this party's, at most: what another layer's doubt takes is taken off once.
        Ground in no cell is the owner's of a point that lies in none."""
        ours = sum(c.share for c in candidates if c.owner and c.owner.code == party)
        ours += self.doubt.outside if self.doubt.area is None else 0.0
        return min(1.0, ours, 1.0 - max((other.share for other in others), default=0.0))

    def _other_owners(self, winner: Claim | None) -> Iterator[OtherOwner]:
        """Who would answer if the point lay otherwise in a layer beside the cells' ladder."""
        for variant in self.beside.variants:
            layer = variant.place[0]
            kept = [place for place in self.beside.places if place[0] != layer]
            places = self.by.places_of(self.doubt.area, (*kept, *variant.places, *self.above))
            claim = self.by.resolve(places, self.matter).winner
            mine, theirs = (c.duty.party if c else None for c in (winner, claim))
            if mine != theirs:
                owner = party_ref(theirs, self.by.release.parties) if theirs else None
                yield OtherOwner(self.by.place_ref(variant.place), round(variant.share, 4), owner)

    def _candidates(self) -> Iterator[Candidate]:
        cells = self.by.release.cells
        if cells is None:
            return
        for cell, share in self.doubt.candidates:
            winner = self.by.resolve(self.by.places_of(cell, self.beside.places), self.matter).winner
            owner = party_ref(winner.duty.party, self.by.release.parties) if winner else None
            yield Candidate(cells.codes[cell], cells.names[cell], round(share, 4), owner)

    def _cell(self) -> PlaceRef | None:
        cells = self.by.release.cells
        return None if cells is None or self.doubt.area is None else _place_ref(cells, self.doubt.area)

    def _nearest(self) -> Nearest | None:
        cells = self.by.release.cells
        found = cells.index.nearest(self.point.lon, self.point.lat) if cells and self.doubt.area is None else None
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
