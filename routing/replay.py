"""Asking a stored decision's question again, of the version and snapshots it cites: the answer must be the same."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from gis.datums import datum
from grids.answer import Answer
from grids.books import numbers_of
from grids.shelf import Shelf, View
from routing.decisions import Asked, decide, trace_of
from routing.models import ReportRow

_WORDS = ("steps", "crs", "time")
"""How it was told, not what was decided: another edition of the program may word it otherwise."""


@dataclass(frozen=True, slots=True)
class Replay:
    """One decision asked again. ``differing``: what came out otherwise; empty when it is the same."""

    report: int
    version: int
    differing: tuple[str, ...]
    before: dict[str, Any]
    after: dict[str, Any]

    @property
    def same(self) -> bool:
        """Whether the answer is the stored one."""
        return not self.differing


def replay(shelf: Shelf, row: ReportRow) -> Replay:
    """The stored decision and the one that its version and snapshots give now. Raises NotFound, BadRelease."""
    asked = Asked(row.geom.x, row.geom.y, row.decided_at, row.matter, row.trace["accuracy_m"], row.asset)
    numbers = numbers_of(row.trace["numbers"])

    def view_at(at: datetime) -> View | None:
        return shelf.pinned(row.version, numbers, at) if row.version else None

    answer = decide([asked], view_at, datum("wgs84"))[0]
    before, after = _stored(row), _decided(answer)
    differing = tuple(sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name)))
    return Replay(row.id, row.version, differing, before, after)


def _stored(row: ReportRow) -> dict[str, Any]:
    decided = {"cell": row.cell, "cell_verdict": row.cell_verdict, "party": row.party}
    return decided | {"owner_verdict": row.owner_verdict} | _without_words(row.trace)


def _decided(answer: Answer) -> dict[str, Any]:
    decided = {
        "cell": answer.cell.code if answer.cell else None,
        "cell_verdict": answer.cell_verdict,
        "party": answer.owner.party.code if answer.owner else None,
        "owner_verdict": answer.owner_verdict,
    }
    return decided | _without_words(orjson.loads(orjson.dumps(trace_of(answer))))


def _without_words(trace: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in trace.items() if name not in _WORDS}
