"""Asking a stored decision's question again, of the version and snapshots it cites: the answer must be the same."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import islice
from typing import Any

import orjson

from gis.datums import datum
from grids.answer import Answer
from grids.books import Numbers, numbers_of
from grids.shelf import Shelf, View
from routing.decisions import Asked, decide, trace_of
from routing.models import ReportRow

_BATCH = 1_000
_WORDS = ("steps", "crs", "time", "release", "roster")
"""How it was told, not what was decided: another edition of the program may word it otherwise (the first kept two
of the numbers by themselves)."""


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
    return next(replays(shelf, [row]))


def replays(shelf: Shelf, rows: Iterable[ReportRow]) -> Iterator[Replay]:
    """The same for many, in order; decisions of one version and one set of snapshots are asked again together."""
    every = iter(rows)
    while batch := list(islice(every, _BATCH)):
        groups: defaultdict[tuple[int, Numbers], list[ReportRow]] = defaultdict(list)
        for row in batch:
            groups[row.version, numbers_of(row.trace.get("numbers", row.trace))].append(row)
        again: dict[int, Answer] = {}
        for (version, numbers), held in groups.items():
            asked = [_question(row) for row in held]
            answers = decide(asked, partial(_pinned, shelf, version, numbers), datum("wgs84"))
            again |= {row.id: answer for row, answer in zip(held, answers, strict=True)}
        yield from (_compared(row, again[row.id]) for row in batch)


def _question(row: ReportRow) -> Asked:
    return Asked(row.geom.x, row.geom.y, row.decided_at, row.matter, row.trace["accuracy_m"], row.asset)


def _pinned(shelf: Shelf, version: int, numbers: Numbers, at: datetime) -> View | None:
    return shelf.pinned(version, numbers, at) if version else None


def _compared(row: ReportRow, answer: Answer) -> Replay:
    before, after = _stored(row), _decided(answer)
    differing = tuple(sorted(name for name, value in before.items() if not _same(value, after.get(name))))
    return Replay(row.id, row.version, differing, before, after)


def _same(before: Any, after: Any) -> bool:
    """Whether all that was stored came out again; what a later edition of the program tells besides does not count."""
    if isinstance(before, dict) and isinstance(after, dict):
        return all(_same(value, after.get(name)) for name, value in before.items())
    if isinstance(before, list) and isinstance(after, list):
        return len(before) == len(after) and all(map(_same, before, after))
    return bool(before == after)


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
