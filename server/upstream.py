"""A replica's releases: fetched from another Wangge, checked, kept, and answered from even when that one is gone."""

import json
import os
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from http.client import HTTPException
from pathlib import Path
from typing import Any, TypeVar

from gis.errors import BadRelease, NotReady
from grids.assets import Assets, open_assets
from grids.books import Numbers, numbers_of
from grids.datums import Definition, as_area
from grids.overrides import Overrides, overrides_of
from grids.publish import release_path
from grids.release import Release, open_release
from grids.roster import Roster, roster_of
from grids.shelf import assets_path
from grids.timeline import Edition

_TIMEOUT_S = 30
_BLOCK = 1 << 20
T = TypeVar("T")


class UpstreamSource:
    """Lists, releases and books from ``GET /v1/releases`` and its kin. What was fetched is kept under ``home``."""

    def __init__(self, base: str, key: str, home: Path) -> None:
        self._base, self._key, self._home = base.rstrip("/"), key, home
        self._asked: frozenset[str] = frozenset()

    def state(self) -> tuple[list[Edition], Numbers]:
        """The upstream's list and the numbers of its books. Raises NotReady when it cannot be had."""
        return self._ask("/v1/releases", self._home / "upstream.json", _state)

    def numbers(self, known_at: datetime) -> Numbers:
        """The numbers of its books as known then. Raises NotReady when they cannot be had."""
        query = urllib.parse.urlencode({"known_at": known_at.isoformat()})
        try:
            with self._open(f"/v1/books?{query}") as answer:
                return numbers_of(json.loads(answer.read()))
        except (urllib.error.URLError, HTTPException, OSError, ValueError, KeyError, TypeError) as error:
            raise NotReady(f"{self._base}/v1/books: cannot be had: {error}") from error

    def release(self, edition: Edition) -> Release:
        """The release, from disk when it is there and sound, else fetched. Raises BadRelease, NotReady."""
        path = release_path(self._home, edition.number)
        try:
            return open_release(path, edition.digest)
        except BadRelease:
            self._fetch(f"/v1/releases/{edition.number}", path)
            return open_release(path, edition.digest)

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
        path = assets_path(self._home, number)
        with suppress(BadRelease):
            return open_assets(path, number)
        self._fetch(f"/v1/books/assets/{number}", path)
        return open_assets(path, number)

    def definitions(self) -> dict[str, Definition]:
        """The city's own coordinate systems by their full names. Raises NotReady when they cannot be had."""
        return self._ask("/v1/datums", self._home / "upstream-datums.json", _definitions)

    def _snapshot(self, book: str, number: int, read: Callable[[Any], T]) -> T:
        """A numbered snapshot never changes: once understood it is kept, the one before it is let go."""
        path, kept = f"/v1/books/{book}/{number}", self._home / f"upstream-{book}.json"
        with suppress(OSError, ValueError, KeyError, TypeError):
            held = json.loads(kept.read_bytes())
            if held["number"] == number:
                return read(held)
        try:
            with self._open(path) as answer:
                text = answer.read()
            told = read(json.loads(text))
        except (urllib.error.URLError, HTTPException, OSError, ValueError, KeyError, TypeError) as error:
            raise NotReady(f"{self._base}{path}: cannot be had: {error}") from error
        _write_whole(kept, text)
        return told

    def _open(self, path: str) -> Any:
        request = urllib.request.Request(self._base + path)
        if self._key:
            request.add_unredirected_header("Authorization", f"Bearer {self._key}")
        return urllib.request.urlopen(request, timeout=_TIMEOUT_S)

    def _ask(self, path: str, kept: Path, read: Callable[[Any], T]) -> T:
        """What the upstream says, kept for the next start once it has been understood. Only the first question of a
        process may be answered from what was kept; later ones are the shelf's to answer from what it holds."""
        first, self._asked = path not in self._asked, self._asked | {path}
        try:
            with self._open(path) as answer:
                text = answer.read()
            told = read(json.loads(text))
        except (urllib.error.URLError, HTTPException, OSError, ValueError, KeyError, TypeError) as error:
            if first and kept.is_file():
                return read(json.loads(kept.read_bytes()))
            raise NotReady(f"{self._base}{path}: cannot be had: {error}") from error
        _write_whole(kept, text)
        return told

    def _fetch(self, path: str, target: Path) -> None:
        waiting = target.with_name(f".{target.name}.{os.getpid()}.part")
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            with self._open(path) as answer, waiting.open("wb") as file:
                while block := answer.read(_BLOCK):
                    file.write(block)
            waiting.replace(target)
        except (urllib.error.URLError, HTTPException, OSError) as error:
            raise NotReady(f"{self._base}{path}: cannot be fetched: {error}") from error
        finally:
            waiting.unlink(missing_ok=True)


def _state(data: Any) -> tuple[list[Edition], Numbers]:
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
    return editions, numbers_of(data["books"])


def _definitions(data: Any) -> dict[str, Definition]:
    return {
        str(item["name"]): Definition(item["kind"], item["definition"], as_area(item["area"]), item["rms_m"])
        for item in data["items"]
    }


def _write_whole(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    waiting = path.with_name(f".{path.name}.{os.getpid()}.part")
    waiting.write_bytes(data)
    waiting.replace(path)
