"""From error to HTTP: one table, read in a minute. Bodies are application/problem+json (RFC 9457)."""

import logging
from http import HTTPStatus
from typing import Any

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from gis.errors import (
    BadInput,
    BadRelease,
    Conflict,
    FileTooLarge,
    NotFound,
    NotReady,
    Refused,
    WanggeError,
)
from maps.offline import OutsideLink
from server.errors import Forbidden, TooLarge, Unauthorized

STATUS: tuple[tuple[type[WanggeError], int], ...] = (
    (TooLarge, 413),
    (FileTooLarge, 413),
    (BadInput, 422),
    (Unauthorized, 401),
    (Forbidden, 403),
    (NotFound, 404),
    (Conflict, 409),
    (Refused, 409),
    (NotReady, 503),
    (BadRelease, 503),
    (OutsideLink, 500),
    (WanggeError, 400),
)
"""The first line that fits holds."""

_log = logging.getLogger("wangge.http")


def status_of(error: WanggeError) -> int:
    """The status of this error."""
    return next(status for kind, status in STATUS if isinstance(error, kind))


def problem(status: int, kind: str, detail: str, **facts: Any) -> Response:
    """A problem+json answer; ``type`` is stable and names the kind of error."""
    body = {"type": f"urn:wangge:{kind}", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    plain = {name: value for name, value in facts.items() if isinstance(value, str | int | float | bool | None)}
    headers = {"WWW-Authenticate": 'Basic realm="wangge", charset="UTF-8"'} if status == 401 else None
    return Response(orjson.dumps(body | plain), status, headers, "application/problem+json")


def install_problems(app: FastAPI) -> None:
    """Let every error of the app become a problem."""
    app.add_exception_handler(WanggeError, _ours)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _plain)
    app.add_exception_handler(Exception, unexpected)


async def _ours(_request: Request, error: Exception) -> Response:
    assert isinstance(error, WanggeError)
    return problem(status_of(error), error.kind, error.detail, **error.facts)


async def _invalid(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    place = [str(part) for part in first["loc"]]
    name = ".".join(place[1:]) or place[0]
    return problem(422, "bad-input", f"{name}: {first['msg']}", field=name)


async def _plain(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    kind = {404: "not-found", 405: "method-not-allowed"}.get(error.status_code, "http-error")
    return problem(error.status_code, kind, str(error.detail))


async def unexpected(request: Request, error: Exception) -> Response:
    """The last resort: told to the log in full, to the caller only as a fact."""
    _log.error("unexpected error in %s %s", request.method, request.url.path, exc_info=error)
    return problem(500, "internal-error", "an unexpected error; it has been logged")
