"""Who the person is: a numbered snapshot of people, shifts and leave. Phone numbers are not in it."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Literal

from grids.content import Duty
from grids.periods import as_text, as_time, changes_of, epoch_of, holds

ROLE_ORDER = ("lead", "deputy", "duty_desk", "worker")
"""Whom a party sends when nobody is named or on shift: its lead, a deputy, its duty desk; its workers when it has none
of these."""

Why = Literal["named", "shift", "role", "deputy"]


@dataclass(frozen=True, slots=True)
class Person:
    """A named person of a party, as shown to anyone who asks. ``deputy`` stands in during leave."""

    code: str
    name: str
    party: str
    role: str = "worker"
    deputy: str | None = None
    valid_from: datetime | None = None
    valid_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Shift:
    """A person on duty for a party."""

    code: str
    party: str
    person: str
    valid_from: datetime | None = None
    valid_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Absence:
    """A person's leave; ``deputy`` None: the person's standing deputy."""

    code: str
    person: str
    deputy: str | None = None
    valid_from: datetime | None = None
    valid_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Post:
    """Who acts, why, for whom when that is a deputy's work, and until when this is so (None: open)."""

    person: Person
    why: Why
    instead_of: Person | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class Roster:
    """One snapshot. Number 0 is the empty one, before anyone was imported."""

    number: int = 0
    people: tuple[Person, ...] = ()
    shifts: tuple[Shift, ...] = ()
    absences: tuple[Absence, ...] = ()
    recorded: str = ""

    @cached_property
    def changes(self) -> tuple[datetime, ...]:
        """Every instant at which the roster changes by itself."""
        return changes_of([*self.people, *self.shifts, *self.absences])

    def epoch(self, at: datetime) -> int:
        """The stretch of time without changes in which the instant lies."""
        return epoch_of(self.changes, at)

    def at(self, at: datetime) -> "Posts":
        """Who is here, on shift and on leave at that instant."""
        return Posts(self, at)

    def as_data(self) -> dict[str, Any]:
        """The snapshot as JSON-ready data."""
        return {
            "number": self.number,
            "recorded_at": self.recorded,
            "people": [_told(item) for item in self.people],
            "shifts": [_told(item) for item in self.shifts],
            "absences": [_told(item) for item in self.absences],
        }


class Posts:
    """The roster at one instant."""

    def __init__(self, roster: Roster, at: datetime) -> None:
        self._here = {person.code: person for person in roster.people if holds(person, at)}
        self._leave = {leave.person: leave for leave in roster.absences if holds(leave, at)}
        self._shifts: defaultdict[str, list[Shift]] = defaultdict(list)
        for shift in sorted((s for s in roster.shifts if holds(s, at)), key=lambda s: (s.person, s.code)):
            self._shifts[shift.party].append(shift)
        self._staff: defaultdict[str, list[Person]] = defaultdict(list)
        for person in sorted(self._here.values(), key=_standing):
            self._staff[person.party].append(person)

    def person_for(self, duty: Duty, party: str | None = None) -> Post | None:
        """The person the duty names, else who is on shift at the party, else its first by role; for who is on leave
        their deputy; None when nobody is left. ``party``: the unit that a relative duty was resolved to."""
        unit = party or duty.party
        named = self._here.get(duty.person or "")
        return next(self._posts(unit, named), None)

    def staff(self, party: str) -> Sequence[Person]:
        """The people of a party who are here, lead first."""
        return self._staff.get(party, ())

    def _posts(self, party: str, named: Person | None) -> Iterator[Post]:
        """Everybody who may act, in order."""
        yield from self._acting(named, "named")
        for shift in self._shifts.get(party, ()):
            for post in self._acting(self._here.get(shift.person), "shift"):
                yield Post(post.person, post.why, post.instead_of, shift.valid_until)
        for person in self.staff(party):
            yield from self._acting(person, "role")

    def _acting(self, person: Person | None, why: Why) -> Iterator[Post]:
        """The person, or while on leave their deputy, or the deputy's; nobody when leave runs in a circle."""
        at, asked, until = person, set[str](), list[datetime]()
        while at is not None and at.code not in asked:
            asked.add(at.code)
            leave = self._leave.get(at.code)
            if leave is None:
                away = at is not person
                yield Post(at, "deputy" if away else why, person if away else None, min(until, default=None))
                return
            until += [leave.valid_until] if leave.valid_until else []
            at = self._here.get(leave.deputy or at.deputy or "")


def _standing(person: Person) -> tuple[int, str]:
    order = ROLE_ORDER.index(person.role) if person.role in ROLE_ORDER else len(ROLE_ORDER)
    return order, person.code


def _told(item: Person | Shift | Absence) -> dict[str, Any]:
    data = {name: getattr(item, name) for name in item.__slots__}
    return data | {"valid_from": as_text(item.valid_from), "valid_until": as_text(item.valid_until)}


def roster_of(data: Mapping[str, Any]) -> Roster:
    """The snapshot from its JSON form."""
    return Roster(
        int(data["number"]),
        tuple(Person(**item) for item in _timed(data["people"])),
        tuple(Shift(**item) for item in _timed(data["shifts"])),
        tuple(Absence(**item) for item in _timed(data["absences"])),
        str(data.get("recorded_at") or ""),
    )


def _timed(items: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    for item in items:
        times = {name: as_time(item.get(name)) for name in ("valid_from", "valid_until")}
        yield {**item, **times}
