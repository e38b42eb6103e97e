"""Whose each report truly is, worked out apart from the service and only where that is beyond doubt."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely

from data.addresses import Addresses
from data.assets import Assets
from data.duties import ROAD_MATTERS, Duty
from data.estates import Estates
from data.overrides import Override
from data.plane import Floats, Ints, Shapes, Texts, flat, points
from data.reports import Reports
from data.segments import HALF_WIDTH_M, Segments

CLEAR_M = 1.5
"""Nearer than this to the edge of a segment or an estate, the truth is not told."""

_LOOK_M = max(HALF_WIDTH_M.values()) + CLEAR_M


@dataclass(frozen=True, slots=True)
class Truth:
    """The owner of each report and what decides it: ``asset``, ``segment`` or ``estate``; empty where not told."""

    owners: Texts
    decided_by: Texts


@dataclass(frozen=True, slots=True)
class Holders:
    """Who holds what, above and in the duty list."""

    things: Assets
    segments: Segments
    living: Estates
    duties: Sequence[Duty]
    overrides: Sequence[Override]


def truth(told: Reports, houses: Addresses, held: Holders) -> Truth:
    """An asset's owner; else the unit of the road segment that names the matter; else the estate's company for
    matters that no duty names."""
    by_asset = _asset_owners(told, held)
    lonlat = _where(told, houses)
    spots = flat(points(lonlat))
    beside, lonely = _segment_keepers(told.matters, spots, held)
    in_estate = np.where(lonely, _estate_companies(told.matters, spots, held), "")
    named = told.assets != ""
    owners = np.where(named, by_asset, np.where(beside != "", beside, in_estate))
    how = np.where(named, "asset", np.where(beside != "", "segment", "estate"))
    return Truth(owners, np.where(owners != "", how, ""))


def _where(told: Reports, houses: Addresses) -> Floats:
    """The point of each report, that of its house where it has an address only."""
    row = {text: k for k, text in enumerate(houses.texts.tolist())}
    lonlat = told.lonlat.copy()
    for k in np.flatnonzero(told.addresses != "").tolist():
        lonlat[k] = houses.lonlat[row[str(told.addresses[k])]]
    return lonlat


def _asset_owners(told: Reports, held: Holders) -> Texts:
    """The owner on record of the asset that is named."""
    owner = dict(zip(held.things.codes.tolist(), held.things.owners.tolist(), strict=True))
    return np.array([owner.get(code, "") for code in told.assets.tolist()], dtype=np.str_)


def _segment_keepers(matters: Texts, spots: Shapes, held: Holders) -> tuple[Texts, npt.NDArray[np.bool_]]:
    """The unit of the segment at each spot, where it names the matter and no other unit's segment is about as near;
    and which spots have no segment in reach at all."""
    segments, lines = held.segments, flat(held.segments.shapes)
    spot, line = shapely.STRtree(lines).query(spots, predicate="dwithin", distance=_LOOK_M)
    away = shapely.distance(spots[spot], lines[line])
    keepers = np.full(len(spots), "", dtype="U40")
    for k, near in _groups(spot):
        order = near[np.argsort(away[near], kind="stable")]
        best, others = order[0], order[1:]
        width, unit = segments.half_widths[line[best]], str(segments.parties[line[best]])
        rival = others[segments.parties[line[others]] != unit]
        clear = away[best] < width - CLEAR_M and bool((away[rival] > away[best] + CLEAR_M).all())
        kind = "main" if width == HALF_WIDTH_M["main"] else "local"
        if clear and str(matters[k]).startswith(ROAD_MATTERS[kind]):
            keepers[k] = unit
    lonely = np.ones(len(spots), dtype=np.bool_)
    lonely[spot] = False
    return keepers, lonely


def _groups(spot: Ints) -> list[tuple[int, Ints]]:
    """Each spot with the positions of its pairs; ``spot`` rises."""
    starts = np.flatnonzero(np.diff(spot, prepend=-1))
    parts = np.split(np.arange(len(spot)), starts[1:]) if len(spot) else []
    return [(int(spot[part[0]]), part) for part in parts]


def _estate_companies(matters: Texts, spots: Shapes, held: Holders) -> Texts:
    """The company of the estate around each spot, where the estate has a duty and nobody names the matter.

    The units of road segments do not count here: only spots far from any segment are asked of.
    """
    walls = shapely.buffer(flat(held.living.layer.shapes), -CLEAR_M)
    answered = {duty.area_code for duty in held.duties if duty.layer == held.living.layer.name}
    leads = [duty for duty in (*held.duties, *(order.duty for order in held.overrides)) if duty.role == "lead"]
    named = tuple({duty.matter for duty in leads if duty.matter and duty.layer != "segment"})
    found = np.full(len(spots), "", dtype="U40")
    spot, row = shapely.STRtree(walls).query(spots, predicate="within")
    for k, estate in zip(spot.tolist(), row.tolist(), strict=True):
        if str(held.living.layer.codes[estate]) in answered and not str(matters[k]).startswith(named):
            found[k] = held.living.companies[estate]
    return found
