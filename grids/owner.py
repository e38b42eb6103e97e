"""Whose is this point? Resolved from one release and the books of one moment, batch first.

The places of a point are its cell and the areas above it by code, and the areas it has in every layer outside that
ladder: all covering ones, or the one of a partition, or the nearest road segment. The claims at all its places compete
by ``grids.precedence``. Where the disc of doubt meets several cells, or
several areas of another layer, each is resolved as if the point lay there, and the answer says whether that changes
the owner. Layers are varied one at a time: a point near two borders at once is not tried in every combination.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache
from itertools import islice

import numpy as np
import numpy.typing as npt

from gis.coordinates import Floats, lonlat_arrays
from gis.errors import BadInput
from gis.h3cells import cells_at, text_of
from gis.measure import distance_m
from grids.answer import (
    Answer,
    AssetRef,
    Assigned,
    Candidate,
    Nearest,
    OtherOwner,
    PlaceRef,
    Point,
    Unresolved,
    asset_ref,
    duty_ref,
    party_ref,
    person_ref,
)
from grids.assets import Asset
from grids.books import Books
from grids.claims import Claims, Resolution
from grids.doubt import NEGLIGIBLE, Doubt, LayerDoubts, Place, Variant, held, layer_doubts, variants
from grids.names import CellVerdict, OwnerVerdict
from grids.periods import END
from grids.precedence import Claim
from grids.relations import ASSET, ASSET_OWNER
from grids.release import LayerTable, Release

DEFAULT_ACCURACY_M = 1.0
"""For a surveyed or corrected point."""

MOST_DOUBT_M = 5_000.0
"""A point known less well than this is no point."""

SUGGESTED_M, SUGGESTED_WITHIN_M, SUGGESTED = 20.0, 200.0, 5
"""Assets this near, or within the accuracy up to the second, are suggested when none is named; so many at most."""

FAR_ASSET_M = 50.0
"""An asset further than this from the point that names it is warned of."""


@dataclass(slots=True)
class _Beside:
    """The places of one point in the layers beside the cells' ladder, and what else they may be."""

    places: list[Place] = field(default_factory=list)
    variants: list[Variant] = field(default_factory=list)


class Resolver:
    """Answers owner calls from one release and the books as they stand at one moment."""

    def __init__(self, release: Release, books: Books | None = None, at: datetime = END) -> None:
        self.release, self.books, self.at = release, books or Books(), at
        self.posts = self.books.roster.at(at)
        self.resolve = Claims(release, self.books.overrides.at(at)).resolve
        self._ladder = release.ladder(release.cells.layer.code) if release.cells else []
        self.loose = [code for code in release.tables if code not in self._ladder]
        self._varied = release.layers_with_duties | release.layers_in_relations | self.books.overrides.layers
        self._shown = lru_cache(maxsize=100_000)(self._show)

    def asset(self, code: str | None) -> Asset | None:
        """The asset of that number, at this moment."""
        return self.books.assets.get(code, self.at) if code else None

    def answers(
        self,
        lon: npt.ArrayLike,
        lat: npt.ArrayLike,
        matters: Sequence[str | None],
        accuracy_m: npt.ArrayLike = DEFAULT_ACCURACY_M,
        assets: Sequence[str | None] = (),
    ) -> Iterator[Answer]:
        """One answer a point, in order. WGS 84; ``matters`` one a point, None or blank for none.

        ``accuracy_m``: one for all, or one a point. ``assets``: the number of the asset that is meant, one a point, or
        none at all; one that is not recorded is warned of. Raises BadCoordinate and BadInput.
        """
        x, y = lonlat_arrays(lon, lat)
        accuracy = _checked_accuracy(accuracy_m, len(x))
        if len(matters) != len(x) or len(assets) not in (0, len(x)):
            raise BadInput(f"{len(matters)} matters for {len(x)} points: give one a point", field="matter")
        ground = self._ground(x, y, accuracy)
        beside = self._beside(x, y, accuracy)
        above = self._above(x, y, np.array([doubt.area is None for doubt in ground.doubts], bool))
        h3 = cells_at(x, y)
        for i, doubt in enumerate(ground.doubts):
            point = Point(float(x[i]), float(y[i]))
            asked = _Asked(float(accuracy[i]), _plain(matters[i]), _plain(assets[i]) if assets else None)
            answer = _Draft(self, point, asked, self.asset(asked.asset), doubt, beside[i], above[i])
            distance = _none_if_nan(ground.distance_m[i])
            yield answer.finished(distance, bool(ground.on_border[i]), text_of(int(h3[i])))

    def _ground(self, lon: Floats, lat: Floats, accuracy: Floats) -> LayerDoubts:
        if self.release.cells is not None:
            return layer_doubts(self.release.cells.index, lon, lat, accuracy)
        nowhere = (Doubt((), (), 1.0),) * len(lon)
        return LayerDoubts(np.full(len(lon), np.nan), np.zeros(len(lon), bool), nowhere)

    def _beside(self, lon: Floats, lat: Floats, accuracy: Floats) -> list[_Beside]:
        """The places in the layers beside the ladder, whatever the cell; varied only where a claim could change."""
        found = [_Beside() for _ in range(len(lon))]
        for code in self.loose:
            table = self.release.tables[code]
            exclusive, index = table.layer.exclusive, table.index
            reach = accuracy if code in self._varied else np.zeros(len(lon))
            for at, doubt in zip(found, layer_doubts(index, lon, lat, reach).doubts, strict=True):
                at.places += held(code, exclusive, doubt)
                at.variants += variants(code, exclusive, doubt)
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

    def assigned(self, claim: Claim, share: float = 1.0) -> Assigned:
        """The claim as an answer shows it."""
        shown = self._shown(claim)
        return shown if share == 1.0 else replace(shown, share=round(share, 4))

    def _show(self, claim: Claim) -> Assigned:
        party = party_ref(claim.party or claim.duty.party, self.release.parties)
        person = person_ref(self.posts.person_for(claim.duty, claim.party)) if claim.party else None
        return Assigned(party, duty_ref(claim, self._place_name(claim)), person)

    def _place_name(self, claim: Claim) -> str:
        if claim.layer.code == ASSET:
            asset = self.asset(claim.duty.area)
            return asset.name if asset else ""
        table = self.release.tables[claim.layer.code]
        name: str = table.names[table.area(claim.duty.area)]
        return name

    def place_ref(self, place: Place) -> PlaceRef:
        """The place as an answer shows it."""
        return _place_ref(self.release.tables[place[0]], place[1])


@dataclass(frozen=True, slots=True)
class _Asked:
    """What was asked of one point."""

    accuracy_m: float
    matter: str | None
    asset: str | None


@dataclass(frozen=True, slots=True)
class _Draft:
    """One answer in the making."""

    by: Resolver
    point: Point
    asked: _Asked
    asset: Asset | None
    doubt: Doubt
    beside: _Beside
    above: tuple[Place, ...]

    def resolved(self, places: tuple[Place, ...]) -> Resolution:
        """Who claims it, were it at these places."""
        return self.by.resolve(places, self.asked.matter, self.asset)

    def finished(self, distance: float | None, on_border: bool, h3: str) -> Answer:
        release, doubt = self.by.release, self.doubt
        places = self.by.places_of(doubt.area, (*self.beside.places, *self.above))
        resolution = self.resolved(places)
        candidates = tuple(self._candidates())
        others = tuple(self._other_owners(resolution))
        verdict: OwnerVerdict = "ambiguous" if others else self._owner_verdict(resolution, candidates)
        winner, numbers = resolution.winner, self.by.books.numbers
        return Answer(
            point=self.point,
            accuracy_m=self.asked.accuracy_m,
            version=release.number,
            release=release.number,
            roster=numbers.roster,
            assets=numbers.assets,
            overrides=numbers.overrides,
            cell_verdict=self._cell_verdict(),
            owner_verdict=verdict,
            on_border=on_border,
            distance_m=None if distance is None else round(distance, 3),
            cell=self._cell(),
            candidates=candidates,
            outside_share=round(doubt.outside, 4) if doubt.outside >= NEGLIGIBLE else 0.0,
            owner=self.by.assigned(winner, self._share_of(winner, candidates, others)) if winner else None,
            other_owners=others,
            tied=tuple(self.by.assigned(claim) for claim in resolution.tied),
            supporting=tuple(self.by.assigned(claim) for claim in resolution.supporting),
            matter_duties=tuple(self.by.assigned(claim) for claim in resolution.specific),
            unresolved=tuple(self._unresolved(resolution)),
            places=tuple(self.by.place_ref(place) for place in places),
            asset=asset_ref(self.asset, self.by.release.parties) if self.asset else None,
            nearby=tuple(self._nearby()),
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
        owners.add(resolution.winner.party)
        at_the_edge = self.doubt.area is not None and self.doubt.outside >= NEGLIGIBLE
        at_the_edge = at_the_edge and resolution.winner.layer.code != ASSET
        doubtful = resolution.unsure or len(owners) > 1 or at_the_edge
        return "ambiguous" if doubtful or any(candidate.unsure for candidate in candidates) else "certain"

    def _share_of(self, winner: Claim, candidates: tuple[Candidate, ...], others: tuple[OtherOwner, ...]) -> float:
        """How much of the disc is this party's, at most: what another layer's doubt takes is taken off once.
        Ground in no cell is the owner's of a point that lies in none, and an asset's owner has it wherever it is."""
        if winner.layer.code == ASSET:
            return 1.0
        ours = sum(c.share for c in candidates if c.owner and c.owner.code == winner.party)
        ours += self.doubt.outside if self.doubt.area is None else 0.0
        return min(1.0, ours, 1.0 - max((other.share for other in others), default=0.0))

    def _other_owners(self, resolution: Resolution) -> Iterator[OtherOwner]:
        """Who would answer if the point lay otherwise in a layer beside the cells' ladder; nobody known, where somebody
        would only stand in."""
        mine = resolution.winner.party if resolution.winner else None
        for variant in self.beside.variants:
            layer = variant.place[0]
            kept = [place for place in self.beside.places if place[0] != layer]
            places = self.by.places_of(self.doubt.area, (*kept, *variant.places, *self.above))
            there = self.resolved(places)
            parties = [claim.party for claim in (there.winner, *there.tied) if claim] or [None]
            parties += [None] if there.overshadowed and not resolution.overshadowed else []
            for theirs in dict.fromkeys(parties):
                if mine != theirs:
                    owner = party_ref(theirs, self.by.release.parties) if theirs else None
                    yield OtherOwner(self.by.place_ref(variant.place), round(variant.share, 4), owner)

    def _candidates(self) -> Iterator[Candidate]:
        cells = self.by.release.cells
        if cells is None:
            return
        for cell, share in self.doubt.candidates:
            there = self.resolved(self.by.places_of(cell, self.beside.places))
            winner = there.winner
            owner = party_ref(winner.party, self.by.release.parties) if winner and winner.party else None
            yield Candidate(cells.codes[cell], cells.names[cell], round(share, 4), owner, there.unsure)

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
        matter = self.asked.matter
        if matter is None:
            return None
        known = self.by.release.matters.get(matter)
        return {"code": matter, "name": known.name if known else ""}

    def _unresolved(self, resolution: Resolution) -> Iterator[Unresolved]:
        """Duties whose relation leads to nobody here, and what would help."""
        for claim in resolution.unresolved:
            shown = self.by.assigned(claim)
            if claim.duty.party == ASSET_OWNER:
                why = "no_owner_recorded" if self.asset else "no_asset_named"
            else:
                why = "no_such_relation_here"
            yield Unresolved(claim.duty.party, shown.duty, why)

    def _nearby(self) -> Iterator[AssetRef]:
        """Without a named asset, those of the matter's class close by: suggestions, never used."""
        assets, matter, at = self.by.books.assets, self.asked.matter, self.by.at
        if self.asked.asset or not matter or not any(_akin(matter, known) for known in assets.classes):
            return
        reach = min(max(SUGGESTED_M, self.asked.accuracy_m), SUGGESTED_WITHIN_M)
        near = assets.near(self.point.lon, self.point.lat, reach, at)
        for asset, metres in islice((item for item in near if _akin(matter, item[0].matter)), SUGGESTED):
            yield asset_ref(asset, self.by.release.parties, round(metres, 2))

    def _warnings(self) -> Iterator[str]:
        matter, number = self.asked.matter, self.by.release.number
        if matter is not None and self.by.release.matters and matter not in self.by.release.matters:
            yield f"matter '{matter}' is not in the class table of version {number}"
        if self.asked.asset and self.asset is None:
            yield f"asset '{self.asked.asset}' is not recorded at that time (snapshot {self.by.books.assets.number})"
        if self.asset:
            away = float(distance_m(self.point.lon, self.point.lat, self.asset.lon, self.asset.lat))
            if away > max(FAR_ASSET_M, self.asked.accuracy_m):
                yield f"asset '{self.asset.code}' stands {away:.0f} m from the point"


def _plain(text: str | None) -> str | None:
    """The text without blanks around it, None for none."""
    return (text or "").strip() or None


def _akin(matter: str, known: str) -> bool:
    """Whether one of the two classes holds the other."""
    return bool(known) and (matter.startswith(known) or known.startswith(matter))


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
