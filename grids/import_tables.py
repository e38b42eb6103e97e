"""Parties, matters, duties and people from tables. All of a file or none; a dry run unless told to commit."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from gis.errors import BadInput
from gis.files.tables import open_table
from gis.findings import Finding
from gis.storage.base import Base
from gis.storage.engine import Store
from grids.content import cycle_in
from grids.drafts import DEFAULT_DRAFT, Changes, Edit, open_draft
from grids.importing import DryRun, Findings, ImportReport, Progress, no_progress, refuse_errors
from grids.models import CONTENT, AreaRow, ContactRow, DutyRow, MatterRow, PartyRow, PersonRow, RosterRow, VersionRow
from grids.reads import roster_number

Row = dict[str, str | None]
Numbered = list[tuple[int, Row]]


@dataclass(frozen=True, slots=True)
class TableKind:
    """One kind of table: which columns it needs and may have, and what else its rows must keep to."""

    name: str
    needed: tuple[str, ...]
    optional: Mapping[str, str | None]
    check: Callable[[Session, VersionRow, Numbered], Iterator[Finding]]
    row: type[Base] | None = None
    renamed: Mapping[str, str] = field(default_factory=dict)


def import_table(
    store: Store, kind: str, path: Path, now: datetime, commit: bool = False, **options: Any
) -> ImportReport:
    """Check a table of ``kind`` (parties, matters, duties, people) and, with ``commit``, put it in place of what the
    draft holds (``draft=``), or beside it (``merge=True``). People go to the roster instead of a draft.

    Raises Refused on errors, BadInput, BadFile.
    """
    table = KINDS[kind]
    draft_name, merge = options.get("draft", DEFAULT_DRAFT), bool(options.get("merge"))
    progress: Progress = options.get("progress", no_progress)
    rows, findings = _read(table, path, progress)
    report: list[ImportReport] = []
    try:
        with store.write() as session:
            draft = open_draft(session, draft_name, now)
            findings.add(table.check(session, draft, rows))
            if table.row is not None:
                edit = Edit(session, draft, table.row)
                edit.add(_values(table, rows))
                changes = edit.finish(merge)
            else:
                changes = _replace_people(session, rows, now, merge)
            named = draft_name if table.row is not None else None
            report.append(ImportReport(kind, path, len(rows), findings, changes, commit, named))
            if not commit:
                raise DryRun
            refuse_errors(report[0])
    except DryRun:
        pass
    return report[0]


def _read(kind: TableKind, path: Path, progress: Progress) -> tuple[Numbered, Findings]:
    """The rows with their numbers; a row with an error is left out of them."""
    reader = open_table(path)
    missing = [name for name in kind.needed if name not in reader.fields]
    if missing:
        raise BadInput(
            f"{path.name}: a table of {kind.name} needs the column '{missing[0]}'; it has: {', '.join(reader.fields)}",
            field=missing[0],
        )
    findings, rows, seen = Findings(), Numbered(), dict[str, int]()
    wanted = [name for name in (*kind.needed, *kind.optional) if name in reader.fields]
    for batch in reader:
        for index, cells in enumerate(zip(*(batch.columns[name] for name in wanted), strict=True)):
            number, row = batch.first_row + index, dict(kind.optional) | dict(zip(wanted, cells, strict=True))
            wrong = list(_row_findings(kind, number, row, seen))
            findings.add(wrong)
            if not wrong:
                rows.append((number, row))
        progress(len(rows), reader.total)
    if not rows and not findings.errors:
        findings.add([Finding("empty_file", "error", f"{path.name}: holds no rows")])
    return rows, findings


def _row_findings(kind: TableKind, number: int, row: Row, seen: dict[str, int]) -> Iterator[Finding]:
    for name in kind.needed:
        if not row[name]:
            yield Finding("missing_value", "error", f"{name} is empty; it is needed", number, name)
    code = row.get("code")
    if code:
        if code in seen:
            yield Finding(
                "repeated_code", "error", f"code={code}: already used in row {seen[code]}", number, "code", code
            )
        seen.setdefault(code, number)
    priority = row.get("priority")
    if priority is not None and not priority.lstrip("-").isdigit():
        words = f"priority={priority}: must be a whole number"
        yield Finding("bad_value", "error", words, number, "priority", priority)


def _values(kind: TableKind, rows: Numbered) -> list[dict[str, Any]]:
    table = kind.row.__table__ if kind.row is not None else None
    assert table is not None
    columns = [column for column in table.columns if column.name != "id"]
    made = []
    for _, row in rows:
        renamed = {kind.renamed.get(name, name): value for name, value in row.items()}
        value = {c.name: renamed.get(c.name) if c.nullable else renamed.get(c.name) or "" for c in columns}
        if "priority" in value:
            value["priority"] = int(value["priority"] or 0)
        made.append(value)
    return made


def _circle(rows: Numbered, what: str) -> Iterator[Finding]:
    parents = {str(row["code"]): row["parent_code"] for _, row in rows}
    circle = cycle_in(parents)
    if circle:
        number = next(number for number, row in rows if row["code"] == circle[0])
        words = f"{what} {' -> '.join(circle)} are each other's parents"
        yield Finding("cycle", "error", words, number, "parent_code", parents[circle[0]], codes=circle)


def _parents_known(session: Session, draft: VersionRow, rows: Numbered, row_type: type[Base]) -> Iterator[Finding]:
    known = _held_codes(session, draft, row_type) | {str(row["code"]) for _, row in rows}
    for number, row in rows:
        parent = row["parent_code"]
        if parent and parent not in known:
            words = f"parent_code={parent}: no row has this code"
            yield Finding("unknown_parent", "error", words, number, "parent_code", parent)


def _held_codes(session: Session, draft: VersionRow, row: type[Base]) -> set[str]:
    held, table = CONTENT[row], row.__table__
    query = select(table.c.code).join(held, held.c.row_id == table.c.id).where(held.c.version_id == draft.id)
    return set(session.scalars(query))


def _check_parties(session: Session, draft: VersionRow, rows: Numbered) -> Iterator[Finding]:
    yield from _parents_known(session, draft, rows, PartyRow)
    yield from _circle(rows, "parties")


def _check_matters(session: Session, draft: VersionRow, rows: Numbered) -> Iterator[Finding]:
    yield from _parents_known(session, draft, rows, MatterRow)
    yield from _circle(rows, "matters")


def _check_duties(session: Session, draft: VersionRow, rows: Numbered) -> Iterator[Finding]:
    held = CONTENT[AreaRow]
    query = select(AreaRow.layer, AreaRow.code).join(held, held.c.row_id == AreaRow.id)
    places = {(layer, code) for layer, code in session.execute(query.where(held.c.version_id == draft.id))}
    layers = {layer for layer, _ in places}
    parties, matters = _held_codes(session, draft, PartyRow), _held_codes(session, draft, MatterRow)
    people = set(session.scalars(select(PersonRow.code).where(PersonRow.ended_at.is_(None))))
    for number, row in rows:
        scope, person = row["matter"] or "", row["person_code"]
        rules = (
            (
                "party_code",
                row["party_code"] in parties,
                "error",
                "unknown_party",
                "no such party; import parties first",
            ),
            ("layer", row["layer"] in layers, "error", "unknown_layer", "no such layer with areas in the draft"),
            (
                "area_code",
                (row["layer"], row["area_code"]) in places or row["layer"] not in layers,
                "error",
                "unknown_area",
                f"no such area in layer {row['layer']}",
            ),
            ("role", row["role"] in ("lead", "support"), "error", "bad_value", "must be lead (主责) or support (协同)"),
            (
                "matter",
                not scope or not matters or any(m.startswith(scope) for m in matters),
                "warning",
                "unknown_matter",
                "no matter of the class table begins so",
            ),
            ("person_code", not person or person in people, "error", "unknown_person", "no such person in the roster"),
        )
        for name, fine, severity, kind, rule in rules:
            if not fine:
                yield Finding(kind, severity, f"{name}={row[name]}: {rule}", number, name, row[name])  # type: ignore[arg-type]


def _check_people(session: Session, draft: VersionRow, rows: Numbered) -> Iterator[Finding]:
    parties = _held_codes(session, draft, PartyRow)
    for number, row in rows:
        if row["party_code"] not in parties:
            words = f"party_code={row['party_code']}: no such party; import parties first"
            yield Finding("unknown_party", "error", words, number, "party_code", row["party_code"])


def _replace_people(session: Session, rows: Numbered, now: datetime, merge: bool) -> Changes:
    """Date the roster: changed and missing people end now, new ones begin now, and a numbered snapshot is made."""
    current = {p.code: p for p in session.scalars(select(PersonRow).where(PersonRow.ended_at.is_(None)))}
    changes, fresh, ended, seen = Changes(), list[dict[str, Any]](), list[int](), set[str]()
    for _, row in rows:
        person = {"code": row["code"], "name": row["name"], "party": row["party_code"], "role": row["role"] or "worker"}
        seen.add(str(row["code"]))
        old = current.get(str(row["code"]))
        if old and (old.name, old.party, old.role) == (person["name"], person["party"], person["role"]):
            changes.unchanged += 1
            continue
        changes.added, changes.changed = changes.added + (old is None), changes.changed + (old is not None)
        ended += [old.id] if old else []
        fresh.append(person | {"recorded_at": now})
    gone = [] if merge else [person.id for code, person in current.items() if code not in seen]
    changes.removed = len(gone)
    _end_people(session, [*ended, *gone], now)
    if fresh:
        session.execute(insert(PersonRow), fresh)
    _put_contacts(session, rows)
    _snapshot(session, now)
    return changes


def _end_people(session: Session, ids: Sequence[int], now: datetime) -> None:
    if ids:
        session.execute(update(PersonRow), [{"id": i, "ended_at": now} for i in ids])


def _put_contacts(session: Session, rows: Numbered) -> None:
    """Phone numbers, in a table of their own."""
    phones = [{"person": row["code"], "phone": row["phone"]} for _, row in rows if row.get("phone")]
    for start in range(0, len(phones), 500):
        part = phones[start : start + 500]
        session.execute(delete(ContactRow).where(ContactRow.person.in_([phone["person"] for phone in part])))
        session.execute(insert(ContactRow), part)


def _snapshot(session: Session, now: datetime) -> None:
    people = session.scalars(select(PersonRow).where(PersonRow.ended_at.is_(None)).order_by(PersonRow.code))
    names = [{"code": p.code, "name": p.name, "party": p.party, "role": p.role} for p in people]
    session.add(RosterRow(number=roster_number(session) + 1, recorded_at=now, people=names))


KINDS: dict[str, TableKind] = {
    kind.name: kind
    for kind in (
        TableKind(
            "parties",
            ("code", "name"),
            {"kind": "unit", "parent_code": None},
            _check_parties,
            PartyRow,
            {"parent_code": "parent"},
        ),
        TableKind(
            "matters",
            ("code", "name"),
            {"kind": None, "parent_code": None, "time_limit": None, "file_condition": None, "close_condition": None},
            _check_matters,
            MatterRow,
            {"parent_code": "parent"},
        ),
        TableKind(
            "duties",
            ("code", "party_code", "layer", "area_code"),
            {
                "matter": None,
                "role": "lead",
                "name": None,
                "basis": None,
                "document": None,
                "person_code": None,
                "priority": None,
            },
            _check_duties,
            DutyRow,
            {"party_code": "party", "area_code": "area", "person_code": "person"},
        ),
        TableKind("people", ("code", "name", "party_code"), {"role": "worker", "phone": None}, _check_people),
    )
}
