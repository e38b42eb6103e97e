"""Whose is this point: one by one, and in batches."""

import math
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import chain
from typing import Annotated, Any

import numpy as np
import orjson
from fastapi import APIRouter, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse

from gis.coordinates import lonlat_arrays
from gis.datums import Datum, to_wgs84
from gis.errors import BadCoordinate, BadInput
from grids.answer import Answer
from grids.owner import DEFAULT_ACCURACY_M, MOST_DOUBT_M
from grids.shelf import View
from server.api.common import PROBLEMS, Crs, OutCrs, Reader, declared, etag, instant, json_answer, unchanged, wanted
from server.api.service import Service
from server.contacts import with_phone
from server.errors import TooLarge
from server.outgoing import with_out
from server.questions import Question, answer_one, answers_from

router = APIRouter(prefix="/v1", tags=["owner"], responses=PROBLEMS)

MOST_POINTS = 100_000
MOST_BYTES = 64 << 20
_LINES = 2_000
_MATTER_LENGTH = 200


@router.get("/owner")
def owner(
    request: Request,
    service: Reader,
    lon: Annotated[float | None, Query(description="Longitude or easting; may be left out with an asset")] = None,
    lat: Annotated[float | None, Query(description="Latitude or northing")] = None,
    asset: Annotated[str | None, Query(max_length=_MATTER_LENGTH, description="Number of the asset meant")] = None,
    matter: Annotated[str | None, Query(max_length=_MATTER_LENGTH, description="Matter code")] = None,
    at: Annotated[datetime | None, Query(description="As of this time, with offset")] = None,
    known_at: Annotated[datetime | None, Query(description="As known at this time, with offset")] = None,
    accuracy: Annotated[float, Query(ge=0, le=5000, description="How exact the point is, metres")] = DEFAULT_ACCURACY_M,
    crs: Crs = "wgs84",
    out_crs: OutCrs = None,
    explain: Annotated[bool, Query(description="Say every step")] = False,
    contact: Annotated[bool, Query(description="Also the person's phone; needs a key with `contacts`")] = False,
) -> Response:
    """The cell, the owner, the duty and the person of a point, with both verdicts, the distance to the nearest
    border and the candidates within the accuracy. Its ETag changes with the release and the roster."""
    if contact:
        service.allow(request, "contacts")
    when, known = instant("at", at) or service.clock(), instant("known_at", known_at)
    x, y = _place(lon, lat, asset)
    system, target = declared(service, crs), wanted(service, out_crs)
    question = Question(x, y, system, matter or None, accuracy, when, known, explain, asset or None)
    view = service.shelf.view(when, known)
    tag = etag(view, request) if view else None
    held = unchanged(request, tag) if tag and not contact else None
    if held is not None:
        return held
    answer = next(answers_from(view, [question], when)) if view else answer_one(service.shelf, question, when)
    service.metrics.points.labels(answer.owner_verdict).inc()
    (told,) = with_out([answer.as_dict()], target)
    if contact:
        with service.store.read() as session:
            return json_answer(with_phone(told, answer, session), {"Cache-Control": "no-store"})
    return json_answer(told, {"ETag": tag, "Cache-Control": "no-cache"} if tag else None)


def _place(lon: float | None, lat: float | None, asset: str | None) -> tuple[float, float]:
    """The point that was asked for, NaN for where the asset stands. Raises BadInput."""
    if lon is None and lat is None and asset:
        return math.nan, math.nan
    if lon is None or lat is None:
        name = "lon" if lon is None else "lat"
        raise BadInput(f"{name} is missing: give lon and lat, or the number of an asset", field=name)
    return lon, lat


_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["points"],
                    "properties": {
                        "crs": {"type": "string", "default": "wgs84"},
                        "out_crs": {"type": ["string", "null"]},
                        "explain": {"type": "boolean", "default": False},
                        "points": {
                            "type": "array",
                            "maxItems": MOST_POINTS,
                            "items": {"$ref": "#/components/schemas/OwnerPoint"},
                        },
                    },
                }
            },
            "application/x-ndjson": {"schema": {"$ref": "#/components/schemas/OwnerPoint"}},
        },
    }
}

POINT_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["lon", "lat"],
    "properties": {
        "id": {"description": "Given back with the answer"},
        "lon": {"type": "number"},
        "lat": {"type": "number"},
        "matter": {"type": ["string", "null"]},
        "asset": {"type": ["string", "null"], "description": "Number of the asset meant"},
        "accuracy": {"type": "number", "minimum": 0, "maximum": 5000, "default": DEFAULT_ACCURACY_M},
    },
}


@router.post("/owners", openapi_extra=_BODY)
async def owners(
    request: Request, service: Reader, crs: Crs = "wgs84", out_crs: OutCrs = None, explain: bool = False
) -> Response:
    """Many points at once, all answered from one release: a JSON object with ``points``, or NDJSON with a point a
    line (answers come a line each, in order, with the point's ``id``). At most 100,000 points or 64 MiB."""
    body = await _body(request)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    answer = _streamed if kind == "application/x-ndjson" else _whole
    return await run_in_threadpool(answer, service, body, (crs, out_crs), explain)


def _whole(service: Service, body: bytes, systems: tuple[str, str | None], explain: bool) -> Response:
    view, data = service.view(), _parsed(body, "body")
    points = data.get("points")
    if not isinstance(points, list):
        raise BadInput("points: must be a list of {lon, lat}", field="points")
    said, out, told = data.get("crs", systems[0]), data.get("out_crs", systems[1]), data.get("explain", explain)
    if not isinstance(said, str) or not isinstance(out, str | None) or not isinstance(told, bool):
        raise BadInput("crs and out_crs must be text and explain true or false", field="crs")
    _check_count(len(points))
    target = wanted(service, out)
    questions = _questions(points, "points[{}]".format, declared(service, said), told)
    answers = with_out(_answers(service, view, points, questions, service.clock()), target)
    return json_answer(
        {"version": view.release.number, **view.books.numbers.as_dict(), "answers": answers}, _headers(view)
    )


def _streamed(service: Service, body: bytes, systems: tuple[str, str | None], explain: bool) -> Response:
    """All questions are checked before the first answer goes out, so that bad input is a clean refusal."""
    view, system, target = service.view(), declared(service, systems[0]), wanted(service, systems[1])
    lines = [(number, line) for number, line in enumerate(body.split(b"\n"), 1) if line.strip()]
    _check_count(len(lines))
    points = [_parsed(line, f"line {number}") for number, line in lines]
    questions = _questions(points, lambda at: f"line {lines[at][0]}", system, explain)
    stream = _chunks(service, view, points, questions, target)
    first = next(stream, b"")
    return StreamingResponse(chain([first], stream), media_type="application/x-ndjson", headers=_headers(view))


def _headers(view: View) -> dict[str, str]:
    return {"ETag": f'W/"{view.tag}"', "Cache-Control": "no-cache"}


async def _body(request: Request) -> bytes:
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > MOST_BYTES:
            raise TooLarge(f"the body is larger than {MOST_BYTES >> 20} MiB: send it in parts")
        parts.append(part)
    return b"".join(parts)


def _parsed(text: bytes, place: str) -> dict[str, Any]:
    try:
        data = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise BadInput(f"{place}: is no JSON: {error}", field=place) from error
    if not isinstance(data, dict):
        raise BadInput(f"{place}: must be a JSON object", field=place)
    return data


def _question(item: Any, place: str, crs: Datum, explain: bool) -> Question:
    if not isinstance(item, dict):
        raise BadInput(f"{place}: must be an object with lon and lat", field=place)
    for name in ("lon", "lat", "accuracy"):
        value = item.get(name, DEFAULT_ACCURACY_M if name == "accuracy" else None)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise BadInput(f"{place}.{name}={value!r}: must be a number", field=f"{place}.{name}")
    matter, asset = _text(item, "matter", place), _text(item, "asset", place)
    accuracy = float(item.get("accuracy", DEFAULT_ACCURACY_M))
    return Question(float(item["lon"]), float(item["lat"]), crs, matter, accuracy, explain=explain, asset=asset)


def _text(item: dict[str, Any], name: str, place: str) -> str | None:
    text = item.get(name)
    if text is not None and not isinstance(text, str):
        raise BadInput(f"{place}.{name}={text!r}: must be text", field=f"{place}.{name}")
    if text is not None and len(text) > _MATTER_LENGTH:
        raise BadInput(f"{place}.{name}: at most {_MATTER_LENGTH} characters", field=f"{place}.{name}")
    return text or None


def _check_count(count: int) -> None:
    if count > MOST_POINTS:
        raise TooLarge(f"{count:,} points: at most {MOST_POINTS:,} at once")


def _questions(points: list[Any], place: Callable[[int], str], crs: Datum, explain: bool) -> list[Question]:
    """The questions, all of them good. Raises BadInput that names the place of the first bad one."""
    questions = [_question(item, place(index), crs, explain) for index, item in enumerate(points)]
    x, y = np.array([q.x for q in questions], np.float64), np.array([q.y for q in questions], np.float64)
    try:
        lonlat_arrays(*to_wgs84(x, y, crs))
    except BadCoordinate as error:
        at = place(int(error.facts["index"]))
        raise BadCoordinate(f"{at}: {error.detail}", field=at) from error
    accuracy = np.array([q.accuracy_m for q in questions], np.float64)
    bad = np.flatnonzero(~((accuracy >= 0.0) & (accuracy <= MOST_DOUBT_M)))
    if len(bad):
        at, value = f"{place(int(bad[0]))}.accuracy", accuracy[bad[0]]
        raise BadInput(f"{at}={value:g}: must lie in 0 to {MOST_DOUBT_M:g} metres", field=at)
    return questions


def _answers(
    service: Service, view: View, points: list[Any], questions: list[Question], when: datetime
) -> list[dict[str, Any]]:
    found = answers_from(view, questions, when) if questions else ()
    return [_told(service, item, answer) for item, answer in zip(points, found, strict=True)]


def _told(service: Service, item: dict[str, Any], answer: Answer) -> dict[str, Any]:
    service.metrics.points.labels(answer.owner_verdict).inc()
    data = answer.as_dict()
    return {"id": item["id"], **data} if "id" in item else data


def _chunks(
    service: Service, view: View, points: list[Any], questions: list[Question], target: Datum | None
) -> Iterator[bytes]:
    when = service.clock()
    for start in range(0, len(points), _LINES):
        part = slice(start, start + _LINES)
        answers = with_out(_answers(service, view, points[part], questions[part], when), target)
        yield b"".join(orjson.dumps(answer) + b"\n" for answer in answers)
