"""What routers share: access to the service, JSON answers, ETags, cursors."""

import base64
import binascii
import hashlib
from bisect import bisect_right
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from operator import itemgetter
from typing import Annotated, Any

import orjson
from fastapi import Depends, Path, Query, Request, Response

from gis.coordinates import Bounds
from gis.datums import Datum
from gis.errors import BadInput
from grids.shelf import View
from server.api.service import Service, service_of

PROBLEMS: dict[int | str, dict[str, Any]] = {
    code: {"description": words, "content": {"application/problem+json": {"schema": {"type": "object"}}}}
    for code, words in (
        (401, "A key is needed"),
        (404, "No such thing"),
        (422, "Bad input"),
        (503, "Nothing published"),
    )
}


def needs(scope: str) -> Callable[[Request], Service]:
    """A dependency: the service, for callers with that scope."""

    def allowed(request: Request) -> Service:
        service = service_of(request)
        service.allow(request, scope)
        return service

    return allowed


Reader = Annotated[Service, Depends(needs("read"))]
Crs = Annotated[str, Query(description="Datum of the point: wgs84, gcj02, bd09, cgcs2000, EPSG:n or city:name")]
OutCrs = Annotated[str | None, Query(description="Datum of the coordinates given back beside WGS 84; as for `crs`")]
Number = Annotated[int, Path(ge=1, le=2**31 - 1)]
Limit = Annotated[int, Query(ge=1, le=5000, description="Most items in one answer")]
Cursor = Annotated[str | None, Query(description="`next` of the answer before")]


def json_answer(data: Any, headers: dict[str, str] | None = None, status: int = 200) -> Response:
    """The data as JSON."""
    return Response(orjson.dumps(data), status, headers, "application/json")


def declared(service: Service, crs: str) -> Datum:
    """The datum of a request. Raises UnknownDatum."""
    return service.datums.named(crs)


def wanted(service: Service, out_crs: str | None) -> Datum | None:
    """The datum to answer in beside WGS 84, if one was asked for. Raises UnknownDatum."""
    return declared(service, out_crs) if out_crs else None


def instant(name: str, when: datetime | None) -> datetime | None:
    """The instant as given. Raises BadInput when it has no time zone or no UTC."""
    if when is None:
        return None
    if when.tzinfo is None:
        raise BadInput(f"{name}={when.isoformat()}: say the time zone, as in {when.isoformat()}%2B08:00", field=name)
    try:
        when.astimezone(UTC)
    except OverflowError as error:
        raise BadInput(f"{name}={when.isoformat()}: in UTC it lies beyond the years 1 to 9999", field=name) from error
    return when


def box_in(text: str) -> Bounds:
    """The box west,south,east,north of a request, in degrees. Raises BadInput."""
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError as error:
        raise BadInput(f"bbox={text}: write west,south,east,north in degrees", field="bbox", value=text) from error
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        raise BadInput(f"bbox={text}: west <= east and south <= north, in degrees", field="bbox", value=text)
    return west, south, east, north


def etag(view: View, request: Request) -> str:
    """A weak tag: the same question to the same release and books, in a time without changes, has the same answer."""
    asked = hashlib.sha256(f"{request.url.path}?{request.url.query}".encode()).hexdigest()[:12]
    return f'W/"{view.tag}-{asked}"'


def unchanged(request: Request, tag: str) -> Response | None:
    """304 when the caller already holds this answer."""
    held = [part.strip() for part in request.headers.get("if-none-match", "").split(",")]
    return Response(status_code=304, headers={"ETag": tag}) if tag in held else None


def cursor_of(*parts: str | int) -> str:
    """A cursor that begins after this item; opaque to callers."""
    return base64.urlsafe_b64encode(orjson.dumps(parts)).decode().rstrip("=")


def cursor_parts(cursor: str | None, parts: int) -> Sequence[Any] | None:
    """What a cursor says, or None for the beginning. Raises BadInput for one that is not ours."""
    if cursor is None:
        return None
    try:
        said = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError) as error:
        raise BadInput("cursor: is not one that this service gave out", field="cursor") from error
    if not isinstance(said, list) or len(said) != parts:
        raise BadInput("cursor: is not one that this service gave out", field="cursor")
    return said


def after_number(cursor: str | None) -> int:
    """The number a cursor of numbered rows begins after; 0 for the beginning. Raises BadInput."""
    said = cursor_parts(cursor, 1)
    if said is None:
        return 0
    if not isinstance(said[0], int) or not 0 <= said[0] < 2**63:
        raise BadInput("cursor: is not one that this service gave out", field="cursor")
    return said[0]


def page(items: Sequence[tuple[str, Any]], cursor: str | None, limit: int) -> dict[str, Any]:
    """One page of (key, item), which come sorted by key; ``next`` when there is more."""
    said = cursor_parts(cursor, 1)
    first = bisect_right(items, str(said[0]), key=itemgetter(0)) if said else 0
    shown = items[first : first + limit]
    data: dict[str, Any] = {"items": [item for _, item in shown]}
    if len(items) > first + limit:
        data["next"] = cursor_of(shown[-1][0])
    return data
