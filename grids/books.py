"""The three books that change daily, together: roster, assets, overrides, each with its own number."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

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

    def epoch(self, at: datetime) -> tuple[int, int, int]:
        """The stretch of time in which these books say the same: people, assets and overrides come and go."""
        return self.roster.epoch(at), self.assets.epoch(at), self.overrides.epoch(at)
