"""The city's own address table: an address it knows is found by its exact normal form. Nothing is guessed here."""

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from gis.coordinates import describe_bad, good_lonlat
from gis.datums import Datum, datum, to_wgs84
from gis.errors import WanggeError
from gis.files.tables import TableBatch, open_table
from gis.findings import Finding
from gis.storage.engine import Store
from grids.drafts import Changes
from grids.importing import DryRun, Findings, ImportReport, Progress, no_progress, refuse_errors
from routing.models import AddressRow

_CHUNK = 500


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
    store: Store, path: Path, crs: str = "wgs84", commit: bool = False, progress: Progress = no_progress
) -> ImportReport:
    """Check a table of addresses (``address, lon, lat``) and, with ``commit``, put it in place of the one there is."""
    reader, system = open_table(path, fields=["address", "lon", "lat"]), datum(crs)
    report = ImportReport("addresses", path, 0, Findings(), Changes(), commit)
    seen: dict[str, int] = {}
    try:
        with store.write() as session:
            report.changes.removed = session.execute(delete(AddressRow)).rowcount or 0  # type: ignore[attr-defined]
            for batch in reader:
                rows = list(_rows(batch, system, report.findings, seen))
                report.rows += len(batch.columns["address"])
                report.changes.added += len(rows)
                if rows:
                    session.execute(insert(AddressRow), rows)
                progress(report.rows, reader.total)
            if not commit:
                raise DryRun
            refuse_errors(report)
    except DryRun:
        pass
    return report


def _rows(batch: TableBatch, system: Datum, findings: Findings, seen: dict[str, int]) -> Iterator[dict[str, Any]]:
    lon, lat, wrong = points_of(batch.columns["lon"], batch.columns["lat"], system)
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
        if normal in seen:
            words = f"address={address}: the same as row {seen[normal]}; the first is kept"
            findings.add([Finding("repeated_address", "warning", words, row, "address", address)])
            continue
        seen[normal] = row
        yield {"normal": normal, "address": address, "lon": float(lon[index]), "lat": float(lat[index])}


def points_of(
    lon: Sequence[str | None], lat: Sequence[str | None], system: Datum
) -> tuple[np.ndarray, np.ndarray, list[str | None]]:
    """WGS 84 arrays from text, NaN where there is no point, and for each row: None when good, else what is wrong
    (empty text when both cells are empty)."""
    count = len(lon)
    x, y, wrong = np.full(count, np.nan), np.full(count, np.nan), list[str | None]()
    for index, (a, b) in enumerate(zip(lon, lat, strict=True)):
        if not a and not b:
            wrong.append("")
            continue
        try:
            x[index], y[index] = float(a or "nan"), float(b or "nan")
        except ValueError:
            wrong.append(f"lon={a}, lat={b}: must be numbers")
            continue
        bad = system.is_wgs84 and not bool(good_lonlat(x[index], y[index]))
        wrong.append(describe_bad(float(x[index]), float(y[index])) if bad else None)
    good = np.array([problem is None for problem in wrong], bool)
    try:
        x[good], y[good] = to_wgs84(x[good], y[good], system)
    except WanggeError:
        for index in np.flatnonzero(good).tolist():
            wrong[index] = _one_point(x, y, index, system)
    return x, y, wrong


def _one_point(x: np.ndarray, y: np.ndarray, index: int, system: Datum) -> str | None:
    try:
        lon, lat = to_wgs84(x[index], y[index], system)
    except WanggeError as error:
        return error.detail
    x[index], y[index] = float(lon), float(lat)
    return None
