"""Relations: which unit is the office of a street, the committee of a community, and so on."""

from collections.abc import Iterator
from dataclasses import dataclass

from data.estates import Estates
from data.layers import Ladder
from data.parties import COMMITTEE, ENFORCEMENT, OFFICE


@dataclass(frozen=True, slots=True)
class Relation:
    """A duty of ``office_of:street`` comes, in that street, to this party."""

    relation: str
    layer: str
    area_code: str
    party_code: str


def relations(areas: Ladder, living: Estates) -> tuple[Relation, ...]:
    """Complete: every street, community, district and estate has its own."""
    return tuple(_all(areas, living))


def _all(areas: Ladder, living: Estates) -> Iterator[Relation]:
    ladder = (
        ("office", areas.streets, OFFICE),
        ("committee", areas.communities, COMMITTEE),
        ("enforcement", areas.districts, ENFORCEMENT),
    )
    for name, layer, mark in ladder:
        for code in layer.codes.tolist():
            yield Relation(name, layer.name, code, f"{mark}{code}")
    for code, company in zip(living.layer.codes.tolist(), living.companies, strict=True):
        yield Relation("property", living.layer.name, code, company)
