"""The books that change daily, numbered: roster, assets, rulings and plans. What replicas fetch; names only."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from fastapi.responses import FileResponse

from gis.errors import NotReady
from grids.shelf import Source, assets_path
from server.api.common import PROBLEMS, Number, Reader, instant, json_answer, needs
from server.api.service import Service

Replica = Annotated[Service, Depends(needs("replica"))]
router = APIRouter(prefix="/v1/books", tags=["books"], responses=PROBLEMS)


@router.get("")
def numbers(
    service: Reader,
    known_at: Annotated[datetime | None, Query(description="As known at this time, with offset")] = None,
) -> Response:
    """The newest number of each book, or the newest as known at that time, and when it was recorded."""
    known = instant("known_at", known_at)
    service.shelf.refresh()
    found = service.shelf.source.snapshots(known) if known else service.shelf.books.snapshots
    return json_answer(found.as_dict())


@router.get("/roster/{number}")
def roster(service: Replica, number: Number) -> Response:
    """One roster snapshot: people, shifts and leave with their times; no phone numbers. For keys with `replica`."""
    return json_answer(_source(service).roster(number).as_data())


@router.get("/overrides/{number}")
def overrides(service: Replica, number: Number) -> Response:
    """One snapshot of rulings and emergency plans. For keys with `replica`."""
    return json_answer(_source(service).overrides(number).as_data())


@router.get("/assets/{number}", response_class=FileResponse)
def assets(service: Reader, number: Number) -> FileResponse:
    """The file of one asset snapshot."""
    _source(service).assets(number)
    path = assets_path(service.settings.home, number)
    if not path.is_file():
        raise NotReady(f"{path} cannot be kept here: is the disk full or not to be written to?")
    return FileResponse(path, media_type="application/octet-stream", filename=path.name)


def _source(service: Service) -> Source:
    return service.shelf.source
