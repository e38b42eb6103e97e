"""Bringing a draft up to date: three ways, row by row, from the lists of ids and never from outlines.

Nothing is changed until every conflict is decided (``grids/merging.py``). What the rows then mean together on the
ground is the gate's to find.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from gis.errors import Conflict
from gis.storage.base import Base
from grids.draft_steps import begin, drop, hold, step_of
from grids.drafts import draft_for_update, start_of, touched
from grids.merging import SIDES, Merge, Wish, decide
from grids.models import CONTENT, LayerRow, VersionRow
from grids.reads import editions, published
from grids.row_sets import differences, same
from grids.timeline import Edition, starts_in_force, usual_base


@dataclass(slots=True)
class Rebased:
    """What a rebase did, or in a dry run would do. ``base``, ``onto``: version numbers before and after."""

    draft: str
    base: int | None
    onto: int
    taken: Counter[str] = field(default_factory=Counter)
    kept: Counter[str] = field(default_factory=Counter)
    conflicts: list[Merge] = field(default_factory=list)
    done: bool = False

    @property
    def open(self) -> list[Merge]:
        """The conflicts that nobody has decided."""
        return [merge for merge in self.conflicts if merge.taken is None]

    def as_dict(self) -> dict[str, Any]:
        """The report as data."""
        return {
            "draft": self.draft,
            "base_version": self.base,
            "onto": self.onto,
            "done": self.done,
            "taken": dict(self.taken),
            "kept": dict(self.kept),
            "open": len(self.open),
            "conflicts": [merge.as_dict() for merge in self.conflicts],
        }


def rebase(session: Session, name: str, now: datetime, wish: Wish | None = None) -> Rebased:
    """Let the draft start from another version and keep its own changes, in one transaction. Validate it again then.

    Raises Conflict, with the report as a fact, while conflicts are open; NotFound; BadInput for a wish that fits none.
    """
    wish = wish or Wish()
    draft = draft_for_update(session, name)
    known = editions(session)
    target = published(session, _target(session, draft, known, now, wish.onto).number)
    merges = [merge for row in CONTENT for merge in _merges(session, row, draft, target)]
    decide(merges, _lasting_layers(session, draft, merges), wish)
    report = _report(draft, start_of(session, draft).base, target.number or 0, merges)
    if wish.dry_run:
        return report
    if report.open:
        raise Conflict(_undecided(report), report=report)
    _apply(session, draft, target, merges, (now, known[-1].number))
    report.done = True
    return report


def _target(session: Session, draft: VersionRow, known: list[Edition], now: datetime, onto: int | None) -> Edition:
    if onto is not None:
        number = published(session, onto).number
        return next(edition for edition in known if edition.number == number)
    usual = usual_base(known, now)
    if usual is None:
        raise Conflict("nothing is published yet: there is nothing to rebase onto")
    start = start_of(session, draft)
    if not starts_in_force(known, start):
        raise Conflict(
            f"draft '{draft.name}' starts from version {start.base}, which was not in force then: say which version it "
            f"shall start from, --onto {start.base} for the same one (its rows stay) or --onto {usual.number}, now in "
            "force"
        )
    return usual


def _merges(session: Session, row: type[Base], draft: VersionRow, target: VersionRow) -> Iterator[Merge]:
    """Every row of the kind that the draft or the new base has not as the old base has it."""
    mine = differences(session, row, draft.base_id, draft.id)
    theirs = differences(session, row, draft.base_id, target.id)
    for key in sorted(mine.keys | theirs.keys):
        base = mine.gone.get(key) or theirs.gone.get(key)
        yield Merge(row, key, base, mine.after(key, base), theirs.after(key, base))


def _lasting_layers(session: Session, draft: VersionRow, merges: list[Merge]) -> set[str]:
    """The layers that the draft holds, and that no side changed."""
    held = CONTENT[LayerRow]
    query = select(LayerRow.code).join(held, held.c.row_id == LayerRow.id).where(held.c.version_id == draft.id)
    return set(session.scalars(query)) - {merge.key[0] for merge in merges if merge.row is LayerRow}


def _report(draft: VersionRow, base: int | None, onto: int, merges: list[Merge]) -> Rebased:
    report = Rebased(draft.name, base, onto, conflicts=[merge for merge in merges if merge.clashes])
    for merge in merges:
        if not same(merge.draft, merge.published) and merge.taken in SIDES:
            side = report.taken if merge.taken == "published" else report.kept
            side[merge.row.__tablename__] += 1
    return report


def _undecided(report: Rebased) -> str:
    first, count = report.open[0].as_dict(), len(report.open)
    return (
        f"{count} {'row' if count == 1 else 'rows'} changed in draft '{report.draft}' and in version {report.onto} "
        f"differently, nothing was changed; first: {first['row']} (draft: {first['draft']}; published: "
        f"{first['published']}); decide with --take draft|published, or --take-row {first['row']}=draft ..."
    )


def _apply(
    session: Session, draft: VersionRow, target: VersionRow, merges: list[Merge], seen: tuple[datetime, int]
) -> None:
    """Swap the rows, and note what the draft starts from now; all of it one step that undo takes back."""
    now, newest = seen
    begin(session, draft, f"rebase onto version {target.number}", now)
    step_of(session, draft)
    for row in CONTENT:
        mine = [(merge.draft, merge.result) for merge in merges if merge.row is row]
        moved = [(old, new) for old, new in mine if old is None or new is None or old.row_id != new.row_id]
        drop(session, draft, row, [old.row_id for old, _ in moved if old is not None])
        hold(session, draft, row, [new.row_id for _, new in moved if new is not None])
    draft.base_id, draft.seen, draft.seen_at = target.id, newest, now
    touched(session, draft)
    session.flush()
