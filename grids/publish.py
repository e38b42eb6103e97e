"""Publishing: the gate, one immutable release, one moment from which it holds. And going back."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy.orm import Session

from gis.errors import BadInput, Conflict, Refused
from gis.findings import Finding, errors_in
from gis.storage.engine import Store, one_at_a_time
from grids.content import Content
from grids.draft_steps import forget
from grids.drafts import (
    EDITING,
    DraftState,
    copy_members,
    draft_for_update,
    draft_named,
    latest_published,
    require_current_base,
    state_of,
)
from grids.gate import findings_of
from grids.gate_reads import outside_of
from grids.models import VersionRow
from grids.names import WARNINGS
from grids.periods import recorded_after
from grids.reads import content_of, editions, published
from grids.release import write_release
from grids.timeline import Edition, in_force


@dataclass(frozen=True, slots=True)
class Published:
    """What was published, and the warnings somebody accepted."""

    edition: Edition
    findings: Sequence[Finding]
    areas: int
    duties: int


def release_path(home: Path, number: int) -> Path:
    """Where the release file of a version stands."""
    return home / "releases" / f"{number:06d}.wgr"


def validate(
    store: Store, draft: str, now: datetime, effective: datetime | None = None
) -> tuple[DraftState, Content, list[Finding]]:
    """The gate's findings on a draft, with its content and what tells that it is still the same.

    ``effective``: as if it were published to hold from then; who leaves before is gone, who leaves later is not.
    Raises NotFound, BadInput.
    """
    if effective is not None and effective.tzinfo is None:
        raise BadInput(f"effective={effective.isoformat()}: an instant needs its time zone", field="effective")
    with store.read() as session:
        row = draft_named(session, draft)
        content = content_of(session, row.id)
        outside = outside_of(session, content, effective or now)
        return state_of(row), content, list(findings_of(content, outside))


def publish(
    store: Store, home: Path, draft: str, now: datetime, effective: datetime | None = None, accept: Iterable[str] = ()
) -> Published:
    """Publish the draft, effective now or at ``effective``. All or nothing.

    ``accept`` names kinds of warnings, or ``warnings`` for all; what was accepted, and by whom, is kept.
    Raises Refused with the findings, NotFound, Conflict when the draft was edited or overtaken while it was checked.
    """
    state, content, findings = validate(store, draft, now, effective)
    _refuse(content, findings, set(accept), effective)
    with store.write() as session:
        row = draft_for_update(session, draft)
        if state_of(row) != state:
            raise Conflict(f"draft '{draft}' was edited while it was checked: publish again")
        require_current_base(session, row, effective or now)
        row.accepted = dict(Counter(finding.kind for finding in findings))
        row.published_by = store.actor or None
        edition = _seal(session, home, row, content, (effective or now, now))
    return Published(edition, findings, sum(map(len, content.areas.values())), len(content.duties))


def _refuse(content: Content, findings: Sequence[Finding], accept: set[str], effective: datetime | None) -> None:
    command = "wangge validate" + (f" --effective {effective.isoformat()}" if effective else "")
    strange = accept - {*WARNINGS, "warnings"}
    if strange:
        raise Refused(f"--accept {', '.join(sorted(strange))}: only warnings can be accepted: {', '.join(WARNINGS)}")
    if not any(len(table) for table in content.areas.values()):
        raise Refused("the draft holds no areas: import some first", findings=[])
    errors = errors_in(findings)
    if errors:
        counted = _counted(errors)
        raise Refused(f"the gate found errors: {counted}; `{command}` shows them", findings=list(findings))
    open_kinds = {f.kind for f in findings if f.severity == "warning"} - accept
    if open_kinds and "warnings" not in accept:
        counted = _counted([f for f in findings if f.kind in open_kinds])
        flags = " ".join(f"--accept {kind}" for kind in sorted(open_kinds))
        raise Refused(
            f"the gate found: {counted}; look with `{command}`, then publish with {flags}",
            findings=list(findings),
        )


def _counted(findings: Iterable[Finding]) -> str:
    return ", ".join(f"{count} {kind}" for kind, count in sorted(Counter(f.kind for f in findings).items()))


def _seal(session: Session, home: Path, row: VersionRow, content: Content, times: tuple[datetime, datetime]) -> Edition:
    """Number the row and write its release: the file first, so that no reader ever sees a version without one."""
    effective, now = times
    latest = latest_published(session)
    recorded = recorded_after(latest.recorded_at if latest else None, now)
    effective = recorded if effective == now else effective
    number = (latest.number or 0) + 1 if latest else 1
    digest = write_release(release_path(home, number), content, number, effective, recorded)
    row.number, row.status, row.release_sha256 = number, "published", digest
    row.effective_at, row.recorded_at = effective, recorded
    forget(session, row)
    session.flush()
    return Edition(number, effective, recorded, digest, row.name, row.published_by or "")


def rollback(store: Store, home: Path, number: int, now: datetime) -> Published:
    """Publish a copy of another version, effective now. History stays: nothing published is ever edited, and a version
    still to come takes over at its time. Raises NotFound, Conflict when that version is the one in force."""
    with store.write() as session:
        one_at_a_time(session, EDITING)
        old, current = published(session, number), in_force(editions(session), now)
        if current is not None and current.number == number:
            raise Conflict(f"version {number} is in force now: there is nothing to go back from")
        note = f"rollback to version {number}"
        row = VersionRow(name=note, status="rollback", created_at=now, base_id=old.id, note=note)
        session.add(row)
        session.flush()
        copy_members(session, old.id, row.id)
        content = content_of(session, old.id)
        row.published_by = store.actor or None
        edition = _seal(session, home, row, content, (now, now))
    return Published(edition, [], sum(map(len, content.areas.values())), len(content.duties))


def rebuild_release(store: Store, home: Path, edition: Edition) -> Path:
    """Write the release file of a published version again, from the database: the same bytes."""
    path = release_path(home, edition.number)
    with store.read() as session:
        content = content_of(session, published(session, edition.number).id)
    write_release(path, content, edition.number, edition.effective_at, edition.recorded_at)
    return path
