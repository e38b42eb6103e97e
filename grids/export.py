"""Layers and tables of a version as files, in the form that the imports read back."""

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from gis.errors import NotFound
from gis.files.writers import write_features, write_table
from grids.content import Duty, Matter, Party
from grids.drafts import draft_named, latest_published
from grids.import_tables import KINDS
from grids.reads import areas_of, content_of, latest_roster, published


def export_layer(session: Session, layer: str, path: Path, version: int | None = None, draft: str | None = None) -> int:
    """Write one layer, WGS 84, with the fields ``code``, ``name``, ``parent``; gives the number of areas."""
    areas = areas_of(session, _version_id(session, version, draft), layer)
    write_features(path, {"code": areas.codes, "name": areas.names, "parent": areas.parents}, areas.shapes)
    return len(areas)


def export_table(session: Session, kind: str, path: Path, version: int | None = None, draft: str | None = None) -> int:
    """Write parties, matters, duties or people (names only, no contacts); gives the number of rows."""
    rows = _rows(session, kind, version, draft)
    table = KINDS[kind]
    columns = [name for name in (*table.needed, *table.optional) if name != "phone"]
    stored = {name: table.renamed.get(name, name) for name in columns}
    if kind == "people":
        stored["party_code"] = "party"
    write_table(path, {name: [row.get(stored[name]) for row in rows] for name in columns})
    return len(rows)


def _rows(session: Session, kind: str, version: int | None, draft: str | None) -> list[dict[str, Any]]:
    if kind == "people":
        return [asdict(person) for person in latest_roster(session).people]
    content = content_of(session, _version_id(session, version, draft))
    held: dict[str, Iterable[Party | Matter | Duty]] = {
        "parties": content.parties.values(),
        "matters": content.matters.values(),
        "duties": content.duties,
    }
    return [asdict(item) for item in held[kind]]


def _version_id(session: Session, version: int | None, draft: str | None) -> int:
    if draft is not None:
        return draft_named(session, draft).id
    if version is not None:
        return published(session, version).id
    latest = latest_published(session)
    if latest is None:
        raise NotFound("nothing is published yet: export a draft with --draft")
    return latest.id
