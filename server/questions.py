"""Owner questions as they come in, by command line or HTTP, answered from one view."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from gis.coordinates import Floats
from gis.datums import Datum, to_wgs84
from gis.errors import BadCoordinate, NotFound
from grids.answer import Answer, Point, before_any_version
from grids.explain import explained
from grids.owner import DEFAULT_ACCURACY_M
from grids.shelf import Shelf, View


@dataclass(frozen=True, slots=True)
class Question:
    """One point, in ``crs``; ``matter`` None asks for whoever holds all matters. ``asset``: the number of the thing
    that is meant; ``x`` and ``y`` NaN: where it stands."""

    x: float
    y: float
    crs: Datum
    matter: str | None = None
    accuracy_m: float = DEFAULT_ACCURACY_M
    at: datetime | None = None
    known_at: datetime | None = None
    explain: bool = False
    asset: str | None = None


def answer_one(shelf: Shelf, question: Question, now: datetime) -> Answer:
    """The answer; before the first version its verdict is ``no_version``. Raises BadCoordinate, BadInput."""
    when = question.at or now
    view = shelf.view(when, question.known_at)
    if view is None:
        if question.asset and np.isnan(question.x):
            raise NotFound(f"asset '{question.asset}': no version of the grid was in force at that time")
        lon, lat = (float(value) for value in to_wgs84(question.x, question.y, question.crs))
        if not (np.isfinite(lon) and np.isfinite(lat)):
            raise BadCoordinate(f"lon={lon}, lat={lat}: coordinates must be finite numbers")
        unknown = replace(before_any_version(Point(lon, lat), question.accuracy_m, when), crs=str(question.crs))
        return unknown if question.explain else replace(unknown, explain=None)
    return next(answers_from(view, [question], when))


def answers_from(view: View, questions: Sequence[Question], when: datetime) -> Iterator[Answer]:
    """One answer a question, in order; all of one datum. Raises NotFound for an asset that is asked for without a
    point and is not recorded."""
    lon, lat = _points(view, questions)
    accuracy = np.array([q.accuracy_m for q in questions], np.float64)
    assets = [q.asset for q in questions] if any(q.asset for q in questions) else []
    found = view.resolver.answers(lon, lat, [q.matter for q in questions], accuracy, assets)
    for question, answer in zip(questions, found, strict=True):
        dated = replace(answer, crs=str(question.crs), at=when.isoformat())
        yield explained(dated, view.resolver, question.crs) if question.explain else dated


def _points(view: View, questions: Sequence[Question]) -> tuple[Floats, Floats]:
    """WGS 84; of a question that names an asset and no point, where the asset stands."""
    x, y = np.array([q.x for q in questions], np.float64), np.array([q.y for q in questions], np.float64)
    pointless = [i for i, q in enumerate(questions) if q.asset and np.isnan(q.x) and np.isnan(q.y)]
    if not pointless:
        return to_wgs84(x, y, questions[0].crs)
    told = np.setdiff1d(np.arange(len(x)), pointless)
    x[told], y[told] = to_wgs84(x[told], y[told], questions[0].crs)
    for i in pointless:
        asset = view.resolver.asset(questions[i].asset)
        if asset is None:
            number = view.books.assets.number
            raise NotFound(f"asset '{questions[i].asset}' is not recorded at that time (snapshot {number})")
        x[i], y[i] = asset.lon, asset.lat
    return x, y
