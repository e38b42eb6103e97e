"""The three books that change daily, together: roster, assets, overrides, each with its own number."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from grids.assets import Assets
from grids.overrides import Overrides
from grids.roster import Roster

BOOK_NAMES = ("roster", "assets", "overrides")


@dataclass(frozen=True, slots=True)
class Numbers:
    """Which snapshot of each book; 0 is the empty one."""

    roster: int = 0
    assets: int = 0
    overrides: int = 0

    def as_dict(self) -> dict[str, int]:
        """The numbers by book."""
        return {name: getattr(self, name) for name in BOOK_NAMES}


def numbers_of(data: Mapping[str, int]) -> Numbers:
    """The numbers from their plain form; a book that is not named is empty."""
    return Numbers(*(int(data.get(name) or 0) for name in BOOK_NAMES))


@dataclass(frozen=True, slots=True)
class Snapshots:
    """The numbers, and when each of these snapshots was recorded (ISO 8601 in UTC; empty where that was not told).

    A store that was restored from a backup gives a number out again: the time tells the two snapshots apart.
    """

    numbers: Numbers = Numbers()
    recorded: tuple[str, ...] = ("", "", "")

    def __iter__(self) -> Iterator[tuple[str, int, str]]:
        """Book, number and time of each."""
        return zip(BOOK_NAMES, self.numbers.as_dict().values(), self.recorded, strict=True)

    def changed(self, held: "Snapshots") -> frozenset[str]:
        """The books of which something else is held; a time that was not told is no difference."""
        return frozenset(
            book
            for (book, number, recorded), (_, other, then) in zip(self, held, strict=True)
            if number != other or (recorded and recorded != then)
        )

    def as_dict(self) -> dict[str, Any]:
        """The numbers by book, and ``recorded_at`` by book."""
        return self.numbers.as_dict() | {"recorded_at": dict(zip(BOOK_NAMES, self.recorded, strict=True))}


def snapshots_of(data: Mapping[str, Any]) -> Snapshots:
    """The snapshots from their plain form. Raises TypeError, ValueError, AttributeError for another one."""
    times = data.get("recorded_at") or {}
    return Snapshots(numbers_of(data), tuple(str(times.get(name) or "") for name in BOOK_NAMES))


@dataclass(frozen=True)
class Books:
    """One snapshot of each."""

    roster: Roster = field(default_factory=Roster)
    assets: Assets = field(default_factory=Assets)
    overrides: Overrides = field(default_factory=Overrides)

    @property
    def numbers(self) -> Numbers:
        """What to cite, and to replay with."""
        return Numbers(self.roster.number, self.assets.number, self.overrides.number)

    @property
    def snapshots(self) -> Snapshots:
        """What tells these books from all others."""
        return Snapshots(self.numbers, (self.roster.recorded, self.assets.recorded, self.overrides.recorded))

    def epoch(self, at: datetime) -> tuple[int, int, int]:
        """The stretch of time in which these books say the same: people, assets and overrides come and go."""
        return self.roster.epoch(at), self.assets.epoch(at), self.overrides.epoch(at)
