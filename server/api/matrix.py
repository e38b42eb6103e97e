"""The matter x area matrix of the release in force: as a page, and as JSON."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse

from grids.matrix import Matrix, matrix_data
from grids.release import Release
from maps.matrix import matrix_page, require_drawable
from server.api.common import PROBLEMS, Reader, etag, json_answer, unchanged
from server.api.pages import CONTENT_POLICY
from server.matrices import TITLE, depth_of, matrix_of_release, subtitle_of

router = APIRouter(tags=["matrix"], responses=PROBLEMS)

Layer = Annotated[str | None, Query(description="The columns: areas of this layer of the cells' ladder; else streets")]
Matters = Annotated[str, Query(description="The rows: majors, minors or leaves of the class table")]


@router.get("/v1/matrix")
def matrix(service: Reader, request: Request, layer: Layer = None, matters: Matters = "minors") -> Response:
    """Who answers each matter in each area: a list of states a matter, in the order of the areas."""
    view = service.view()
    tag = etag(view, request)
    known = unchanged(request, tag)
    if known is not None:
        return known
    release = view.release
    return json_answer({"version": release.number} | matrix_data(_matrix(release, layer, matters)), {"ETag": tag})


@router.get("/matrix", include_in_schema=False)
def page(service: Reader, layer: Layer = None, matters: Matters = "minors") -> HTMLResponse:
    """The same as a page."""
    release = service.view().release
    shown = matrix_page(_matrix(release, layer, matters), TITLE, subtitle_of(release))
    return HTMLResponse(shown, headers={"Content-Security-Policy": CONTENT_POLICY})


def _matrix(release: Release, layer: str | None, matters: str) -> Matrix:
    found = matrix_of_release(release, layer, depth_of(matters))
    require_drawable(found)
    return found
