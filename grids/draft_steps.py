"""The steps of a draft: what came into it and what went, kept so that the last step can be taken back exactly.

One transaction is one step, whatever it edits: an import, one area put, a rebase.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, case, delete, func, insert, literal, select
from sqlalchemy.orm import Session

from gis.storage.base import Base
from grids.draft_models import DRAFT_CHANGE, DraftStepRow
from grids.models import CONTENT, AreaRow, VersionRow

_DOING = "draft step"
_CHUNK = 2000


@dataclass(slots=True)
class _Doing:
    """What this transaction does to a draft. ``step``: its row, once something changed."""

    draft: int
    what: str
    now: datetime | None
    step: int | None = None


@dataclass(slots=True)
class Step:
    """One step of a draft as people read it. ``changes``: kind -> (added, changed, removed)."""

    number: int
    what: str
    made_at: datetime | None
    made_by: str
    changes: dict[str, tuple[int, int, int]] = field(default_factory=dict)

    def __str__(self) -> str:
        told = (f"{kind} +{came} ~{changed} -{gone}" for kind, (came, changed, gone) in self.changes.items())
        return f"{self.what}: {', '.join(told) or 'no row changed'}"

    def as_dict(self) -> dict[str, Any]:
        """The step as data."""
        names = ("added", "changed", "removed")
        return {
            "step": self.number,
            "what": self.what,
            "made_at": self.made_at.isoformat() if self.made_at else None,
            "made_by": self.made_by,
            "changes": {kind: dict(zip(names, counts, strict=True)) for kind, counts in self.changes.items()},
        }


def begin(session: Session, draft: VersionRow, what: str, now: datetime) -> None:
    """Say what this transaction does to the draft; it becomes a step with the first row that changes."""
    session.info[_DOING] = _Doing(draft.id, what, now)


def step_of(session: Session, draft: VersionRow) -> int:
    """The step of this transaction, made now if nothing has changed yet."""
    doing = session.info.get(_DOING)
    if doing is None or doing.draft != draft.id:
        doing = session.info[_DOING] = _Doing(draft.id, "edit", None)
    if doing.step is None:
        row = DraftStepRow(
            version_id=draft.id, what=doing.what, made_at=doing.now, made_by=session.info.get("actor") or None,
            base_id=draft.base_id, seen=draft.seen, seen_at=draft.seen_at,
        )  # fmt: skip
        session.add(row)
        session.flush()
        doing.step = row.id
    step: int = doing.step
    return step


def hold(session: Session, draft: VersionRow, row: type[Base], ids: Sequence[int]) -> None:
    """Let the draft hold these rows, which it does not hold yet."""
    for start in range(0, len(ids), _CHUNK):
        part = ids[start : start + _CHUNK]
        session.execute(insert(CONTENT[row]), [{"version_id": draft.id, "row_id": each} for each in part])
        _note(session, draft, row, part, added=True)


def drop(session: Session, draft: VersionRow, row: type[Base], ids: Sequence[int]) -> None:
    """Take these rows, which it holds, out of the draft."""
    held = CONTENT[row]
    for start in range(0, len(ids), _CHUNK):
        part = ids[start : start + _CHUNK]
        session.execute(delete(held).where(held.c.version_id == draft.id, held.c.row_id.in_(part)))
        _note(session, draft, row, part, added=False)


def held_ids(session: Session, draft: VersionRow, row: type[Base], *scope: ColumnElement[bool]) -> list[int]:
    """The ids of the draft's rows of that kind within the scope."""
    held, table = CONTENT[row], row.__table__
    query = select(table.c.id).join(held, held.c.row_id == table.c.id).where(held.c.version_id == draft.id, *scope)
    return list(session.scalars(query))


def _note(session: Session, draft: VersionRow, row: type[Base], ids: Sequence[int], added: bool) -> None:
    """A row that came and went again within one step is no change of it."""
    step, kind, changes = step_of(session, draft), row.__tablename__, DRAFT_CHANGE.c
    opposite = delete(DRAFT_CHANGE).where(changes.step_id == step, changes.kind == kind, changes.row_id.in_(ids))
    undone = set(session.scalars(opposite.where(changes.added.is_(not added)).returning(changes.row_id)))
    fresh = [{"step_id": step, "kind": kind, "row_id": each, "added": added} for each in ids if each not in undone]
    if fresh:
        session.execute(insert(DRAFT_CHANGE), fresh)


def take_back(session: Session, draft: VersionRow) -> Step | None:
    """Undo the last step of the draft and forget it; None when there is none."""
    steps = steps_of(session, draft)
    if not steps:
        return None
    last = session.scalars(_steps(draft).order_by(DraftStepRow.id.desc()).limit(1)).one()
    changes = DRAFT_CHANGE.c
    for row, held in CONTENT.items():
        listed = select(changes.row_id).where(changes.step_id == last.id, changes.kind == row.__tablename__)
        came, gone = listed.where(changes.added), listed.where(~changes.added)
        session.execute(delete(held).where(held.c.version_id == draft.id, held.c.row_id.in_(came)))
        rows = gone.with_only_columns(literal(draft.id), changes.row_id)
        session.execute(insert(held).from_select(["version_id", "row_id"], rows))
    draft.base_id, draft.seen, draft.seen_at = last.base_id, last.seen, last.seen_at
    session.execute(delete(DRAFT_CHANGE).where(changes.step_id == last.id))
    session.delete(last)
    session.flush()
    return steps[-1]


def forget(session: Session, draft: VersionRow) -> None:
    """Drop all steps of the draft: it is published or discarded."""
    steps = select(DraftStepRow.id).where(DraftStepRow.version_id == draft.id)
    session.execute(delete(DRAFT_CHANGE).where(DRAFT_CHANGE.c.step_id.in_(steps)))
    session.execute(delete(DraftStepRow).where(DraftStepRow.version_id == draft.id))


def steps_of(session: Session, draft: VersionRow) -> list[Step]:
    """The steps of the draft, first to last, each with what it changed."""
    rows = session.scalars(_steps(draft).order_by(DraftStepRow.id)).all()
    steps = {row.id: Step(n, row.what, row.made_at, row.made_by or "") for n, row in enumerate(rows, 1)}
    for row in CONTENT:
        for step, came, changed, gone in session.execute(_counts(draft, row)):
            steps[step].changes[row.__tablename__] = (int(came), int(changed), int(gone))
    return list(steps.values())


def _steps(draft: VersionRow) -> Select[DraftStepRow]:
    return select(DraftStepRow).where(DraftStepRow.version_id == draft.id)


def _counts(draft: VersionRow, row: type[Base]) -> Select[Any]:
    """For each step how many rows of the kind came, changed and went: a code that did both changed."""
    table, changes = row.__table__, DRAFT_CHANGE.c
    came = func.sum(case((changes.added, 1), else_=0)).label("came")
    codes = (
        select(changes.step_id, came, func.count().label("all"))
        .join(table, table.c.id == changes.row_id)
        .join(DraftStepRow, DraftStepRow.id == changes.step_id)
        .where(DraftStepRow.version_id == draft.id, changes.kind == row.__tablename__)
        .group_by(changes.step_id, *(table.c[name] for name in key_names(row)))
        .subquery()
    )
    added, gone = codes.c.came == codes.c.all, codes.c.came == 0
    sums = (func.sum(case((each, 1), else_=0)) for each in (added, ~added & ~gone, gone))
    return select(codes.c.step_id, *sums).group_by(codes.c.step_id)


def key_names(row: type[Base]) -> tuple[str, ...]:
    """The columns that tell the rows of that kind apart within a version."""
    return ("layer", "code") if row is AreaRow else ("code",)
