"""How sure the ground is: for each point of a layer, the areas that cover it and those that its disc of doubt meets."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from gis.coordinates import Flags, Floats
from gis.lines import LineIndex
from gis.locate import BORDER_REACH_M, PointIndex

NEGLIGIBLE = 1e-3
"""Shares of the disc below this are its own rounding."""

Place = tuple[str, int]
"""A layer's code and an area of it."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """Of one point in one layer: the covering areas, lowest first; every area meant, with its share of the disc,
    largest first; and the share that lies in no area."""

    covering: tuple[int, ...]
    candidates: tuple[tuple[int, float], ...]
    outside: float

    @property
    def area(self) -> int | None:
        """The area that answers: the lowest covering one."""
        return self.covering[0] if self.covering else None


@dataclass(frozen=True, slots=True)
class LayerDoubts:
    """For n points of a layer: metres to the nearest border (NaN beyond reach), on a border or not, and the doubt."""

    distance_m: Floats
    on_border: Flags
    doubts: tuple[Doubt, ...]


@dataclass(frozen=True, slots=True)
class Variant:
    """What else may be true of a point: these places instead, because of ``place``, with this share of the disc."""

    places: tuple[Place, ...]
    place: Place
    share: float


def layer_doubts(index: PointIndex | LineIndex, lon: Floats, lat: Floats, accuracy_m: Floats) -> LayerDoubts:
    """The doubts of points known to ``accuracy_m``. Discs are only cut where a border, or an overlap, is in reach."""
    located = index.locate(lon, lat)
    covering: dict[int, tuple[int, ...]] = {}
    for point, area in zip(located.point.tolist(), located.covering.tolist(), strict=True):
        covering[point] = (*covering.get(point, ()), area)
    distance = np.where(located.on_border, 0.0, index.border_distance_m(lon, lat))
    at_least = np.where(np.isnan(distance), BORDER_REACH_M, distance)
    several = np.bincount(located.point, minlength=len(lon)) > 1
    rows = np.flatnonzero((at_least < accuracy_m) | located.on_border | several)
    shares: dict[int, dict[int, float]] = {int(row): {} for row in rows}
    if len(rows):
        found = index.candidates(lon[rows], lat[rows], accuracy_m[rows])
        for point, area, share in zip(found.point.tolist(), found.area.tolist(), found.share.tolist(), strict=True):
            shares[int(rows[point])][area] = share
    doubts = tuple(_doubt(covering.get(i, ()), shares.get(i)) for i in range(len(lon)))
    return LayerDoubts(distance, located.on_border, doubts)


def _doubt(covering: tuple[int, ...], shares: dict[int, float] | None) -> Doubt:
    """Every covering area is a candidate, however small its share."""
    if shares is None:
        return Doubt(covering, tuple((area, 1.0) for area in covering), 0.0 if covering else 1.0)
    meant = shares | {area: 0.0 for area in covering if area not in shares}
    kept = tuple((area, share) for area, share in meant.items() if share >= NEGLIGIBLE or area in covering)
    return Doubt(covering, kept, max(0.0, 1.0 - sum(shares.values())))


def held(layer: str, exclusive: bool, doubt: Doubt) -> tuple[Place, ...]:
    """The places a point has in this layer: one of an exclusive layer, all of an overlapping one."""
    return tuple((layer, area) for area in (doubt.covering[:1] if exclusive else doubt.covering))


def variants(layer: str, exclusive: bool, doubt: Doubt) -> Iterator[Variant]:
    """The other places the point may have in this layer, one change at a time."""
    now = held(layer, exclusive, doubt)
    for area, share in doubt.candidates:
        place = (layer, area)
        if place not in now and share >= NEGLIGIBLE:
            yield Variant((place,) if exclusive else (*now, place), place, share)
        elif place in now and not exclusive and 1.0 - share >= NEGLIGIBLE:
            yield Variant(tuple(other for other in now if other != place), place, 1.0 - share)
    if exclusive and now and doubt.outside >= NEGLIGIBLE:
        yield Variant((), now[0], doubt.outside)
