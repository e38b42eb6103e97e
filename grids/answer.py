"""The answer to "whose is this?": plain data, the same for one point and for a million, by command line and by HTTP."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import datetime
from typing import Any

from gis.h3cells import cells_at, text_of
from grids.assets import Asset
from grids.content import Party
from grids.names import CellVerdict, OwnerVerdict
from grids.periods import as_text
from grids.precedence import Claim
from grids.relations import is_relative
from grids.roster import Post


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
    """A person by code and name; never a phone number. ``why``: named by the duty, on shift, by role, or as deputy
    ``instead_of`` somebody on leave; ``until`` when (ISO 8601), where that has an end."""

    code: str
    name: str
    role: str
    why: str = "role"
    instead_of: str | None = None
    until: str | None = None
    instead_of_name: str | None = None


@dataclass(frozen=True, slots=True)
class DutyRef:
    """The duty that decides, with its basis: what a disputed case is settled by.

    ``source``: ``duty``, ``asset``, ``ruling`` or ``plan``; ``relation``: the relative party it names, resolved here;
    ``until``: the end of a ruling (ISO 8601).
    """

    code: str
    name: str
    role: str
    matter: str
    basis: str
    document: str
    priority: int
    place: PlaceRef
    source: str = "duty"
    relation: str | None = None
    plan: str | None = None
    until: str | None = None


@dataclass(frozen=True, slots=True)
class Unresolved:
    """A duty whose relation leads to nobody here: ``asset_owner`` without an asset, a street without an office."""

    relation: str
    duty: DutyRef
    why: str


@dataclass(frozen=True, slots=True)
class AssetRef:
    """A thing with an owner; ``distance_m`` where it is only suggested."""

    code: str
    name: str
    matter: str
    owner: PartyRef | None
    lon: float
    lat: float
    distance_m: float | None = None


@dataclass(frozen=True, slots=True)
class Assigned:
    """A party with the duty that names it. ``share``: how much of the doubt it holds, 1 when there is none."""

    party: PartyRef
    duty: DutyRef
    person: PersonRef | None = None
    share: float = 1.0


@dataclass(frozen=True, slots=True)
class Candidate:
    """A cell that the point may really lie in, with its share of the disc of doubt and its owner; ``unsure``: there
    too a person must decide, because leads tie or the owner only stands in."""

    code: str
    name: str
    share: float
    owner: PartyRef | None
    unsure: bool = False


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
    assets: int
    overrides: int
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
    unresolved: tuple[Unresolved, ...] = ()
    places: tuple[PlaceRef, ...] = ()
    asset: AssetRef | None = None
    nearby: tuple[AssetRef, ...] = ()
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


def before_any_version(point: Point, accuracy_m: float, at: datetime) -> Answer:
    """The honest answer before anything was published."""
    words = "no version of the grid was in force at that time"
    explain = {"steps": [{"step": "no_version"}], "zh": ["当时尚无生效的网格版本。"], "en": [f"{words.capitalize()}."]}
    h3 = text_of(int(cells_at(point.lon, point.lat)[0]))
    return Answer(point, accuracy_m, None, None, 0, 0, 0, "no_version", "unowned", outside_share=1.0,
                  h3=h3, at=at.isoformat(), warnings=(words,), explain=explain)  # fmt: skip


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


def person_ref(post: Post | None) -> PersonRef | None:
    """The person as an answer names them."""
    if post is None:
        return None
    person, away = post.person, post.instead_of
    whose = (away.code, away.name) if away else (None, None)
    return PersonRef(person.code, person.name, person.role, post.why, whose[0], as_text(post.until), whose[1])


def duty_ref(claim: Claim, area_name: str) -> DutyRef:
    """The duty as an answer cites it."""
    duty = claim.duty
    place = PlaceRef(duty.layer, duty.area, area_name, claim.layer.title)
    relative = duty.party if is_relative(duty.party) else None
    return DutyRef(
        duty.code, duty.name, duty.role, duty.matter, duty.basis, duty.document, duty.priority, place,
        claim.source, relative, claim.plan, as_text(claim.until),
    )  # fmt: skip


def asset_ref(asset: Asset, parties: Mapping[str, Party], metres: float | None = None) -> AssetRef:
    """The asset as an answer names it."""
    owner = party_ref(asset.owner, parties) if asset.owner else None
    return AssetRef(asset.code, asset.name, asset.matter, owner, asset.lon, asset.lat, metres)
