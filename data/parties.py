"""Who there is in the sample city: bureaux, companies, offices, committees, teams and their people."""

from dataclasses import dataclass
from typing import Literal

from data.chance import chance
from data.layers import Ladder, Layer
from data.names import CITY, people_names

PartyKind = Literal["department", "office", "company", "community", "property", "team"]
Role = Literal["lead", "deputy", "worker", "duty_desk"]

GRID_CENTRE = "CS01"
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
)
COMMUNITIES_PER_PROPERTY = 3


@dataclass(frozen=True, slots=True)
class Party:
    """A unit that can answer for ground or matters."""

    code: str
    name: str
    kind: PartyKind
    parent_code: str


@dataclass(frozen=True, slots=True)
class Person:
    """An invented person (or a unit's duty desk) with an obviously invented phone, 1000 and seven digits."""

    code: str
    name: str
    party_code: str
    role: Role
    phone: str


@dataclass(frozen=True, slots=True)
class Staff:
    """All parties and people, and the grid worker of each responsibility grid by the grid's code."""

    parties: tuple[Party, ...]
    people: tuple[Person, ...]
    workers: dict[str, str]


def staff(areas: Ladder, zones: Layer, seed: int) -> Staff:
    """The city's units down to one committee a community, with leads, deputies, duty desks and grid workers."""
    parties = _parties(areas, zones)
    posts: list[tuple[str, Role]] = []
    for party in parties:
        posts.append((party.code, "lead"))
        if party.kind in ("office", "department"):
            posts.append((party.code, "deputy"))
        if party.kind in ("office", "department", "company"):
            posts.append((party.code, "duty_desk"))
    first_worker = len(posts)
    posts += [(f"WGD{grid[:9]}", "worker") for grid in areas.grids.codes.tolist()]
    names = people_names(len(posts), chance(seed, "people")).tolist()
    people = tuple(
        Person(f"RY{k + 1:06d}", "值班室" if role == "duty_desk" else name, party, role, f"1000{k + 1:07d}")
        for k, ((party, role), name) in enumerate(zip(posts, names, strict=True))
    )
    workers = {grid: people[first_worker + k].code for k, grid in enumerate(areas.grids.codes.tolist())}
    return Staff(parties, people, workers)


def _parties(areas: Ladder, zones: Layer) -> tuple[Party, ...]:
    parties = [Party(code, CITY + name, kind, parent) for code, name, kind, parent in CITY_UNITS]
    for code, name, _ in _rows(areas.districts):
        parties.append(Party(f"QZF{code}", f"{name}人民政府", "department", "CS00"))
        parties.append(Party(f"QCG{code}", f"{name}城市管理局", "department", f"QZF{code}"))
        parties.append(Party(f"QYL{code}", f"{name}园林绿化中心", "department", f"QZF{code}"))
    for code, name, district in _rows(areas.streets):
        parties.append(Party(f"JDB{code}", f"{name}办事处", "office", f"QZF{district}"))
        parties.append(Party(f"WGD{code}", f"{name}网格队", "team", f"JDB{code}"))
    for k, (code, name, street) in enumerate(_rows(areas.communities)):
        parties.append(Party(f"JWH{code}", f"{name}居民委员会", "community", f"JDB{street}"))
        if k % COMMUNITIES_PER_PROPERTY == 0:
            parties.append(Party(f"WYG{code}", f"{name}物业服务公司", "property", f"JWH{code}"))
    for code, name, _ in _rows(zones):
        parties.append(Party(f"ZGC{code}", f"{name}管理处", "property", GRID_CENTRE))
    return tuple(parties)


def _rows(layer: Layer) -> list[tuple[str, str, str]]:
    return list(zip(layer.codes.tolist(), layer.names.tolist(), layer.parents.tolist(), strict=True))
