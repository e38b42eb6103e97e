"""The sample city, brought in through the same front doors as anyone's data."""

import threading
import time
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
from gis.control_points import fit_plane
from gis.errors import Conflict, NotReady
from gis.storage.engine import Store
from gis.storage.migrate import migrate
from grids.control_files import ControlColumns, read_control_points
from grids.dated_models import AssetRow, PersonRow
from grids.datums import add_datum, defined_by_points
from grids.import_areas import AreaFile, import_areas
from grids.import_tables import import_table
from grids.importing import ImportReport
from grids.models import VersionRow
from grids.publish import Published, publish
from grids.shelf import Shelf, StoreSource
from routing.addresses import import_addresses
from routing.intake import ReportFile, import_reports
from routing.models import AddressRow, ReportRow
from routing.reads import ReportFilter
from server.api.app import create_app
from server.reporting import heat_html, heat_of
from server.settings import Settings

Now = Callable[[], datetime]
Say = Callable[[str], None]

SOURCE = "demo"
CITY_PLANE = "city:sample"
OPENED = datetime.fromisoformat("2026-10-01T00:00:00+08:00")
"""From when the grid holds, so that each report is decided as of its own time, by the roster and rulings of its day."""

_LADDER = (
    ("city", "city", None),
    ("districts", "district", "city"),
    ("streets", "street", "district"),
    ("communities", "community", "street"),
    ("grids", "grid", "community"),
    ("cells", "cell", "grid"),
)
"""File, layer, the layer its parents are in."""

_LISTS = ("parties", "people", "matters", "relations", "duties")
"""What the gate looks at, in the order in which one refers to another."""

_BOOKS = ("roster", "assets", "overrides")
"""What changes daily, after the first version is there."""


@dataclass(frozen=True)
class Demo:
    """A demonstration city that stands: its settings, its store, its files, and what was counted on the way."""

    settings: Settings
    store: Store
    files: dict[str, Path]
    facts: dict[str, Any]


@dataclass(frozen=True)
class _Site:
    """Where the city is being built, and whom to tell."""

    settings: Settings
    store: Store
    files: dict[str, Path]
    now: Now
    say: Say

    def told(self, report: ImportReport) -> int:
        """Say what came in; gives the number of rows."""
        warned = sum(n for (severity, _), n in report.findings.counts.items() if severity == "warning")
        self.say(f"imported {report.file.name}: {report.rows:,} rows" + (f", {warned:,} warnings" if warned else ""))
        return report.rows


def build_demo(settings: Settings, size: tuple[int, int], seed: int, now: Now, say: Say) -> Demo:
    """Write a sample city of (cells, reports), import, publish and report it. Raises Conflict in a store in use."""
    store = Store(settings.store_url, actor=SOURCE)
    migrate(store)
    refuse_in_use(store)
    say(f"making a city of {size[0]:,} cells and {size[1]:,} reports (seed {seed})")
    files = write_city(sample_city(cells=size[0], reports=size[1], seed=seed), settings.home / "files")
    site = _Site(settings, store, files, now, say)
    facts = _areas(site) | _tables(site, _LISTS)
    site.told(import_addresses(store, files["addresses"], commit=True))
    done = publish(store, settings.home, "draft", now(), min(now(), OPENED))
    say(_published(done))
    facts |= _tables(site, _BOOKS)
    _reports(site)
    facts |= {"areas": done.areas, "duties": done.duties, "findings": len(done.findings)}
    return Demo(settings, store, files, facts | {"version": done.edition.number})


def refuse_in_use(store: Store) -> None:
    """Raises Conflict when the store holds anything at all: the demo must not touch a city's work."""
    with store.read() as session:
        for row in (VersionRow, PersonRow, AssetRow, AddressRow, ReportRow):
            if session.scalar(select(row).limit(1)) is not None:
                kind = row.__tablename__
                raise Conflict(f"this store already holds rows of '{kind}': the demo only goes into an empty one")


def _areas(site: _Site) -> dict[str, Any]:
    """The ladder, the zones as the city's own plane has them, the estates, the road segments."""
    files = site.files
    ladder = (
        AreaFile(files[file], layer, "code", "parent" if above else None, "name", parent_layer=above)
        for file, layer, above in _LADDER
    )
    zones = AreaFile(files["zones_citygrid"], "zone", "code", name="name", crs=CITY_PLANE, overlapping=True)
    estates = AreaFile(files["estates"], "estate", "code", name="name", overlapping=True)
    segments = AreaFile(files["segments"], "segment", "code", name="name", half_width="half_width")
    rms_m = _city_plane(site)
    rows = {
        wanted.layer: site.told(import_areas(site.store, wanted, site.now(), commit=True))
        for wanted in (*ladder, zones, estates, segments)
    }
    return {"datum_rms_m": rms_m, "estates": rows["estate"], "segments": rows["segment"]}


def _city_plane(site: _Site) -> float:
    """Define the city's own plane by its control points; gives how far it misses them."""
    points, names = read_control_points(site.files["control_points"], ControlColumns())
    fit = fit_plane(points)
    with site.store.write() as session:
        add_datum(session, CITY_PLANE, defined_by_points(fit, points, names), site.now())
    rms_m = round(fit.plane.rms_m, 3)
    site.say(f"defined {CITY_PLANE} by {len(points)} control points: {fit.plane.model}, RMS {rms_m} m")
    return rms_m


def _tables(site: _Site, kinds: tuple[str, ...]) -> dict[str, int]:
    zone = site.settings.timezone
    return {
        kind: site.told(import_table(site.store, kind, site.files[kind], site.now(), commit=True, zone=zone))
        for kind in kinds
    }


def _published(done: Published) -> str:
    return (
        f"published version {done.edition.number}, in force since {done.edition.effective_at:%Y-%m-%d}:"
        f" {done.areas:,} areas, {done.duties:,} duties, no finding of the gate"
    )


def _reports(site: _Site) -> None:
    """Route them, and draw their heat."""
    home, now = site.settings.home, site.now()
    shelf = Shelf(StoreSource(site.store, home))
    wanted = ReportFile(
        site.files["reports"], matter="matter", id="id", address="address", source=SOURCE, asset="asset", at="time"
    )
    site.told(import_reports(site.store, shelf, wanted, now, commit=True))
    with site.store.read() as session:
        page = heat_html(heat_of(session, ReportFilter(), 9), shelf.required(now), "zh", "样城市")
    (home / "heat.html").write_text(page, encoding="utf-8")
    site.say(f"heat map written to {home / 'heat.html'}")


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
