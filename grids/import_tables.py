"""Parties, matters, duties, relations and the dated books from tables. All of a file or none; a dry run by default."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from gis.errors import BadInput
from gis.files.tables import TableReader
from gis.findings import Finding
from gis.storage.base import Base
from gis.storage.engine import Store, pairs_of
from grids.content import cycle_in
from grids.datums import datum_in, mark_used
from grids.drafts import DEFAULT_DRAFT, Changes, Edit, find_draft, open_draft, usual_version
from grids.import_books import DATED, DUTY_COLUMNS, References, put_book
from grids.importing import DryRun, Findings, ImportReport, Progress, no_progress, refuse_errors
from grids.models import CONTENT, DutyRow, MatterRow, PartyRow, RelationRow
from grids.references import Known, found_in
from grids.relations import ASSET, is_relative, relation_code
from grids.table_files import Numbered, Reading, Row, TableKind, Told, opened_table, read_rows

_RELATION = re.compile(r"[a-z][a-z0-9_]{0,39}")


@dataclass(frozen=True, slots=True)
class _Job:
    """A file, and what is to be done with it."""

    kind: TableKind
    reader: TableReader
    how: Reading
    draft: str
    merge: bool
    commit: bool
    progress: Progress


def import_table(
    store: Store, kind: str, path: Path, now: datetime, commit: bool = False, **options: Any
) -> ImportReport:
    """Check a table of ``kind`` (see ``KINDS``) and, with ``commit``, put it in place of what the draft (``draft=``) or
    the book holds, or beside it (``merge=True``). Times without an offset are in ``zone``, points in ``crs``.

    Raises Refused on errors, BadInput, BadFile.
    """
    if kind not in KINDS:
        raise BadInput(f"tables of '{kind}': choose one of {', '.join(KINDS)}", field="kind", value=kind)
    reader = opened_table(KINDS[kind], path)
    how = Reading(now, options.get("zone", "Asia/Shanghai"), datum_in(store, options.get("crs", "wgs84")))
    draft, merge = options.get("draft", DEFAULT_DRAFT), bool(options.get("merge"))
    job = _Job(KINDS[kind], reader, how, draft, merge, commit, options.get("progress", no_progress))
    report: list[ImportReport] = []
    try:
        with store.write() as session:
            report.append(_put(session, job))
            if not commit:
                raise DryRun
            refuse_errors(report[0])
            mark_used(session, how.system)
    except DryRun:
        pass
    return report[0]


def _put(session: Session, job: _Job) -> ImportReport:
    """What is dated goes into its book, and refers to the version in force and the draft; the rest is edits."""
    findings, name, dated = Findings(), job.kind.name, DATED.get(job.kind.name)
    batches = _followed(read_rows(job.kind, job.reader, job.how, findings), job)
    if dated is None:
        rows, changes = _put_rows(session, job, batches, findings)
        return ImportReport(name, job.reader.path, rows, findings, changes, job.commit, job.draft)
    versions = References(usual_version(session, job.how.now), find_draft(session, job.draft))
    about = Told(session, None, [], job.merge, job.how)
    rows, changes = put_book(dated, about, versions, batches, findings)
    return ImportReport(name, job.reader.path, rows, findings, changes, job.commit)


def _followed(batches: Iterator[Numbered], job: _Job) -> Iterator[Numbered]:
    done = 0
    for rows in batches:
        yield rows
        done += len(rows)
        job.progress(done, job.reader.total)


def _put_rows(session: Session, job: _Job, batches: Iterator[Numbered], findings: Findings) -> tuple[int, Changes]:
    draft = open_draft(session, job.draft, job.how.now, f"import {job.kind.name} {job.reader.path.name}")
    rows, row_type = list(chain.from_iterable(batches)), job.kind.row or PartyRow
    findings.add(job.kind.check(Told(session, draft.id, rows, job.merge, job.how)))
    edit = Edit(session, draft, row_type)
    edit.add(_values(job.kind, row_type, rows))
    return len(rows), edit.finish(job.merge)


def _values(kind: TableKind, row_type: type[Base], rows: Numbered) -> list[dict[str, Any]]:
    columns = [column for column in row_type.__table__.columns if column.name != "id"]
    made = []
    for _, row in rows:
        told = {kind.renamed.get(name, name): value for name, value in row.items()}
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
    return pairs_of(told.session, query.where(held.c.version_id == told.version_id))


def _check_parties(told: Told) -> Iterator[Finding]:
    for number, row in told.rows:
        if is_relative(row["code"] or ""):
            words = f"code={row['code']}: means a relation, not a unit, where a duty names it; choose another code"
            yield Finding("bad_value", "error", words, number, "code", row["code"])
    yield from _check_tree(told, PartyRow, "parties")


def _check_matters(told: Told) -> Iterator[Finding]:
    return _check_tree(told, MatterRow, "matters")


def _check_duties(told: Told) -> Iterator[Finding]:
    known = Known(told)
    for number, row in told.rows:
        yield from found_in(number, row, known.faults_of_duty(row))


def _check_relations(told: Told) -> Iterator[Finding]:
    known = Known(told)
    for number, row in told.rows:
        if not _RELATION.fullmatch(row["relation"] or ""):
            rule = "must be 1 to 40 of a-z, 0-9 and _, a letter first, like office; duties then name office_of:street"
            yield from found_in(number, row, [("relation", "bad_value", rule)])
        if row["party_code"] not in known.parties:
            rule = "no such party; a relation leads to one that is named: import parties first"
            yield from found_in(number, row, [("party_code", "unknown_party", rule)])
        if row["layer"] == ASSET:
            rule = "an asset has no relations; its owner stands in its record, and duties name asset_owner"
            yield from found_in(number, row, [("layer", "bad_value", rule)])
        else:
            yield from found_in(number, row, known.faults_of_place(row))


def _relation_code(row: Row, _how: Reading) -> str:
    return relation_code(row["relation"] or "", row["layer"] or "", row["area_code"] or "")


_DUTY_NAMES = {"party_code": "party", "area_code": "area", "person_code": "person"}
_TREE_NAMES = {"parent_code": "parent"}
_CONDITIONS = {"time_limit": None, "file_condition": None, "close_condition": None}

KINDS: dict[str, TableKind] = {
    kind.name: kind
    for kind in (
        TableKind(
            "parties", ("code", "name"), {"kind": "unit", "parent_code": None}, _check_parties, PartyRow, _TREE_NAMES
        ),
        TableKind(
            "matters",
            ("code", "name"),
            {"kind": None, "parent_code": None, **_CONDITIONS},
            _check_matters,
            MatterRow,
            _TREE_NAMES,
        ),
        TableKind(
            "duties",
            ("code", "party_code", "layer", "area_code"),
            DUTY_COLUMNS,
            _check_duties,
            DutyRow,
            _DUTY_NAMES,
        ),
        TableKind(
            "relations",
            ("relation", "layer", "area_code", "party_code"),
            {},
            _check_relations,
            RelationRow,
            _DUTY_NAMES,
            _relation_code,
        ),
        *(dated.kind for dated in DATED.values()),
    )
}
"""Every kind of table that can be imported, and exported in the same form."""
