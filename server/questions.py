"""Owner questions as they come in, by command line or HTTP, answered from one view."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from gis.datums import Datum, to_wgs84
from gis.errors import BadCoordinate
from grids.answer import Answer, Point
from grids.explain import explained
from grids.owner import DEFAULT_ACCURACY_M
from grids.shelf import Shelf, View


@dataclass(frozen=True, slots=True)
class Question:
    """One point, in ``crs``; ``matter`` None asks for whoever holds all matters."""

    x: float
    y: float
    crs: Datum
    matter: str | None = None
    accuracy_m: float = DEFAULT_ACCURACY_M
    at: datetime | None = None
    known_at: datetime | None = None
    explain: bool = False


def answer_one(shelf: Shelf, question: Question, now: datetime) -> Answer:
    """The answer; before the first version its verdict is ``no_version``. Raises BadCoordinate, BadInput."""
    when = question.at or now
    view = shelf.view(when, question.known_at)
    if view is None:
        lon, lat = (float(value) for value in to_wgs84(question.x, question.y, question.crs))
        if not (np.isfinite(lon) and np.isfinite(lat)):
            raise BadCoordinate(f"lon={lon}, lat={lat}: coordinates must be finite numbers")
        return no_version(lon, lat, question, when)
    return next(answers_from(view, [question], when))


def answers_from(view: View, questions: Sequence[Question], when: datetime) -> Iterator[Answer]:
    """One answer a question, in order; all of one datum."""
    x, y = np.array([q.x for q in questions], np.float64), np.array([q.y for q in questions], np.float64)
    lon, lat = to_wgs84(x, y, questions[0].crs)
    accuracy = np.array([q.accuracy_m for q in questions], np.float64)
    found = view.resolver.answers(lon, lat, [q.matter for q in questions], accuracy)
    for question, answer in zip(questions, found, strict=True):
        dated = replace(answer, crs=str(question.crs), at=when.isoformat())
        yield explained(dated, view.resolver) if question.explain else dated


def no_version(lon: float, lat: float, question: Question, when: datetime) -> Answer:
    """The honest answer before anything was published."""
    words = "no version of the grid was in force at that time"
    return Answer(
        point=Point(lon, lat),
        accuracy_m=question.accuracy_m,
        version=None,
        release=None,
        roster=0,
        cell_verdict="no_version",
        owner_verdict="unowned",
        outside_share=1.0,
        crs=str(question.crs),
        at=when.isoformat(),
        warnings=(words,),
        explain={
            "steps": [{"step": "no_version"}],
            "zh": ["当时尚无生效的网格版本。"],
            "en": [f"{words.capitalize()}."],
        }
        if question.explain
        else None,
    )
