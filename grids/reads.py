"""Reading versions back: their content as plain data, their times."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, RowMapping, func, select
from sqlalchemy.orm import Session

from gis.errors import Conflict, NotFound
from gis.shapes import Shapes
from gis.storage.base import Base
from gis.storage.engine import pairs_of
from grids.content import Areas, Content, Duty, Layer, Matter, Party, by_rank
from grids.models import (
    CONTENT,
    AreaRow,
    DutyRow,
    LayerRow,
    MatterRow,
    PartyRow,
    RelationRow,
    RuleRow,
    ShapeRow,
    VersionRow,
)
from grids.relations import Relation
from grids.timeline import Edition

PRECEDENCE = "precedence"
"""The code of the rule that holds the city's order, its names joined by commas."""


def editions(session: Session) -> list[Edition]:
    """All published versions, oldest first."""
    rows = session.scalars(select(VersionRow).where(VersionRow.status == "published").order_by(VersionRow.number))
    return [_edition(row) for row in rows]


def _edition(row: VersionRow) -> Edition:
    if row.number is None or row.effective_at is None or row.recorded_at is None:
        raise Conflict(f"version row {row.id} is marked published without number and times: restore a backup")
    return Edition(row.number, row.effective_at, row.recorded_at, row.release_sha256, row.name, row.published_by or "")


def published(session: Session, number: int) -> VersionRow:
    """The published version of that number. Raises NotFound."""
    found = session.scalar(select(VersionRow).where(VersionRow.number == number))
    if found is None:
        raise NotFound(f"there is no version {number}: `wangge versions` lists them")
    return found


def held_rows(session: Session, version_id: int, row: type[Base], *scope: ColumnElement[bool]) -> Iterator[RowMapping]:
    """The rows of one kind that a version holds, within the scope, in the order of their codes."""
    table, held = row.__table__, CONTENT[row]
    query = select(table).join(held, held.c.row_id == table.c.id).where(held.c.version_id == version_id, *scope)
    yield from sorted(session.execute(query).mappings(), key=lambda item: item["code"])


def layers_of(session: Session, version_id: int) -> list[Layer]:
    """The layers of a version, coarse ones first."""
    return by_rank(Layer(**_without_id(row)) for row in held_rows(session, version_id, LayerRow))


def content_of(session: Session, version_id: int) -> Content:
    """All a version holds."""
    areas: defaultdict[str, list[RowMapping]] = defaultdict(list)
    for row in held_rows(session, version_id, AreaRow):
        areas[row["layer"]].append(row)
    shapes = _shapes(session, version_id)
    tables = [_areas(layer, areas[layer.code], shapes) for layer in layers_of(session, version_id)]
    parties = (Party(**_without_id(row)) for row in held_rows(session, version_id, PartyRow))
    matters = (Matter(**_without_id(row)) for row in held_rows(session, version_id, MatterRow))
    return Content(
        {table.layer.code: table for table in tables},
        {party.code: party for party in parties},
        {matter.code: matter for matter in matters},
        tuple(Duty(**_without_id(row)) for row in held_rows(session, version_id, DutyRow)),
        tuple(relations_of(session, version_id)),
        order_in(session, version_id),
    )


def relations_of(session: Session, version_id: int) -> list[Relation]:
    """Who is what to which area, in the order of their codes."""
    rows = held_rows(session, version_id, RelationRow)
    return [Relation(row["relation"], row["layer"], row["area"], row["party"]) for row in rows]


def order_in(session: Session, version_id: int) -> tuple[str, ...]:
    """The version's own precedence; empty for the usual one."""
    rule = next(held_rows(session, version_id, RuleRow, RuleRow.code == PRECEDENCE), None)
    return tuple(rule["value"].split(",")) if rule else ()


def areas_of(session: Session, version_id: int, layer: str) -> Areas:
    """One layer of a version, and only that one is read. Raises NotFound."""
    known = {found.code: found for found in layers_of(session, version_id)}
    if layer not in known:
        raise NotFound(f"there is no layer '{layer}'; there are: {', '.join(known) or 'none'}")
    rows = list(held_rows(session, version_id, AreaRow, AreaRow.layer == layer))
    return _areas(known[layer], rows, _shapes(session, version_id, AreaRow.layer == layer))


def _without_id(row: RowMapping) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "id"}


def _shapes(session: Session, version_id: int, *scope: ColumnElement[bool]) -> dict[str, Any]:
    held = CONTENT[AreaRow]
    hashes = select(AreaRow.shape_hash).join(held, held.c.row_id == AreaRow.id)
    query = select(ShapeRow.hash, ShapeRow.geom).where(
        ShapeRow.hash.in_(hashes.where(held.c.version_id == version_id, *scope))
    )
    return pairs_of(session, query)


def _areas(layer: Layer, rows: list[RowMapping], shapes: dict[str, Any]) -> Areas:
    outlines: Shapes = np.empty(len(rows), object)
    outlines[:] = [shapes[row["shape_hash"]] for row in rows]
    codes, names, parents = (tuple(row[name] for row in rows) for name in ("code", "name", "parent"))
    widths = tuple(row["half_width_m"] for row in rows) if layer.is_lines else ()
    return Areas(layer, codes, names, parents, outlines, widths)


def area_counts(session: Session, version_id: int) -> dict[str, int]:
    """How many areas each layer of a version has."""
    held = CONTENT[AreaRow]
    query = select(AreaRow.layer, func.count()).join(held, held.c.row_id == AreaRow.id)
    return pairs_of(session, query.where(held.c.version_id == version_id).group_by(AreaRow.layer))
