"""Parties, matters, duties and people from tables; the roster; and where phone numbers never go."""

import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from gis.errors import BadInput, Refused
from gis.findings import Finding
from grids.book_reads import departed_people, numbers_known, roster_read
from grids.dated_models import PersonRow
from grids.drafts import find_draft
from grids.models import ContactRow
from grids.roster import Roster
from smalltown import DUTIES, MATTERS, NOW, PARTIES, PEOPLE, Town, duty, found_town


def faults(hamlet: Town, kind: str, rows: list[dict[str, Any]], **how: Any) -> list[Finding]:
    return hamlet.table(kind, rows, commit=False, **how).findings.shown


@pytest.mark.parametrize("suffix", [".csv", ".xlsx", ".parquet"])
def test_the_whole_duty_list_comes_from_any_format(hamlet: Town, suffix: str) -> None:
    hamlet.fill()
    assert hamlet.table("duties", DUTIES, suffix).changes.unchanged == len(DUTIES)
    assert hamlet.table("matters", MATTERS, suffix).changes.unchanged == len(MATTERS)


@pytest.mark.parametrize(
    ("kind", "row", "found", "field"),
    [
        ("parties", {"code": "A"}, "missing_value", "name"),
        ("parties", {"code": "", "name": "无码"}, "missing_value", "code"),
        ("parties", {"code": "SZX", "name": "重复"}, "repeated_code", "code"),
        ("parties", {"code": "A", "name": "甲", "parent_code": "nobody"}, "unknown_parent", "parent_code"),
        ("parties", {"code": "A" * 201, "name": "甲"}, "bad_value", "code"),
        ("matters", {"code": "X", "name": "甲", "parent_code": "Y"}, "unknown_parent", "parent_code"),
        ("people", {"code": "P9", "name": "甲", "party_code": "nobody"}, "unknown_party", "party_code"),
        ("duties", duty("D99", "nobody", "city", "370100"), "unknown_party", "party_code"),
        ("duties", duty("D99", "SZX", "planet", "370100"), "unknown_layer", "layer"),
        ("duties", duty("D99", "SZX", "city", "999999"), "unknown_area", "area_code"),
        ("duties", duty("D99", "SZX", "city", "370100", person_code="P99"), "unknown_person", "person_code"),
        ("duties", duty("D99", "SZX", "city", "370100", role="boss"), "bad_value", "role"),
        ("duties", duty("D99", "SZX", "city", "370100", priority="high"), "bad_value", "priority"),
        ("duties", duty("D99", "SZX", "city", "370100", priority="--5"), "bad_value", "priority"),
        ("duties", duty("D99", "SZX", "city", "370100", priority="²"), "bad_value", "priority"),
        ("duties", duty("D99", "SZX", "city", "370100", priority="99999999999"), "bad_value", "priority"),
    ],
)
def test_each_bad_row_is_one_error_that_names_row_field_and_value(
    full: Town, kind: str, row: dict[str, Any], found: str, field: str
) -> None:
    good = {"parties": PARTIES, "matters": MATTERS, "people": PEOPLE, "duties": DUTIES}[kind]
    told = faults(full, kind, [*good, row])
    assert [(f.kind, f.severity, f.field, f.row) for f in told] == [(found, "error", field, len(good) + 2)]
    if row.get(field):
        assert str(row[field])[:20] in told[0].message
    with pytest.raises(Refused, match=f"row {len(good) + 2}: "):
        full.table(kind, [*good, row])


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Town:
    folder = tmp_path_factory.mktemp("full")
    return found_town(f"sqlite:///{folder}/full.db", folder).fill()


def test_an_unknown_matter_only_warns(full: Town) -> None:
    told = faults(full, "duties", [*DUTIES, duty("D99", "SZX", "city", "370100", matter="X7")])
    assert [(f.kind, f.severity, f.value) for f in told] == [("unknown_matter", "warning", "X7")]


def test_a_column_that_is_not_read_is_said_with_the_name_it_may_mean(full: Town) -> None:
    told = faults(full, "duties", [row | {"mattr": "C01"} for row in DUTIES[:1]])
    assert [(f.kind, f.severity, f.field) for f in told] == [("unknown_column", "warning", "mattr")]
    assert "did you mean 'matter'?" in told[0].message


def test_a_missing_column_names_those_that_are_there(full: Town) -> None:
    with pytest.raises(BadInput, match="a table of parties needs the column 'name'; it has: code, title"):
        full.table("parties", [{"code": "A", "title": "甲"}])
    with pytest.raises(BadInput, match="tables of 'dragons': choose one of parties"):
        full.table("dragons", PARTIES)


def test_cycles_are_found_in_the_file_and_with_what_the_draft_holds(full: Town) -> None:
    ring = [{"code": "A", "name": "甲", "parent_code": "B"}, {"code": "B", "name": "乙", "parent_code": "A"}]
    assert [f.kind for f in faults(full, "parties", ring)] == ["cycle"]
    closing = [{"code": "SZX", "name": "市网格中心", "parent_code": "LXC"}]
    told = faults(full, "parties", closing, merge=True)
    assert [f.kind for f in told] == ["cycle"]
    assert told[0].row == 2
    assert "SZX" in told[0].message


def test_replacing_counts_only_the_parents_that_the_file_itself_brings(full: Town) -> None:
    only = [{"code": "LXC", "name": "历下区城管局", "parent_code": "SZX"}]
    assert [f.kind for f in faults(full, "parties", only)] == ["unknown_parent"]
    assert faults(full, "parties", only, merge=True) == []


def test_people_go_to_the_roster_and_open_no_draft(town: Town) -> None:
    town.table("parties")
    town.table("people")
    with town.store.read() as session:
        assert latest_roster(session).number == 1
        assert [p.name for p in latest_roster(session).people] == ["王芳", "李强", "张伟", "燃气值班室", "赵敏"]
    town.put("city")
    town.publish(accept=["warnings"])
    town.table("people", PEOPLE[:-1])
    with town.store.read() as session:
        assert find_draft(session) is None


def test_people_are_dated_and_only_a_change_makes_a_new_snapshot(town: Town) -> None:
    town.table("parties")
    town.table("people")
    town.table("people", now=NOW + timedelta(days=1))
    later = NOW + timedelta(days=2)
    promoted = [PEOPLE[0] | {"role": "lead"}, *PEOPLE[1:-1]]
    report = town.table("people", promoted, now=later)
    assert (report.changes.changed, report.changes.removed, report.changes.unchanged) == (1, 1, 3)
    with town.store.read() as session:
        assert latest_roster(session).number == 2
        spans = [(p.role, p.valid_from, p.valid_until) for p in session.scalars(_person("P1"))]
        assert spans == [("worker", NOW, later), ("lead", later, None)]
        assert [(p.valid_from, p.valid_until) for p in session.scalars(_person("P5"))] == [(NOW, later)]
        assert departed_people(session, later) == {"P5"}
        assert departed_people(session, later - timedelta(seconds=1)) == frozenset()
    town.table("people", [PEOPLE[4]], merge=True, now=later)
    with town.store.read() as session:
        assert departed_people(session, later) == frozenset()


def latest_roster(session: Session) -> Roster:
    return roster_read(session, numbers_known(session).roster)


def _person(code: str) -> Any:
    return select(PersonRow).where(PersonRow.code == code, PersonRow.until.is_(None)).order_by(PersonRow.valid_from)


def test_contacts_are_kept_apart_replaced_and_leave_with_their_person(town: Town) -> None:
    town.table("parties")
    town.table("people")
    town.table("people", [{k: v for k, v in row.items() if k != "phone"} for row in PEOPLE])
    assert phones(town)["P1"] == "10000000001"
    town.table("people", [PEOPLE[0] | {"phone": "19999999999"}, PEOPLE[1] | {"phone": None}, *PEOPLE[2:4]])
    assert phones(town) == {"P1": "19999999999", "P3": "10000000003", "P4": "10000000004"}


def phones(town: Town) -> dict[str, str]:
    with town.store.read() as session:
        return {row.person: row.phone for row in session.scalars(select(ContactRow))}


def test_phone_numbers_are_in_no_release_no_snapshot_and_no_answer(town: Town) -> None:
    town.fill().publish()
    files = [path for path in (town.folder / "releases").iterdir() if path.is_file()]
    assert files
    with town.store.read() as session:
        stored = json.dumps(latest_roster(session).as_data(), ensure_ascii=False)
    answer = str(town.ask(0.5, 0.5).as_dict())
    for person in PEOPLE:
        assert person["name"] in stored
        assert person["phone"] not in stored + answer
        assert not any(person["phone"].encode() in path.read_bytes() for path in files)


def test_a_dry_run_of_people_leaves_the_roster_alone(town: Town) -> None:
    town.table("parties")
    report = town.table("people", commit=False)
    assert report.changes.added == 5
    assert phones(town) == {}
    with town.store.read() as session:
        assert latest_roster(session).number == 0
