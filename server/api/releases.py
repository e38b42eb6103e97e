"""Versions and the release files that replicas fetch."""

from typing import Any

from fastapi import APIRouter, Response
from fastapi.responses import FileResponse

from gis.errors import NotFound
from grids.diff import diff_versions
from grids.periods import as_text
from grids.publish import release_path
from grids.timeline import Edition, in_force, stretches
from server.api.common import PROBLEMS, Number, Reader, json_answer
from server.api.service import Service

router = APIRouter(prefix="/v1", tags=["versions"], responses=PROBLEMS)


@router.get("/versions")
def versions(service: Reader) -> Response:
    """All published versions, newest first, and which is in force."""
    return json_answer({"items": [_edition(service, edition) for edition in reversed(_editions(service))]})


@router.get("/versions/{before}/diff/{after}")
def diff(service: Reader, before: Number, after: Number) -> Response:
    """What was added, removed and changed between two versions."""
    with service.store.read() as session:
        changes = diff_versions(session, str(before), str(after))
    return json_answer({"before": before, "after": after, "items": [change.as_dict() for change in changes]})


@router.get("/releases")
def releases(service: Reader) -> Response:
    """What a replica needs to know: all releases with digests, the newest number of each book and its time."""
    editions = [_edition(service, edition) for edition in _editions(service)]
    return json_answer({"items": editions, "books": service.shelf.books.snapshots.as_dict()})


@router.get("/releases/current")
def current(service: Reader) -> Response:
    """The release in force; 503 before anything was published."""
    view = service.view()
    release = view.release
    return json_answer(
        {
            "release": release.number,
            "version": release.number,
            **view.books.numbers.as_dict(),
            "effective_at": release.effective_at.isoformat(),
            "recorded_at": release.recorded_at.isoformat(),
            "areas": sum(map(len, release.tables.values())),
            "duties": release.duty_count,
            "bbox": release.bounds,
        }
    )


@router.get("/releases/{number}", response_class=FileResponse)
def release_file(service: Reader, number: Number) -> FileResponse:
    """The release file itself; its name in the list is its digest, which the receiver checks."""
    edition = next((e for e in _editions(service) if e.number == number), None)
    if edition is None:
        raise NotFound(f"there is no release {number}")
    service.shelf.source.release(edition)
    path = release_path(service.settings.home, number)
    if not path.is_file():
        raise NotFound(f"release {number} is not on this host")
    return FileResponse(path, media_type="application/octet-stream", filename=path.name)


def _editions(service: Service) -> list[Edition]:
    service.shelf.refresh()
    return service.shelf.editions


def _edition(service: Service, edition: Edition) -> dict[str, Any]:
    chosen = in_force(service.shelf.editions, service.clock())
    held = next(each for each in stretches(service.shelf.editions) if each.edition == edition)
    return {
        "number": edition.number,
        "name": edition.name,
        "by": edition.by,
        "effective_at": edition.effective_at.isoformat(),
        "recorded_at": edition.recorded_at.isoformat(),
        "sha256": edition.digest,
        "in_force_from": as_text(held.start),
        "in_force_until": as_text(held.until),
        "in_force": edition == chosen,
    }
