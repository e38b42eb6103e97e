"""The tables of the dated books: people, shifts and leave, assets, rulings and the duties of emergency plans."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain

from shapely.geometry import Point
from sqlalchemy.orm import Session

from gis.files.points import points_of
from gis.findings import Finding
from grids.book_reads import departed_people, numbers_known, roster_read
from grids.contacts import put_contacts
from grids.dated import BookEdit, Entry
from grids.dated_models import AbsenceRow, AssetRow, Dated, OverrideRow, PersonRow, ShiftRow
from grids.drafts import Changes
from grids.importing import Findings
from grids.models import VersionRow
from grids.periods import as_text, holds
from grids.references import Known, found_in
from grids.roster import Person
from grids.table_files import Numbered, Reading, Row, TableKind, Told

DUTY_COLUMNS: Mapping[str, str | None] = {
    "matter": None,
    "role": "lead",
    "name": None,
    "basis": None,
    "document": None,
    "person_code": None,
    "priority": None,
}
"""What a duty, or a ruling, may have beside the columns it needs."""

_PERIOD: Mapping[str, str | None] = {"from": None, "until": None}
_SHIFT, _LEAVE = "shift", "leave"


@dataclass(frozen=True, slots=True)
class DatedKind:
    """A kind of table whose rows go into a book. ``streamed``: its rows are checked and written batch by batch."""

    kind: TableKind
    book: str
    tables: tuple[type[Dated], ...]
    entries: Callable[[Told, Findings], Iterator[tuple[type[Dated], Entry]]]
    streamed: bool = False


@dataclass(frozen=True, slots=True)
class References:
    """What the rows of a book may point at: the version in force, and beside it the open draft."""

    in_force: VersionRow | None
    draft: VersionRow | None

    def check(self, kind: TableKind, told: Told) -> Iterator[Finding]:
        """What is wrong with the rows by both; a warning where only the draft knows what a row names."""
        here = self.draft or self.in_force
        by_draft = list(kind.check(replace(told, version_id=here.id if here else None)))
        if self.in_force is None or self.draft is None:
            yield from by_draft
            return
        by_version = list(kind.check(replace(told, version_id=self.in_force.id)))
        in_draft, in_version = ({_subject(found) for found in side} for side in (by_draft, by_version))
        yield from (found for found in by_draft if _subject(found) in in_version)
        for found in by_version:
            if _subject(found) not in in_draft:
                which = f"only draft '{self.draft.name}' knows it, version {self.in_force.number} does not"
                words = f"{found.field}={found.value}: {which}; publish the draft before the row is to count"
                yield Finding("only_in_draft", "warning", words, found.row, found.field, found.value)


def _subject(found: Finding) -> tuple[int | None, str | None]:
    """The row and the field; an area and its layer name one place."""
    return found.row, "area_code" if found.field == "layer" else found.field


def put_book(
    dated: DatedKind, about: Told, versions: References, batches: Iterator[Numbered], findings: Findings
) -> tuple[int, Changes]:
    """Check the rows and write them into their book; gives how many there were and what changed.

    ``about`` says where to and how, and has no rows and no version yet. Without merging, what the file does not name
    ends now.
    """
    edit, count, phones = BookEdit(about.session, dated.book, about.how.now), 0, dict[str, str | None]()
    for rows in _whole_codes(batches) if dated.streamed else [list(chain.from_iterable(batches))]:
        told = replace(about, rows=rows)
        findings.add(versions.check(dated.kind, told))
        entries = defaultdict[type[Dated], list[Entry]](list)
        for table, entry in dated.entries(told, findings):
            entries[table].append(entry)
        for table, held in entries.items():
            edit.put(table, held)
        count += len(rows)
        phones |= {str(row["code"]): row["phone"] for _, row in rows if "phone" in row}
    if not about.merge:
        for table in dated.tables:
            edit.end_missing(table)
    changes = edit.finish()
    if PersonRow in dated.tables:
        put_contacts(about.session, phones, departed_people(about.session, about.how.now))
    return count, changes


def _whole_codes(batches: Iterable[Numbered]) -> Iterator[Numbered]:
    """The same rows, so cut that neighbours of one code come together: they tell one history."""
    waiting = Numbered()
    for batch in batches:
        waiting += batch
        last = waiting[-1][1]["code"] if waiting else None
        ready = next((at for at in range(len(waiting), 0, -1) if waiting[at - 1][1]["code"] != last), 0)
        yield waiting[:ready]
        waiting = waiting[ready:]
    yield waiting


def _check_people(told: Told) -> Iterator[Finding]:
    known = Known(told)
    people = {row["code"] for _, row in told.rows} | (known.people if told.merge else set())
    for number, row in told.rows:
        if row["party_code"] not in known.parties:
            yield from found_in(number, row, [("party_code", "unknown_party", "no such party; import parties first")])
        if row["deputy_code"] and row["deputy_code"] not in people:
            where = "in this file or the roster" if told.merge else "in this file, which replaces the roster"
            yield from found_in(number, row, [("deputy_code", "unknown_person", f"no such person {where}")])


def _people(told: Told, _findings: Findings) -> Iterator[tuple[type[Dated], Entry]]:
    for _, row in told.rows:
        named = {"name": row["name"], "party": row["party_code"], "role": row["role"] or "worker"}
        yield PersonRow, {"code": row["code"], **named, "deputy": row["deputy_code"], **told.how.times(row)}


def _roster_code(row: Row, how: Reading) -> str:
    """Kind, person and start tell one entry of the roster from another."""
    start = how.times(row).get("valid_from")
    return f"{row['kind']}:{row['person_code']}:{as_text(start) or ''}"


def has_start(code: str) -> bool:
    """Whether an entry of the roster was told from when it counts; else it counts from its first import."""
    return not code.endswith(":")


def _check_roster(told: Told) -> Iterator[Finding]:
    known = Known(told)
    for number, row in told.rows:
        if row["kind"] not in (_SHIFT, _LEAVE):
            yield from found_in(number, row, [("kind", "bad_value", f"must be {_SHIFT} (值班) or {_LEAVE} (请假)")])
        for name in ("person_code", "deputy_code"):
            if row[name] and row[name] not in known.people:
                words = "no such person in the roster; import people first"
                yield from found_in(number, row, [(name, "unknown_person", words)])
        if row["party_code"] and row["party_code"] not in known.parties:
            yield from found_in(number, row, [("party_code", "unknown_party", "no such party; import parties first")])
        unread = "deputy_code" if row["kind"] == _SHIFT else "party_code"
        if row[unread]:
            words = f"{unread}={row[unread]}: is not read for a row of kind {row['kind']}"
            yield Finding("unread_value", "warning", words, number, unread, row[unread])


def _roster(told: Told, _findings: Findings) -> Iterator[tuple[type[Dated], Entry]]:
    people = _people_by_code(told.session)
    for _, row in told.rows:
        person, times = row["person_code"] or "", told.how.times(row)
        if row["kind"] == _LEAVE:
            yield AbsenceRow, {"code": row["code"], "person": person, "deputy": row["deputy_code"], **times}
            continue
        at = times.get("valid_from") or told.how.now
        known = people.get(person, [])
        usual = next((one.party for one in known if holds(one, at)), known[-1].party if known else "")
        yield ShiftRow, {"code": row["code"], "party": row["party_code"] or usual, "person": person, **times}


def _people_by_code(session: Session) -> Mapping[str, list[Person]]:
    people = defaultdict[str, list[Person]](list)
    for person in roster_read(session, numbers_known(session).roster).people:
        people[person.code].append(person)
    return people


def _check_assets(told: Told) -> Iterator[Finding]:
    known = Known(told)
    parties, matters = known.parties, known.matters
    for number, row in told.rows:
        if row["owner"] and row["owner"] not in parties:
            yield from found_in(number, row, [("owner", "unknown_party", "no such party; import parties first")])
        if matters and row["matter"] not in matters:
            words = "no matter of the class table begins so"
            yield from found_in(number, row, [("matter", "unknown_matter", words)])


def _assets(told: Told, findings: Findings) -> Iterator[tuple[type[Dated], Entry]]:
    rows = told.rows
    lon, lat, wrong = points_of([row["lon"] for _, row in rows], [row["lat"] for _, row in rows], told.how.system)
    for (number, row), x, y, problem in zip(rows, lon.tolist(), lat.tolist(), wrong, strict=True):
        if problem is not None:
            words = problem or "lon and lat are empty; they are needed"
            findings.add([Finding("bad_coordinate", "error", words, number, "lon", row["lon"])])
            continue
        named = {"name": row["name"] or "", "matter": row["matter"], "owner": row["owner"]}
        yield AssetRow, {"code": row["code"], **named, "geom": Point(x, y), **told.how.times(row)}


def _check_overrides(told: Told) -> Iterator[Finding]:
    known = Known(told)
    for number, row in told.rows:
        yield from found_in(number, row, known.faults_of_duty(row))


def _overrides(told: Told, _findings: Findings) -> Iterator[tuple[type[Dated], Entry]]:
    for _, row in told.rows:
        words = {name: row[name] or "" for name in ("name", "matter", "basis", "document")}
        place = {"layer": row["layer"], "area": row["area_code"], "party": row["party_code"]}
        rank = {"role": row["role"] or "lead", "priority": int(row["priority"] or 0)}
        who = {"plan": row["plan"], "person": row["person_code"]}
        yield OverrideRow, {"code": row["code"], **words, **place, **rank, **who, **told.how.times(row)}


_PEOPLE = TableKind(
    "people",
    ("code", "name", "party_code"),
    {"role": "worker", "phone": None, "deputy_code": None, **_PERIOD},
    _check_people,
    renamed={"party_code": "party", "deputy_code": "deputy"},
)
_ROSTER = TableKind(
    "roster",
    ("person_code", "kind"),
    {**_PERIOD, "party_code": None, "deputy_code": None},
    _check_roster,
    renamed={"person_code": "person", "party_code": "party", "deputy_code": "deputy"},
    code_of=_roster_code,
)
_ASSETS = TableKind(
    "assets",
    ("code", "lon", "lat", "matter"),
    {"name": None, "owner": None, **_PERIOD},
    _check_assets,
)
_OVERRIDES = TableKind(
    "overrides",
    ("code", "party_code", "layer", "area_code"),
    {**DUTY_COLUMNS, "plan": None, **_PERIOD},
    _check_overrides,
    renamed={"party_code": "party", "area_code": "area", "person_code": "person"},
)

DATED: dict[str, DatedKind] = {
    dated.kind.name: dated
    for dated in (
        DatedKind(_PEOPLE, "roster", (PersonRow,), _people),
        DatedKind(_ROSTER, "roster", (ShiftRow, AbsenceRow), _roster),
        DatedKind(_ASSETS, "assets", (AssetRow,), _assets, streamed=True),
        DatedKind(_OVERRIDES, "overrides", (OverrideRow,), _overrides),
    )
}
"""The kinds of tables that go into a book."""
