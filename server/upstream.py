"""A replica's releases: fetched from another Wangge, checked, kept, and answered from even when that one is gone."""

import json
import logging
import threading
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from http.client import HTTPException
from pathlib import Path
from typing import Any, TypeVar

from gis.errors import BadRelease, NotReady
from grids.assets import Assets, open_assets
from grids.books import Snapshots, snapshots_of
from grids.datums import Definition, as_area
from grids.kept import let_go
from grids.overrides import Overrides, overrides_of
from grids.periods import as_time
from grids.publish import release_path
from grids.release import Release, open_release
from grids.roster import Roster, roster_of
from grids.shelf import assets_path
from grids.timeline import Edition

_TIMEOUT_S = 30
_BLOCK = 1 << 20
_LIST = "upstream.json"
_NOT_UNDERSTOOD = (ValueError, KeyError, TypeError, AttributeError)
_log = logging.getLogger("wangge.replica")
T = TypeVar("T")
S = TypeVar("S", Roster, Overrides)


@dataclass(frozen=True)
class _Told:
    """What ``GET /v1/releases`` says; ``current``: the release in force there."""

    editions: list[Edition]
    snapshots: Snapshots
    current: Edition | None


class UpstreamSource:
    """Lists, releases and books from ``GET /v1/releases`` and its kin. What was fetched is kept under ``home``.

    The list is kept once all that it names has been kept, so that a start without the upstream finds it whole. Where a
    book or a list cannot be written, it is answered from memory, and the log says so.
    """

    def __init__(self, base: str, key: str, home: Path) -> None:
        self._base, self._key, self._home = base.rstrip("/"), key, home
        self._asked: frozenset[str] = frozenset()
        self._times: Mapping[tuple[str, int], str] = {}
        self._kept: dict[tuple[str, int], str] = {}
        self._unkept: tuple[bytes, _Told] | None = None
        self._listed, self._settling, self._disk = b"", threading.Lock(), ""

    def state(self) -> tuple[list[Edition], Snapshots]:
        """The upstream's list and its newest snapshots. Raises NotReady when it cannot be had."""
        text, told = self._ask("/v1/releases", self._home / _LIST, _told)
        self._times = _times_of(told.snapshots)
        self._unkept = (text, told)
        self._settle()
        return told.editions, told.snapshots

    def snapshots(self, known_at: datetime) -> Snapshots:
        """Its snapshots as known then. Raises NotReady when they cannot be had."""
        query = urllib.parse.urlencode({"known_at": known_at.isoformat()})
        _, told = self._get(f"/v1/books?{query}", snapshots_of)
        self._times = {**self._times, **_times_of(told)}
        return told

    def release(self, edition: Edition) -> Release:
        """The release, from disk when it is there and sound, else fetched. Raises BadRelease, NotReady."""
        path = release_path(self._home, edition.number)
        try:
            found = open_release(path, edition.digest)
        except BadRelease:
            self._fetch(f"/v1/releases/{edition.number}", path)
            found = open_release(path, edition.digest)
        self._arrived("release", edition.number, edition.digest)
        return found

    def roster(self, number: int) -> Roster:
        """The roster snapshot, from disk or fetched. Raises NotReady when it cannot be had."""
        return self._snapshot("roster", number, roster_of) if number else Roster()

    def overrides(self, number: int) -> Overrides:
        """The rulings and plans, from disk or fetched. Raises NotReady when they cannot be had."""
        return self._snapshot("overrides", number, overrides_of) if number else Overrides()

    def assets(self, number: int) -> Assets:
        """The asset snapshot, from disk or fetched. Raises BadRelease, NotReady."""
        if not number:
            return Assets()
        path, recorded = assets_path(self._home, number), self._times.get(("assets", number), "")
        try:
            found = _asset_file(path, number, recorded)
        except BadRelease:
            found = self._fetched_assets(path, number, recorded)
        self._arrived("assets", number, found.recorded)
        return found

    def definitions(self) -> dict[str, Definition]:
        """The city's own coordinate systems by their full names. Raises NotReady when they cannot be had."""
        kept = self._home / "upstream-datums.json"
        text, told = self._ask("/v1/datums", kept, _definitions)
        self._keep(kept, text)
        return told

    def _fetched_assets(self, path: Path, number: int, recorded: str) -> Assets:
        """Of a number whose time was not told, what is kept is only good while the upstream is gone."""
        try:
            self._fetch(f"/v1/books/assets/{number}", path)
        except NotReady:
            if recorded or not path.is_file():
                raise
        found = open_assets(path, number, as_time(recorded or None))
        let_go(path.parent, "*.wgr", {path} | {assets_path(self._home, each) for each in self._needed("assets")})
        return found

    def _snapshot(self, book: str, number: int, read: Callable[[Any], S]) -> S:
        """A snapshot of that number and time never changes. Of a number whose time was not told, what is kept is only
        good while the upstream is gone: once restored from a backup, it may have given the number out again."""
        path, kept, recorded = f"/v1/books/{book}/{number}", self._book(book, number), self._times.get((book, number))
        held = _held(kept, read)
        if held is None or (held.number, held.recorded) != (number, recorded or None):
            try:
                text, told = self._get(path, read)
            except NotReady:
                if held is None or recorded:
                    raise
                return held
            if told.number != number or (recorded and told.recorded != recorded):
                raise NotReady(f"{self._base}{path}: is another snapshot than the list names: asked again")
            if not self._keep(kept, text):
                return told
            held = told
            let_go(self._home, f"upstream-{book}*.json", {kept} | {self._book(book, n) for n in self._needed(book)})
        self._arrived(book, number, held.recorded)
        return held

    def _book(self, book: str, number: int) -> Path:
        return self._home / f"upstream-{book}-{number:06d}.json"

    def _needed(self, book: str) -> set[int]:
        """The numbers that the list names, the one that is kept and the one that will be."""
        kept, unkept = _held(self._home / _LIST, _told), self._unkept
        named = [told.snapshots.numbers.as_dict() for told in (kept, unkept[1] if unkept else None) if told]
        return {numbers[book] for numbers in named}

    def _arrived(self, what: str, number: int, stamp: str) -> None:
        self._kept[what, number] = stamp
        self._settle()

    def _settle(self) -> None:
        """Keep the list if it is another one and all that it names is here."""
        with self._settling:
            if self._unkept is None or self._unkept[0] == self._listed:
                return
            text, told = self._unkept
            books = [((book, number), recorded) for book, number, recorded in told.snapshots if number]
            release = [(("release", told.current.number), told.current.digest)] if told.current else []
            here = all(
                what in self._kept and (not stamp or self._kept[what] == stamp) for what, stamp in books + release
            )
            if here and self._keep(self._home / _LIST, text):
                self._listed = text

    def _open(self, path: str) -> Any:
        request = urllib.request.Request(self._base + path)
        if self._key:
            request.add_unredirected_header("Authorization", f"Bearer {self._key}")
        return urllib.request.urlopen(request, timeout=_TIMEOUT_S)

    def _get(self, path: str, read: Callable[[Any], T]) -> tuple[bytes, T]:
        """What the upstream says, as sent and as understood. Raises NotReady."""
        try:
            with self._open(path) as answer:
                text = answer.read()
            return text, read(json.loads(text))
        except (urllib.error.URLError, HTTPException, OSError, *_NOT_UNDERSTOOD) as error:
            raise NotReady(f"{self._base}{path}: cannot be had: {error}") from error

    def _ask(self, path: str, kept: Path, read: Callable[[Any], T]) -> tuple[bytes, T]:
        """What the upstream says. Only the first question of a process may be answered from what was kept; later ones
        are the shelf's to answer from what it holds."""
        first, self._asked = path not in self._asked, self._asked | {path}
        try:
            return self._get(path, read)
        except NotReady as gone:
            if not first or not kept.is_file():
                raise
            try:
                text = kept.read_bytes()
                return text, read(json.loads(text))
            except (OSError, *_NOT_UNDERSTOOD) as error:
                words = f"{gone.detail}; what was kept in {kept} cannot be read ({type(error).__name__}: {error})"
                raise NotReady(f"{words}: start again when the upstream answers") from error

    def _fetch(self, path: str, target: Path) -> None:
        waiting = _waiting(target)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with self._open(path) as answer, waiting.open("wb") as file:
                while block := answer.read(_BLOCK):
                    file.write(block)
            waiting.replace(target)
        except (urllib.error.URLError, HTTPException, OSError) as error:
            raise NotReady(f"{self._base}{path}: cannot be fetched: {error}") from error
        finally:
            with suppress(OSError):
                waiting.unlink(missing_ok=True)

    def _keep(self, path: Path, data: bytes) -> bool:
        """Write it whole or not at all, and say whether; the log is told once of a disk that does not take it."""
        waiting = _waiting(path)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            waiting.write_bytes(data)
            waiting.replace(path)
        except OSError as error:
            if self._disk != str(path):
                _log.warning("%s cannot be kept, so a start without the upstream will lack it: %s", path, error)
            self._disk = str(path)
            return False
        finally:
            with suppress(OSError):
                waiting.unlink(missing_ok=True)
        return True


def _asset_file(path: Path, number: int, recorded: str) -> Assets:
    """The file that is kept. Raises BadRelease when it is not the one recorded then, or when that was not told."""
    if not recorded:
        raise BadRelease(f"{path.name}: whether it is still snapshot {number} is the upstream's to say")
    return open_assets(path, number, as_time(recorded))


def _held(path: Path, read: Callable[[Any], T]) -> T | None:
    """What is kept there, if it can be read."""
    try:
        return read(json.loads(path.read_bytes()))
    except (OSError, *_NOT_UNDERSTOOD):
        return None


def _waiting(path: Path) -> Path:
    """The name it has until it is whole: of this writer alone."""
    return path.with_name(f".{path.name}.{uuid.uuid4().hex}.part")


def _times_of(snapshots: Snapshots) -> dict[tuple[str, int], str]:
    return {(book, number): recorded for book, number, recorded in snapshots}


def _told(data: Any) -> _Told:
    editions = [
        Edition(
            int(item["number"]),
            datetime.fromisoformat(item["effective_at"]),
            datetime.fromisoformat(item["recorded_at"]),
            str(item["sha256"]),
            str(item["name"]),
            str(item["by"]),
        )
        for item in data["items"]
    ]
    current = next((e for e, item in zip(editions, data["items"], strict=True) if item["in_force"]), None)
    return _Told(editions, snapshots_of(data["books"]), current)


def _definitions(data: Any) -> dict[str, Definition]:
    return {
        str(item["name"]): Definition(item["kind"], item["definition"], as_area(item["area"]), item["rms_m"])
        for item in data["items"]
    }
