"""Intake: reports from a file, each located, given its cell, owner, H3 cell and the trace of that decision.

The whole file is stored in one transaction with its decisions, or nothing of it.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from shapely.geometry import Point
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from gis.datums import Datum
from gis.errors import BadInput
from gis.files.points import points_of
from gis.files.tables import TableBatch, open_table
from gis.findings import Finding
from gis.h3cells import cell_of
from gis.storage.engine import Store
from grids.answer import Answer
from grids.datums import datum_in, mark_used
from grids.drafts import Changes
from grids.importing import DryRun, Findings, ImportReport, Progress, no_progress, refuse_errors
from grids.names import CODE_LENGTH
from grids.shelf import Shelf, View
from routing.addresses import find_addresses
from routing.decisions import Asked, decide, trace_of
from routing.models import ReportRow
from routing.placement import Placement

_CHUNK = 500


@dataclass(frozen=True, slots=True)
class ReportFile:
    """A file of reports and how to read it. Times without an offset are in ``zone``.

    ``time`` None: the file has none, and each report counts from its reception; ``untimed`` allows that for the rows
    whose time is empty. ``asset``: the column with the number of the asset that is meant; ``at``: the column with the
    time as of which each row is decided, where that is not the time of the import.
    """

    path: Path
    time: str | None = "time"
    matter: str | None = None
    id: str | None = None
    lon: str | None = "lon"
    lat: str | None = "lat"
    address: str | None = None
    crs: str = "wgs84"
    zone: str = "Asia/Shanghai"
    accuracy_m: float = 1.0
    source: str | None = None
    skip_bad: bool = False
    untimed: bool = False
    asset: str | None = None
    at: str | None = None


@dataclass(frozen=True, slots=True)
class Located:
    """One report with its point, before its owner is known."""

    row: int
    source_id: str
    occurred_at: datetime
    timed: bool
    matter: str | None
    asset: str | None
    address: str
    located_by: str
    lon: float
    lat: float
    decided_at: datetime


def import_reports(
    store: Store,
    shelf: Shelf,
    source: ReportFile,
    now: datetime,
    commit: bool = False,
    progress: Progress = no_progress,
) -> ImportReport:
    """Check the file and, with ``commit``, store each report with its decision, as of ``now`` or of its own time.

    A report whose source and id are stored already is left as it is, so that a retry is safe. A row that cannot be
    read or located is an error; with ``skip_bad`` it is left out and told as a warning. Raises Refused, BadInput.
    """
    intake = _Intake(shelf, source, now, datum_in(store, source.crs))
    open_table(source.path, fields=intake.fields())
    reader = open_table(source.path)
    report = ImportReport("reports", source.path, 0, intake.findings, intake.changes, commit)
    try:
        with store.write() as session:
            for batch in reader:
                intake.take(session, batch)
                report.rows += _rows_in(batch)
                progress(report.rows, reader.total)
            intake.conclude(report.rows)
            if not commit:
                raise DryRun
            refuse_errors(report)
            mark_used(session, intake.system)
    except DryRun:
        pass
    return report


class _Intake:
    def __init__(self, shelf: Shelf, source: ReportFile, now: datetime, system: Datum) -> None:
        self.view, self.source, self.now = shelf.required(now), source, now
        self.shelf = shelf
        self.system = system
        self.zone = ZoneInfo(source.zone)
        self.name = source.source or source.path.stem
        self.findings, self.changes = Findings(), Changes()
        self.placement = Placement(self.view.release, self.system)
        self.untimed = 0
        self.seen: dict[str, int] = {}
        self.alike: Counter[str] = Counter()

    def fields(self) -> list[str]:
        """The columns that are read."""
        source = self.source
        named = (source.time, source.matter, source.id, source.lon, source.lat, source.address, source.asset, source.at)
        return list(dict.fromkeys(name for name in named if name))

    def take(self, session: Session, batch: TableBatch) -> None:
        """Locate, decide and store one batch."""
        located = self._new(session, list(self._located(session, batch)))
        if not located:
            return
        asked = [_question(item, self.source.accuracy_m) for item in located]
        answers = decide(asked, self._view_at, self.system)
        session.execute(insert(ReportRow), [self._row(i, a) for i, a in zip(located, answers, strict=True)])
        self.changes.added += len(located)

    def _view_at(self, at: datetime) -> View | None:
        return self.view if at == self.now else self.shelf.view(at)

    def _located(self, session: Session, batch: TableBatch) -> Iterator[Located]:
        source, count = self.source, _rows_in(batch)
        empty: list[str | None] = [None] * count
        times, lons, lats, addresses, matters, ids, assets, ats = (
            batch.columns[name] if name else empty
            for name in (source.time, source.lon, source.lat, source.address, source.matter, source.id, source.asset,
                         source.at)
        )  # fmt: skip
        lon, lat, wrong = points_of(lons, lats, self.system)
        self.placement.add(lon, lat, batch.columns)
        known = find_addresses(session, [a for a, problem in zip(addresses, wrong, strict=True) if a and problem == ""])
        for index in range(count):
            row, address, problem = batch.first_row + index, addresses[index], wrong[index]
            found = known.get(address or "") if problem == "" else None
            when = self._when(row, times[index], source.time)
            decided = self._when(row, ats[index], source.at) if source.at and ats[index] else self.now
            if problem == "" and found is None:
                words = (
                    f"{source.address}={address}: not in the city's address table"
                    if address
                    else "neither point nor address"
                )
                self._bad("unlocated", words, row, source.address or source.lon, address)
            elif problem:
                self._bad("bad_coordinate", problem, row, source.lon, lons[index])
            elif when and decided and self._fits(row, (source.matter, matters[index]), (source.id, ids[index]),
                                                 (source.asset, assets[index])):  # fmt: skip
                x, y = (found.lon, found.lat) if found else (float(lon[index]), float(lat[index]))
                how, timed = "address" if found else "point", bool(times[index])
                told = (times[index], matters[index], lons[index], lats[index], address)
                key = ids[index] or self._own_id(told)
                what = (matters[index], assets[index])
                yield Located(row, key, when, timed, *what, address or "", how, x, y, decided)

    def _own_id(self, told: tuple[str | None, ...]) -> str:
        """An id for a row without one, from what it says: the same file again adds nothing, another file is another.
        Rows of one file that say the same are counted apart."""
        digest = hashlib.sha256(repr(told).encode()).hexdigest()[:24]
        self.alike[digest] += 1
        return f"#{digest}-{self.alike[digest]}"

    def _fits(self, row: int, *named: tuple[str | None, str | None]) -> bool:
        """Whether the values, each with its column's name, are short enough to be kept."""
        long = next(((name, value) for name, value in named if value and len(value) > CODE_LENGTH), None)
        if long is None:
            return True
        name, value = long
        words = f"{name}={(value or '')[:20]}...: {len(value or '')} characters; a code has at most {CODE_LENGTH}"
        self._bad("bad_value", words, row, name, (value or "")[:CODE_LENGTH])
        return False

    def _when(self, row: int, text: str | None, name: str | None) -> datetime | None:
        if text is None and (self.source.untimed or name is None):
            self.untimed += 1
            return self.now
        try:
            when = datetime.fromisoformat(text or "")
            return (when if when.tzinfo else when.replace(tzinfo=self.zone)).astimezone(UTC)
        except (ValueError, OverflowError):
            words = f"{name}={text}: must be an ISO 8601 time, like 2026-11-22T09:30:00+08:00"
            if text is None:
                words = f"{name} is empty; --untimed takes the time of reception for such rows"
            self._bad("bad_time", words, row, name, text)
            return None

    def _bad(self, kind: str, words: str, row: int, name: str | None, value: str | None) -> None:
        severity = "warning" if self.source.skip_bad else "error"
        self.findings.add([Finding(kind, severity, words, row, name, value)])  # type: ignore[arg-type]

    def _new(self, session: Session, located: list[Located]) -> list[Located]:
        """Those not stored yet; an id twice in one file is an error."""
        stored: set[str] = set()
        ids = [item.source_id for item in located]
        for start in range(0, len(ids), _CHUNK):
            query = select(ReportRow.source_id).where(ReportRow.source == self.name)
            stored.update(session.scalars(query.where(ReportRow.source_id.in_(ids[start : start + _CHUNK]))))
        fresh = []
        for item in located:
            if item.source_id in self.seen:
                words = f"{self.source.id}={item.source_id}: already used in row {self.seen[item.source_id]}"
                self._bad("repeated_id", words, item.row, self.source.id, item.source_id)
            elif item.source_id in stored:
                self.changes.unchanged += 1
            else:
                fresh.append(item)
            self.seen.setdefault(item.source_id, item.row)
        return fresh

    def _row(self, item: Located, answer: Answer) -> dict[str, Any]:
        return {
            "source": self.name,
            "source_id": item.source_id,
            "occurred_at": item.occurred_at,
            "received_at": self.now,
            "matter": item.matter,
            "address": item.address,
            "located_by": item.located_by,
            "geom": Point(item.lon, item.lat),
            "h3": cell_of(answer.h3),
            "version": answer.version or 0,
            "cell": answer.cell.code if answer.cell else None,
            "cell_verdict": answer.cell_verdict,
            "party": answer.owner.party.code if answer.owner else None,
            "owner_verdict": answer.owner_verdict,
            "needs_person": answer.owner_verdict != "certain",
            "asset": item.asset,
            "decided_at": item.decided_at,
            "trace": trace_of(answer) | {"time": "stated" if item.timed else "received"},
        }

    def conclude(self, rows: int) -> None:
        """What can only be said of the file as a whole."""
        self.findings.add(self.placement.findings())
        if self.untimed:
            words = f"{self.untimed:,} rows have no time; their time of reception is taken, and their trace says so"
            self.findings.add([Finding("no_time", "warning", words, field=self.source.time)])
        if rows == 0:
            self.findings.add([Finding("empty_file", "error", f"{self.source.path.name}: holds no rows")])


def _question(item: Located, accuracy_m: float) -> Asked:
    return Asked(item.lon, item.lat, item.decided_at, item.matter, accuracy_m, item.asset)


def _rows_in(batch: TableBatch) -> int:
    return len(next(iter(batch.columns.values())))


def known_zone(name: str) -> str:
    """The name of a time zone there is. Raises BadInput."""
    try:
        return ZoneInfo(name).key
    except (KeyError, ValueError) as error:
        raise BadInput(
            f"time zone '{name}' is not known; write it as Asia/Shanghai", field="zone", value=name
        ) from error
