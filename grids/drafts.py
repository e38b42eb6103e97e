"""Drafts: where edits are made. A draft starts as the list of rows of the latest published version."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, insert, literal, select, update
from sqlalchemy.orm import Session, aliased

from gis.errors import Conflict, NotFound
from gis.storage.base import Base
from gis.storage.engine import one_at_a_time
from grids.models import CONTENT, VersionRow

DEFAULT_DRAFT = "draft"
EDITING = 4701
"""The one lock of everything that writes: edits of drafts, publishing, the roster. One, so none waits in a circle."""

DraftState = tuple[int, datetime, int]
_CHUNK = 2000


def latest_published(session: Session) -> VersionRow | None:
    """The version published last."""
    query = select(VersionRow).where(VersionRow.status == "published").order_by(VersionRow.number.desc()).limit(1)
    return session.scalar(query)


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


def open_draft(session: Session, name: str, now: datetime) -> VersionRow:
    """The open draft of that name, started from the latest published version if there is none yet.

    Nobody else edits or publishes until this transaction ends.
    """
    one_at_a_time(session, EDITING)
    found = find_draft(session, name)
    if found is not None:
        return found
    base = latest_published(session)
    draft = VersionRow(name=name, status="draft", created_at=now, base_id=base.id if base else None, note="", edits=0)
    session.add(draft)
    session.flush()
    if base:
        copy_members(session, base.id, draft.id)
    return draft


def copy_members(session: Session, source: int, target: int) -> None:
    """Let ``target`` hold the rows that ``source`` holds."""
    for held in CONTENT.values():
        rows = select(literal(target), held.c.row_id).where(held.c.version_id == source)
        session.execute(insert(held).from_select(["version_id", "row_id"], rows))


def discard(session: Session, name: str) -> None:
    """Throw the open draft away; published versions keep what they hold. Raises NotFound."""
    draft = draft_for_update(session, name)
    for held in CONTENT.values():
        session.execute(delete(held).where(held.c.version_id == draft.id))
    session.delete(draft)
    session.flush()


def touched(session: Session, draft: VersionRow) -> None:
    """Count one edit, so that a check made before it is known to be stale."""
    session.execute(update(VersionRow).where(VersionRow.id == draft.id).values(edits=VersionRow.edits + 1))


def require_current_base(session: Session, draft: VersionRow) -> None:
    """Raises Conflict when another version was published since the draft was started."""
    latest = latest_published(session)
    if latest is not None and latest.id != draft.base_id:
        raise Conflict(
            f"draft '{draft.name}' does not start from version {latest.number}, which was published meanwhile: "
            "discard it and import again into a new draft"
        )


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
        self._session, self._draft, self._row, self._held = session, draft, row, CONTENT[row]
        self._columns = [column.name for column in row.__table__.columns if column.name != "id"]
        table = row.__table__
        query = select(table).join(self._held, self._held.c.row_id == table.c.id)
        query = query.where(self._held.c.version_id == draft.id)
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
        self._drop(stale)
        self._insert(fresh)

    def finish(self, merge: bool = False) -> Changes:
        """End the edit: rows not seen leave the draft, unless merging. Gives what changed."""
        if not merge:
            gone = [row_id for code, (row_id, _) in self._before.items() if code not in self._seen]
            self.changes.removed = len(gone)
            self._drop(gone)
        touched(self._session, self._draft)
        return self.changes

    def before(self, code: str) -> dict[str, Any]:
        """The row of that code as it was when the edit began."""
        return dict(zip(self._columns, self._before[code][1], strict=True))

    def _insert(self, rows: Sequence[Mapping[str, Any]]) -> None:
        for start in range(0, len(rows), _CHUNK):
            part = [dict(item) for item in rows[start : start + _CHUNK]]
            table = self._row.__table__
            made = insert(table).returning(table.c.id, sort_by_parameter_order=False)  # type: ignore[arg-type]
            ids = self._session.scalars(made, part).all()
            self._session.execute(insert(self._held), [{"version_id": self._draft.id, "row_id": i} for i in ids])

    def _drop(self, ids: Sequence[int]) -> None:
        for start in range(0, len(ids), _CHUNK):
            gone = self._held.c.row_id.in_(ids[start : start + _CHUNK])
            self._session.execute(delete(self._held).where(self._held.c.version_id == self._draft.id, gone))


def open_drafts(session: Session) -> list[dict[str, Any]]:
    """The open drafts, oldest first: name, start, the version they start from, edits so far."""
    base = aliased(VersionRow)
    query = select(VersionRow, base.number).outerjoin(base, VersionRow.base_id == base.id)
    rows = session.execute(query.where(VersionRow.status == "draft").order_by(VersionRow.id)).all()
    return [
        {"name": row.name, "created_at": row.created_at.isoformat(), "base_version": number, "edits": row.edits}
        for row, number in rows
    ]
