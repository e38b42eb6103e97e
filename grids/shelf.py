"""The releases a process answers from, kept up to date: a new one is picked up within a second.

A request takes one view and keeps it to its end, so no request ever mixes two versions.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
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


@dataclass(frozen=True, slots=True)
class _State:
    """What the source said last, together."""

    asked: float = float("-inf")
    editions: tuple[Edition, ...] = ()
    roster: Roster = field(default_factory=Roster)


class Shelf:
    """Views by time, from a source that is asked again at most every half second; the four used last are kept open."""

    def __init__(self, source: Source, clock: Callable[[], float] = time.monotonic) -> None:
        self._source, self._clock = source, clock
        self._asking, self._opening = threading.Lock(), threading.Lock()
        self._state = _State()
        self._views: OrderedDict[tuple[int, str, int], View] = OrderedDict()

    @property
    def editions(self) -> list[Edition]:
        """All published versions, oldest first."""
        return list(self._state.editions)

    @property
    def roster(self) -> Roster:
        """The newest roster."""
        return self._state.roster

    def refresh(self) -> None:
        """Ask the source, if the last time is half a second ago."""
        self._current()

    def _current(self) -> _State:
        """The state, not older than half a second: taken once, it stays together whatever comes after."""
        if self._clock() - self._state.asked < POLL_S:
            return self._state
        with self._asking:
            held = self._state
            now = self._clock()
            if now - held.asked < POLL_S:
                return held
            found, number = self._source.state()
            roster = held.roster if number == held.roster.number else self._source.roster()
            self._state = _State(now, tuple(found), roster)
            return self._state

    def view(self, at: datetime, known_at: datetime | None = None) -> View | None:
        """What is in force at that time, or None before the first version."""
        state = self._current()
        edition = in_force(state.editions, at, known_at)
        return self._opened(edition, state.roster) if edition else None

    def required(self, at: datetime, known_at: datetime | None = None) -> View:
        """The same; raises NotReady when there is none."""
        found = self.view(at, known_at)
        if found is None:
            raise NotReady("no version is in force: import areas, then `wangge publish`")
        return found

    def _opened(self, edition: Edition, roster: Roster) -> View:
        key = (edition.number, edition.digest, roster.number)
        with self._opening:
            found = self._views.get(key)
            if found is None:
                same = next((v.release for k, v in self._views.items() if k[:2] == key[:2]), None)
                found = View(same or self._source.release(edition), roster)
                self._views[key] = found
            self._views.move_to_end(key)
            while len(self._views) > _KEPT:
                self._views.popitem(last=False)
        return found
