"""The city's own coordinate systems, as replicas and callers need them."""

from fastapi import APIRouter, Response

from server.api.common import PROBLEMS, Reader, json_answer

router = APIRouter(prefix="/v1", tags=["datums"], responses=PROBLEMS)


@router.get("/datums")
def datums(service: Reader) -> Response:
    """The systems that `crs` and `out_crs` may name beside wgs84, gcj02, bd09, cgcs2000 and EPSG:n: their definitions,
    where they are used, and how well they fit. Control points themselves stay in the store."""
    items = [
        {
            "name": name,
            "kind": told.kind,
            "area": told.area,
            "rms_m": told.rms_m,
            "definition": {part: value for part, value in told.data.items() if part != "points"},
        }
        for name, told in service.datums.definitions().items()
    ]
    return json_answer({"items": items})
