"""The assets (部件): what stands in a box, and one of them by its number, as of any time."""

from datetime import datetime
from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Query, Request, Response

from gis.errors import BadInput, NotFound
from grids.answer import as_data, party_ref
from grids.assets import Asset
from grids.periods import as_text
from grids.shelf import View
from server.api.common import (
    PROBLEMS,
    Cursor,
    Limit,
    Reader,
    box_in,
    cursor_of,
    cursor_parts,
    etag,
    instant,
    json_answer,
    unchanged,
)
from server.api.service import Service

router = APIRouter(prefix="/v1/assets", tags=["assets"], responses=PROBLEMS)

At = Annotated[datetime | None, Query(description="As of this time, with offset")]
KnownAt = Annotated[datetime | None, Query(description="As known at this time, with offset")]


@router.get("")
def assets(
    request: Request,
    service: Reader,
    bbox: Annotated[str | None, Query(description="west,south,east,north")] = None,
    matter: Annotated[str | None, Query(max_length=200, description="Only of this class, or within it")] = None,
    code: Annotated[str | None, Query(max_length=200, description="Only the asset of this number")] = None,
    at: At = None,
    known_at: KnownAt = None,
    format: Annotated[str, Query(pattern="^(json|geojson)$", description="geojson: a FeatureCollection")] = "json",
    limit: Limit = 1000,
    cursor: Cursor = None,
) -> Response:
    """The assets in the order of their numbers, with their owners by name; ``total`` counts all that fit, ``next``
    leads on. Numbers nobody knows give an empty list."""
    view = _view(service, at, known_at)
    tag = etag(view, request)
    if (held := unchanged(request, tag)) is not None:
        return held
    rows = view.books.assets.rows(view.at, box_in(bbox) if bbox else None, matter or "", code or None)
    after = _after(cursor, view.books.assets.number)
    shown = rows[np.searchsorted(rows, after, side="right") :][:limit]
    data: dict[str, Any] = {"version": view.release.number, "assets": view.books.assets.number, "total": len(rows)}
    if len(shown) and shown[-1] != rows[-1]:
        data["next"] = cursor_of(view.books.assets.number, int(shown[-1]))
    items = [_told(view.books.assets.asset(row), view) for row in shown.tolist()]
    if format == "geojson":
        data |= {"type": "FeatureCollection", "features": [_feature(item) for item in items]}
        return json_answer(data, {"ETag": tag})
    return json_answer({"items": items} | data, {"ETag": tag})


@router.get("/{code:path}")
def asset(
    request: Request,
    service: Reader,
    code: str,
    at: At = None,
    known_at: KnownAt = None,
    history: Annotated[bool, Query(description="Also all that is on record of it, in order of time")] = False,
) -> Response:
    """The asset of that number as it was at the time, with its owner by name."""
    view = _view(service, at, known_at)
    tag = etag(view, request)
    if (held := unchanged(request, tag)) is not None:
        return held
    found = view.books.assets.get(code, view.at)
    if found is None:
        raise NotFound(_missing(code, view))
    data = {"version": view.release.number, "assets": view.books.assets.number} | _told(found, view)
    if history:
        data["history"] = [_told(one, view) for one in view.books.assets.past(code)]
    return json_answer(data, {"ETag": tag})


def _view(service: Service, at: datetime | None, known_at: datetime | None) -> View:
    """The view of that time. Raises NotFound before the first version, NotReady when there is none at all."""
    when, known = instant("at", at) or service.clock(), instant("known_at", known_at)
    view = service.shelf.view(when, known)
    if view is None:
        first = service.view().release.number
        raise NotFound(f"no version of the grid was in force at {when.isoformat()}; version {first} is now")
    return view


def _after(cursor: str | None, snapshot: int) -> int:
    """The row that a cursor begins after; -1 for the beginning. Raises BadInput."""
    said = cursor_parts(cursor, 2)
    if said is None:
        return -1
    if not isinstance(said[1], int) or not 0 <= said[1] < 2**63:
        raise BadInput("cursor: is not one that this service gave out", field="cursor")
    if said[0] != snapshot:
        raise BadInput("cursor: another snapshot of the assets came in meanwhile; begin again", field="cursor")
    return said[1]


def _told(asset: Asset, view: View) -> dict[str, Any]:
    owner = party_ref(asset.owner, view.release.parties) if asset.owner else None
    known = view.release.matters.get(asset.matter)
    return {
        "code": asset.code,
        "name": asset.name,
        "matter": asset.matter,
        "matter_name": known.name if known else "",
        "owner": as_data(owner),
        "lon": asset.lon,
        "lat": asset.lat,
        "valid_from": as_text(asset.valid_from),
        "valid_until": as_text(asset.valid_until),
    }


def _feature(item: dict[str, Any]) -> dict[str, Any]:
    place = {"type": "Point", "coordinates": [item.pop("lon"), item.pop("lat")]}
    return {"type": "Feature", "properties": item, "geometry": place}


def _missing(code: str, view: View) -> str:
    number = view.books.assets.number
    times = [f"{as_text(a.valid_from) or '…'} to {as_text(a.valid_until) or '…'}" for a in view.books.assets.past(code)]
    if not times:
        return f"there is no asset '{code}' in snapshot {number}"
    return f"asset '{code}' is not recorded at {view.at.isoformat()} (snapshot {number}): it is from {'; '.join(times)}"
