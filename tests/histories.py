"""Histories of a village: what happens to it, hour by hour, and what is asked of it in between; and how to draw them.

Every step has an hour of its own on the recorded clock. The hours that are told (effective, from, until, as of) come
from the same short row of hours, so that they meet each other and the clock.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st
from sqlalchemy.orm import Session

from grids.dated_models import AbsenceRow, AssetRow, Dated, OverrideRow, PersonRow, ShiftRow
from grids.draft_steps import drop, held_ids
from grids.edits import AreaEdit, put_area
from grids.models import DutyRow, RelationRow, RuleRow, VersionRow
from grids.precedence import DEFAULT_ORDER
from grids.reads import PRECEDENCE, held_rows
from grids.relations import ASSET
from village import MATTERS, PARTIES, RELATIVE, asset, block, cells, office, order, put, road

FOUNDED = 4
"""The hour in which the village is founded; before it there is no version."""

HOURS = 14
_HOUR = timedelta(hours=1)
_START = datetime(2026, 11, 20, 8, 0, 0, 1, tzinfo=UTC)
PLAN = "防汛"


def moment(hour: float) -> datetime:
    """The instant of that hour; a microsecond past the full one."""
    return _START + hour * _HOUR


# ---- edits of a draft -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Border:
    """The borders between a street's three cells, moved."""

    street: str
    first: float
    second: float

    def do(self, session: Session, draft: VersionRow) -> None:
        for code, shape in cells(self.street, self.first, self.second).items():
            put_area(session, draft, AreaEdit("cell", code, shape))


@dataclass(frozen=True)
class Zone:
    """The zone, moved east."""

    x: float

    def do(self, session: Session, draft: VersionRow) -> None:
        put_area(session, draft, AreaEdit("zone", "Z1", block(self.x, 0.6, self.x + 0.9, 1.4)))


@dataclass(frozen=True)
class Road:
    """The road, moved or made wider."""

    x: float
    half_width_m: float

    def do(self, session: Session, draft: VersionRow) -> None:
        put_area(session, draft, AreaEdit("segment", "L1", road(self.x), half_width_m=self.half_width_m))


@dataclass(frozen=True)
class Gives:
    """A duty given to another party, or to nobody."""

    duty: str
    party: str | None

    def do(self, session: Session, draft: VersionRow) -> None:
        if self.party is None:
            drop(session, draft, DutyRow, held_ids(session, draft, DutyRow, DutyRow.code == self.duty))
        found = held_rows(session, draft.id, DutyRow, DutyRow.code == self.duty)
        put(session, draft, DutyRow, [{**row, "party": self.party} for row in found])


@dataclass(frozen=True)
class Office:
    """Another party is the office of a street."""

    street: str
    party: str

    def do(self, session: Session, draft: VersionRow) -> None:
        put(session, draft, RelationRow, [office(self.street, self.party)])


@dataclass(frozen=True)
class Precedence:
    """The city's order of precedence, changed."""

    names: tuple[str, ...]

    def do(self, session: Session, draft: VersionRow) -> None:
        put(session, draft, RuleRow, [{"code": PRECEDENCE, "value": ",".join(self.names)}])


DraftEdit = Border | Zone | Road | Gives | Office | Precedence


# ---- steps ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Publish:
    """Edits, published. ``effective`` None: now. ``of_then``: the draft starts from what is in force at that time."""

    edits: tuple[DraftEdit, ...]
    effective: int | None = None
    of_then: bool = True


@dataclass(frozen=True)
class Rollback:
    """Back to one of the versions that are not in force, counted from the newest."""

    back: int = 0


@dataclass(frozen=True)
class Said:
    """What one thing is, from an hour on (None: now), for so many hours (None: no end, "": no end is told)."""

    what: dict[str, Any]
    since: int | None = None
    hours: int | str | None = ""

    def entry(self, now: datetime) -> dict[str, Any]:
        begin = now if self.since is None else moment(self.since)
        told = {**self.what, "valid_from": begin}
        if not isinstance(self.hours, str):
            told["valid_until"] = None if self.hours is None else begin + self.hours * _HOUR
        return told


@dataclass(frozen=True)
class Tell:
    """One import into a book; not merging, what it does not name ends."""

    table: type[Dated]
    said: tuple[Said, ...]
    merge: bool = True


@dataclass(frozen=True)
class End:
    """A ruling, or a duty of a plan, ended at an hour (None: now)."""

    code: str
    at: int | None = None


@dataclass(frozen=True)
class PlanOn:
    """The plan switched on."""

    since: int | None = None
    until: int | None = None


@dataclass(frozen=True)
class PlanOff:
    """The plan switched off."""

    at: int | None = None


Change = Publish | Rollback | Tell | End | PlanOn | PlanOff


@dataclass(frozen=True)
class Question:
    """Whose is this place, as of an hour (None: now)?"""

    x: float = 0.5
    y: float = 0.5
    matter: str | None = None
    asset: str | None = None
    at: int | None = None


@dataclass(frozen=True)
class Step:
    """One hour: what happens, and what is asked after it, at once or half an hour later."""

    change: Change
    asked: tuple[Question, ...] = (Question(),)
    later: bool = False
    accuracy_m: float = 1.0


@dataclass(frozen=True)
class History:
    """What happened, and in which zone the clock was read."""

    steps: Sequence[Step] = field(default_factory=tuple)
    zone: str = "UTC"

    def __repr__(self) -> str:
        lines = (f"  {hour}: {step}" for hour, step in enumerate(self.steps, FOUNDED + 1))
        return "\n".join([f"History, clock in {self.zone}:", *lines])


# ---- drawing them ---------------------------------------------------------------------------------------------------

_hour = st.integers(0, HOURS)
_now_or_hour = st.none() | _hour
_people, _party = st.sampled_from(["P1", "P2", "P3", "P4"]), st.sampled_from(PARTIES)
_anyone = _party | st.sampled_from(RELATIVE)
_spots = st.sampled_from([("cell", "A1"), ("cell", "B1"), ("street", "SB"), ("zone", "Z1"), (ASSET, "K2")])
_effective = st.sampled_from([None, 1, FOUNDED, 7, 10])
_edits = st.one_of(
    st.builds(Border, st.sampled_from(["SA", "SB"]), st.sampled_from([0.8, 1, 1.2]), st.sampled_from([1.8, 2, 2.6])),
    st.builds(Zone, st.sampled_from([0.4, 0.7, 1.1])),
    st.builds(Road, st.sampled_from([1.0, 2.5]), st.sampled_from([4.0, 12.0])),
    st.builds(Gives, st.sampled_from([f"D{n}" for n in range(1, 10)]), st.none() | _anyone),
    st.builds(Office, st.sampled_from(["SA", "SB"]), _party),
    st.builds(Precedence, st.permutations(DEFAULT_ORDER).map(tuple)),
)


def _said(what: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[Said]:
    return st.builds(Said, what, _now_or_hour, st.one_of(st.just(""), st.none(), st.integers(1, 6)))


_person = st.fixed_dictionaries(
    {
        "code": _people,
        "name": st.just("某人"),
        "party": _party,
        "role": st.sampled_from(["lead", "worker"]),
        "deputy": st.none() | _people,
    }
)
_shift = st.fixed_dictionaries({"code": st.sampled_from(["S1", "S2"]), "party": _party, "person": _people})
_leave = st.fixed_dictionaries(
    {"code": st.sampled_from(["V1", "V2"]), "person": _people, "deputy": st.none() | _people}
)
_asset = st.builds(
    asset,
    st.sampled_from(["K1", "K2", "K3", "K4", "K5"]),
    st.sampled_from([0.5, 1.0, 2.5]),
    st.sampled_from([0.5, 1.0]),
    st.none() | _party,
    st.sampled_from(["C", "C01"]),
)
_order = st.builds(order, st.sampled_from(["R1", "R2"]), _anyone, _spots) | st.builds(
    order, st.just("Y1"), _anyone, _spots, st.just(PLAN), st.sampled_from(["", "E"])
)


def _tell(table: type[Dated], what: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[Tell]:
    said = st.lists(_said(what), min_size=1, max_size=3).map(tuple)
    return st.builds(Tell, st.just(table), said, st.sampled_from([True, True, True, False]))


_kinds: dict[str, st.SearchStrategy[Change]] = {
    "publish": st.builds(Publish, st.lists(_edits, max_size=2).map(tuple), _effective, st.booleans()),
    "rollback": st.builds(Rollback, st.integers(0, 3)),
    "tell": st.one_of(
        _tell(AssetRow, _asset),
        _tell(PersonRow, _person),
        _tell(ShiftRow, _shift),
        _tell(AbsenceRow, _leave),
        _tell(OverrideRow, _order),
    ),
    "switch": st.one_of(
        st.builds(PlanOn, _now_or_hour, st.none() | st.just(HOURS + 1)),
        st.builds(PlanOff, _now_or_hour),
        st.builds(End, st.sampled_from(["R1", "R2", "Y1"]), _now_or_hour),
    ),
}
_likely = ("publish", "publish", "publish", "rollback", "tell", "tell", "tell", "switch")
_changes = st.sampled_from(_likely).flatmap(_kinds.__getitem__)
_places = st.sampled_from(
    [(0.5, 0.5), (1.5, 0.5), (1, 0.5), (1, 1), (1.2, 1), (0.9, 1.1), (2.5, 1.5), (2, 0.3), (3, 2), (3.1, 1), (9, 9)]
)
_anywhere = st.tuples(st.floats(-0.2, 3.2), st.floats(-0.2, 2.2))
_questions = st.builds(
    lambda place, *more: Question(*place, *more),
    _places | _anywhere,
    st.sampled_from([None, *MATTERS, "X"]),
    st.sampled_from([None, "K1", "K2", "K3", "K4", "K5", "K9"]),
    _now_or_hour,
)
_steps = st.builds(
    Step,
    _changes,
    st.lists(_questions, min_size=1, max_size=4).map(tuple),
    st.booleans(),
    st.sampled_from([0.0, 1.0, 20.0]),
)
histories = st.builds(
    History,
    st.lists(_steps, min_size=2, max_size=7).map(tuple),
    st.sampled_from(["UTC", "Asia/Shanghai", "America/St_Johns"]),
)
"""Any of them."""
