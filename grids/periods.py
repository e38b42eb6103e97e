"""Times in the world: from when until when something holds. Pure."""

from bisect import bisect_right
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Protocol

BEGINNING = datetime.min.replace(tzinfo=UTC)
END = datetime.max.replace(tzinfo=UTC)


class Timed(Protocol):
    """Holds from ``valid_from`` until before ``valid_until``; None leaves that side open."""

    @property
    def valid_from(self) -> datetime | None: ...

    @property
    def valid_until(self) -> datetime | None: ...


def holds(item: Timed, at: datetime) -> bool:
    """Whether the item holds at that instant."""
    return (item.valid_from is None or item.valid_from <= at) and (item.valid_until is None or at < item.valid_until)


def changes_of(items: Iterable[Timed]) -> tuple[datetime, ...]:
    """Every instant at which one of the items begins or ends, in order."""
    times = {time for item in items for time in (item.valid_from, item.valid_until) if time is not None}
    return tuple(sorted(times))


def epoch_of(changes: tuple[datetime, ...], at: datetime) -> int:
    """The number of the stretch between two changes in which the instant lies: within one nothing changes."""
    return bisect_right(changes, at)


def recorded_after(last: datetime | None, now: datetime) -> datetime:
    """When something is recorded that was begun ``now``: later than what is recorded already. Who had to wait for the
    other's transaction must not be told to have come first."""
    return now if last is None else max(now, last + timedelta(microseconds=1))


def as_text(when: datetime | None) -> str | None:
    """The instant in UTC, ISO 8601."""
    return None if when is None else when.astimezone(UTC).isoformat()


def as_time(text: str | None) -> datetime | None:
    """The instant from its text."""
    return None if text is None else datetime.fromisoformat(text)
