"""Layers and tables of a version as files, in the form that the imports read back."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from shapely.geometry import Point
from sqlalchemy.orm import Session

from gis.datums import WGS84, Datum, shapes_from_wgs84
from gis.errors import NotFound
from gis.files.writers import write_features, write_table
from gis.h3cells import resolution_of, text_of
from grids.book_reads import assets_read, numbers_known, overrides_read, roster_read
from grids.content import Duty, Matter, Party
from grids.covers import cover_rows
from grids.drafts import draft_named, usual_version
from grids.import_books import DATED, has_start
from grids.import_tables import KINDS
from grids.periods import as_text
from grids.reads import areas_of, content_of, published
from grids.relations import Relation

_FEATURES = frozenset({".geojson", ".gpkg", ".fgb", ".shp"})
_STORED = {"from": "valid_from", "until": "valid_until"}


def exported_version(session: Session, now: datetime, version: int | None = None, draft: str | None = None) -> int:
    """The id of the draft or the version; without either, of the version in force. Raises NotFound."""
    if draft is not None:
        return draft_named(session, draft).id
    if version is not None:
        return published(session, version).id
    usual = usual_version(session, now)
    if usual is None:
        raise NotFound("nothing is published yet: export a draft with --draft")
    return usual.id


def export_layer(session: Session, layer: str, path: Path, version_id: int, target: Datum = WGS84) -> int:
    """Write one layer, in ``target``, with the fields ``code``, ``name``, ``parent``, and of road segments
    ``half_width_m`` (``half_width`` in a Shapefile, whose names have ten bytes); gives the number of areas."""
    areas = areas_of(session, version_id, layer)
    columns: dict[str, Sequence[Any]] = {"code": areas.codes, "name": areas.names, "parent": areas.parents}
    if areas.layer.is_lines:
        columns["half_width" if path.suffix.lower() == ".shp" else "half_width_m"] = areas.half_widths
    write_features(path, columns, shapes_from_wgs84(areas.shapes, target), target.epsg)
    return len(areas)


def export_table(
    session: Session, kind: str, path: Path, now: datetime, version: int | None = None, draft: str | None = None
) -> int:
    """Write a table of ``kind`` in the form its import reads; gives the number of rows.

    Of what is dated, only what has not ended by ``now``, and people without their phones. Assets may also go to a
    format of features, WGS 84.
    """
    if kind in DATED:
        rows = [row for row in _dated_rows(session, kind) if row["valid_until"] is None or row["valid_until"] > now]
    else:
        rows = _rows(session, kind, exported_version(session, now, version, draft))
    table = KINDS[kind]
    names = {name: _STORED.get(name, table.renamed.get(name, name)) for name in table.columns if name != "phone"}
    columns = {name: [_told(row.get(stored)) for row in rows] for name, stored in names.items()}
    if kind == "assets" and path.suffix.lower() in _FEATURES:
        lon, lat = columns.pop("lon"), columns.pop("lat")
        write_features(path, columns, [Point(x, y) for x, y in zip(lon, lat, strict=True)])
    else:
        write_table(path, columns)
    return len(rows)


def _told(value: Any) -> Any:
    return as_text(value) if isinstance(value, datetime) else value


def export_covers(session: Session, layer: str, path: Path, version_id: int) -> int:
    """Write the H3 cells of a layer's areas: ``code``, ``h3`` as text, ``resolution``, ``whole``; gives the number of
    rows. Raises NotFound."""
    rows = cover_rows(session, version_id, layer)
    columns: dict[str, Sequence[Any]] = {
        "code": [code for code, _, _ in rows],
        "h3": [text_of(cell) for _, cell, _ in rows],
        "resolution": [resolution_of(cell) for _, cell, _ in rows],
        "whole": [whole for _, _, whole in rows],
    }
    write_table(path, columns)
    return len(rows)


def _rows(session: Session, kind: str, version_id: int) -> list[dict[str, Any]]:
    content = content_of(session, version_id)
    held: dict[str, Iterable[Party | Matter | Duty | Relation]] = {
        "parties": content.parties.values(),
        "matters": content.matters.values(),
        "duties": content.duties,
        "relations": content.relations,
    }
    return [asdict(item) for item in held[kind]]


def _dated_rows(session: Session, kind: str) -> Iterator[dict[str, Any]]:
    """The rows of the newest snapshot, past ones too."""
    numbers = numbers_known(session)
    if kind == "assets":
        yield from (asdict(asset) for asset in assets_read(session, numbers.assets))
    elif kind == "people":
        yield from (asdict(person) for person in roster_read(session, numbers.roster).people)
    elif kind == "overrides":
        for order in overrides_read(session, numbers.overrides).orders:
            times = {"valid_from": order.valid_from, "valid_until": order.valid_until}
            yield {**asdict(order.duty), "plan": order.plan, **times}
    else:
        roster = roster_read(session, numbers.roster)
        entries = [asdict(shift) | {"kind": "shift"} for shift in roster.shifts]
        entries += [asdict(leave) | {"kind": "leave"} for leave in roster.absences]
        yield from (row if has_start(row["code"]) else row | {"valid_from": None} for row in entries)
