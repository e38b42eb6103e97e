"""Drafts: where edits are made. A draft starts as the list of rows of the version in force."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, insert, literal, select, update
from sqlalchemy.orm import Session

from gis.errors import BadInput, Conflict, NotFound
from gis.storage.base import Base, table_of
from gis.storage.engine import one_at_a_time
from grids.draft_models import DraftStepRow
from grids.draft_steps import Step, begin, drop, forget, hold, take_back
from grids.models import CONTENT, VersionRow
from grids.names import CODE_LENGTH
from grids.reads import editions, published
from grids.timeline import Edition, Start, newer, takes_over_first, usual_base

DEFAULT_DRAFT = "draft"
EDITING = 4701
"""The one lock of everything that writes: edits of drafts, publishing, the roster. One, so none waits in a circle."""

DraftState = tuple[int, datetime, int]
_CHUNK = 2000


def latest_published(session: Session) -> VersionRow | None:
    """The version published last."""
    query = select(VersionRow).where(VersionRow.status == "published").order_by(VersionRow.number.desc()).limit(1)
    return session.scalar(query)


def usual_version(session: Session, now: datetime) -> VersionRow | None:
    """The version that drafts start from: the one in force, or before the first comes into force the newest."""
    usual = usual_base(editions(session), now)
    return published(session, usual.number) if usual else None


def find_draft(session: Session, name: str = DEFAULT_DRAFT) -> VersionRow | None:
    """The open draft of that name, or None."""
    return session.scalar(select(VersionRow).where(VersionRow.status == "draft", VersionRow.name == name))


def draft_named(session: Session, name: str = DEFAULT_DRAFT) -> VersionRow:
    """The open draft of that name. Raises NotFound."""
    found = find_draft(session, name)
    if found is None:
        raise NotFound(f"there is no open draft '{name}': an import with --commit starts one")
    return found


def draft_for_update(session: Session, name: str = DEFAULT_DRAFT) -> VersionRow:
    """The open draft as it is now; nobody else edits or publishes until this transaction ends. Raises NotFound."""
    one_at_a_time(session, EDITING)
    draft = draft_named(session, name)
    session.refresh(draft)
    return draft


def state_of(draft: VersionRow) -> DraftState:
    """What tells that a draft is still the one looked at: another of the same name may have taken its place."""
    return draft.id, draft.created_at, draft.edits


def open_draft(session: Session, name: str, now: datetime, what: str = "edit") -> VersionRow:
    """The open draft of that name, started now if there is none yet; ``what`` is said of this edit in its log.

    Nobody else edits or publishes until this transaction ends.
    """
    one_at_a_time(session, EDITING)
    draft = find_draft(session, name) or start_draft(session, name, now)
    begin(session, draft, what, now)
    return draft


def start_draft(session: Session, name: str, now: datetime, number: int | None = None) -> VersionRow:
    """A new draft with the rows of that version; without a number, of the one that drafts start from now.

    Nobody else edits or publishes until this transaction ends. Raises Conflict, NotFound, BadInput.
    """
    one_at_a_time(session, EDITING)
    _check_name(session, name)
    known = editions(session)
    usual = usual_base(known, now)
    chosen = number if number is not None or usual is None else usual.number
    base = None if chosen is None else published(session, chosen)
    seen = known[-1].number if known else 0
    draft = VersionRow(
        name=name, status="draft", created_at=now, base_id=base.id if base else None, seen=seen, seen_at=now, note=""
    )
    session.add(draft)
    session.flush()
    if base:
        copy_members(session, base.id, draft.id)
    return draft


def start_of(session: Session, draft: VersionRow) -> Start:
    """What the draft starts from, and what its editor knew then."""
    base = session.get(VersionRow, draft.base_id) if draft.base_id else None
    return Start(base.number if base else None, draft.seen, draft.seen_at or draft.created_at)


def _check_name(session: Session, name: str) -> None:
    if not name.strip() or len(name) > CODE_LENGTH or (name.isascii() and name.isdigit()):
        words = f"draft '{name[:40]}': a name has 1 to {CODE_LENGTH} characters and is no number (those are versions)"
        raise BadInput(words, field="name", value=name)
    if find_draft(session, name) is not None:
        raise Conflict(f"there is already an open draft '{name}': choose another name, or discard that one")


def rename(session: Session, name: str, new: str) -> None:
    """Give the open draft another name. Raises NotFound, BadInput, Conflict."""
    draft = draft_for_update(session, name)
    _check_name(session, new)
    draft.name = new
    session.flush()


def undo(session: Session, name: str) -> Step:
    """Take back the last edit, import or rebase of the draft, exactly; gives what it was. Raises NotFound, Conflict."""
    draft = draft_for_update(session, name)
    step = take_back(session, draft)
    if step is None:
        raise Conflict(f"draft '{name}' has no step to undo: it is as it was started")
    touched(session, draft)
    return step


def copy_members(session: Session, source: int, target: int) -> None:
    """Let ``target`` hold the rows that ``source`` holds."""
    for held in CONTENT.values():
        rows = select(literal(target), held.c.row_id).where(held.c.version_id == source)
        session.execute(insert(held).from_select(["version_id", "row_id"], rows))


def discard(session: Session, name: str) -> None:
    """Throw the open draft away; published versions keep what they hold. Raises NotFound."""
    draft = draft_for_update(session, name)
    forget(session, draft)
    for held in CONTENT.values():
        session.execute(delete(held).where(held.c.version_id == draft.id))
    session.delete(draft)
    session.flush()


def touched(session: Session, draft: VersionRow) -> None:
    """Count one edit, so that a check made before it is known to be stale."""
    session.execute(update(VersionRow).where(VersionRow.id == draft.id).values(edits=VersionRow.edits + 1))


def require_current_base(session: Session, draft: VersionRow, effective: datetime) -> None:
    """Raises Conflict when publishing would quietly undo a version: one published since the draft was started, or one
    that was then still to come and comes into force before the draft would."""
    known, start = editions(session), start_of(session, draft)
    missed = newer(known, start)
    if missed:
        raise Conflict(
            f"draft '{draft.name}' is overtaken: {_named(missed[-1])} was published meanwhile; "
            f"`wangge drafts rebase {draft.name}` brings the draft up to date"
        )
    first = takes_over_first(known, start, effective)
    if first is not None:
        raise Conflict(
            f"draft '{draft.name}' is overtaken: {_named(first)} takes over before it would, and it does not hold what "
            f"that version changed; `wangge drafts rebase {draft.name} --onto {first.number}` brings it in"
        )


def _named(edition: Edition) -> str:
    return f"version {edition.number} (effective {edition.effective_at.isoformat(timespec='seconds')})"


@dataclass(slots=True)
class Changes:
    """How many rows an edit added, changed, removed and left alone."""

    added: int = 0
    changed: int = 0
    removed: int = 0
    unchanged: int = 0


class Edit:
    """One edit of one kind of row in a draft: rows come in batches, equal ones are shared, the rest replaced.

    ``scope`` limits which rows it may replace (one layer's areas, say). Rows are told apart by their ``code``.
    """

    def __init__(self, session: Session, draft: VersionRow, row: type[Base], scope: ColumnElement[bool] | None = None):
        self._session, self._draft, self._row, held = session, draft, row, CONTENT[row]
        self._columns = [column.name for column in row.__table__.columns if column.name != "id"]
        table = row.__table__
        query = select(table).join(held, held.c.row_id == table.c.id)
        query = query.where(held.c.version_id == draft.id)
        found = session.execute(query if scope is None else query.where(scope)).mappings()
        self._before = {item["code"]: (item["id"], tuple(item[c] for c in self._columns)) for item in found}
        self._seen: set[str] = set()
        self.changes = Changes()

    def add(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Put these rows into the draft."""
        fresh: list[Mapping[str, Any]] = []
        stale: list[int] = []
        for item in rows:
            code = item["code"]
            self._seen.add(code)
            before = self._before.get(code)
            if before is None:
                self.changes.added += 1
            elif before[1] == tuple(item[column] for column in self._columns):
                self.changes.unchanged += 1
                continue
            else:
                self.changes.changed += 1
                stale.append(before[0])
            fresh.append(item)
        drop(self._session, self._draft, self._row, stale)
        self._insert(fresh)

    def finish(self, merge: bool = False) -> Changes:
        """End the edit: rows not seen leave the draft, unless merging. Gives what changed."""
        if not merge:
            gone = [row_id for code, (row_id, _) in self._before.items() if code not in self._seen]
            self.changes.removed = len(gone)
            drop(self._session, self._draft, self._row, gone)
        touched(self._session, self._draft)
        return self.changes

    def before(self, code: str) -> dict[str, Any]:
        """The row of that code as it was when the edit began."""
        return dict(zip(self._columns, self._before[code][1], strict=True))

    def _insert(self, rows: Sequence[Mapping[str, Any]]) -> None:
        for start in range(0, len(rows), _CHUNK):
            part = [dict(item) for item in rows[start : start + _CHUNK]]
            table = table_of(self._row)
            made = insert(table).returning(table.c.id, sort_by_parameter_order=False)
            ids = self._session.scalars(made, part).all()
            hold(self._session, self._draft, self._row, ids)


def open_drafts(session: Session) -> list[dict[str, Any]]:
    """The open drafts, oldest first: name, start, the version they start from, the newest one seen, whether another
    was published since, edits so far, and the last edit's time and author."""
    known = editions(session)
    rows = session.scalars(select(VersionRow).where(VersionRow.status == "draft").order_by(VersionRow.id))
    return [_listed(session, row, known) for row in rows.all()]


def _listed(session: Session, row: VersionRow, known: Sequence[Edition]) -> dict[str, Any]:
    start = start_of(session, row)
    steps = select(DraftStepRow).where(DraftStepRow.version_id == row.id)
    last = session.scalar(steps.order_by(DraftStepRow.id.desc()).limit(1))
    return {
        "name": row.name,
        "created_at": row.created_at.isoformat(),
        "base_version": start.base,
        "seen": start.seen,
        "overtaken": bool(newer(known, start)),
        "edits": row.edits,
        "edited_at": last.made_at.isoformat() if last and last.made_at else None,
        "edited_by": (last.made_by if last else None) or "",
    }
