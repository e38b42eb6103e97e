"""The grid itself: layers and areas of the release in force."""

from collections.abc import Sequence
from typing import Annotated, Any

import numpy as np
import shapely
from fastapi import APIRouter, Query, Request, Response

from gis.coordinates import Bounds
from gis.datums import WGS84, Datum, shapes_from_wgs84
from gis.errors import BadInput
from gis.shapes import to_geojson
from grids.release import LayerTable, Release
from server.api.common import (
    PROBLEMS,
    Cursor,
    Limit,
    OutCrs,
    Reader,
    box_in,
    cursor_of,
    cursor_parts,
    etag,
    json_answer,
    unchanged,
    wanted,
)
from server.api.service import Service

router = APIRouter(prefix="/v1", tags=["areas"], responses=PROBLEMS)


@router.get("/layers")
def layers(service: Reader) -> Response:
    """The layers, coarse ones first, with how many areas each has and where it lies."""
    release = service.view().release
    items = [_layer(table, release) for table in release.tables.values()]
    return json_answer({"version": release.number, "items": items})


def _layer(table: LayerTable, release: Release) -> dict[str, Any]:
    layer, coords = table.layer, table.coords
    box = [*coords.min(axis=0).tolist(), *coords.max(axis=0).tolist()] if len(coords) else None
    return {
        "code": layer.code,
        "name": layer.title,
        "kind": layer.kind,
        "geometry": layer.geometry,
        "partition": layer.partition,
        "parent": layer.parent,
        "rank": layer.rank,
        "is_cell": release.cells is table,
        "areas": len(table),
        "bbox": box,
    }


@router.get("/areas")
def areas(
    request: Request,
    service: Reader,
    layer: Annotated[str, Query(description="The layer's code")],
    bbox: Annotated[str | None, Query(description="west,south,east,north")] = None,
    parent: Annotated[str | None, Query(description="Only areas of this parent")] = None,
    format: Annotated[str, Query(pattern="^(json|geojson)$", description="geojson adds the outlines")] = "json",
    out_crs: OutCrs = None,
    limit: Limit = 1000,
    cursor: Cursor = None,
) -> Response:
    """Areas of a layer in the order of their codes; with ``format=geojson`` a FeatureCollection (WGS 84, or the datum
    of ``out_crs``, which its member ``crs`` then names)."""
    target = _target(service, format, out_crs)
    view = service.view()
    tag = etag(view, request)
    if (held := unchanged(request, tag)) is not None:
        return held
    table = view.release.table(layer)
    rows = _rows(view.release, table, box_in(bbox) if bbox else None, parent)
    said = cursor_parts(cursor, 2)
    if said is not None and not isinstance(said[1], int):
        raise BadInput("cursor: is not one that this service gave out", field="cursor")
    if said is not None and said[0] != view.release.number:
        raise BadInput("cursor: another version came into force meanwhile; begin again", field="cursor")
    rows = [row for row in rows if said is None or row > said[1]]
    shown = rows[:limit]
    data: dict[str, Any] = {"version": view.release.number}
    if len(rows) > limit:
        data["next"] = cursor_of(view.release.number, shown[-1])
    items = [_area(view.release, table, row) for row in shown]
    if format == "geojson":
        shapes = shapes_from_wgs84(table.shapes[np.array(shown, np.int64)], target)
        features = [
            {"type": "Feature", "properties": p, "geometry": to_geojson(s)} for p, s in zip(items, shapes, strict=True)
        ]
        data |= {"type": "FeatureCollection", "features": features, **_crs_member(target)}
        return json_answer(data, {"ETag": tag})
    return json_answer({"items": items} | data, {"ETag": tag})


def _target(service: Service, format: str, out_crs: str | None) -> Datum:
    if out_crs and format != "geojson":
        raise BadInput("out_crs: only outlines have coordinates; ask for format=geojson too", field="out_crs")
    return wanted(service, out_crs) or WGS84


def _crs_member(target: Datum) -> dict[str, Any]:
    """GeoJSON is WGS 84 by its standard; the member of its first edition says that this is not."""
    if target.is_wgs84:
        return {}
    name = target.name.replace("EPSG:", "urn:ogc:def:crs:EPSG::")
    return {"crs": {"type": "name", "properties": {"name": name}}}


def _rows(release: Release, table: LayerTable, box: Bounds | None, parent: str | None) -> list[int]:
    rows: Sequence[int] = range(len(table))
    if parent is not None:
        if table.layer.parent is None or table.layer.parent not in release.tables:
            raise BadInput(f"layer {table.layer.code} has no parent layer", field="parent", value=parent)
        rows = np.flatnonzero(table.parent == release.tables[table.layer.parent].area(parent)).tolist()
    if box is None:
        return list(rows)
    near = set(table.index.near(shapely.box(*box)).tolist())
    return [row for row in rows if row in near]


def _area(release: Release, table: LayerTable, row: int) -> dict[str, Any]:
    up = int(table.parent[row])
    above = release.tables[table.layer.parent].codes[up] if up >= 0 and table.layer.parent else None
    told: dict[str, Any] = {"layer": table.layer.code, "code": table.codes[row], "name": table.names[row]}
    if table.half_widths is not None:
        told["half_width_m"] = float(table.half_widths[row])
    return told | {"parent": above}


@router.get("/areas/{layer}/{code:path}")
def area(service: Reader, layer: str, code: str) -> Response:
    """One area as a GeoJSON feature, with the areas above it and the duties for it."""
    release = service.view().release
    table = release.table(layer)
    row = table.area(code)
    above = [_area(release, release.tables[step], at) for step, at in release.chain(layer, row)[1:]]
    duties = [
        {"code": d.code, "party": d.party, "matter": d.matter, "role": d.role, "basis": d.basis}
        for d in release.duties_at(layer, row)
    ]
    properties = _area(release, table, row) | {"version": release.number, "above": above, "duties": duties}
    shape = table.shapes[row]
    return json_answer({"type": "Feature", "properties": properties, "geometry": to_geojson(shape)})
