"""A replica's releases: fetched from another Wangge, checked, kept, and answered from even when that one is gone."""

import json
import os
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import datetime
from http.client import HTTPException
from pathlib import Path
from typing import Any, TypeVar

from gis.errors import BadRelease, NotReady
from grids.publish import release_path
from grids.release import Release, open_release
from grids.roster import Roster, roster_of
from grids.timeline import Edition

_TIMEOUT_S = 30
_BLOCK = 1 << 20
T = TypeVar("T")


class UpstreamSource:
    """Lists, releases and rosters from ``GET /v1/releases`` and its kin. What was fetched is kept under ``home``."""

    def __init__(self, base: str, key: str, home: Path) -> None:
        self._base, self._key, self._home = base.rstrip("/"), key, home
        self._asked: frozenset[str] = frozenset()

    def state(self) -> tuple[list[Edition], int]:
        """The upstream's list and the number of its roster. Raises NotReady when it cannot be had."""
        return self._ask("/v1/releases", self._home / "upstream.json", _state)

    def release(self, edition: Edition) -> Release:
        """The release, from disk when it is there and sound, else fetched. Raises BadRelease, NotReady."""
        path = release_path(self._home, edition.number)
        try:
            return open_release(path, edition.digest)
        except BadRelease:
            self._fetch(f"/v1/releases/{edition.number}", path)
            return open_release(path, edition.digest)

    def roster(self) -> Roster:
        """The newest roster. Raises NotReady when it cannot be had."""
        return self._ask("/v1/rosters/current", self._home / "upstream-roster.json", _roster)

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


def _state(data: Any) -> tuple[list[Edition], int]:
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
    return editions, int(data["roster"])


def _roster(data: Any) -> Roster:
    return roster_of(int(data["number"]), data["people"])


def _write_whole(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    waiting = path.with_name(f".{path.name}.{os.getpid()}.part")
    waiting.write_bytes(data)
    waiting.replace(path)
