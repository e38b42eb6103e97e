"""Assets (部件): things with an owner, known by their number; one mapped snapshot of all of them and their past."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from gis.arrays import TextColumn, open_arrays, text_arrays, write_arrays
from gis.coordinates import Bounds, within
from gis.errors import BadRelease
from gis.measure import distance_m, metres_per_degree
from grids.periods import BEGINNING, END, as_text, holds

_TEXTS = ("code", "name", "matter", "owner")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICRO = timedelta(microseconds=1)
_NEVER, _ALWAYS = np.iinfo(np.int64).max, np.iinfo(np.int64).min


@dataclass(frozen=True, slots=True)
class Asset:
    """One thing: a point (WGS 84), its class as a matter code, and the party that owns it (None: not recorded)."""

    code: str
    name: str
    matter: str
    owner: str | None
    lon: float
    lat: float
    valid_from: datetime | None = None
    valid_until: datetime | None = None


class Assets:
    """One snapshot, in the order of codes, then times. Number 0 is the empty one."""

    recorded: str = ""

    def __init__(self, number: int = 0, arrays: Mapping[str, npt.NDArray[Any]] | None = None, digest: str = "") -> None:
        held = assets_arrays(()) if arrays is None else arrays
        self.number, self.digest = number, digest
        self._texts = {name: TextColumn(held[f"{name}.text"], held[f"{name}.ends"]) for name in _TEXTS}
        self._lon, self._lat = held["lon"], held["lat"]
        self._from, self._until = held["from"], held["until"]

    def __len__(self) -> int:
        return len(self._lon)

    def epoch(self, at: datetime) -> int:
        """The stretch of time without changes in which the instant lies."""
        return int(np.searchsorted(self._changes, _micro(at), side="right"))

    @cached_property
    def _changes(self) -> npt.NDArray[np.int64]:
        return np.unique(np.concatenate([self._from, self._until]))

    @cached_property
    def classes(self) -> frozenset[str]:
        """The matter codes of all assets."""
        return frozenset(self._classes[0])

    @cached_property
    def _classes(self) -> tuple[list[str], npt.NDArray[np.int64]]:
        """The matter codes, and for each row which of them it has."""
        place: dict[str, int] = {}
        rows = [place.setdefault(matter, len(place)) for matter in self._texts["matter"]]
        return list(place), np.array(rows, np.int64)

    def asset(self, row: int) -> Asset:
        """The asset in that row."""
        texts = {name: column[row] for name, column in self._texts.items()}
        times = _time(int(self._from[row])), _time(int(self._until[row]))
        owner = texts.pop("owner") or None
        return Asset(**texts, owner=owner, lon=float(self._lon[row]), lat=float(self._lat[row]),
                     valid_from=times[0], valid_until=times[1])  # fmt: skip

    def get(self, code: str, at: datetime) -> Asset | None:
        """The asset of that number as it was at the instant, or None."""
        return next((found for found in self.past(code) if holds(found, at)), None)

    def past(self, code: str) -> Iterator[Asset]:
        """All that is on record of that number, in order of time."""
        return (self.asset(row) for row in self._numbered(code))

    def _numbered(self, code: str) -> range:
        """The rows of that number."""
        codes = self._texts["code"]
        return range(bisect_left(codes, code), bisect_right(codes, code))

    def rows(
        self, at: datetime, box: Bounds | None = None, matter: str = "", code: str | None = None
    ) -> npt.NDArray[np.int64]:
        """The rows of the assets there are at the instant, in the order of codes. ``box``: WGS 84 degrees, its edges
        included; ``matter``: of this class, or within it; ``code``: of this number."""
        moment = _micro(at)
        wanted = (self._from <= moment) & (moment < self._until)
        if box is not None:
            wanted &= within(box, self._lon, self._lat)
        if matter:
            known, rows = self._classes
            wanted &= np.array([held.startswith(matter) for held in known], bool)[rows]
        if code is not None:
            numbered = self._numbered(code)
            return numbered.start + np.flatnonzero(wanted[numbered.start : numbered.stop])
        return np.flatnonzero(wanted)

    def near(self, lon: float, lat: float, reach_m: float, at: datetime) -> Iterator[tuple[Asset, float]]:
        """The assets within so many metres of the point at the instant, nearest first, with their distances."""
        east, north = metres_per_degree(lat)
        dx, dy = reach_m / max(float(east), 1e-3), reach_m / float(north)
        rows = self._tree.query(shapely.box(lon - dx, lat - dy, lon + dx, lat + dy))
        now = _micro(at)
        rows = np.sort(rows[(self._from[rows] <= now) & (now < self._until[rows])])
        away = np.atleast_1d(distance_m(lon, lat, self._lon[rows], self._lat[rows])) if len(rows) else np.empty(0)
        for which in np.argsort(away, kind="stable").tolist():
            if away[which] <= reach_m:
                yield self.asset(int(rows[which])), float(away[which])

    def __iter__(self) -> Iterator[Asset]:
        return (self.asset(row) for row in range(len(self)))

    @cached_property
    def _tree(self) -> shapely.STRtree:
        return shapely.STRtree(np.asarray(shapely.points(self._lon, self._lat), object))


def assets_arrays(assets: Iterable[Asset]) -> dict[str, npt.NDArray[Any]]:
    """The assets as the named arrays of a snapshot."""
    held = sorted(assets, key=lambda a: (a.code, a.valid_from or BEGINNING, a.valid_until or END))
    arrays: dict[str, npt.NDArray[Any]] = {
        "lon": np.array([a.lon for a in held], np.float64),
        "lat": np.array([a.lat for a in held], np.float64),
        "from": np.array([_ALWAYS if a.valid_from is None else _micro(a.valid_from) for a in held], np.int64),
        "until": np.array([_NEVER if a.valid_until is None else _micro(a.valid_until) for a in held], np.int64),
    }
    for name in _TEXTS:
        arrays |= text_arrays(name, [getattr(asset, name) or "" for asset in held])
    return arrays


def write_assets(path: Path, snapshot: tuple[int, datetime], assets: Iterable[Asset]) -> str:
    """Write the file of the snapshot with that number, recorded then; gives its digest. Equal assets, equal bytes."""
    number, recorded = snapshot
    return write_arrays(path, _meta(number, recorded), assets_arrays(assets))


def open_assets(path: Path, number: int, recorded: datetime | None = None) -> Assets:
    """The snapshot in that file. Raises BadRelease when it is damaged, or another than the one recorded then."""
    file = open_arrays(path)
    if file.meta["number"] != number or (recorded and file.meta != _meta(number, recorded)):
        raise BadRelease(f"{path.name}: is not the asset snapshot {number} of this store")
    found = Assets(number, file.arrays, file.digest)
    found.recorded = str(file.meta["recorded_at"])
    return found


def _meta(number: int, recorded: datetime) -> dict[str, Any]:
    return {"format": 1, "book": "assets", "number": number, "recorded_at": as_text(recorded)}


def _micro(when: datetime) -> int:
    return (when - _EPOCH) // _MICRO


def _time(micro: int) -> datetime | None:
    return None if micro in (_ALWAYS, _NEVER) else _EPOCH + timedelta(microseconds=micro)
