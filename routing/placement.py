"""Do a file's points lie where they should? The check that notices a wrong datum or exchanged axes.

Two kinds of evidence, both from the release in force: points in no area of the city, and rows that name an area (by
its code, or by its name anywhere in a text) and do not lie in it. A shift of 500 m takes few points out of a city, so
the second sees more. Both are also counted as if the file were in another datum; where that fits clearly better, it is
said. It is never used: the datum is what the caller declared.
Where it falls down: a file that names no area and lies in the middle of the city shows nothing.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa

from gis.coordinates import Flags, Floats, look_swapped, within
from gis.datums import Datum, datum, from_wgs84, to_wgs84
from gis.files.points import Texts
from gis.findings import Finding
from grids.release import Release
from routing.mentions import Mentions, mentions_in

MOST_OUTSIDE = 0.02
"""A larger share of points outside the city is told even when no other datum fits better."""

_SAMPLE = 20_000
_RIVALS = ("wgs84", "gcj02", "bd09")
_CHINA = (73.0, 3.0, 136.0, 54.0)
_LEAST_ROWS, _LEAST_SHARE, _SURE = 5, 0.002, 4.0


@dataclass(frozen=True, slots=True)
class _Part:
    """Some rows of the file: WGS 84, and their texts by column."""

    lon: Floats
    lat: Floats
    texts: Mapping[str, Texts]

    def every(self, step: int, start: int = 0) -> "_Part":
        texts = {name: _plain(column[start::step]) for name, column in self.texts.items()}
        return _Part(self.lon[start::step], self.lat[start::step], texts)


def _plain(column: Texts) -> list[str | None]:
    texts: list[str | None] = column.to_pylist() if isinstance(column, pa.Array) else list(column)
    return texts


class Placement:
    """Collects points as they are read, of long files every second, fourth ... one, and says what is odd."""

    def __init__(self, release: Release, system: Datum) -> None:
        self._release, self._system = release, system
        self._parts: list[_Part] = []
        self._kept, self._step, self._next = 0, 1, 0

    def add(self, lon: Floats, lat: Floats, texts: Mapping[str, Texts]) -> None:
        """Take in rows with their points (WGS 84, NaN for none) and whatever texts stand beside them."""
        part = _Part(lon, lat, texts).every(self._step, self._next)
        self._next = (self._next - len(lon)) % self._step
        self._parts.append(part)
        self._kept += len(part.lon)
        while self._kept > _SAMPLE:
            self._parts = [part.every(2) for part in self._parts]
            self._kept = sum(len(part.lon) for part in self._parts)
            self._step *= 2

    def findings(self) -> Iterator[Finding]:
        """At most one warning on points outside, and one on points that are not where their row says."""
        if not self._parts:
            return
        there = ~np.isnan(self._lon)
        if not there.any():
            return
        yield from self._outside(there)
        yield from self._elsewhere(there)

    @cached_property
    def _lon(self) -> Floats:
        return np.concatenate([part.lon for part in self._parts])

    @cached_property
    def _lat(self) -> Floats:
        return np.concatenate([part.lat for part in self._parts])

    def _outside(self, there: Flags) -> Iterator[Finding]:
        lon, lat = self._lon[there], self._lat[there]
        out = self._in_no_area(lon, lat)
        better = self._better(~out, {name: ~self._in_no_area(*moved) for name, moved in self._as_rivals(lon, lat)})
        share = float(out.mean())
        if better is None and share <= MOST_OUTSIDE:
            return
        words = f"{share:.1%} of the points lie outside the city's areas (read as {self._system})"
        bounds = self._release.bounds
        if bounds and look_swapped(bounds, lon, lat):
            words += ": longitude and latitude look swapped"
        elif better:
            words += f"; as {better[0]} it would be {1.0 - better[1]:.1%}: is the datum right?"
        else:
            words += f": is {self._system} the right datum?"
        yield Finding("outside_city", "warning", words)

    def _in_no_area(self, lon: Floats, lat: Floats) -> Flags:
        out = np.ones(len(lon), bool)
        for table in self._release.tables.values():
            rows = np.flatnonzero(out)
            if len(rows) and len(table):
                out[rows] = table.index.locate(lon[rows], lat[rows]).area < 0
        return out

    def _elsewhere(self, there: Flags) -> Iterator[Finding]:
        """The plainest case among the columns that name areas."""
        found = [case for mentions in self._mentions() if (case := self._disagreement(mentions, there))]
        if found:
            _, words = max(found)
            yield Finding("wrong_datum", "warning", words)

    def _mentions(self) -> Iterator[Mentions]:
        columns = {name: [t for part in self._parts for t in part.texts[name]] for name in self._parts[0].texts}
        for table in self._release.tables.values():
            yield from mentions_in(columns, table)

    def _disagreement(self, mentions: Mentions, there: Flags) -> tuple[float, str] | None:
        rows = np.flatnonzero(there & (mentions.area >= 0))
        if not len(rows):
            return None
        lon, lat, said = self._lon[rows], self._lat[rows], mentions.area[rows]
        index, layer = mentions.table.index, mentions.table.layer.code
        agrees = index.locate(lon, lat).area == said
        rivals = {name: index.locate(*moved).area == said for name, moved in self._as_rivals(lon, lat)}
        better = self._better(agrees, rivals)
        if better is None:
            return None
        name, share = better
        words = (
            f"of {len(rows):,} rows looked at whose '{mentions.column}' names an area of layer {layer}, "
            f"{agrees.mean():.1%} lie in it, read as {self._system}; as {name} it would be {share:.1%}: "
            "is the datum right?"
        )
        return share - float(agrees.mean()), words

    def _as_rivals(self, lon: Floats, lat: Floats) -> Iterator[tuple[str, tuple[Floats, Floats]]]:
        """Where the same numbers would lie in each other datum that is mistaken for this one; only within China."""
        mine = "wgs84" if self._system.is_wgs84 else self._system.name
        if mine not in _RIVALS or not within(_CHINA, np.median(lon), np.median(lat)):
            return
        near = within(_CHINA, lon, lat)
        x, y = from_wgs84(lon, lat, self._system)
        for name in _RIVALS:
            if name != mine:
                moved = to_wgs84(np.where(near, x, 105.0), np.where(near, y, 35.0), datum(name))
                yield name, (np.where(near, moved[0], lon), np.where(near, moved[1], lat))

    @staticmethod
    def _better(fits: Flags, rivals: Mapping[str, Flags]) -> tuple[str, float] | None:
        """The rival under which clearly more rows fit, with their share: McNemar's test, and enough rows to matter."""
        best: tuple[str, float] | None = None
        for name, other in rivals.items():
            gained, lost = int((other & ~fits).sum()), int((fits & ~other).sum())
            enough = max(_LEAST_ROWS, _LEAST_SHARE * len(fits))
            sure = gained - lost >= _SURE * np.sqrt(gained + lost)
            if gained - lost >= enough and sure and (best is None or other.mean() > best[1]):
                best = name, float(other.mean())
        return best
