"""The releases a process answers from, kept up to date: a new one is picked up within a second.

A request takes one view and keeps it to its end, so no request ever mixes two versions.
"""

import hashlib
import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from gis.errors import BadRelease, NotFound, NotReady, WanggeError
from gis.storage.engine import Store
from grids.assets import Assets, assets_arrays, open_assets, write_assets
from grids.book_reads import assets_read, numbers_known, overrides_read, recorded_at, roster_read, snapshots_known
from grids.books import Books, Numbers, Snapshots
from grids.kept import let_go
from grids.overrides import Overrides
from grids.owner import Resolver
from grids.publish import rebuild_release, release_path
from grids.reads import editions
from grids.release import Release, open_release
from grids.roster import Roster
from grids.timeline import Edition, in_force

_log = logging.getLogger("wangge.shelf")
POLL_S = 0.5
_KEPT = 8
_RETRY_S = 5.0


@dataclass(frozen=True)
class View:
    """One release and the books of one moment, together, for the length of a request."""

    release: Release
    books: Books
    at: datetime
    resolver: Resolver

    @property
    def roster(self) -> Roster:
        """The roster snapshot."""
        return self.books.roster

    @property
    def tag(self) -> str:
        """Names what it answers from: equal tags, equal answers."""
        books = self.books
        parts = [*books.numbers.as_dict().values(), *books.epoch(self.at)]
        recorded = hashlib.sha256("|".join(books.snapshots.recorded).encode()).hexdigest()[:8]
        return f"{self.release.digest[:12]}-{'.'.join(map(str, parts))}-{recorded}"


class Source(Protocol):
    """Where releases and books come from."""

    def state(self) -> tuple[list[Edition], Snapshots]:
        """All editions, and the newest snapshot of each book."""

    def snapshots(self, known_at: datetime) -> Snapshots:
        """The newest snapshot of each book as known then."""

    def release(self, edition: Edition) -> Release:
        """The release of that edition."""

    def roster(self, number: int) -> Roster:
        """The roster snapshot of that number."""

    def assets(self, number: int) -> Assets:
        """The asset snapshot of that number."""

    def overrides(self, number: int) -> Overrides:
        """The snapshot of rulings and plans of that number."""


class StoreSource:
    """From the database, and the release files in the folder it shares; a missing or damaged file is built again."""

    def __init__(self, store: Store, home: Path) -> None:
        self._store, self._home = store, home

    def state(self) -> tuple[list[Edition], Snapshots]:
        with _asked(self._store) as session:
            return editions(session), snapshots_known(session)

    def snapshots(self, known_at: datetime) -> Snapshots:
        with _asked(self._store) as session:
            return snapshots_known(session, known_at)

    def release(self, edition: Edition) -> Release:
        path = release_path(self._home, edition.number)
        try:
            return open_release(path, edition.digest)
        except BadRelease:
            try:
                rebuild_release(self._store, self._home, edition)
            except OSError as error:
                raise NotReady(f"release {edition.number} cannot be written: {error}") from error
            return open_release(path, edition.digest)

    def roster(self, number: int) -> Roster:
        with _asked(self._store) as session:
            return roster_read(session, number)

    def assets(self, number: int) -> Assets:
        """From its file, which is made at the first question; from memory where it cannot be written."""
        if number == 0:
            return Assets()
        path = assets_path(self._home, number)
        with _asked(self._store) as session:
            recorded = recorded_at(session, "assets", number)
            with suppress(BadRelease):
                return open_assets(path, number, recorded)
            found, newest = assets_read(session, number), numbers_known(session).assets
        try:
            write_assets(path, (number, recorded), found)
        except OSError as error:
            _log.warning("%s cannot be written, so it is answered from memory: %s", path, error)
            held = Assets(number, assets_arrays(found))
            held.recorded = recorded.astimezone(UTC).isoformat()
            return held
        opened = open_assets(path, number, recorded)
        let_go(path.parent, "*.wgr", {path, assets_path(self._home, newest)})
        return opened

    def overrides(self, number: int) -> Overrides:
        with _asked(self._store) as session:
            return overrides_read(session, number)


def assets_path(home: Path, number: int) -> Path:
    """Where the file of an asset snapshot stands."""
    return home / "assets" / f"{number:06d}.wgr"


@contextmanager
def _asked(store: Store) -> Iterator[Session]:
    try:
        with store.read() as session:
            yield session
    except SQLAlchemyError as error:
        raise NotReady(f"the store cannot be asked: {type(error).__name__}") from error


@dataclass(frozen=True, slots=True)
class _State:
    """What the source said last, together; ``older`` books hold as long as these: a restored source has others."""

    asked: float = float("-inf")
    editions: tuple[Edition, ...] = ()
    books: Books = field(default_factory=Books)
    older: OrderedDict[Snapshots, Books] = field(default_factory=OrderedDict)


_Key = tuple[int, str, Snapshots, tuple[int, int, int]]


class Shelf:
    """Views by time, from a source that is asked again at most every half second; those used last are kept open.

    When the source fails, what was known last goes on answering; when the newest release cannot be opened, the open
    one before it does. ``fault`` then says why, until it works again.
    """

    fault: str = ""

    def __init__(self, source: Source, clock: Callable[[], float] = time.monotonic) -> None:
        self._source, self._clock = source, clock
        self._asking, self._opening, self._holding = threading.Lock(), threading.Lock(), threading.Lock()
        self._state = _State()
        self._failed: tuple[str, float, WanggeError | None] = ("", 0.0, None)
        self._open: OrderedDict[_Key, Resolver] = OrderedDict()

    @property
    def source(self) -> Source:
        """Where it asks."""
        return self._source

    @property
    def editions(self) -> list[Edition]:
        """All published versions, oldest first."""
        return list(self._state.editions)

    @property
    def books(self) -> Books:
        """The newest books."""
        return self._state.books

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
            found, snapshots = self._source.state()
            books = self._read(snapshots, held.books)
        except WanggeError as error:
            if not known:
                raise
            self.fault = error.detail
            return replace(held, asked=self._clock())
        self.fault = ""
        older = held.older if books is held.books else OrderedDict()
        return _State(self._clock(), tuple(found), books, older)

    def _read(self, wanted: Snapshots, held: Books) -> Books:
        """The books wanted; those that are held already are not read again."""
        changed = wanted.changed(held.snapshots)
        if not changed:
            return held
        source, numbers = self._source, wanted.numbers
        return Books(
            source.roster(numbers.roster) if "roster" in changed else held.roster,
            source.assets(numbers.assets) if "assets" in changed else held.assets,
            source.overrides(numbers.overrides) if "overrides" in changed else held.overrides,
        )

    def _books(self, state: _State, wanted: Snapshots) -> Books:
        """The books wanted; a few older sets are kept."""
        if not wanted.changed(state.books.snapshots):
            return state.books
        with self._holding:
            books = state.older.get(wanted)
        if books is None:
            books = self._read(wanted, state.books)
            with self._holding:
                state.older[wanted] = books
                while len(state.older) > _KEPT:
                    state.older.popitem(last=False)
        return books

    def view(self, at: datetime, known_at: datetime | None = None) -> View | None:
        """What is in force at that time, or None before the first version. With ``known_at``: as known then, the
        books too."""
        state = self._current()
        edition = in_force(state.editions, at, known_at)
        if edition is None:
            return None
        books = state.books if known_at is None else self._books(state, self._source.snapshots(known_at))
        try:
            return self._opened(edition, books, at)
        except WanggeError as error:
            newest = max(state.editions, key=lambda e: (e.recorded_at, e.number))
            before = in_force([e for e in state.editions if e != edition], at, known_at)
            held = self._held(before, books, at) if before and edition == newest else None
            if held is None:
                raise
            self.fault = error.detail
            return held

    def pinned(self, version: int, numbers: Numbers, at: datetime) -> View:
        """Exactly this version and these snapshots: to ask again what was answered once. Raises NotFound."""
        state = self._current()
        edition = next((e for e in state.editions if e.number == version), None)
        if edition is None:
            raise NotFound(f"there is no version {version}")
        return self._opened(edition, self._books(state, Snapshots(numbers)), at)

    def required(self, at: datetime, known_at: datetime | None = None) -> View:
        """What is in force at that time; raises NotReady when nothing is."""
        found = self.view(at, known_at)
        if found is None:
            raise NotReady("no version is in force: import areas, then `wangge publish`")
        return found

    def _held(self, edition: Edition, books: Books, at: datetime) -> View | None:
        """The view if its release is open; the same release with newer books has a resolver of its own."""
        key = (edition.number, edition.digest, books.snapshots, books.epoch(at))
        with self._holding:
            if key not in self._open:
                release = next((by.release for k, by in self._open.items() if k[:2] == key[:2]), None)
                if release is None:
                    return None
                self._open[key] = Resolver(release, books, at)
            self._open.move_to_end(key)
            while len(self._open) > _KEPT:
                self._open.popitem(last=False)
            resolver = self._open[key]
        return View(resolver.release, books, at, resolver)

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

    def _opened(self, edition: Edition, books: Books, at: datetime) -> View:
        found = self._held(edition, books, at)
        if found is not None:
            return found
        with self._opening:
            found = self._held(edition, books, at)
            if found is None:
                resolver = Resolver(self._release(edition), books, at)
                with self._holding:
                    self._open[edition.number, edition.digest, books.snapshots, books.epoch(at)] = resolver
                found = View(resolver.release, books, at, resolver)
            return found
