"""Reports and heat as the command line and HTTP show them."""

from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from gis.h3cells import text_of
from grids.release import Release
from grids.shelf import View
from maps.heat import Heat, heat_counts
from maps.pages import Outline, heat_page
from maps.words import Language
from routing.models import ReportRow
from routing.reads import ReportFilter, report_cells

ASSETS = Path(__file__).with_name("web") / "vendor"
"""The web libraries, fetched when the package is built."""

_MOST_OUTLINES = 400


def report_data(row: ReportRow, trace: bool = False) -> dict[str, Any]:
    """A report as JSON-ready data."""
    data = {
        "id": row.id,
        "source": row.source,
        "source_id": row.source_id,
        "occurred_at": row.occurred_at.isoformat(),
        "received_at": row.received_at.isoformat(),
        "matter": row.matter,
        "address": row.address,
        "located_by": row.located_by,
        "lon": row.geom.x,
        "lat": row.geom.y,
        "h3": text_of(row.h3),
        "version": row.version,
        "cell": row.cell,
        "cell_verdict": row.cell_verdict,
        "party": row.party,
        "owner_verdict": row.owner_verdict,
        "needs_person": row.needs_person,
    }
    return data | ({"trace": row.trace} if trace else {})


def heat_of(session: Session, wanted: ReportFilter, resolution: int) -> Heat:
    """Counts of the reports that fit, by H3 cell."""
    return heat_counts(report_cells(session, wanted), resolution)


def heat_data(heat: Heat) -> dict[str, Any]:
    """The counts as JSON-ready data; H3 cells in hexadecimal."""
    cells = [{"h3": text_of(c), "count": n} for c, n in zip(heat.cells.tolist(), heat.counts.tolist(), strict=True)]
    return {"resolution": heat.resolution, "total": heat.total, "cells": cells}


def heat_html(heat: Heat, view: View | None, language: Language, subtitle: str) -> str:
    """The heat map as one page, with the outlines of the finest layer that is still readable."""
    title = "案件热力图" if language == "zh" else "Heat map of reports"
    outlines = _outlines(view.release) if view else []
    return heat_page(heat, title=title, subtitle=subtitle, assets=ASSETS, language=language, outlines=outlines)


def _outlines(release: Release) -> list[Outline]:
    fit = [table for table in release.tables.values() if 1 < len(table) <= _MOST_OUTLINES and table.layer.partition]
    if not fit:
        return []
    table = max(fit, key=lambda t: (t.layer.rank <= 30, t.layer.rank, -len(t)))
    areas = zip(table.codes, table.names, table.shapes, strict=True)
    return [Outline(name or code, shape) for code, name, shape in areas]
