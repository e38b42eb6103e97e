"""The duty list (权责清单): who answers where, for which matter, on what basis."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from data.chance import chance
from data.estates import Estates
from data.layers import CITY_CODE, STREET_DIGITS, Ladder, Layer
from data.parties import (
    COMMITTEE,
    ENFORCEMENT,
    GRID_CENTRE,
    OFFICE,
    PARKS,
    ROADS_PER_WARDEN,
    TEAM,
    ZONE_KEEPER,
    Staff,
)
from data.segments import Segments

LAW = "《样城市城市管理条例》"
PAPER = "样政办发〔2026〕"
GRIDS_WITH_DUTY = 0.85
CELLS_PER_EXCEPTION = 60
ESTATES_PER_BARE = 6
ESTATE_PRIORITY, FIRST_ZONE_PRIORITY = 1000, 200
ASSET_OWNER = "asset_owner"
# City-wide leads by matter, and the units that support them; some are whoever it is at the place.
CITY_LEADS = (
    ("C01", "CS02"), ("C0101", "CS12"), ("C0102", "CS13"), ("C0103", "CS14"), ("C0104", "CS15"), ("C0105", "CS11"),
    ("C0106", ASSET_OWNER), ("C0107", "CS09"), ("C0108", "CS14"), ("C0201", "CS08"), ("C0205", "CS16"),
    ("C0302", ASSET_OWNER), ("C0303", "CS17"), ("E0104", "CS03"), ("E03", "CS05"), ("E04", "enforcement_of:district"),
    ("E0501", "CS06"), ("E0502", "CS12"), ("E0503", "CS11"), ("E0504", "CS13"),
)  # fmt: skip
CITY_SUPPORT = (
    ("C0105", "CS07"), ("E0503", "CS07"), ("E0503", "CS09"), ("E0501", "CS08"), ("E0504", "CS07"), ("E0403", "CS08"),
    ("E02", "office_of:street"), ("E04", "office_of:street"), ("E0203", "committee_of:community"),
)  # fmt: skip
ROAD_MATTERS = {
    "main": ("C0202", "C0203", "C0204", "E0103", "E0303", "E0501"),
    "local": ("C0204", "E0103"),
}
"""What the unit of a road segment answers for by name."""


DutyRole = Literal["lead", "support"]


@dataclass(frozen=True, slots=True)
class Duty:
    """A party's tie to a place and a matter: ``matter`` is a code prefix, empty for all matters.

    ``party_code`` may be a relation at the place (``office_of:street``, ``asset_owner``). No two leads have one layer,
    area and matter; zones overlap each other and estates, so their priorities differ.
    """

    code: str
    name: str
    party_code: str
    layer: str
    area_code: str
    matter: str = ""
    role: DutyRole = "lead"
    basis: str = ""
    document: str = ""
    person_code: str = ""
    priority: int = 100


@dataclass(frozen=True, slots=True)
class Ground:
    """The places that duties are tied to."""

    areas: Ladder
    zones: Layer
    estates: Estates
    segments: Segments


def duties(ground: Ground, crew: Staff, seed: int) -> tuple[Duty, ...]:
    """Territorial fallback for every area, matter-wide duties of bureaux and companies, and the narrower places.

    Some 15 % of the responsibility grids have no duty of their own, so that the community answers there. Territories
    name their person; for other duties the roster says who is on shift.
    """
    rng = chance(seed, "duties")
    areas = ground.areas
    parts = (
        _territory(areas, crew),
        _grids(areas, crew, rng),
        _city_wide(),
        _districts(areas),
        _zones(ground.zones, crew),
        _cells(areas, rng),
        _estates(ground.estates),
        _segments(ground.segments, crew),
    )
    return tuple(
        replace(
            duty,
            code=f"QZ{number:06d}",
            basis=duty.basis or f"{LAW}第十二条",
            document=duty.document or f"{PAPER}{number % 40 + 1}号",
        )
        for number, duty in enumerate((duty for part in parts for duty in part), start=1)
    )


def _territory(areas: Ladder, crew: Staff) -> Iterator[Duty]:
    """属地兜底: the unit of every community, street, district and of the city answers for all matters."""
    yield _led(crew, Duty("", "全市兜底", GRID_CENTRE, "city", CITY_CODE, basis=f"{LAW}第八条"))
    for code in areas.districts.codes.tolist():
        yield _led(crew, Duty("", "区属地兜底", f"{ENFORCEMENT}{code}", "district", code, basis=f"{LAW}第九条"))
    for code in areas.streets.codes.tolist():
        yield _led(crew, Duty("", "街道属地兜底", f"{OFFICE}{code}", "street", code, basis=f"{LAW}第十条"))
    for code in areas.communities.codes.tolist():
        yield _led(crew, Duty("", "社区属地兜底", f"{COMMITTEE}{code}", "community", code, basis=f"{LAW}第十一条"))


def _led(crew: Staff, duty: Duty) -> Duty:
    """The duty with the lead of its party as the person."""
    return replace(duty, person_code=crew.posts[duty.party_code, "lead"])


def _grids(areas: Ladder, crew: Staff, rng: np.random.Generator) -> Iterator[Duty]:
    """The named grid worker of most responsibility grids."""
    named = rng.random(len(areas.grids)) < GRIDS_WITH_DUTY
    for code in areas.grids.codes[named].tolist():
        yield Duty(
            "", "责任网格日常巡查处置", f"{TEAM}{code[:STREET_DIGITS]}", "grid", code, person_code=crew.workers[code]
        )


def _city_wide() -> Iterator[Duty]:
    """What a bureau or a company does in the whole city, and who supports it."""
    for matter, party in CITY_LEADS:
        yield Duty("", "全市专业管理", party, "city", CITY_CODE, matter, basis=f"{LAW}第十五条")
    for matter, party in CITY_SUPPORT:
        yield Duty("", "全市协同处置", party, "city", CITY_CODE, matter, "support", basis=f"{LAW}第十六条")


def _districts(areas: Ladder) -> Iterator[Duty]:
    """What the district's bureaux do in their district."""
    for code in areas.districts.codes.tolist():
        yield Duty("", "区绿化养护", f"{PARKS}{code}", "district", code, "C04", basis=f"{LAW}第十八条")
        yield Duty("", "区广告管理", f"{ENFORCEMENT}{code}", "district", code, "E02", basis=f"{LAW}第十九条")
        yield Duty("", "区道路设施", f"{ENFORCEMENT}{code}", "district", code, "C02", basis=f"{LAW}第二十条")


def _zones(zones: Layer, crew: Staff) -> Iterator[Duty]:
    """A zone's own administration; overlapping zones differ in priority."""
    for priority, code in enumerate(zones.codes.tolist(), start=FIRST_ZONE_PRIORITY):
        kept = Duty("", "专属网格管理", f"{ZONE_KEEPER}{code}", "zone", code, basis=f"{LAW}第二十一条")
        yield _led(crew, replace(kept, priority=priority))


def _cells(areas: Ladder, rng: np.random.Generator) -> Iterator[Duty]:
    """In a few cells, with a market say, the street's grid team clears what hangs about."""
    wanted = max(2, len(areas.cells) // CELLS_PER_EXCEPTION)
    for row in np.sort(rng.permutation(len(areas.cells))[:wanted]).tolist():
        code = str(areas.cells.codes[row])
        yield Duty("", "重点整治", f"{TEAM}{code[:STREET_DIGITS]}", "cell", code, "E0203", basis=f"{LAW}第二十四条")


def _estates(estates: Estates) -> Iterator[Duty]:
    """In most estates the property company answers for everything that no duty list names."""
    for k, code in enumerate(estates.layer.codes.tolist()):
        if k % ESTATES_PER_BARE != ESTATES_PER_BARE - 1:
            kept = Duty("", "小区物业管理", "property_of:estate", "estate", code, basis=f"{LAW}第二十五条")
            yield replace(kept, priority=ESTATE_PRIORITY)


def _segments(segments: Segments, crew: Staff) -> Iterator[Duty]:
    """Road matters by name; each third main road has a warden (路长), each second is kept up in everything."""
    rows = zip(segments.codes.tolist(), segments.road.tolist(), segments.parties.tolist(), strict=True)
    for (code, road, party), main in zip(rows, segments.main.tolist(), strict=True):
        warden = crew.wardens[road // ROADS_PER_WARDEN] if main and road % ROADS_PER_WARDEN == 0 else ""
        if main and road % 2:
            yield Duty("", "路段全面管养", party, "segment", code, basis=f"{LAW}第二十七条", person_code=warden)
        for matter in ROAD_MATTERS["main" if main else "local"]:
            yield Duty("", "路段管养", party, "segment", code, matter, basis=f"{LAW}第二十六条", person_code=warden)
