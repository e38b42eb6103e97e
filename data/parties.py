"""Who there is in the sample city: bureaux, companies, offices, committees, teams and their people."""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from data.chance import chance
from data.layers import STREET_DIGITS, Ladder, Layer
from data.names import CITY, people_names

PartyKind = Literal["department", "office", "company", "community", "property", "team"]
Role = Literal["lead", "deputy", "worker", "duty_desk"]

GRID_CENTRE, ROAD_BUREAU, LAMP_OFFICE = "CS01", "CS18", "CS19"
WORKS_UNIT, ENFORCEMENT, PARKS = "QSZ", "QCG", "QYL"
"""Before the code of a district: its works unit, its enforcement bureau, its parks."""

OFFICE, TEAM, COMMITTEE, PROPERTY, ZONE_KEEPER = "JDB", "WGD", "JWH", "WYG", "ZGC"
"""Before the code of a street (office, grid team), a community (committee, property company), a zone."""

CITY_UNITS: tuple[tuple[str, str, PartyKind, str], ...] = (
    ("CS00", "人民政府", "department", ""),
    ("CS01", "网格化服务管理中心", "department", "CS00"),
    ("CS02", "城市管理局", "department", "CS00"),
    ("CS03", "水务局", "department", "CS00"),
    ("CS04", "园林绿化局", "department", "CS00"),
    ("CS05", "住房和城乡建设局", "department", "CS00"),
    ("CS06", "交通运输局", "department", "CS00"),
    ("CS07", "应急管理局", "department", "CS00"),
    ("CS08", "公安局交通警察支队", "department", "CS00"),
    ("CS09", "消防救援支队", "department", "CS00"),
    ("CS11", "燃气公司", "company", "CS05"),
    ("CS12", "自来水公司", "company", "CS03"),
    ("CS13", "排水公司", "company", "CS03"),
    ("CS14", "供电公司", "company", "CS00"),
    ("CS15", "通信公司", "company", "CS00"),
    ("CS16", "公交公司", "company", "CS06"),
    ("CS17", "环境卫生公司", "company", "CS02"),
    ("CS18", "市政道路管理处", "department", "CS06"),
    ("CS19", "路灯管理所", "department", "CS02"),
)
COMMUNITIES_PER_PROPERTY = 3
ROADS_PER_WARDEN = 3


@dataclass(frozen=True, slots=True)
class Party:
    """A unit that can answer for ground or matters."""

    code: str
    name: str
    kind: PartyKind
    parent_code: str


@dataclass(frozen=True, slots=True)
class Person:
    """An invented person (or a unit's duty desk) with an obviously invented phone, 1000 and seven digits.

    ``deputy_code`` stands in during leave.
    """

    code: str
    name: str
    party_code: str
    role: Role
    phone: str
    deputy_code: str = ""


@dataclass(frozen=True)
class Staff:
    """All parties and people; the grid worker of each responsibility grid by the grid's code, and the road wardens."""

    parties: tuple[Party, ...]
    people: tuple[Person, ...]
    workers: dict[str, str]
    wardens: tuple[str, ...]

    @cached_property
    def posts(self) -> dict[tuple[str, Role], str]:
        """The first person of each party and role."""
        found: dict[tuple[str, Role], str] = {}
        for person in self.people:
            found.setdefault((person.party_code, person.role), person.code)
        return found


def staff(areas: Ladder, zones: Layer, wardens: int, seed: int) -> Staff:
    """The city's units down to one committee a community, with leads, deputies, duty desks and grid workers.

    ``wardens``: how many people the road bureau names for its roads.
    """
    parties = _parties(areas, zones)
    posts: list[tuple[str, Role]] = []
    for party in parties:
        posts.append((party.code, "lead"))
        if party.kind in ("office", "department"):
            posts.append((party.code, "deputy"))
        if party.kind in ("office", "department", "company"):
            posts.append((party.code, "duty_desk"))
    first_worker = len(posts)
    posts += [(f"{TEAM}{grid[:STREET_DIGITS]}", "worker") for grid in areas.grids.codes.tolist()]
    first_warden = len(posts)
    posts += [(ROAD_BUREAU, "worker")] * wardens
    names = people_names(len(posts), chance(seed, "people")).tolist()
    codes = [f"RY{k + 1:06d}" for k in range(len(posts))]
    deputies = _deputies(posts, codes)
    people = tuple(
        Person(codes[k], "值班室" if role == "duty_desk" else name, party, role, f"1000{k + 1:07d}", deputies[k])
        for k, ((party, role), name) in enumerate(zip(posts, names, strict=True))
    )
    workers = {grid: codes[first_worker + k] for k, grid in enumerate(areas.grids.codes.tolist())}
    return Staff(parties, people, workers, tuple(codes[first_warden:]))


def _deputies(posts: list[tuple[str, Role]], codes: list[str]) -> list[str]:
    """For a lead the unit's deputy or else its duty desk, for all others the lead; a desk needs nobody."""
    first = dict(zip(reversed(posts), reversed(codes), strict=True))
    found = []
    for party, role in posts:
        behind: tuple[Role, ...] = ("deputy", "duty_desk") if role == "lead" else ("lead",)
        stand_ins = [first[party, other] for other in behind if (party, other) in first]
        found.append(stand_ins[0] if stand_ins and role != "duty_desk" else "")
    return found


def _parties(areas: Ladder, zones: Layer) -> tuple[Party, ...]:
    parties = [Party(code, CITY + name, kind, parent) for code, name, kind, parent in CITY_UNITS]
    for code, name, _ in _rows(areas.districts):
        parties.append(Party(f"QZF{code}", f"{name}人民政府", "department", "CS00"))
        parties.append(Party(f"{ENFORCEMENT}{code}", f"{name}城市管理局", "department", f"QZF{code}"))
        parties.append(Party(f"{PARKS}{code}", f"{name}园林绿化中心", "department", f"QZF{code}"))
        parties.append(Party(f"{WORKS_UNIT}{code}", f"{name}市政工程处", "department", f"QZF{code}"))
    for code, name, district in _rows(areas.streets):
        parties.append(Party(f"{OFFICE}{code}", f"{name}办事处", "office", f"QZF{district}"))
        parties.append(Party(f"{TEAM}{code}", f"{name}网格队", "team", f"{OFFICE}{code}"))
    for k, (code, name, street) in enumerate(_rows(areas.communities)):
        parties.append(Party(f"{COMMITTEE}{code}", f"{name}居民委员会", "community", f"{OFFICE}{street}"))
        if k % COMMUNITIES_PER_PROPERTY == 0:
            parties.append(Party(f"{PROPERTY}{code}", f"{name}物业服务公司", "property", f"{COMMITTEE}{code}"))
    for code, name, _ in _rows(zones):
        parties.append(Party(f"{ZONE_KEEPER}{code}", f"{name}管理处", "property", GRID_CENTRE))
    return tuple(parties)


def _rows(layer: Layer) -> list[tuple[str, str, str]]:
    return list(zip(layer.codes.tolist(), layer.names.tolist(), layer.parents.tolist(), strict=True))
