"""Deciding whose a report is, and asking the same question again: the trace of a decision holds all it took."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

import numpy as np

from gis.datums import Datum
from grids.answer import Answer, Point, as_data, before_any_version
from grids.explain import explained
from grids.shelf import View

ViewAt = Callable[[datetime], View | None]

_KEPT = ("candidates", "other_owners", "tied", "supporting", "unresolved", "asset", "nearby", "warnings")


@dataclass(frozen=True, slots=True)
class Asked:
    """One question: WGS 84, as of ``at``."""

    lon: float
    lat: float
    at: datetime
    matter: str | None = None
    accuracy_m: float = 1.0
    asset: str | None = None


def decide(asked: Sequence[Asked], view_at: ViewAt, source: Datum) -> list[Answer]:
    """One explained answer a question, in order; ``source``: the datum the points were given in.

    Questions of a time without changes are answered together. Before the first version nobody answers. Times are told
    in UTC, whatever zone they were asked in: so they come back from the store.
    """
    answers: dict[int, Answer] = {}
    for view, rows in by_view([item.at for item in asked], view_at):
        held = [asked[row] for row in rows]
        found = _answered(view, held, source) if view else map(_unversioned, held)
        answers |= zip(rows, found, strict=True)
    return [answers[index] for index in range(len(asked))]


def by_view(times: Sequence[datetime], view_at: ViewAt) -> Iterator[tuple[View | None, list[int]]]:
    """The places of these times, together as far as they are answered from the same; in the order of time, so that
    each stretch of it is opened once and let go."""
    order = sorted(range(len(times)), key=times.__getitem__)
    held: tuple[View | None, list[int]] = (None, [])
    tag = ""
    for at, same in groupby(order, key=times.__getitem__):
        view = view_at(at)
        now = view.tag if view else ""
        if held[1] and now != tag:
            yield held
            held = (view, [])
        held, tag = (view, [*held[1], *same]), now
    if held[1]:
        yield held


def _unversioned(item: Asked) -> Answer:
    return before_any_version(Point(item.lon, item.lat), item.accuracy_m, item.at.astimezone(UTC))


def _answered(view: View, asked: Sequence[Asked], source: Datum) -> Iterator[Answer]:
    lon, lat = np.array([item.lon for item in asked]), np.array([item.lat for item in asked])
    accuracy = np.array([item.accuracy_m for item in asked])
    assets = [item.asset for item in asked] if any(item.asset for item in asked) else []
    found = view.resolver.answers(lon, lat, [item.matter for item in asked], accuracy, assets)
    for item, answer in zip(asked, found, strict=True):
        dated = replace(answer, at=item.at.astimezone(UTC).isoformat(), crs=str(source))
        yield explained(dated, view.resolver, source)


def trace_of(answer: Answer) -> dict[str, Any]:
    """The decision with its steps: enough to say why, and to ask the same question again."""
    numbers = {name: getattr(answer, name) for name in ("release", "roster", "assets", "overrides")}
    told = {name: as_data(getattr(answer, name)) for name in _KEPT}
    asked = {"crs": answer.crs, "at": answer.at, "accuracy_m": answer.accuracy_m}
    steps = list(answer.explain["steps"]) if answer.explain else []
    return {"numbers": numbers, **asked, "owner": as_data(answer.owner), **told, "steps": steps}
