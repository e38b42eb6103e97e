"""The releases a process answers from, kept up to date: a new one is picked up within a second.

A request takes one view and keeps it to its end, so no request ever mixes two versions.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Protocol

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from gis.errors import BadRelease, NotReady, WanggeError
from gis.storage.engine import Store
from grids.owner import Resolver
from grids.publish import rebuild_release, release_path
from grids.reads import editions, latest_roster, roster_number
from grids.release import Release, open_release
from grids.roster import Roster
from grids.timeline import Edition, in_force

POLL_S = 0.5
_KEPT = 4
_RETRY_S = 5.0


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
        with _asked(self._store) as session:
            return editions(session), roster_number(session)

    def release(self, edition: Edition) -> Release:
        path = release_path(self._home, edition.number)
        try:
            return open_release(path, edition.digest)
        except BadRelease:
            return open_release(rebuild_release(self._store, self._home, edition), edition.digest)

    def roster(self) -> Roster:
        with _asked(self._store) as session:
            return latest_roster(session)


@contextmanager
def _asked(store: Store) -> Iterator[Session]:
    try:
        with store.read() as session:
            yield session
    except SQLAlchemyError as error:
        raise NotReady(f"the store cannot be asked: {type(error).__name__}") from error


@dataclass(frozen=True, slots=True)
class _State:
    """What the source said last, together."""

    asked: float = float("-inf")
    editions: tuple[Edition, ...] = ()
    roster: Roster = field(default_factory=Roster)


class Shelf:
    """Views by time, from a source that is asked again at most every half second; the four used last are kept open.

    When the source fails, what was known last goes on answering; when the newest release cannot be opened, the open
    one before it does. ``fault`` then says why, until it works again.
    """

    fault: str = ""

    def __init__(self, source: Source, clock: Callable[[], float] = time.monotonic) -> None:
        self._source, self._clock = source, clock
        self._asking, self._opening, self._holding = threading.Lock(), threading.Lock(), threading.Lock()
        self._state = _State()
        self._failed: tuple[str, float, WanggeError | None] = ("", 0.0, None)
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
        """The state: taken once, it stays together whatever comes after. While one asks, others take what is held."""
        if self._clock() - self._state.asked < POLL_S:
            return self._state
        known = self._state.asked > float("-inf")
        if not self._asking.acquire(blocking=not known):
            return self._state
        try:
            if self._clock() - self._state.asked >= POLL_S:
                self._state = self._asked_again(self._state, known)
            return self._state
        finally:
            self._asking.release()

    def _asked_again(self, held: _State, known: bool) -> _State:
        try:
            found, number = self._source.state()
            roster = held.roster if number == held.roster.number else self._source.roster()
        except WanggeError as error:
            if not known:
                raise
            self.fault = error.detail
            return replace(held, asked=self._clock())
        self.fault = ""
        return _State(self._clock(), tuple(found), roster)

    def view(self, at: datetime, known_at: datetime | None = None) -> View | None:
        """What is in force at that time, or None before the first version."""
        state = self._current()
        edition = in_force(state.editions, at, known_at)
        if edition is None:
            return None
        try:
            return self._opened(edition, state.roster)
        except WanggeError as error:
            newest = max(state.editions, key=lambda e: (e.recorded_at, e.number))
            before = in_force([e for e in state.editions if e != edition], at, known_at)
            held = self._held(before, state.roster) if before and edition == newest else None
            if held is None:
                raise
            self.fault = error.detail
            return held

    def required(self, at: datetime, known_at: datetime | None = None) -> View:
        """The same; raises NotReady when there is none."""
        found = self.view(at, known_at)
        if found is None:
            raise NotReady("no version is in force: import areas, then `wangge publish`")
        return found

    def _held(self, edition: Edition, roster: Roster) -> View | None:
        """The view if its release is open; the same release with a newer roster is a new view."""
        key = (edition.number, edition.digest, roster.number)
        with self._holding:
            if key not in self._views:
                release = next((view.release for k, view in self._views.items() if k[:2] == key[:2]), None)
                if release is None:
                    return None
                self._views[key] = View(release, roster)
            self._views.move_to_end(key)
            while len(self._views) > _KEPT:
                self._views.popitem(last=False)
            return self._views[key]

    def _release(self, edition: Edition) -> Release:
        """Opened by the source; one that failed is tried again after five seconds, not by every request."""
        digest, again, failed = self._failed
        if failed is not None and digest == edition.digest and self._clock() < again:
            raise failed
        try:
            return self._source.release(edition)
        except WanggeError as error:
            self._failed = (edition.digest, self._clock() + _RETRY_S, error)
            raise

    def _opened(self, edition: Edition, roster: Roster) -> View:
        found = self._held(edition, roster)
        if found is not None:
            return found
        with self._opening:
            found = self._held(edition, roster)
            if found is None:
                found = View(self._release(edition), roster)
                with self._holding:
                    self._views[(edition.number, edition.digest, roster.number)] = found
                self._held(edition, roster)
            return found
