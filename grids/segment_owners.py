"""The owners that a file of road segments names: a party for each that is new, and one lead duty for each segment.

The duty of a segment has the code ``LAYER:CODE``; importing the layer again replaces these duties and no others.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from sqlalchemy import ColumnElement, and_, literal, not_, select
from sqlalchemy.orm import Session

from gis.findings import Finding
from grids.content import Duty, Party
from grids.drafts import Edit
from grids.models import CONTENT, DutyRow, PartyRow, VersionRow
from grids.names import CODE_LENGTH
from grids.relations import is_relative

_NAMED = 20


@dataclass(frozen=True, slots=True)
class Told:
    """What one row says: its number, and its owner, None when it names none."""

    row: int
    owner: str | None


@dataclass(frozen=True, slots=True)
class SegmentOwners:
    """What a file says of its segments' owners. ``field``: where it says so; ``told``: by the segment's code."""

    path: Path
    layer: str
    field: str
    merge: bool
    told: Mapping[str, Told]


def put_owners(session: Session, draft: VersionRow, owners: SegmentOwners) -> Iterator[Finding]:
    """Let the draft hold the duties, and the parties it lacks; gives what is to be said about them.

    An owner is a party's code, or the name that just one party has, or a relation (``office_of:street``); any other
    becomes a party of kind ``unit`` with that text as code and name. A segment without an owner has no duty of its own.
    """
    yield from _without_owner(owners)
    known, by_name = _parties(session, draft)
    taken = _duties_of_others(session, draft, owners.layer)
    party_of: dict[str, str] = {}
    for code, said in owners.told.items():
        found = _wrong(owners, code, said, taken)
        if found:
            yield found
        elif said.owner:
            party_of[code] = said.owner if said.owner in known else by_name.get(said.owner, said.owner)
    new = sorted({party for party in party_of.values() if party not in known and not is_relative(party)})
    yield from _put_parties(session, draft, owners, new)
    yield _put_duties(session, draft, owners, party_of)


def _put_parties(session: Session, draft: VersionRow, owners: SegmentOwners, new: Sequence[str]) -> Iterator[Finding]:
    if not new:
        return
    edit = Edit(session, draft, PartyRow)
    edit.add(asdict(Party(code, code)) for code in new)
    edit.finish(merge=True)
    more = f" and {len(new) - _NAMED} more" if len(new) > _NAMED else ""
    words = (
        f"{owners.field}: {len(new):,} parties that the draft lacked are made: {', '.join(new[:_NAMED])}{more}; "
        "`wangge import parties --merge` tells more of them"
    )
    yield Finding("parties_made", "info", words, field=owners.field, layer=owners.layer)


def _put_duties(session: Session, draft: VersionRow, owners: SegmentOwners, party_of: Mapping[str, str]) -> Finding:
    layer, document = owners.layer, owners.path.name
    edit = Edit(session, draft, DutyRow, _made_here(layer))
    edit.add(asdict(Duty(f"{layer}:{code}", party, layer, code, document=document)) for code, party in party_of.items())
    changes = edit.finish(owners.merge)
    words = (
        f"{owners.field}: lead duties of segments: {changes.added:,} added, {changes.changed:,} changed, "
        f"{changes.removed:,} removed, {changes.unchanged:,} unchanged"
    )
    return Finding("duties_made", "info", words, field=owners.field, layer=layer)


def _made_here(layer: str) -> ColumnElement[bool]:
    """The duties that files of this layer's segments made."""
    return and_(DutyRow.layer == layer, DutyRow.code == literal(f"{layer}:") + DutyRow.area)


def _duties_of_others(session: Session, draft: VersionRow, layer: str) -> set[str]:
    """Codes of duties that look as if they were made here, and are not."""
    held = CONTENT[DutyRow]
    query = select(DutyRow.code).join(held, held.c.row_id == DutyRow.id).where(held.c.version_id == draft.id)
    looks = DutyRow.code.startswith(f"{layer}:", autoescape=True)
    return set(session.scalars(query.where(looks, not_(_made_here(layer)))))


def _parties(session: Session, draft: VersionRow) -> tuple[set[str], dict[str, str]]:
    """The draft's parties: their codes, and code by name for names that only one has."""
    held = CONTENT[PartyRow]
    query = select(PartyRow.code, PartyRow.name).join(held, held.c.row_id == PartyRow.id)
    rows = session.execute(query.where(held.c.version_id == draft.id)).all()
    counts = Counter(name for _, name in rows)
    return {code for code, _ in rows}, {name: code for code, name in rows if counts[name] == 1}


def _without_owner(owners: SegmentOwners) -> Iterator[Finding]:
    bare = [(said.row, code) for code, said in owners.told.items() if not said.owner]
    for row, code in bare:
        words = f"{owners.field} is empty: segment {code} gets no duty of its own; what lies around it answers"
        yield Finding("no_party", "warning", words, row, owners.field, None, owners.layer, (code,))


def _wrong(owners: SegmentOwners, code: str, said: Told, taken: set[str]) -> Finding | None:
    owner, duty = said.owner or "", f"{owners.layer}:{code}"
    if owner and len(owner) > CODE_LENGTH:
        words = f"{owners.field}={owner[:20]}...: {len(owner)} characters; a party's code has at most {CODE_LENGTH}"
        return Finding("bad_value", "error", words, said.row, owners.field, owner[:CODE_LENGTH], owners.layer, (code,))
    if owner and len(duty) > CODE_LENGTH:
        words = f"segment {code[:20]}...: the code of its duty would have {len(duty)} characters; a code has at most "
        words += f"{CODE_LENGTH}"
        return Finding("bad_value", "error", words, said.row, owners.field, None, owners.layer, (code,))
    if owner and duty in taken:
        words = f"duty '{duty}' of segment {code}: a duty for another place has this code; give that one another code"
        return Finding("repeated_code", "error", words, said.row, owners.field, duty, owners.layer, (code,))
    return None
