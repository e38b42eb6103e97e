"""Pages, health and metrics."""

from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import FileResponse, HTMLResponse
from fastapi.staticfiles import StaticFiles
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from server.api.common import Reader, json_answer
from server.api.service import Service, service_of
from server.reporting import ASSETS

WEB = Path(__file__).parents[1] / "web"
CONTENT_POLICY = "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'"

router = APIRouter(include_in_schema=False)
AnyCaller = Annotated[Service, Depends(service_of)]


@router.get("/")
def index(_service: Reader) -> FileResponse:
    """The map."""
    return FileResponse(WEB / "index.html", headers={"Content-Security-Policy": CONTENT_POLICY})


@router.get("/docs")
def docs(_service: Reader, request: Request) -> HTMLResponse:
    """The API, from our own copy of its page."""
    return get_swagger_ui_html(
        openapi_url=request.app.openapi_url or "/openapi.json",
        title="Wangge API",
        swagger_js_url="/vendor/swagger-ui-dist/swagger-ui-bundle.js",
        swagger_css_url="/vendor/swagger-ui-dist/swagger-ui.css",
        swagger_favicon_url="data:,",
    )


@router.get("/healthz")
def healthz() -> Response:
    """The process answers."""
    return json_answer({"status": "ok"})


@router.get("/readyz")
def readyz(service: AnyCaller) -> Response:
    """A release is in force and loaded; 503 otherwise."""
    view = service.view()
    state = {"status": "ready", "release": view.release.number, **view.books.numbers.as_dict()}
    return json_answer(state | ({"fault": service.fault} if service.fault else {}))


@router.get("/metrics")
def metrics(service: Reader) -> Response:
    """For Prometheus."""
    return Response(generate_latest(service.metrics.registry), media_type=CONTENT_TYPE_LATEST)


def mount_files(app: FastAPI) -> None:
    """Our own scripts and the web libraries, fetched when the package was built."""
    app.mount("/web", StaticFiles(directory=WEB), name="web")
    app.mount("/vendor", StaticFiles(directory=ASSETS, check_dir=False), name="vendor")
