"""Who answers: parties, matters and duties of the release in force."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from gis.errors import NotFound
from grids.content import Duty
from server.api.common import PROBLEMS, Cursor, Limit, Reader, json_answer, page

router = APIRouter(prefix="/v1", tags=["parties"], responses=PROBLEMS)


@router.get("/parties")
def parties(service: Reader, kind: str | None = None, limit: Limit = 500, cursor: Cursor = None) -> Response:
    """The parties, by code."""
    release = service.view().release
    rows = [(code, party) for code, party in sorted(release.parties.items()) if kind in (None, party.kind)]
    return json_answer({"version": release.number} | _page(rows, cursor, limit))


@router.get("/parties/{code:path}")
def party(service: Reader, code: str) -> Response:
    """One party, its people (names only) and its duties."""
    view = service.view()
    if code not in view.release.parties:
        raise NotFound(f"there is no party '{code}' in version {view.release.number}")
    people = [{"code": p.code, "name": p.name, "role": p.role} for p in view.resolver.posts.staff(code)]
    duties = [asdict(duty) for _, duty in view.release.duties_by_code if duty.party == code]
    facts = {"version": view.release.number, **view.books.numbers.as_dict()}
    return json_answer(facts | asdict(view.release.parties[code]) | {"people": people, "duties": duties})


@router.get("/matters")
def matters(service: Reader, prefix: str = "", limit: Limit = 500, cursor: Cursor = None) -> Response:
    """The class table, by code."""
    release = service.view().release
    rows = [(code, m) for code, m in sorted(release.matters.items()) if code.startswith(prefix)]
    return json_answer({"version": release.number} | _page(rows, cursor, limit))


@router.get("/duties")
def duties(
    service: Reader,
    party: str | None = None,
    layer: str | None = None,
    area: str | None = None,
    matter: Annotated[str | None, Query(description="Only duties that hold for this matter")] = None,
    limit: Limit = 500,
    cursor: Cursor = None,
) -> Response:
    """The duties, by code."""
    release = service.view().release
    asked = {"party": party, "layer": layer, "area": area}
    asked = {name: value for name, value in asked.items() if value is not None}
    rows: Sequence[tuple[str, Duty]] = release.duties_by_code
    if asked or matter is not None:
        rows = [
            (code, duty)
            for code, duty in rows
            if all(getattr(duty, name) == value for name, value in asked.items())
            and (matter is None or matter.startswith(duty.matter))
        ]
    return json_answer({"version": release.number} | _page(rows, cursor, limit))


def _page(items: Sequence[tuple[str, Any]], cursor: str | None, limit: int) -> dict[str, Any]:
    """One page; only what is on it is made into data."""
    data = page(items, cursor, limit)
    return data | {"items": [asdict(item) for item in data["items"]]}
