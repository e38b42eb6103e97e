"""The sample city, brought in through the same front doors as anyone's data, and proved."""

import csv
import json
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import uvicorn
from sqlalchemy import select

from data.city import sample_city
from data.writing import write_city
from gis.errors import Conflict, NotReady
from gis.storage.engine import Store
from gis.storage.migrate import migrate
from grids.import_areas import AreaFile, import_areas
from grids.import_tables import import_table
from grids.importing import ImportReport
from grids.models import PersonRow, VersionRow
from grids.publish import publish
from grids.shelf import Shelf, StoreSource
from routing.addresses import import_addresses
from routing.intake import ReportFile, import_reports
from routing.models import AddressRow, ReportRow
from routing.reads import ReportFilter, count_reports, verdict_counts
from server.api.app import create_app
from server.reporting import heat_html, heat_of
from server.settings import Settings

Say = Callable[[str], None]

_LAYERS = (
    ("city", "city", None),
    ("districts", "district", "city"),
    ("streets", "street", "district"),
    ("communities", "community", "street"),
    ("grids", "grid", "community"),
    ("cells", "cell", "grid"),
    ("zones", "zone", None),
)
"""File, layer, the layer its parents are in."""

SOURCE = "demo"


@dataclass(frozen=True)
class Demo:
    """A demonstration city that stands: its settings, its store, its files, and what was counted on the way."""

    settings: Settings
    store: Store
    files: dict[str, Path]
    facts: dict[str, Any]


def build_demo(settings: Settings, size: tuple[int, int], seed: int, now: Callable[[], datetime], say: Say) -> Demo:
    """Write a sample city of (cells, reports), import, publish and report it. Raises Conflict in a store in use."""
    store = Store(settings.store_url, actor=SOURCE)
    migrate(store)
    refuse_in_use(store)
    say(f"making a city of {size[0]:,} cells and {size[1]:,} reports (seed {seed})")
    files = write_city(sample_city(cells=size[0], reports=size[1], seed=seed), settings.home / "files")
    for file, layer, above in _LAYERS:
        parent = "parent" if above else None
        wanted = AreaFile(files[file], layer, "code", parent, "name", overlapping=layer == "zone", parent_layer=above)
        say(_told(import_areas(store, wanted, now(), commit=True)))
    for kind in ("parties", "people", "matters", "duties"):
        say(_told(import_table(store, kind, files[kind], now(), commit=True)))
    say(_told(import_addresses(store, files["addresses"], commit=True)))
    done = publish(store, settings.home, "draft", now())
    say(
        f"published version {done.edition.number}: {done.areas:,} areas, {done.duties:,} duties, no finding of the gate"
    )
    view = Shelf(StoreSource(store, settings.home)).required(now())
    reports = ReportFile(files["reports"], matter="matter", id="id", address="address", source=SOURCE)
    say(_told(import_reports(store, view, reports, now(), commit=True)))
    with store.read() as session:
        page = heat_html(heat_of(session, ReportFilter(), 9), view, "zh", "样城市")
    (settings.home / "heat.html").write_text(page, encoding="utf-8")
    say(f"heat map written to {settings.home / 'heat.html'}")
    facts = {"areas": done.areas, "duties": done.duties, "findings": len(done.findings), "version": done.edition.number}
    return Demo(settings, store, files, facts)


def refuse_in_use(store: Store) -> None:
    """Raises Conflict when the store holds anything at all: the demo must not touch a city's work."""
    with store.read() as session:
        for row in (VersionRow, PersonRow, AddressRow, ReportRow):
            if session.scalar(select(row).limit(1)) is not None:
                kind = row.__tablename__
                raise Conflict(f"this store already holds rows of '{kind}': the demo only goes into an empty one")


def _told(report: ImportReport) -> str:
    warned = sum(n for (severity, _), n in report.findings.counts.items() if severity == "warning")
    return f"imported {report.file.name}: {report.rows:,} rows" + (f", {warned:,} warnings" if warned else "")


def prove(demo: Demo, now: Callable[[], datetime]) -> dict[str, Any]:
    """Check the demonstration against its known truth and over HTTP; ``ok`` only when every check holds."""
    with demo.store.read() as session:
        stored = dict(session.execute(select(ReportRow.source_id, ReportRow.cell)).all())
        traced = sum(bool(trace.get("steps")) for trace in session.scalars(select(ReportRow.trace)))
        total, verdicts = count_reports(session), verdict_counts(session)
        heat_total = heat_of(session, ReportFilter(), 9).total
        somewhere = session.scalars(select(ReportRow.geom).where(ReportRow.cell.is_not(None)).limit(1)).one()
    with demo.files["reports_truth"].open(encoding="utf-8-sig", newline="") as file:
        truth = {row["id"]: row["true_cell"] for row in csv.DictReader(file)}
    right = sum(stored.get(key) == cell for key, cell in truth.items())
    checks = {
        "every report stored": total == len(truth),
        "every cell is the true one": right == len(truth),
        "every report has a trace": traced == total,
        "no report without an owner": verdicts.get("unowned", 0) == 0,
        "heat total equals reports": heat_total == total,
        "heat page draws them all": f'"total":{total},' in (demo.settings.home / "heat.html").read_text("utf-8"),
        **_over_http(demo, total, (somewhere.x, somewhere.y)),
    }
    facts = demo.facts | {"reports": total, "right_cells": right, "owner_verdicts": verdicts, "heat_total": heat_total}
    return {"ok": all(checks.values())} | facts | {"checks": checks}


def _over_http(demo: Demo, reports: int, point: tuple[float, float]) -> dict[str, bool]:
    lon, lat = point
    with serving(demo.settings) as base:
        answer = _get(f"{base}/v1/owner?lon={lon}&lat={lat}&explain=true")
        with urllib.request.urlopen(f"{base}/", timeout=10) as page:
            is_page = b"<html" in page.read().lower()
        return {
            "HTTP answers with an owner": answer["owner"] is not None and bool(answer["explain"]["zh"]),
            "HTTP heat equals reports": _get(f"{base}/v1/heat?resolution=8")["total"] == reports,
            "HTTP is ready": _get(f"{base}/readyz")["status"] == "ready",
            "map page is served": is_page,
        }


def _get(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=30) as answer:
        return json.load(answer)


@contextmanager
def serving(settings: Settings) -> Iterator[str]:
    """The service on a free loopback port while the block runs; gives its base URL."""
    config = uvicorn.Config(create_app(settings), host="127.0.0.1", port=0, log_level="warning", access_log=False)
    server = uvicorn.Server(config)
    runner = threading.Thread(target=server.run, daemon=True)
    runner.start()
    deadline = time.monotonic() + 30
    while not server.started:
        if not runner.is_alive() or time.monotonic() > deadline:
            raise NotReady("the service did not start")
        time.sleep(0.02)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        runner.join(timeout=10)
