"""Who the person is: a numbered snapshot of names by party. Phone numbers are not in it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from grids.content import Duty

ROLE_ORDER = ("lead", "duty_desk", "worker", "deputy")
"""Whom a party sends when its duty names nobody: its lead, then its duty desk, then its people."""


@dataclass(frozen=True, slots=True)
class Person:
    """A named person of a party, as shown to anyone who asks."""

    code: str
    name: str
    party: str
    role: str = "worker"


@dataclass(frozen=True)
class Roster:
    """One snapshot. Number 0 is the empty one, before anyone was imported."""

    number: int = 0
    people: tuple[Person, ...] = ()

    @cached_property
    def _by_code(self) -> Mapping[str, Person]:
        return {person.code: person for person in self.people}

    @cached_property
    def _by_party(self) -> Mapping[str, Person]:
        return {person.party: person for person in sorted(self.people, key=_standing, reverse=True)}

    def person_for(self, duty: Duty) -> Person | None:
        """The person the duty names, while still here; else the party's first by role; else None."""
        return self._by_code.get(duty.person or "") or self._by_party.get(duty.party)


def _standing(person: Person) -> tuple[int, str]:
    order = ROLE_ORDER.index(person.role) if person.role in ROLE_ORDER else len(ROLE_ORDER)
    return order, person.code


def roster_of(number: int, people: Iterable[Mapping[str, Any]]) -> Roster:
    """The snapshot from its stored form."""
    return Roster(number, tuple(Person(**person) for person in people))
