"""Cell and owner for every row of a file: Arrow batches in, the same batches with more columns out."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

from gis.coordinates import Floats, Ranks
from gis.datums import Datum
from gis.errors import BadInput
from gis.files.batches import batch_sink, batches_of
from gis.files.points import Points, points_of
from grids.doubt import NEGLIGIBLE
from grids.importing import Progress
from grids.release import LayerTable
from grids.shelf import View
from routing.decisions import by_view
from routing.placement import Placement

Columns = dict[str, pa.Array]
ViewAt = Callable[[datetime], View | None]

_VERDICTS = pa.array(["no_point", "outside", "ambiguous", "certain"])
_NO_POINT, _OUTSIDE, _AMBIGUOUS, _CERTAIN = range(4)
_OWNER = ("party", "person", "verdict", "duty")
_FIRST_ROW = 2


@dataclass(frozen=True, slots=True)
class Assignment:
    """Which columns hold the point, what it is in, how exact it is, and what to add. ``at`` names a column of times;
    those without an offset are in ``zone``."""

    lon: str
    lat: str
    crs: Datum
    accuracy_m: float = 1.0
    layers: tuple[str, ...] = ()
    owner: bool = False
    matter: str | None = None
    at: str | None = None
    zone: str = "Asia/Shanghai"
    asset: str | None = None


def assign_file(
    view: View, source: Path, target: Path, job: Assignment, progress: Progress, view_at: ViewAt | None = None
) -> dict[str, Any]:
    """Write ``target`` whole or not at all; gives rows, verdict counts by layer, and warnings.

    ``view`` answers, or with ``job.at`` what ``view_at`` gives for the row's time (``view`` where that is empty).
    Raises BadInput, NotFound.
    """
    work = _Work(view, job, view_at)
    verdicts: dict[str, Counter[str]] = {}
    rows = 0
    with batch_sink(target) as write:
        for batch in batches_of(source):
            columns = work.columns(batch, rows)
            write(_widened(batch, columns))
            for name, values in columns.items():
                if name.endswith("_verdict"):
                    counts = {item["values"]: item["counts"] for item in values.value_counts().to_pylist()}
                    verdicts.setdefault(name.removesuffix("_verdict"), Counter()).update(counts)
            rows += batch.num_rows
            progress(rows, None)
    return {
        "rows": rows,
        "version": view.release.number,
        "verdicts": {name: dict(counts) for name, counts in verdicts.items()},
        "warnings": work.warnings(),
    }


def _widened(batch: pa.RecordBatch, columns: Columns) -> pa.RecordBatch:
    """The batch with the columns added; one of the same name gives way."""
    kept = [name for name in batch.schema.names if name not in columns]
    return pa.record_batch([*(batch.column(name) for name in kept), *columns.values()], names=[*kept, *columns])


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is asked of some rows: their points, matters and assets."""

    points: Points
    matters: list[str | None]
    assets: list[str | None]

    def of(self, rows: list[int]) -> "_Asked":
        """The same for these rows only."""
        lon, lat, wrong = self.points
        points = lon[rows], lat[rows], [wrong[row] for row in rows]
        return _Asked(points, [self.matters[row] for row in rows], [self.assets[row] for row in rows])


class _Work:
    def __init__(self, view: View, job: Assignment, view_at: ViewAt | None) -> None:
        self.view, self.job, self.view_at = view, job, view_at
        self.layers = self._layers()
        self.placement = Placement(view.release, job.crs)
        self._zone = ZoneInfo(job.zone)
        self._codes: dict[LayerTable, pa.Array] = {}
        self._unknown: Counter[str] = Counter()

    def _layers(self) -> tuple[str, ...]:
        release = self.view.release
        if self.job.layers:
            return tuple(release.table(layer).layer.code for layer in dict.fromkeys(self.job.layers))
        if release.cells is None:
            raise BadInput("the version has no cell layer: name one with --layer", field="layer")
        return (release.cells.layer.code,)

    def columns(self, batch: pa.RecordBatch, before: int) -> Columns:
        """What to add to the batch, which has so many rows before it."""
        job = self.job
        lon, lat, wrong = points_of(_column(batch, job.lon), _column(batch, job.lat), job.crs)
        texts = {name: batch.column(name) for name in batch.schema.names if _is_text(batch.schema.field(name).type)}
        self.placement.add(lon, lat, texts)
        nothing: list[str | None] = [None] * batch.num_rows
        matters, assets = (_texts(batch, name) if name else nothing for name in (job.matter, job.asset))
        known = self.view.release.matters
        self._unknown.update(matter for matter in matters if matter and known and matter not in known)
        asked = _Asked((lon, lat, wrong), matters, assets)
        return self._at(self.view, asked) if job.at is None else self._by_time(batch, asked, before)

    def _by_time(self, batch: pa.RecordBatch, asked: _Asked, before: int) -> Columns:
        """Each row by the version and the books of its own time, put together again in the order of the rows."""
        texts = _texts(batch, self.job.at or "")
        times = [self._time(text, before + index + _FIRST_ROW) for index, text in enumerate(texts)]
        parts, done = list[Columns](), list[int]()
        for view, rows in by_view(times, self._view):
            parts.append(self._at(view, asked.of(rows)))
            done += rows
        if not parts:
            return self._at(self.view, asked)
        order = pa.array(np.argsort(done))
        return {name: pa.concat_arrays([part[name] for part in parts]).take(order) for name in parts[0]}

    def warnings(self) -> list[str]:
        """What was odd about the file as a whole."""
        found = [finding.message for finding in self.placement.findings()]
        if self._unknown:
            most, rows = self._unknown.most_common(1)[0]
            words = f"{self._unknown.total():,} rows name a matter that the class table of version "
            found.append(f"{words}{self.view.release.number} lacks: '{most}' in {rows:,} of them")
        return found

    def _time(self, text: str | None, row: int) -> datetime:
        """The row's time; of one that names none, the time of asking."""
        try:
            when = datetime.fromisoformat(text) if text else self.view.at
            return (when if when.tzinfo else when.replace(tzinfo=self._zone)).astimezone(UTC)
        except (ValueError, OverflowError) as error:
            words = f"row {row}: {self.job.at}={text}: must be an ISO 8601 time, like 2026-11-22T09:30:00+08:00"
            raise BadInput(words, field=self.job.at, value=text, row=row) from error

    def _view(self, at: datetime) -> View | None:
        return self.view if at == self.view.at or self.view_at is None else self.view_at(at)

    def _at(self, view: View | None, asked: _Asked) -> Columns:
        points, count = asked.points, len(asked.matters)
        if view is None:
            return self._no_version(count)
        columns: Columns = {}
        good = np.flatnonzero(~np.isnan(points[0]))
        for layer in self.layers:
            table = view.release.tables.get(layer)
            columns |= _no_layer(layer, count) if table is None else self._layer_columns(table, *points[:2], good)
        return columns | (_owner_columns(view, asked, self.job) if self.job.owner else {})

    def _no_version(self, count: int) -> Columns:
        nothing = pa.nulls(count, pa.string())
        columns: Columns = {}
        for layer in self.layers:
            columns |= _no_layer(layer, count)
        if self.job.owner:
            columns |= {f"owner_{name}": nothing for name in _OWNER}
            columns["owner_verdict"] = pa.array(["unowned"] * count, pa.string())
        return columns

    def _layer_columns(self, table: LayerTable, lon: Floats, lat: Floats, good: Ranks) -> Columns:
        count, codes = len(lon), self._code_array(table)
        located = table.index.locate(lon[good], lat[good])
        border = table.index.border_distance_m(lon[good], lat[good])
        border[located.on_border] = 0.0
        area, distance = np.full(count, -1, np.int64), np.full(count, np.nan)
        area[good], distance[good] = located.area, border
        verdict = np.full(count, _NO_POINT)
        verdict[good] = np.where(located.area >= 0, _CERTAIN, _OUTSIDE)
        with np.errstate(invalid="ignore"):
            near = (border < self.job.accuracy_m) | located.on_border
        covering = np.bincount(located.point, minlength=len(good))
        chosen = np.flatnonzero(near | (covering > 1))
        listed = self._listed(table, located.point, located.covering, chosen, (lon[good], lat[good]))
        pick = area.copy()
        for at, (row, (_, doubtful)) in enumerate(listed.items()):
            pick[good[row]] = len(codes) + at
            if doubtful and verdict[good[row]] == _CERTAIN:
                verdict[good[row]] = _AMBIGUOUS
        joined = [";".join(table.codes[a] for a in areas) or None for areas, _ in listed.values()]
        return _named(
            table.layer.code,
            _taken(codes, area),
            pa.array(np.round(distance, 3), mask=np.isnan(distance)),
            _VERDICTS.take(pa.array(verdict)),
            _taken(pa.concat_arrays([codes, pa.array(joined, pa.string())]), pick),
        )

    def _listed(
        self, table: LayerTable, point: Ranks, covering: Ranks, chosen: Ranks, points: tuple[Floats, Floats]
    ) -> Mapping[int, tuple[list[int], bool]]:
        """For each chosen point: the areas it may be in, likeliest first, and whether that leaves it in doubt.

        Within areas of an overlapping layer there is no doubt: all of them are meant.
        """
        shares: dict[int, dict[int, float]] = {row: {} for row in chosen.tolist()}
        if len(chosen):
            found = table.index.candidates(points[0][chosen], points[1][chosen], self.job.accuracy_m)
            rows = chosen[found.point].tolist()
            for row, area, share in zip(rows, found.area.tolist(), found.share.tolist(), strict=True):
                shares[row][area] = share
        covered: dict[int, list[int]] = {row: [] for row in shares}
        for row, area in zip(point.tolist(), covering.tolist(), strict=True) if len(chosen) else ():
            if row in covered:
                covered[row].append(area)
        listed = {}
        for row, found_shares in shares.items():
            inside = covered[row]
            areas = [a for a, share in found_shares.items() if share >= NEGLIGIBLE or a in inside]
            areas += [a for a in inside if a not in found_shares]
            whole = [a for a in areas if found_shares.get(a, 0.0) > 1.0 - NEGLIGIBLE]
            sure = len(areas) == len(whole) and (len(areas) <= 1 or not table.layer.exclusive)
            listed[row] = areas, not sure
        return listed

    def _code_array(self, table: LayerTable) -> pa.Array:
        if table not in self._codes:
            self._codes[table] = pa.array(list(table.codes), pa.string())
        return self._codes[table]


def _no_layer(layer: str, count: int) -> Columns:
    """For rows of a time when there was no version, or none with this layer."""
    nothing, verdict = pa.nulls(count, pa.string()), pa.array(["no_version"] * count, pa.string())
    return _named(layer, nothing, pa.nulls(count, pa.float64()), verdict, nothing)


def _named(layer: str, code: pa.Array, distance: pa.Array, verdict: pa.Array, candidates: pa.Array) -> Columns:
    names = (f"{layer}_{what}" for what in ("code", "distance_m", "verdict", "candidates"))
    return dict(zip(names, (code, distance, verdict, candidates), strict=True))


def _taken(texts: pa.Array, rows: Ranks) -> pa.Array:
    """The texts in those rows, null for -1."""
    return texts.take(pa.array(rows, mask=rows < 0))


def _owner_columns(view: View, asked: _Asked, job: Assignment) -> Columns:
    points, count = asked.points, len(asked.matters)
    columns: dict[str, list[str | None]] = {f"owner_{name}": [None] * count for name in _OWNER}
    columns["owner_verdict"] = ["no_point"] * count
    rows = np.flatnonzero(~np.isnan(points[0]))
    wanted = asked.of(rows.tolist())
    assets = wanted.assets if job.asset else []
    answers = view.resolver.answers(points[0][rows], points[1][rows], wanted.matters, job.accuracy_m, assets)
    for row, answer in zip(rows.tolist(), answers, strict=True):
        columns["owner_verdict"][row] = answer.owner_verdict
        if answer.owner:
            columns["owner_party"][row] = answer.owner.party.code
            columns["owner_person"][row] = answer.owner.person.code if answer.owner.person else None
            columns["owner_duty"][row] = answer.owner.duty.code
    return {name: pa.array(values, pa.string()) for name, values in columns.items()}


def _column(batch: pa.RecordBatch, name: str) -> pa.Array:
    if name not in batch.schema.names:
        raise BadInput(f"there is no column '{name}'; there are: {', '.join(batch.schema.names)}", field=name)
    return batch.column(name)


def _texts(batch: pa.RecordBatch, name: str) -> list[str | None]:
    return [None if value is None else str(value).strip() or None for value in _column(batch, name).to_pylist()]


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))
