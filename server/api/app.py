"""The service: `create_app(settings)`. Nothing happens at import."""

import logging
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI, Request, Response

from gis.storage.engine import Store
from gis.storage.migrate import require_newest
from grids.shelf import POLL_S, Shelf, Source, StoreSource
from server.api import areas, assets, books, datums, matrix, owners, pages, parties, releases, reports
from server.api.problems import install_problems, problem, unexpected
from server.api.service import LOOPBACK, Service
from server.datums import Datums
from server.settings import Settings
from server.upstream import UpstreamSource

_log = logging.getLogger("wangge.service")


def create_app(settings: Settings) -> FastAPI:
    """The app for these settings. Raises NotReady when the store's schema is not the newest."""
    store = Store(settings.store_url)
    require_newest(store)
    upstream = UpstreamSource(settings.upstream, settings.upstream_key, settings.home) if settings.upstream else None
    source: Source = upstream or StoreSource(store, settings.home)
    service = Service(settings, store, Shelf(source), Datums(store, upstream), settings.host in LOOPBACK)
    app = FastAPI(
        title="Wangge 网格",
        version=version("wangge"),
        summary="Whose ground is this point, whose job is it, and how sure are we.",
        docs_url=None,
        redoc_url=None,
        lifespan=_life,
    )
    app.state.service = service
    install_problems(app)
    app.middleware("http")(_measured)
    for router in (owners, areas, assets, parties, books, datums, releases, matrix, reports, pages):
        app.include_router(router.router)
    pages.mount_files(app)
    _document_points(app)
    return app


@asynccontextmanager
async def _life(app: FastAPI) -> AsyncIterator[None]:
    """While it runs, a thread keeps the shelf fresh, so that no request waits for a new release to open."""
    service: Service = app.state.service
    ended = threading.Event()
    keeper = threading.Thread(target=_keep_fresh, args=(service, ended), name="shelf", daemon=True)
    keeper.start()
    yield
    ended.set()
    keeper.join(timeout=5)
    service.store.close()


def _keep_fresh(service: Service, ended: threading.Event) -> None:
    """The worker loop: whatever goes wrong is told in /readyz and in the log, and tried again."""
    while not ended.wait(POLL_S):
        try:
            service.shelf.view(service.clock())
            service.fault = service.shelf.fault
        except Exception as error:
            if not service.fault:
                _log.exception("the newest release cannot be taken up")
            service.fault = f"{type(error).__name__}: {error}"


async def _answered(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    """The answer; an error that no other handler knows is logged and counted like any answer."""
    try:
        return await call_next(request)
    except Exception as error:
        return await unexpected(request, error)


async def _measured(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    began = time.perf_counter()
    if "%00" in request.url.query or "\0" in request.url.path:
        response = problem(422, "bad-input", "the request holds a NUL character, which no text here may")
    else:
        response = await _answered(request, call_next)
    name = getattr(request.scope.get("route"), "path", "other")
    metrics = request.app.state.service.metrics
    metrics.requests.labels(name, request.method, str(response.status_code)).inc()
    metrics.seconds.labels(name).observe(time.perf_counter() - began)
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    return response


def _document_points(app: FastAPI) -> None:
    """The batch is read without a model, for speed; its schema is told all the same."""
    original = app.openapi

    def openapi() -> dict[str, Any]:
        schema = original()
        schema.setdefault("components", {}).setdefault("schemas", {})["OwnerPoint"] = owners.POINT_SCHEMA
        return schema

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's own way to extend the schema
