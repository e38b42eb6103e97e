"""The releases a process answers from, kept up to date: a new one is picked up within a second.

A request takes one view and keeps it to its end, so no request ever mixes two versions.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Protocol

from gis.errors import BadRelease, NotReady
from gis.storage.engine import Store
from grids.owner import Resolver
from grids.publish import rebuild_release, release_path
from grids.reads import editions, latest_roster, roster_number
from grids.release import Release, open_release
from grids.roster import Roster
from grids.timeline import Edition, in_force

POLL_S = 0.5
_KEPT = 4


@dataclass(frozen=True)
class View:
    """One release and one roster, together, for the length of a request."""

    release: Release
    roster: Roster

    @cached_property
    def resolver(self) -> Resolver:
        """Answers owner calls from this view."""
        return Resolver(self.release, self.roster)


class Source(Protocol):
    """Where releases and rosters come from."""

    def state(self) -> tuple[list[Edition], int]:
        """All editions, and the number of the newest roster."""

    def release(self, edition: Edition) -> Release:
        """The release of that edition."""

    def roster(self) -> Roster:
        """The newest roster."""


class StoreSource:
    """From the database, and the release files in the folder it shares; a missing or damaged file is built again."""

    def __init__(self, store: Store, home: Path) -> None:
        self._store, self._home = store, home

    def state(self) -> tuple[list[Edition], int]:
        with self._store.read() as session:
            return editions(session), roster_number(session)

    def release(self, edition: Edition) -> Release:
        path = release_path(self._home, edition.number)
        try:
            return open_release(path, edition.digest)
        except BadRelease:
            return open_release(rebuild_release(self._store, self._home, edition), edition.digest)

    def roster(self) -> Roster:
        with self._store.read() as session:
            return latest_roster(session)


class Shelf:
    """Views by time, from a source that is asked again at most every half second."""

    def __init__(self, source: Source, clock: Callable[[], float] = time.monotonic) -> None:
        self._source, self._clock = source, clock
        self._lock = threading.Lock()
        self._asked = float("-inf")
        self._editions: list[Edition] = []
        self._roster = Roster()
        self._views: dict[tuple[int, int], View] = {}

    @property
    def editions(self) -> list[Edition]:
        """All published versions, oldest first."""
        return self._editions

    def refresh(self) -> None:
        """Ask the source, if the last time is half a second ago."""
        with self._lock:
            if self._clock() - self._asked < POLL_S:
                return
            found, number = self._source.state()
            if number != self._roster.number:
                self._roster = self._source.roster()
            self._editions = found
            self._asked = self._clock()

    def view(self, at: datetime, known_at: datetime | None = None) -> View | None:
        """What is in force at that time, or None before the first version."""
        self.refresh()
        edition = in_force(self._editions, at, known_at)
        if edition is None:
            return None
        key = (edition.number, self._roster.number)
        held = self._views.get(key)
        return held if held else self._opened(edition, key)

    def required(self, at: datetime, known_at: datetime | None = None) -> View:
        """The same; raises NotReady when there is none."""
        found = self.view(at, known_at)
        if found is None:
            raise NotReady("no version is in force: import areas, then `wangge publish`")
        return found

    def _opened(self, edition: Edition, key: tuple[int, int]) -> View:
        with self._lock:
            if key not in self._views:
                same = next((v.release for (number, _), v in self._views.items() if number == edition.number), None)
                self._views[key] = View(same or self._source.release(edition), self._roster)
                for old in list(self._views)[:-_KEPT]:
                    del self._views[old]
            return self._views[key]
