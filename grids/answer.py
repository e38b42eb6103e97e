"""The answer to "whose is this?": plain data, the same for one point and for a million, by command line and by HTTP."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any

from grids.content import Duty, Layer, Party
from grids.names import CellVerdict, OwnerVerdict
from grids.roster import Person


@dataclass(frozen=True, slots=True)
class Point:
    """WGS 84 degrees."""

    lon: float
    lat: float


@dataclass(frozen=True, slots=True)
class PlaceRef:
    """An area by code and name."""

    layer: str
    code: str
    name: str
    layer_name: str = ""


@dataclass(frozen=True, slots=True)
class Nearest(PlaceRef):
    """The nearest area of a point that lies in none."""

    distance_m: float = 0.0


@dataclass(frozen=True, slots=True)
class PartyRef:
    """A unit by code and name."""

    code: str
    name: str
    kind: str


@dataclass(frozen=True, slots=True)
class PersonRef:
    """A person by code and name; never a phone number."""

    code: str
    name: str
    role: str


@dataclass(frozen=True, slots=True)
class DutyRef:
    """The duty that decides, with its basis: what a disputed case is settled by."""

    code: str
    name: str
    role: str
    matter: str
    basis: str
    document: str
    priority: int
    place: PlaceRef


@dataclass(frozen=True, slots=True)
class Assigned:
    """A party with the duty that names it. ``share``: how much of the doubt it holds, 1 when there is none."""

    party: PartyRef
    duty: DutyRef
    person: PersonRef | None = None
    share: float = 1.0


@dataclass(frozen=True, slots=True)
class Candidate:
    """A cell that the point may really lie in, with its share of the disc of doubt and its owner."""

    code: str
    name: str
    share: float
    owner: PartyRef | None


@dataclass(frozen=True, slots=True)
class OtherOwner:
    """Who would answer if the point lay, or did not lie, in ``place``; ``owner`` None: nobody."""

    place: PlaceRef
    share: float
    owner: PartyRef | None


@dataclass(frozen=True, slots=True)
class Answer:
    """Which cell, whose job, how sure. ``distance_m`` is None beyond 250 m; ``explain`` only when asked for."""

    point: Point
    accuracy_m: float
    version: int | None
    release: int | None
    roster: int
    cell_verdict: CellVerdict
    owner_verdict: OwnerVerdict
    on_border: bool = False
    distance_m: float | None = None
    cell: PlaceRef | None = None
    candidates: tuple[Candidate, ...] = ()
    outside_share: float = 0.0
    owner: Assigned | None = None
    other_owners: tuple[OtherOwner, ...] = ()
    tied: tuple[Assigned, ...] = ()
    supporting: tuple[Assigned, ...] = ()
    matter_duties: tuple[Assigned, ...] = ()
    places: tuple[PlaceRef, ...] = ()
    nearest: Nearest | None = None
    matter: Mapping[str, str] | None = None
    h3: str = ""
    crs: str = "wgs84"
    at: str = ""
    warnings: tuple[str, ...] = ()
    explain: Mapping[str, Any] | None = field(default=None)

    def as_dict(self) -> dict[str, Any]:
        """The answer as JSON-ready data; ``explain`` is left out when it was not asked for."""
        data: dict[str, Any] = as_data(self)
        if self.explain is None:
            del data["explain"]
        return data


def as_data(value: Any) -> Any:
    """Dataclasses as dicts, tuples as lists, all the way down."""
    if is_dataclass(value) and not isinstance(value, type):
        return {item.name: as_data(getattr(value, item.name)) for item in fields(value)}
    if isinstance(value, Mapping):
        return {key: as_data(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [as_data(item) for item in value]
    return value


def party_ref(code: str, parties: Mapping[str, Party]) -> PartyRef:
    """The party as an answer names it."""
    party = parties.get(code)
    return PartyRef(code, party.name if party else code, party.kind if party else "unknown")


def person_ref(person: Person | None) -> PersonRef | None:
    """The person as an answer names them."""
    return PersonRef(person.code, person.name, person.role) if person else None


def duty_ref(duty: Duty, layer: Layer, area_name: str) -> DutyRef:
    """The duty as an answer cites it."""
    place = PlaceRef(duty.layer, duty.area, area_name, layer.title)
    return DutyRef(duty.code, duty.name, duty.role, duty.matter, duty.basis, duty.document, duty.priority, place)
