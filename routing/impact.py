"""What another version would change: every stored report asked of both, counted where cell or owner differ."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import numpy as np
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from grids.answer import Answer
from grids.owner import Resolver
from routing.models import ReportRow
from routing.reads import each_report

_BATCH = 5_000
Progress = Callable[[int, int | None], None]


@dataclass(slots=True)
class Impact:
    """Stored reports that two versions answer differently. ``moves``: (owner before, owner after) -> how many."""

    reports: int = 0
    cell: int = 0
    owner: int = 0
    verdict: int = 0
    moves: Counter[tuple[str, str]] = field(default_factory=Counter)
    first: list[int] = field(default_factory=list)

    def as_dict(self, most: int = 20) -> dict[str, Any]:
        """The counts as data, with the most frequent moves and the numbers of the first reports that change."""
        moves = [{"before": a, "after": b, "reports": n} for (a, b), n in self.moves.most_common(most)]
        counts = {"reports": self.reports, "cell": self.cell, "owner": self.owner, "owner_verdict": self.verdict}
        return counts | {"moves": moves, "first_reports": self.first}


def impact_of(session: Session, before: Resolver, after: Resolver, progress: Progress) -> Impact:
    """Every stored report, its own matter, asset and accuracy, asked of both; people, assets and rulings as the two
    resolvers hold them."""
    impact = Impact()
    total = session.scalar(select(func.count()).select_from(ReportRow)) or 0
    every = each_report(session)
    while rows := list(islice(every, _BATCH)):
        for row, one, other in zip(rows, _answers(before, rows), _answers(after, rows), strict=True):
            _count(impact, row, one, other)
        progress(impact.reports, total)
    return impact


def _answers(by: Resolver, rows: Sequence[ReportRow]) -> Iterator[Answer]:
    lon, lat = np.array([row.geom.x for row in rows]), np.array([row.geom.y for row in rows])
    accuracy = np.array([row.trace["accuracy_m"] for row in rows])
    return by.answers(lon, lat, [row.matter for row in rows], accuracy, [row.asset for row in rows])


def _count(impact: Impact, row: ReportRow, one: Answer, other: Answer) -> None:
    impact.reports += 1
    cells = [answer.cell.code if answer.cell else "" for answer in (one, other)]
    owners = [answer.owner.party.code if answer.owner else "" for answer in (one, other)]
    impact.cell += cells[0] != cells[1]
    impact.verdict += one.owner_verdict != other.owner_verdict
    if owners[0] != owners[1]:
        impact.owner += 1
        impact.moves[owners[0] or "-", owners[1] or "-"] += 1
    if (cells[0] != cells[1] or owners[0] != owners[1]) and len(impact.first) < 20:
        impact.first.append(row.id)
