"""The roster of one week that reports fall in: day and night shifts, and some leave."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from data.chance import chance
from data.parties import Party, Staff

MONDAY, DAYS = date(2026, 10, 12), 7
HERE_SINCE = "2026-01-01"
"""Everybody is in the books from this day on."""

MOST_ON_LEAVE = 40
PEOPLE_PER_LEAVE = 15


@dataclass(frozen=True, slots=True)
class Entry:
    """A shift or a leave, in the city's own time; on leave the standing deputy stands in unless another is named."""

    kind: str
    person_code: str
    begin: str
    until: str
    deputy_code: str = ""


def roster(crew: Staff, seed: int) -> tuple[Entry, ...]:
    """Shifts of every unit that has a duty desk: its deputy (or lead) by day, the desk by night; and some leave."""
    desks = [party for party in crew.parties if (party.code, "duty_desk") in crew.posts]
    return (*(shift for party in desks for shift in _shifts(party, crew)), *_leave(crew, chance(seed, "roster")))


def _shifts(party: Party, crew: Staff) -> Iterator[Entry]:
    posts = crew.posts
    by_day = posts.get((party.code, "deputy")) or posts[party.code, "lead"]
    for k in range(DAYS):
        day, next_day = MONDAY + timedelta(days=k), MONDAY + timedelta(days=k + 1)
        yield Entry("shift", by_day, f"{day}T08:00", f"{day}T18:00")
        yield Entry("shift", posts[party.code, "duty_desk"], f"{day}T18:00", f"{next_day}T08:00")


def _leave(crew: Staff, rng: np.random.Generator) -> Iterator[Entry]:
    """Whole days of leads and grid workers within the week; for every other one another deputy than usual."""
    away = [person for person in crew.people if person.deputy_code and person.role in ("lead", "worker")]
    count = min(MOST_ON_LEAVE, max(2, len(away) // PEOPLE_PER_LEAVE))
    desk = next(person.code for person in crew.people if person.role == "duty_desk")
    for k, row in enumerate(sorted(rng.permutation(len(away))[:count].tolist())):
        first = int(rng.integers(0, DAYS - 1))
        begin, until = (MONDAY + timedelta(days=n) for n in (first, int(rng.integers(first + 1, DAYS + 1))))
        yield Entry("leave", away[row].code, str(begin), str(until), desk if k % 2 else "")
