"""Parties, matters, duties and people from tables. All of a file or none; a dry run unless told to commit."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from gis.errors import BadInput
from gis.files.cells import closest
from gis.files.tables import open_table
from gis.findings import Finding, Severity
from gis.storage.base import Base
from gis.storage.engine import Store
from grids.content import cycle_in
from grids.drafts import DEFAULT_DRAFT, Edit, find_draft, latest_published, open_draft
from grids.importing import DryRun, Findings, ImportReport, Progress, no_progress, refuse_errors
from grids.models import CONTENT, AreaRow, DutyRow, MatterRow, PartyRow, PersonRow
from grids.names import CODE_LENGTH
from grids.people import put_people

Row = dict[str, str | None]
Numbered = list[tuple[int, Row]]

_SHORT = frozenset({"code", "parent_code", "party_code", "layer", "area_code", "person_code"})
_WHOLE = re.compile(r"-?[0-9]{1,9}")


@dataclass(frozen=True, slots=True)
class Told:
    """The rows of a file, and the version (None before any) that they join or, unless merging, replace."""

    session: Session
    version_id: int | None
    rows: Numbered
    merge: bool

    def codes(self, row: type[Base]) -> set[str]:
        """The codes of that kind which the version holds."""
        held, table = CONTENT[row], row.__table__
        query = select(table.c.code).join(held, held.c.row_id == table.c.id)
        return set(self.session.scalars(query.where(held.c.version_id == self.version_id)))


@dataclass(frozen=True, slots=True)
class TableKind:
    """One kind of table: which columns it needs and may have, and what else its rows must keep to."""

    name: str
    needed: tuple[str, ...]
    optional: Mapping[str, str | None]
    check: Callable[[Told], Iterator[Finding]]
    row: type[Base] | None = None
    renamed: Mapping[str, str] = field(default_factory=dict)


def import_table(
    store: Store, kind: str, path: Path, now: datetime, commit: bool = False, **options: Any
) -> ImportReport:
    """Check a table of ``kind`` (parties, matters, duties, people) and, with ``commit``, put it in place of what the
    draft holds (``draft=``), or beside it (``merge=True``). People go to the roster instead of a draft.

    Raises Refused on errors, BadInput, BadFile.
    """
    if kind not in KINDS:
        raise BadInput(f"tables of '{kind}': choose one of {', '.join(KINDS)}", field="kind", value=kind)
    table, draft_name, merge = KINDS[kind], options.get("draft", DEFAULT_DRAFT), bool(options.get("merge"))
    rows, findings = _read(table, path, options.get("progress", no_progress))
    report: list[ImportReport] = []
    try:
        with store.write() as session:
            write = _put_roster if table.row is None else _put_rows
            report.append(write(session, table, Source(path, rows, findings, draft_name, merge, commit), now))
            if not commit:
                raise DryRun
            refuse_errors(report[0])
    except DryRun:
        pass
    return report[0]


@dataclass(frozen=True, slots=True)
class Source:
    """What was read of a file, and what is to be done with it."""

    path: Path
    rows: Numbered
    findings: Findings
    draft: str
    merge: bool
    commit: bool


def _put_rows(session: Session, table: TableKind, source: Source, now: datetime) -> ImportReport:
    draft = open_draft(session, source.draft, now)
    source.findings.add(table.check(Told(session, draft.id, source.rows, source.merge)))
    row = table.row or PartyRow
    edit = Edit(session, draft, row)
    edit.add(_values(row, table.renamed, source.rows))
    changes = edit.finish(source.merge)
    return ImportReport(
        table.name, source.path, len(source.rows), source.findings, changes, source.commit, source.draft
    )


def _put_roster(session: Session, table: TableKind, source: Source, now: datetime) -> ImportReport:
    """People are no part of a draft: the parties they name are those of the draft, or else of the latest version."""
    version = find_draft(session, source.draft) or latest_published(session)
    source.findings.add(table.check(Told(session, version.id if version else None, source.rows, source.merge)))
    changes = put_people(session, [row for _, row in source.rows], now, source.merge)
    return ImportReport(table.name, source.path, len(source.rows), source.findings, changes, source.commit)


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
    findings.add(_unread_columns(kind, reader.fields))
    usual = {name: value for name, value in kind.optional.items() if name in reader.fields or name != "phone"}
    wanted = [name for name in (*kind.needed, *kind.optional) if name in reader.fields]
    for batch in reader:
        for index, cells in enumerate(zip(*(batch.columns[name] for name in wanted), strict=True)):
            number, row = batch.first_row + index, usual | dict(zip(wanted, cells, strict=True))
            wrong = list(_row_findings(kind, number, row, seen))
            findings.add(wrong)
            if not wrong:
                rows.append((number, row))
        progress(len(rows), reader.total)
    if not rows and not findings.errors:
        findings.add([Finding("empty_file", "error", f"{path.name}: holds no rows")])
    return rows, findings


def _unread_columns(kind: TableKind, fields: Sequence[str]) -> Iterator[Finding]:
    """A misspelt ``matter`` would make a duty for everything: what is not read is said."""
    known = (*kind.needed, *kind.optional)
    for name in fields:
        if name not in known:
            near = closest(name, known)
            hint = f"; did you mean '{near}'?" if near and near not in fields else ""
            words = f"column '{name}' is not read{hint} A table of {kind.name} has: {', '.join(known)}"
            yield Finding("unknown_column", "warning", words, 1, name)


def _row_findings(kind: TableKind, number: int, row: Row, seen: dict[str, int]) -> Iterator[Finding]:
    for name in kind.needed:
        if not row[name]:
            yield Finding("missing_value", "error", f"{name} is empty; it is needed", number, name)
    for name in _SHORT & row.keys():
        text = row[name] or ""
        if len(text) > CODE_LENGTH:
            words = f"{name}={text[:20]}...: {len(text)} characters; a code has at most {CODE_LENGTH}"
            yield Finding("bad_value", "error", words, number, name, text[:CODE_LENGTH])
    code = row.get("code")
    if code and code in seen:
        words = f"code={code}: already used in row {seen[code]}; codes must be unique in a table"
        yield Finding("repeated_code", "error", words, number, "code", code)
    elif code:
        seen[code] = number
    priority = row.get("priority")
    if priority is not None and not _WHOLE.fullmatch(priority):
        words = f"priority={priority}: must be a whole number of at most 9 digits"
        yield Finding("bad_value", "error", words, number, "priority", priority)


def _values(row_type: type[Base], renamed: Mapping[str, str], rows: Numbered) -> list[dict[str, Any]]:
    columns = [column for column in row_type.__table__.columns if column.name != "id"]
    made = []
    for _, row in rows:
        told = {renamed.get(name, name): value for name, value in row.items()}
        value: dict[str, Any] = {c.name: told.get(c.name) if c.nullable else told.get(c.name) or "" for c in columns}
        if "priority" in value:
            value["priority"] = int(value["priority"] or 0)
        if "role" in value:
            value["role"] = value["role"] or "lead"
        made.append(value)
    return made


def _check_tree(told: Told, row_type: type[Base], what: str) -> Iterator[Finding]:
    """Each parent is there when the import is done, and nobody is their own ancestor."""
    parents: dict[str, str | None] = _held_parents(told, row_type) if told.merge else {}
    parents |= {str(row["code"]): row["parent_code"] for _, row in told.rows}
    for number, row in told.rows:
        parent = row["parent_code"]
        if parent and parent not in parents:
            where = "in this file or the draft" if told.merge else "in this file, which replaces what the draft holds"
            words = f"parent_code={parent}: no row {where} has this code"
            yield Finding("unknown_parent", "error", words, number, "parent_code", parent)
    circle = cycle_in(parents)
    if circle:
        numbers = {str(row["code"]): number for number, row in told.rows}
        row_number = next((numbers[code] for code in circle if code in numbers), None)
        words = f"{what} {' -> '.join(circle)} are each other's parents; give one of them another parent_code"
        yield Finding("cycle", "error", words, row_number, "parent_code", parents[circle[0]], codes=circle)


def _held_parents(told: Told, row_type: type[Base]) -> dict[str, str | None]:
    held, table = CONTENT[row_type], row_type.__table__
    query = select(table.c.code, table.c.parent).join(held, held.c.row_id == table.c.id)
    rows = told.session.execute(query.where(held.c.version_id == told.version_id))
    return {key: value for key, value in rows}  # noqa: C416 - rows are no pairs to mypy


def _check_parties(told: Told) -> Iterator[Finding]:
    return _check_tree(told, PartyRow, "parties")


def _check_matters(told: Told) -> Iterator[Finding]:
    return _check_tree(told, MatterRow, "matters")


def _check_duties(told: Told) -> Iterator[Finding]:
    held = CONTENT[AreaRow]
    query = select(AreaRow.layer, AreaRow.code).join(held, held.c.row_id == AreaRow.id)
    places = {(layer, code) for layer, code in told.session.execute(query.where(held.c.version_id == told.version_id))}
    known = _Known(
        places,
        {layer for layer, _ in places},
        told.codes(PartyRow),
        told.codes(MatterRow),
        set(told.session.scalars(select(PersonRow.code).where(PersonRow.ended_at.is_(None)))),
    )
    for number, row in told.rows:
        for name, kind, rule in known.wrong(row):
            severity: Severity = "warning" if kind == "unknown_matter" else "error"
            yield Finding(kind, severity, f"{name}={row[name]}: {rule}", number, name, row[name])


@dataclass(frozen=True, slots=True)
class _Known:
    """What a duty may point at."""

    places: set[tuple[str, str]]
    layers: set[str]
    parties: set[str]
    matters: set[str]
    people: set[str]

    def wrong(self, row: Row) -> Iterator[tuple[str, str, str]]:
        """(field, kind of finding, rule) of each reference that leads nowhere."""
        layer, scope, person = row["layer"], row["matter"] or "", row["person_code"]
        if row["party_code"] not in self.parties:
            yield "party_code", "unknown_party", "no such party; import parties first"
        if layer not in self.layers:
            there = ", ".join(sorted(self.layers)) or "none"
            yield "layer", "unknown_layer", f"no such layer with areas in the draft; there are: {there}"
        elif (layer, row["area_code"]) not in self.places:
            yield "area_code", "unknown_area", f"no such area in layer {layer}"
        if row["role"] not in (None, "lead", "support"):
            yield "role", "bad_value", "must be lead (主责) or support (协同)"
        if scope and self.matters and not any(matter.startswith(scope) for matter in self.matters):
            yield "matter", "unknown_matter", "no matter of the class table begins so"
        if person and person not in self.people:
            yield "person_code", "unknown_person", "no such person in the roster; import people first"


def _check_people(told: Told) -> Iterator[Finding]:
    parties = told.codes(PartyRow)
    for number, row in told.rows:
        if row["party_code"] not in parties:
            words = f"party_code={row['party_code']}: no such party; import parties first"
            yield Finding("unknown_party", "error", words, number, "party_code", row["party_code"])


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
