"""The city's own address table: an address it knows is found by its exact normal form. Nothing is guessed here."""

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from gis.files.points import Points, points_of
from gis.files.tables import TableBatch, open_table
from gis.findings import Finding
from gis.storage.engine import Store
from grids.datums import datum_in, mark_used
from grids.drafts import Changes
from grids.importing import DryRun, Findings, ImportReport, Progress, no_progress, refuse_errors
from grids.release import Release
from routing.models import AddressRow
from routing.placement import Placement

_CHUNK = 500
ADDRESS_LENGTH = 400
"""The longest normal form that is kept."""


@dataclass(frozen=True, slots=True)
class KnownAddress:
    """An address of the table with its point, WGS 84."""

    address: str
    lon: float
    lat: float


def normal_form(address: str) -> str:
    """Full-width to half-width, no spaces, one form of 台 and 号: what two spellings of one address share."""
    folded = unicodedata.normalize("NFKC", address)
    return "".join(folded.split()).replace("臺", "台").replace("號", "号").lower()


def find_addresses(session: Session, addresses: Iterable[str]) -> dict[str, KnownAddress]:
    """The known ones among these addresses, by the address as asked."""
    asked = {address: normal_form(address) for address in addresses}
    wanted, found = sorted(set(asked.values())), dict[str, KnownAddress]()
    for start in range(0, len(wanted), _CHUNK):
        query = select(AddressRow).where(AddressRow.normal.in_(wanted[start : start + _CHUNK]))
        for row in session.scalars(query):
            found[row.normal] = KnownAddress(row.address, row.lon, row.lat)
    return {address: found[normal] for address, normal in asked.items() if normal in found}


def search_addresses(session: Session, text: str, limit: int = 20) -> list[KnownAddress]:
    """Known addresses that begin with or hold the text, the former first."""
    plain = normal_form(text).replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    starts = AddressRow.normal.like(f"{plain}%", escape="\\")
    query = select(AddressRow).where(AddressRow.normal.like(f"%{plain}%", escape="\\"))
    rows = session.scalars(query.order_by(starts.desc(), AddressRow.normal).limit(limit))
    return [KnownAddress(row.address, row.lon, row.lat) for row in rows]


def import_addresses(
    store: Store,
    path: Path,
    crs: str = "wgs84",
    commit: bool = False,
    progress: Progress = no_progress,
    release: Release | None = None,
) -> ImportReport:
    """Check a table of addresses (``address, lon, lat``) and, with ``commit``, put it in place of the one there is.

    With the ``release`` in force it also warns when the points do not lie where they should: usually a wrong datum.
    """
    reader, system = open_table(path, fields=["address", "lon", "lat"]), datum_in(store, crs)
    report = ImportReport("addresses", path, 0, Findings(), Changes(), commit)
    placement = Placement(release, system) if release else None
    seen: dict[str, int] = {}
    try:
        with store.write() as session:
            report.changes.removed = session.execute(delete(AddressRow)).rowcount or 0  # type: ignore[attr-defined]
            for batch in reader:
                points = points_of(batch.columns["lon"], batch.columns["lat"], system)
                if placement:
                    placement.add(points[0], points[1], {"address": batch.columns["address"]})
                rows = list(_rows(batch, points, report.findings, seen))
                report.rows += len(batch.columns["address"])
                report.changes.added += len(rows)
                if rows:
                    session.execute(insert(AddressRow), rows)
                progress(report.rows, reader.total)
            report.findings.add(placement.findings() if placement else ())
            if report.rows == 0:
                report.findings.add([Finding("empty_file", "error", f"{path.name}: holds no rows")])
            if not commit:
                raise DryRun
            refuse_errors(report)
            mark_used(session, system)
    except DryRun:
        pass
    return report


def _rows(batch: TableBatch, points: Points, findings: Findings, seen: dict[str, int]) -> Iterator[dict[str, Any]]:
    lon, lat, wrong = points
    for index, address in enumerate(batch.columns["address"]):
        row = batch.first_row + index
        if not address:
            findings.add([Finding("missing_value", "error", "address is empty; it is needed", row, "address")])
            continue
        if wrong[index] is not None:
            words = f"address={address}: {wrong[index] or 'lon and lat are empty'}"
            findings.add([Finding("bad_coordinate", "error", words, row, "lon")])
            continue
        normal = normal_form(address)
        if len(normal) > ADDRESS_LENGTH:
            words = f"address={address[:20]}...: {len(normal)} characters; an address has at most {ADDRESS_LENGTH}"
            findings.add([Finding("bad_value", "error", words, row, "address", address[:ADDRESS_LENGTH])])
            continue
        if normal in seen:
            words = f"address={address}: the same as row {seen[normal]}; the first is kept"
            findings.add([Finding("repeated_address", "warning", words, row, "address", address)])
            continue
        seen[normal] = row
        yield {"normal": normal, "address": address, "lon": float(lon[index]), "lat": float(lat[index])}
