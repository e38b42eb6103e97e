"""Who claims a matter at a set of places: the duty list, the asset's record, rulings and plans, put in order."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from grids.assets import Asset
from grids.content import Duty, Layer
from grids.doubt import Place
from grids.overrides import Override, Spot
from grids.precedence import Claim, Source, ranked, weight
from grids.relations import ASSET, ASSET_OWNER, relation_in
from grids.release import ASSET_LAYER, Release

_relation_in = lru_cache(maxsize=10_000)(relation_in)


@dataclass(frozen=True, slots=True)
class Resolution:
    """The claims at one set of places for one matter.

    ``claims``: leads in order, the winner first; ``tied``: those that rank with it for another party. ``unresolved``:
    claims of a relation that leads to nobody here; ``overshadowed``: one of them ranks as high as the winner or higher,
    so that the winner only stands in. ``specific``: without a matter, the leads for particular ones.
    """

    claims: tuple[Claim, ...]
    tied: tuple[Claim, ...]
    supporting: tuple[Claim, ...]
    specific: tuple[Claim, ...]
    unresolved: tuple[Claim, ...]
    overshadowed: bool

    @property
    def unsure(self) -> bool:
        """Whether a person must decide: leads tie, or the winner only stands in."""
        return bool(self.tied) or self.overshadowed

    @property
    def winner(self) -> Claim | None:
        """The claim that wins, or None when nobody answers."""
        return self.claims[0] if self.claims else None


class Claims:
    """The claims of one release under the overrides of one moment."""

    def __init__(self, release: Release, orders: Mapping[Spot, Sequence[Override]]) -> None:
        self._release, self._orders = release, orders
        self._ladder = frozenset(release.ladder(release.cells.layer.code) if release.cells else ())
        self.resolve = lru_cache(maxsize=200_000)(self._resolve)

    def _resolve(self, places: tuple[Place, ...], matter: str | None, asset: Asset | None = None) -> Resolution:
        order = self._release.order
        claims = [*self._at_places(places, asset), *(self._at_asset(asset, places) if asset else ())]
        fits = [claim for claim in claims if (matter or "").startswith(claim.duty.matter)]
        named = [claim for claim in fits if claim.party is not None]
        leads = ranked([claim for claim in named if claim.duty.role == "lead"], order)
        rivals = [c for c in leads if weight(c, order) == weight(leads[0], order) and c.party != leads[0].party]
        support = ranked([claim for claim in named if claim.duty.role != "lead"], order)
        lost = ranked([claim for claim in fits if claim.party is None], order)
        above = any(c.duty.role == "lead" and (not leads or weight(c, order) >= weight(leads[0], order)) for c in lost)
        other = [c for c in claims if c.duty.matter and c.duty.role == "lead"] if matter is None else []
        return Resolution(
            tuple(leads), tuple(rivals), tuple(support), tuple(ranked(other, order)), tuple(lost), bool(leads) and above
        )

    def _at_places(self, places: Iterable[Place], asset: Asset | None) -> Iterator[Claim]:
        held = tuple(places)
        for layer, area in held:
            table = self._release.tables[layer]
            for duty in self._release.duties_at(layer, area):
                if self._meant(duty.party, held):
                    yield self._claim(duty, table.layer, held, asset)
            if self._orders:
                yield from self._overriding((layer, table.codes[area]), table.layer, held, asset)

    def _at_asset(self, asset: Asset, places: tuple[Place, ...]) -> Iterator[Claim]:
        """Its duties, its rulings, and its owner: the record is the basis."""
        for duty in self._release.duties_for_asset(asset.code):
            yield self._claim(duty, ASSET_LAYER, places, asset)
        yield from self._overriding((ASSET, asset.code), ASSET_LAYER, places, asset)
        if asset.owner:
            duty = Duty(f"asset:{asset.code}", asset.owner, ASSET, asset.code, name="产权单位", basis="部件台账")
            yield Claim(duty, ASSET_LAYER, asset.owner, "asset")

    def _overriding(self, spot: Spot, layer: Layer, places: tuple[Place, ...], asset: Asset | None) -> Iterator[Claim]:
        for order in self._orders.get(spot, ()):
            if not self._meant(order.duty.party, places):
                continue
            source: Source = "plan" if order.plan else "ruling"
            party = self._party(order.duty.party, places, asset)
            yield Claim(order.duty, layer, party, source, order.plan, order.valid_until)

    def _claim(self, duty: Duty, layer: Layer, places: tuple[Place, ...], asset: Asset | None) -> Claim:
        return Claim(duty, layer, self._party(duty.party, places, asset))

    def _meant(self, text: str, places: tuple[Place, ...]) -> bool:
        """Whether a relation is meant here at all: ``property_of:estate`` is not outside every estate. Of the cells'
        own ladder it always is: a street without an office is a hole in the relations."""
        relation = _relation_in(text)
        if relation is None or relation[1] in self._ladder or relation[1] not in self._release.tables:
            return True
        return any(layer == relation[1] for layer, _ in places)

    def _party(self, text: str, places: tuple[Place, ...], asset: Asset | None) -> str | None:
        """The unit the text means here; None when its relation leads to nobody."""
        if text == ASSET_OWNER:
            return asset.owner if asset else None
        relation = _relation_in(text)
        if relation is None:
            return text
        name, wanted = relation
        tables, known = self._release.tables, self._release.relations
        found = (known.get((name, layer, tables[layer].codes[area])) for layer, area in places if layer == wanted)
        return next((party for party in found if party), None)
