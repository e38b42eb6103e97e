"""The duty list (权责清单): who answers where, for which matter, on what basis."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from data.chance import chance
from data.layers import CITY_CODE, Ladder, Layer
from data.parties import COMMUNITIES_PER_PROPERTY, GRID_CENTRE, Staff

LAW = "《样城市城市管理条例》"
PAPER = "样政办发〔2026〕"
GRIDS_WITH_DUTY = 0.85
CELLS_PER_EXCEPTION = 60
# City-wide leads by matter, and the units that support them.
CITY_LEADS = (
    ("C01", "CS02"), ("C0101", "CS12"), ("C0102", "CS13"), ("C0103", "CS14"), ("C0104", "CS15"), ("C0105", "CS11"),
    ("C0107", "CS09"), ("C0108", "CS14"), ("C0201", "CS08"), ("C0205", "CS16"), ("C0303", "CS17"), ("E0104", "CS03"),
    ("E03", "CS05"), ("E0501", "CS06"), ("E0502", "CS12"), ("E0503", "CS11"), ("E0504", "CS13"),
)  # fmt: skip
CITY_SUPPORT = (
    ("C0105", "CS07"), ("E0503", "CS07"), ("E0503", "CS09"), ("E0501", "CS08"), ("E0504", "CS07"), ("E0403", "CS08"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Duty:
    """A party's tie to a place and a matter: ``matter`` is a code prefix, empty for all matters.

    No two leads have one layer, area and matter; zones overlap, so each zone has a priority of its own.
    """

    code: str
    name: str
    party_code: str
    layer: str
    area_code: str
    matter: str = ""
    role: Literal["lead", "support"] = "lead"
    basis: str = ""
    document: str = ""
    person_code: str = ""
    priority: int = 100


def duties(areas: Ladder, zones: Layer, crew: Staff, seed: int) -> tuple[Duty, ...]:
    """Territorial fallback for every area, matter-wide duties of bureaux and companies, exceptions for zones and cells.

    Some 15 % of the responsibility grids have no duty of their own, so that the community answers there.
    """
    rng = chance(seed, "duties")
    leads = {person.party_code: person.code for person in crew.people if person.role == "lead"}
    parts = (
        _territory(areas),
        _grids(areas, crew, rng),
        _city_wide(),
        _districts(areas),
        _zones(zones),
        _cells(areas, rng),
    )
    rows: list[Duty] = []
    for duty in (duty for part in parts for duty in part):
        number = len(rows) + 1
        rows.append(
            replace(
                duty,
                code=f"QZ{number:06d}",
                person_code=duty.person_code or leads[duty.party_code],
                basis=duty.basis or f"{LAW}第十二条",
                document=duty.document or f"{PAPER}{number % 40 + 1}号",
            )
        )
    return tuple(rows)


def _territory(areas: Ladder) -> Iterator[Duty]:
    """属地兜底: the unit of every community, street, district and of the city answers for all matters."""
    yield Duty("", "全市兜底", GRID_CENTRE, "city", CITY_CODE, basis=f"{LAW}第八条")
    for code in areas.districts.codes.tolist():
        yield Duty("", "区属地兜底", f"QCG{code}", "district", code, basis=f"{LAW}第九条")
    for code in areas.streets.codes.tolist():
        yield Duty("", "街道属地兜底", f"JDB{code}", "street", code, basis=f"{LAW}第十条")
    for code in areas.communities.codes.tolist():
        yield Duty("", "社区属地兜底", f"JWH{code}", "community", code, basis=f"{LAW}第十一条")


def _grids(areas: Ladder, crew: Staff, rng: np.random.Generator) -> Iterator[Duty]:
    """The named grid worker of most responsibility grids."""
    named = rng.random(len(areas.grids)) < GRIDS_WITH_DUTY
    for code in areas.grids.codes[named].tolist():
        yield Duty("", "责任网格日常巡查处置", f"WGD{code[:9]}", "grid", code, person_code=crew.workers[code])


def _city_wide() -> Iterator[Duty]:
    """What a bureau or a company does in the whole city, and who supports it."""
    for matter, party in CITY_LEADS:
        yield Duty("", "全市专业管理", party, "city", CITY_CODE, matter, basis=f"{LAW}第十五条")
    for matter, party in CITY_SUPPORT:
        yield Duty("", "全市协同处置", party, "city", CITY_CODE, matter, "support", basis=f"{LAW}第十六条")


def _districts(areas: Ladder) -> Iterator[Duty]:
    """What the district's bureaux do in their district, supported by the street offices."""
    for code in areas.districts.codes.tolist():
        yield Duty("", "区绿化养护", f"QYL{code}", "district", code, "C04", basis=f"{LAW}第十八条")
        yield Duty("", "区广告管理", f"QCG{code}", "district", code, "E02", basis=f"{LAW}第十九条")
        yield Duty("", "区道路设施", f"QCG{code}", "district", code, "C02", basis=f"{LAW}第二十条")
    for code in areas.streets.codes.tolist():
        yield Duty("", "街道协同广告清理", f"JDB{code}", "street", code, "E02", "support", basis=f"{LAW}第十九条")


def _zones(zones: Layer) -> Iterator[Duty]:
    """A zone's own administration; overlapping zones differ in priority."""
    for k, code in enumerate(zones.codes.tolist()):
        yield Duty("", "专属网格管理", f"ZGC{code}", "zone", code, basis=f"{LAW}第二十一条", priority=200 + k)


def _cells(areas: Ladder, rng: np.random.Generator) -> Iterator[Duty]:
    """Estates: in some cells a property company does the cleaning (E01), in a few of them everything."""
    with_property = set(areas.communities.codes[::COMMUNITIES_PER_PROPERTY].tolist())
    wanted = max(2, len(areas.cells) // CELLS_PER_EXCEPTION)
    eligible = [code for code in areas.cells.codes.tolist() if code[:12] in with_property]
    for k, row in enumerate(np.sort(rng.permutation(len(eligible))[:wanted]).tolist()):
        code = eligible[row]
        yield Duty("", "小区保洁", f"WYG{code[:12]}", "cell", code, "E01", basis=f"{LAW}第二十四条")
        if k % 4 == 0:
            yield Duty("", "小区物业全面管理", f"WYG{code[:12]}", "cell", code, basis=f"{LAW}第二十五条")
