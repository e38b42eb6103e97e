"""Intake: reports from a file, each located, given its cell, owner, H3 cell and the trace of that decision.

The whole file is stored in one transaction with its decisions, or nothing of it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from shapely.geometry import Point
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from gis.coordinates import look_swapped, within
from gis.datums import Datum, datum
from gis.errors import BadInput
from gis.files.tables import TableBatch, open_table
from gis.findings import Finding
from gis.h3cells import cell_of
from gis.storage.engine import Store
from grids.answer import Answer, as_data
from grids.drafts import Changes
from grids.explain import explained
from grids.importing import DryRun, Findings, ImportReport, Progress, no_progress, refuse_errors
from grids.shelf import View
from routing.addresses import find_addresses, points_of
from routing.models import ReportRow

_CHUNK = 500


@dataclass(frozen=True, slots=True)
class ReportFile:
    """A file of reports and how to read it. Times without an offset are in ``zone``."""

    path: Path
    time: str = "time"
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


@dataclass(frozen=True, slots=True)
class Located:
    """One report with its point, before its owner is known."""

    row: int
    source_id: str
    occurred_at: datetime
    matter: str | None
    address: str
    located_by: str
    lon: float
    lat: float


def import_reports(
    store: Store, view: View, source: ReportFile, now: datetime, commit: bool = False, progress: Progress = no_progress
) -> ImportReport:
    """Check the file and, with ``commit``, store each report with its decision, made as of ``now``.

    A report whose source and id are stored already is left as it is, so that a retry is safe. A row that cannot be
    read or located is an error; with ``skip_bad`` it is left out and told as a warning. Raises Refused, BadInput.
    """
    intake = _Intake(view, source, now)
    reader = open_table(source.path, fields=intake.fields())
    report = ImportReport("reports", source.path, 0, intake.findings, intake.changes, commit)
    try:
        with store.write() as session:
            for batch in reader:
                intake.take(session, batch)
                report.rows += len(batch.columns[source.time])
                progress(report.rows, reader.total)
            intake.warn_misplaced()
            if not commit:
                raise DryRun
            refuse_errors(report)
    except DryRun:
        pass
    return report


class _Intake:
    def __init__(self, view: View, source: ReportFile, now: datetime) -> None:
        self.view, self.source, self.now = view, source, now
        self.system: Datum = datum(source.crs)
        self.zone = ZoneInfo(source.zone)
        self.name = source.source or source.path.stem
        self.findings, self.changes = Findings(), Changes()
        self.points: list[tuple[float, float]] = []
        self.seen: dict[str, int] = {}

    def fields(self) -> list[str]:
        """The columns that are read."""
        source = self.source
        named = (source.time, source.matter, source.id, source.lon, source.lat, source.address)
        return list(dict.fromkeys(name for name in named if name))

    def take(self, session: Session, batch: TableBatch) -> None:
        """Locate, decide and store one batch."""
        located = self._new(session, list(self._located(session, batch)))
        if not located:
            return
        self.points += [(item.lon, item.lat) for item in located]
        resolver = self.view.resolver
        lon, lat = np.array([item.lon for item in located]), np.array([item.lat for item in located])
        answers = resolver.answers(lon, lat, [item.matter for item in located], self.source.accuracy_m)
        rows = [self._row(item, explained(answer, resolver)) for item, answer in zip(located, answers, strict=True)]
        session.execute(insert(ReportRow), rows)
        self.changes.added += len(rows)

    def _located(self, session: Session, batch: TableBatch) -> Iterator[Located]:
        source, count = self.source, len(batch.columns[self.source.time])
        empty: list[str | None] = [None] * count
        columns = {n: batch.columns[n] for n in self.fields()}
        lon, lat, wrong = points_of(
            columns.get(source.lon or "", empty), columns.get(source.lat or "", empty), self.system
        )
        addresses = columns.get(source.address or "", empty)
        matters, ids = columns.get(source.matter or "", empty), columns.get(source.id or "", empty)
        known = find_addresses(session, [a for a, problem in zip(addresses, wrong, strict=True) if a and problem == ""])
        for index, time in enumerate(columns[source.time]):
            row, address, problem = batch.first_row + index, addresses[index], wrong[index]
            found = known.get(address or "")
            when = self._when(row, time)
            if problem == "" and found is None:
                words = (
                    f"address={address}: not in the city's address table" if address else "neither point nor address"
                )
                self._bad("unlocated", words, row, source.address or source.lon, address)
            elif problem:
                self._bad("bad_coordinate", problem, row, source.lon, columns[source.lon or ""][index])
            elif when is not None:
                x, y = (found.lon, found.lat) if found and problem == "" else (float(lon[index]), float(lat[index]))
                how = "address" if problem == "" else "point"
                yield Located(row, ids[index] or str(row), when, matters[index], address or "", how, x, y)

    def _when(self, row: int, text: str | None) -> datetime | None:
        try:
            when = datetime.fromisoformat(text or "")
        except ValueError:
            words = f"{self.source.time}={text}: must be an ISO 8601 time, like 2026-11-22T09:30:00+08:00"
            self._bad("bad_time", words, row, self.source.time, text)
            return None
        return when if when.tzinfo else when.replace(tzinfo=self.zone)

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
            "version": answer.version,
            "cell": answer.cell.code if answer.cell else None,
            "cell_verdict": answer.cell_verdict,
            "party": answer.owner.party.code if answer.owner else None,
            "owner_verdict": answer.owner_verdict,
            "needs_person": answer.owner_verdict != "certain",
            "trace": self._trace(answer),
        }

    def _trace(self, answer: Answer) -> dict[str, Any]:
        """The decision with its steps: enough to say why, and to ask the same question again."""
        steps = answer.explain["steps"] if answer.explain else []
        return {
            "release": answer.release,
            "roster": answer.roster,
            "crs": self.system.name,
            "accuracy_m": answer.accuracy_m,
            "owner": as_data(answer.owner),
            "candidates": as_data(answer.candidates),
            "steps": list(steps),
        }

    def warn_misplaced(self) -> None:
        """Tell when many points lie outside the city: usually a wrong datum or exchanged axes."""
        bounds, points = self.view.release.bounds, np.array(self.points)
        if bounds is None or not len(points):
            return
        outside = 1.0 - float(within(bounds, points[:, 0], points[:, 1]).mean())
        if outside > 0.02:
            swapped = look_swapped(bounds, points[:, 0], points[:, 1])
            hint = "longitude and latitude look swapped" if swapped else f"is {self.system} the right datum?"
            words = f"{outside:.1%} of the points lie outside the city's box: {hint}"
            self.findings.add([Finding("outside_city", "warning", words)])


def known_zone(name: str) -> str:
    """The name of a time zone there is. Raises BadInput."""
    try:
        return ZoneInfo(name).key
    except (KeyError, ValueError) as error:
        raise BadInput(
            f"time zone '{name}' is not known; write it as Asia/Shanghai", field="zone", value=name
        ) from error
