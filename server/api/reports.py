"""Stored reports, their heat, and the address table."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response
from fastapi.responses import HTMLResponse

from maps.words import Language
from routing.addresses import search_addresses
from routing.reads import ReportFilter, list_reports, report_by_id
from server.api.common import (
    PROBLEMS,
    Cursor,
    Limit,
    Number,
    Reader,
    after_number,
    cursor_of,
    instant,
    json_answer,
    needs,
)
from server.api.service import Service
from server.reporting import heat_data, heat_html, heat_of, report_data

router = APIRouter(tags=["reports"], responses=PROBLEMS)

SeesReports = Annotated[Service, Depends(needs("reports"))]
Since = Annotated[datetime | None, Query(description="From this time, with offset")]
Until = Annotated[datetime | None, Query(description="Before this time, with offset")]
Matter = Annotated[str | None, Query(description="Matter code or its beginning")]
Resolution = Annotated[int, Query(ge=0, le=12, description="H3 resolution")]


def _filter(since: Since = None, until: Until = None, matter: Matter = None, source: str | None = None) -> ReportFilter:
    return ReportFilter(instant("since", since), instant("until", until), matter, source)


Filter = Annotated[ReportFilter, Depends(_filter)]


@router.get("/v1/heat")
def heat(service: Reader, wanted: Filter, resolution: Resolution = 9) -> Response:
    """How many reports lie in each H3 cell; the total equals the number of reports that fit."""
    with service.store.read() as session:
        return json_answer(heat_data(heat_of(session, wanted, resolution)))


@router.get("/heat", response_class=HTMLResponse)
def heat_page(service: Reader, wanted: Filter, resolution: Resolution = 9, language: Language = "zh") -> HTMLResponse:
    """The same counts, drawn."""
    with service.store.read() as session:
        counted = heat_of(session, wanted, resolution)
    return HTMLResponse(heat_html(counted, service.shelf.view(service.clock()), language, wanted.matter or ""))


@router.get("/v1/reports")
def reports(service: SeesReports, wanted: Filter, limit: Limit = 100, cursor: Cursor = None) -> Response:
    """Stored reports with their cell and owner, in the order they came."""
    after = after_number(cursor)
    with service.store.read() as session:
        rows = list_reports(session, wanted, after, limit + 1)
        data: dict[str, Any] = {"items": [report_data(row) for row in rows[:limit]]}
    if len(rows) > limit:
        data["next"] = cursor_of(rows[limit - 1].id)
    return json_answer(data)


@router.get("/v1/reports/{number}")
def report(service: SeesReports, number: Number) -> Response:
    """One report with the trace of its decision."""
    with service.store.read() as session:
        return json_answer(report_data(report_by_id(session, number), trace=True))


@router.get("/v1/addresses")
def addresses(
    service: Reader,
    q: Annotated[str, Query(min_length=2, max_length=200)],
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> Response:
    """Addresses of the city's table that begin with or hold the text; points in WGS 84."""
    with service.store.read() as session:
        found = search_addresses(session, q, limit)
    return json_answer({"items": [{"address": a.address, "lon": a.lon, "lat": a.lat} for a in found]})
