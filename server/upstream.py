"""A replica's releases: fetched from another Wangge, checked, kept, and answered from even when that one is gone."""

import json
import os
import urllib.error
import urllib.request
from datetime import datetime
from http.client import HTTPException
from pathlib import Path
from typing import Any

from gis.errors import BadRelease, NotReady
from grids.publish import release_path
from grids.release import Release, open_release
from grids.roster import Roster, roster_of
from grids.timeline import Edition

_TIMEOUT_S = 30
_BLOCK = 1 << 20


class UpstreamSource:
    """Lists, releases and rosters from ``GET /v1/releases`` and its kin. What was fetched is kept under ``home``."""

    def __init__(self, base: str, key: str, home: Path) -> None:
        self._base, self._key, self._home = base.rstrip("/"), key, home
        self._state_file, self._roster_file = home / "upstream.json", home / "upstream-roster.json"

    def state(self) -> tuple[list[Edition], int]:
        """The upstream's list, or the last one known when it cannot be reached."""
        data = self._json("/v1/releases", self._state_file)
        editions = [
            Edition(
                item["number"],
                datetime.fromisoformat(item["effective_at"]),
                datetime.fromisoformat(item["recorded_at"]),
                item["sha256"],
                item["name"],
            )
            for item in data["items"]
        ]
        return editions, int(data["roster"])

    def release(self, edition: Edition) -> Release:
        """The release, from disk when it is there and sound, else fetched. Raises BadRelease, NotReady."""
        path = release_path(self._home, edition.number)
        try:
            return open_release(path, edition.digest)
        except BadRelease:
            self._fetch(f"/v1/releases/{edition.number}", path)
            return open_release(path, edition.digest)

    def roster(self) -> Roster:
        """The newest roster, or the last one known."""
        data = self._json("/v1/rosters/current", self._roster_file)
        return roster_of(data["number"], data["people"])

    def _open(self, path: str) -> Any:
        request = urllib.request.Request(self._base + path)
        if self._key:
            request.add_header("Authorization", f"Bearer {self._key}")
        return urllib.request.urlopen(request, timeout=_TIMEOUT_S)

    def _json(self, path: str, kept: Path) -> dict[str, Any]:
        try:
            with self._open(path) as answer:
                _write_whole(kept, answer.read())
        except (urllib.error.URLError, HTTPException, OSError) as error:
            if not kept.is_file():
                raise NotReady(f"{self._base}{path}: cannot be fetched: {error}") from error
        data: dict[str, Any] = json.loads(kept.read_bytes())
        return data

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


def _write_whole(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    waiting = path.with_name(f".{path.name}.{os.getpid()}.part")
    waiting.write_bytes(data)
    waiting.replace(path)
