"""Reading reports back."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from gis.errors import NotFound
from routing.models import ReportRow


@dataclass(frozen=True, slots=True)
class ReportFilter:
    """Which reports: ``since`` and ``until`` by time of occurrence (until not included), ``matter`` as a prefix."""

    since: datetime | None = None
    until: datetime | None = None
    matter: str | None = None
    source: str | None = None


def report_cells(session: Session, wanted: ReportFilter) -> npt.NDArray[np.int64]:
    """The stored H3 cell (resolution 12) of each report that fits."""
    return np.fromiter(session.scalars(_fitting(select(ReportRow.h3), wanted)), np.int64)


def count_reports(session: Session, wanted: ReportFilter | None = None) -> int:
    """How many reports fit."""
    return session.scalar(_fitting(select(func.count()).select_from(ReportRow), wanted or ReportFilter())) or 0


def report_by_id(session: Session, report_id: int) -> ReportRow:
    """One report. Raises NotFound."""
    found = session.get(ReportRow, report_id)
    if found is None:
        raise NotFound(f"there is no report {report_id}")
    return found


def list_reports(session: Session, wanted: ReportFilter, after: int, limit: int) -> Sequence[ReportRow]:
    """Reports that fit, by id, those beyond ``after`` first."""
    query = _fitting(select(ReportRow), wanted).where(ReportRow.id > after)
    return session.scalars(query.order_by(ReportRow.id).limit(limit)).all()


def each_report(session: Session, batch: int = 1000) -> Iterator[ReportRow]:
    """All reports, by id, a batch at a time in memory."""
    last, query = 0, select(ReportRow).order_by(ReportRow.id).limit(batch)
    while rows := session.scalars(query.where(ReportRow.id > last)).all():
        last = rows[-1].id
        yield from rows
        session.expunge_all()


def verdict_counts(session: Session) -> dict[str, int]:
    """How many reports have each owner verdict."""
    rows = session.execute(select(ReportRow.owner_verdict, func.count()).group_by(ReportRow.owner_verdict))
    return dict(rows.all())


def _fitting(query: Select[Any], wanted: ReportFilter) -> Select[Any]:
    if wanted.since is not None:
        query = query.where(ReportRow.occurred_at >= wanted.since)
    if wanted.until is not None:
        query = query.where(ReportRow.occurred_at < wanted.until)
    if wanted.matter:
        query = query.where(ReportRow.matter.startswith(wanted.matter, autoescape=True))
    if wanted.source:
        query = query.where(ReportRow.source == wanted.source)
    return query
