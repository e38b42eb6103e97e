"""Which version was in force when, as known when. Pure.

Two times: *effective* is when a version begins to hold, *recorded* is when we came to know it. In force at t, as
known at k: among versions recorded by k and effective by t, the latest effective, then the latest recorded.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Edition:
    """One published version: its number, its two times, the digest of its release file, and who published it."""

    number: int
    effective_at: datetime
    recorded_at: datetime
    digest: str = ""
    name: str = ""
    by: str = ""


def in_force(editions: Iterable[Edition], at: datetime, known_at: datetime | None = None) -> Edition | None:
    """The edition in force, or None before the first (verdict ``no_version``). Without ``known_at``: as known now."""
    fit = [e for e in editions if e.effective_at <= at and (known_at is None or e.recorded_at <= known_at)]
    return max(fit, key=lambda e: (e.effective_at, e.recorded_at, e.number), default=None)


@dataclass(frozen=True, slots=True)
class Stretch:
    """From when until when one edition is in force. ``until`` None: nothing known takes over; ``start`` None: never."""

    edition: Edition
    start: datetime | None
    until: datetime | None

    def holds(self, at: datetime) -> bool:
        """Whether the edition is in force at that instant."""
        return self.start is not None and self.start <= at and (self.until is None or at < self.until)


def stretches(editions: Iterable[Edition]) -> list[Stretch]:
    """The stretch in which each edition is in force, as known now: earlier stretches first.

    Of editions effective from the same instant only the one recorded last ever comes into force.
    """
    ranked = sorted(editions, key=lambda e: (e.effective_at, e.recorded_at, e.number))
    found: list[Stretch] = []
    until: datetime | None = None
    for place in range(len(ranked) - 1, -1, -1):
        edition = ranked[place]
        if place + 1 < len(ranked) and ranked[place + 1].effective_at == edition.effective_at:
            found.append(Stretch(edition, None, None))
        else:
            found.append(Stretch(edition, edition.effective_at, until))
            until = edition.effective_at
    return found[::-1]


@dataclass(frozen=True, slots=True)
class Start:
    """What a draft starts from: the base's number (None: nothing), and the newest version known when, ``seen`` 0
    before any."""

    base: int | None
    seen: int
    seen_at: datetime


def newer(editions: Iterable[Edition], start: Start) -> list[Edition]:
    """The editions published since the draft was started or last rebased, by number: it is overtaken by them."""
    return sorted((e for e in editions if e.number > start.seen), key=lambda e: e.number)


def takes_over_first(editions: Iterable[Edition], start: Start, effective: datetime) -> Edition | None:
    """The edition, known when the draft was started, that comes into force after that and before the draft would.

    The draft does not hold what it says, so publishing would quietly undo it. None when the draft starts from it.
    """
    holder = in_force(editions, effective)
    if holder is None or holder.number == start.base or holder.effective_at <= start.seen_at:
        return None
    return holder


def usual_base(editions: Collection[Edition], now: datetime) -> Edition | None:
    """What a draft starts from: the version in force; before the first one comes into force, the newest."""
    return in_force(editions, now) or max(editions, key=lambda e: e.number, default=None)


def starts_in_force(editions: Iterable[Edition], start: Start) -> bool:
    """Whether the draft starts where drafts did then; if not, it is about another time, past or to come."""
    known = usual_base([e for e in editions if e.number <= start.seen], start.seen_at)
    return start.base == (known.number if known else None)


def meaning(editions: Collection[Edition], number: int, now: datetime) -> str:
    """In plain words what the edition just published means for which version is in force when, as known now."""
    found = stretches(editions)
    stretch = next(each for each in found if each.edition.number == number)
    current = in_force(editions, now)
    heir = next((each.edition for each in found if stretch.until is not None and each.start == stretch.until), None)
    until = f" until version {heir.number} takes over at {_said(heir.effective_at)}" if heir else ""
    if stretch.start is None:
        told = "never in force: a version recorded later is effective from the same instant"
    elif stretch.holds(now):
        told = f"in force now{until}"
    elif stretch.start > now:
        before = f"version {current.number} is" if current else "none is"
        told = f"in force from then{until}; until then {before} in force"
    else:
        told = f"in force{until}" + (f"; version {current.number} stays in force now" if current else "")
    return f"effective {_said(stretch.edition.effective_at)}, {told}{_replaced(found, stretch)}"


def _replaced(found: Iterable[Stretch], stretch: Stretch) -> str:
    """The editions that never come into force because of this one."""
    start = stretch.start
    lost = [str(each.edition.number) for each in found if each.start is None and each.edition.effective_at == start]
    return f"; in place of version {', '.join(lost)}, effective from the same instant" if lost else ""


def _said(when: datetime) -> str:
    return when.isoformat(timespec="seconds")
