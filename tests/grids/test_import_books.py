"""People, roster, assets, overrides and relations from tables: what is refused, by row; and what comes back."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gis.errors import BadInput, Refused
from gis.files.features import open_features
from gis.findings import Finding
from grids.book_reads import assets_read, numbers_known, overrides_read, roster_read
from grids.books import Numbers
from grids.content import Duty
from grids.export import export_table
from grids.import_areas import AreaFile
from grids.import_tables import import_table
from grids.overrides import Override
from grids.plans import end_ruling, plan_off, plan_on, plans_at
from grids.precedence import DEFAULT_ORDER
from grids.relations import Relation
from grids.roster import Absence, Shift
from grids.rules import put_order
from smalltown import CELL, DUTIES, NOW, PEOPLE, Town, duty, found_town

DAY = timedelta(days=1)
ROSTER = [
    {"person_code": "P1", "kind": "shift", "from": "2026-11-21", "until": "2026-11-22"},
    {"person_code": "P1", "kind": "shift", "from": "2026-11-23T20:00", "until": "2026-11-24", "party_code": "FRJ"},
    {"person_code": "P2", "kind": "leave", "from": "2026-11-21T00:00:00Z", "until": None, "deputy_code": "P1"},
]
ASSETS = [
    {"code": "A1", "lon": 117.0205, "lat": 36.6605, "matter": "C0101", "owner": "RQG", "name": "燃气井盖1号"},
    {"code": "A2", "lon": 117.0215, "lat": 36.6605, "matter": "C0101", "owner": None, "from": "2026-01-01"},
]
OVERRIDES = [
    duty("R1", "LXC", "cell", CELL, matter="C01", priority=3, until="2026-12-31"),
    duty("Y1", "JJD", "city", "370100", plan="防汛"),
]
RELATIONS = [
    {"relation": "office", "layer": "street", "area_code": "370102001", "party_code": "QCL"},
    {"relation": "office", "layer": "street", "area_code": "370102002", "party_code": "LXC"},
]
GOOD = {"people": PEOPLE, "roster": ROSTER, "assets": ASSETS, "overrides": OVERRIDES, "relations": RELATIONS}
KINDS = ("roster", "assets", "overrides", "relations")


@pytest.fixture
def city(town: Town) -> Town:
    """The whole town, its books and relations too, on either store."""
    return with_books(town)


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Town:
    folder = tmp_path_factory.mktemp("full")
    return with_books(found_town(f"sqlite:///{folder}/full.db", folder))


def with_books(town: Town) -> Town:
    town.fill()
    for kind in KINDS:
        assert town.table(kind, GOOD[kind]).findings.counts == {}
    return town


def faults(town: Town, kind: str, row: dict[str, Any], **how: Any) -> list[Finding]:
    return town.table(kind, [*GOOD.get(kind, DUTIES), row], commit=False, **how).findings.shown


def shanghai(*when: int) -> datetime:
    return datetime(*when, tzinfo=UTC) - timedelta(hours=8)  # type: ignore[misc,arg-type]


def test_times_without_an_offset_are_the_citys(city: Town) -> None:
    with city.store.read() as session:
        book = roster_read(session, 2)
        assets = assets_read(session, 1)
    assert {(s.party, s.person, s.valid_from, s.valid_until) for s in book.shifts} == {
        ("QCW", "P1", shanghai(2026, 11, 21), shanghai(2026, 11, 22)),
        ("FRJ", "P1", shanghai(2026, 11, 23, 20), shanghai(2026, 11, 24)),
    }
    leave = Absence("leave:P2:2026-11-21T00:00:00+00:00", "P2", "P1", datetime(2026, 11, 21, tzinfo=UTC), None)
    assert book.absences == (leave,)
    assert [(a.code, a.owner, a.valid_from) for a in assets] == [("A1", "RQG", NOW), ("A2", None, shanghai(2026, 1, 1))]
    later = [{"person_code": "P1", "kind": "shift", "from": "2026-12-01"}]
    city.table("roster", later, merge=True, zone="UTC")
    with city.store.read() as session:
        found = roster_read(session, 3).shifts[-1]
    assert found == Shift("shift:P1:2026-12-01T00:00:00+00:00", "QCW", "P1", datetime(2026, 12, 1, tzinfo=UTC), None)


def test_rulings_and_plan_duties_and_relations_are_kept_as_told(city: Town) -> None:
    with city.store.read() as session:
        assert numbers_known(session) == Numbers(2, 1, 1)
        orders = overrides_read(session, 1).orders
    words = {"name": "职责R1", "basis": "《条例》第1条", "document": "济政办〔2026〕1号"}
    ruling = Duty("R1", "LXC", "cell", CELL, "C01", priority=3, **words)
    assert orders[0] == Override(ruling, None, NOW, shanghai(2026, 12, 31))
    assert (orders[1].plan, orders[1].duty.party) == ("防汛", "JJD")
    office = [Relation("office", "street", "370102001", "QCL"), Relation("office", "street", "370102002", "LXC")]
    assert list(city.content().relations) == office


@pytest.mark.parametrize("suffix", [".csv", ".xlsx", ".parquet"])
@pytest.mark.parametrize("kind", ["people", *KINDS])
def test_what_is_exported_comes_back_without_a_difference(full: Town, kind: str, suffix: str) -> None:
    path = full.path(suffix)
    with full.store.read() as session:
        before = numbers_known(session)
        assert export_table(session, kind, path, NOW + DAY / 4, draft="draft") == len(GOOD[kind])
    report = import_table(full.store, kind, path, NOW + DAY / 2, commit=True)
    assert (report.changes.unchanged, report.findings.counts) == (len(GOOD[kind]), {})
    with full.store.read() as session:
        assert numbers_known(session) == before


@pytest.mark.parametrize("suffix", [".geojson", ".gpkg"])
def test_assets_go_to_maps_too(full: Town, suffix: str) -> None:
    path = full.path(suffix)
    with full.store.read() as session:
        assert export_table(session, "assets", path, NOW) == 2
    (batch,) = open_features(path)
    assert batch.geometry is not None
    points = [shape.coords[0] for shape in batch.geometry]
    assert sorted(zip(batch.columns["code"], batch.columns["owner"], points, strict=True)) == [
        ("A1", "RQG", (117.0205, 36.6605)),
        ("A2", None, (117.0215, 36.6605)),
    ]


@pytest.mark.parametrize(
    ("kind", "row", "found", "field"),
    [
        ("people", {"code": "P9", "name": "甲", "party_code": "nobody"}, "unknown_party", "party_code"),
        ("people", {**PEOPLE[0], "code": "P9", "deputy_code": "P99"}, "unknown_person", "deputy_code"),
        ("people", {**PEOPLE[0], "from": "tomorrow"}, "bad_time", "from"),
        ("people", {**PEOPLE[0], "until": "2026-11-20"}, "bad_time", "until"),
        ("people", {**PEOPLE[0], "from": "2026-12-02", "until": "2026-12-01"}, "bad_time", "until"),
        ("roster", {"person_code": "P99", "kind": "shift"}, "unknown_person", "person_code"),
        ("roster", {"person_code": "P1", "kind": "sleep"}, "bad_value", "kind"),
        ("roster", {"person_code": "P1", "kind": "leave", "deputy_code": "P99"}, "unknown_person", "deputy_code"),
        ("roster", {"person_code": "P1", "kind": "shift", "party_code": "nobody"}, "unknown_party", "party_code"),
        ("roster", ROSTER[0], "repeated_code", "code"),
        ("assets", ASSETS[0] | {"code": "A9", "owner": "nobody"}, "unknown_party", "owner"),
        ("assets", ASSETS[0] | {"code": "A9", "lat": 200}, "bad_coordinate", "lon"),
        ("assets", ASSETS[0] | {"code": "A9", "lon": "east"}, "bad_coordinate", "lon"),
        ("assets", ASSETS[0] | {"code": "A9", "matter": None}, "missing_value", "matter"),
        ("assets", ASSETS[0], "repeated_code", "code"),
        ("overrides", duty("R9", "nobody", "cell", CELL), "unknown_party", "party_code"),
        ("overrides", duty("R9", "LXC", "planet", CELL), "unknown_layer", "layer"),
        ("overrides", duty("R9", "LXC", "asset", "A99"), "unknown_asset", "area_code"),
        ("duties", duty("D99", "office_of:planet", "cell", CELL), "unknown_layer", "party_code"),
        ("duties", duty("D99", "office_of", "cell", CELL), "unknown_party", "party_code"),
        ("duties", duty("D99", "LXC", "asset", "A99"), "unknown_asset", "area_code"),
        ("relations", RELATIONS[0] | {"relation": "Office"}, "bad_value", "relation"),
        ("relations", RELATIONS[0] | {"area_code": "X"}, "unknown_area", "area_code"),
        ("relations", RELATIONS[0] | {"layer": "cell", "area_code": CELL, "party_code": "office_of:street"},
         "unknown_party", "party_code"),
        ("relations", RELATIONS[0] | {"layer": "asset", "area_code": "A1"}, "bad_value", "layer"),
        ("relations", RELATIONS[0], "repeated_code", "code"),
    ],
)  # fmt: skip
def test_each_bad_row_is_one_error(full: Town, kind: str, row: dict[str, Any], found: str, field: str) -> None:
    if kind == "people" and row["code"] == "P1":
        row = row | {"code": "P8"}
    number = len(GOOD.get(kind, DUTIES)) + 2
    assert [(f.kind, f.severity, f.field, f.row) for f in faults(full, kind, row)] == [(found, "error", field, number)]
    with pytest.raises(Refused, match=f"row {number}: "):
        full.table(kind, [*GOOD.get(kind, DUTIES), row])


def test_duties_may_name_relations_and_assets(full: Town) -> None:
    rows = [
        duty("D90", "office_of:street", "city", "370100"),
        duty("D91", "asset_owner", "city", "370100", matter="C"),
        duty("D92", "GDG", "asset", "A1"),
    ]
    assert full.table("duties", [*DUTIES, *rows], commit=False).findings.counts == {}
    told = full.table("parties", [{"code": "asset_owner", "name": "甲"}], merge=True, commit=False).findings.shown
    assert [(f.kind, f.field) for f in told] == [("bad_value", "code")]


def test_what_is_not_read_of_a_row_is_said(full: Town) -> None:
    told = faults(full, "roster", {"person_code": "P3", "kind": "leave", "party_code": "FRJ"})
    assert [(f.kind, f.severity, f.field) for f in told] == [("unread_value", "warning", "party_code")]
    told = faults(full, "assets", ASSETS[0] | {"code": "A9", "matter": "Z"})
    assert [(f.kind, f.severity, f.value) for f in told] == [("unknown_matter", "warning", "Z")]


def test_one_code_may_have_a_past_and_a_future(city: Town) -> None:
    rows = [PEOPLE[0] | {"from": "2026-01-01"}, PEOPLE[0] | {"from": "2027-01-01", "role": "lead"}, *PEOPLE[1:]]
    city.table("people", rows, now=NOW + DAY)
    with city.store.read() as session:
        spans = [p for p in roster_read(session, 3).people if p.code == "P1"]
    assert [(p.role, p.valid_from, p.valid_until) for p in spans] == [
        ("worker", shanghai(2026, 1, 1), shanghai(2027, 1, 1)),
        ("lead", shanghai(2027, 1, 1), None),
    ]


def test_neighbours_of_one_code_come_together_whatever_the_batches(city: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """A code's history may be cut by the end of a batch."""
    half = [ASSETS[0] | {"from": f"2026-0{m}-01", "name": f"第{m}次"} for m in range(1, 10)]
    rows = [
        row
        for n in range(2501)
        for row in ([half[0] | {"code": f"B{n:05}"}, *({**h, "code": f"B{n:05}"} for h in half[1:4])])
    ]
    city.table("assets", rows, now=NOW + DAY)
    assert city.table("assets", rows, now=NOW + 2 * DAY).changes.unchanged == 2501
    with city.store.read() as session:
        assert numbers_known(session).assets == 2
        assert len(assets_read(session, 2)) == len(rows) + 2


def test_assets_come_from_the_datum_that_is_declared(city: Town) -> None:
    city.table("assets", ASSETS[:1], crs="gcj02", now=NOW + DAY)
    with city.store.read() as session:
        moved = assets_read(session, 2)[-1 - 1]
    assert 0.003 < abs(moved.lon - ASSETS[0]["lon"]) < 0.01


def test_plans_are_switched_for_a_time_and_rulings_end(city: Town) -> None:
    with city.store.write() as session:
        plan_on(session, "防汛", NOW, NOW + DAY, NOW + 3 * DAY)
        plan_off(session, "防汛", NOW, NOW + 2 * DAY)
        end_ruling(session, "R1", NOW, NOW + DAY)
    with city.store.read() as session:
        book = overrides_read(session, numbers_known(session).overrides)
        before = overrides_read(session, 1)
    spot = ("city", "370100")
    assert [spot in book.at(NOW + n * DAY / 2) for n in (1, 2, 3, 4)] == [False, True, True, False]
    assert [(s.plan, s.duties, s.on) for s in plans_at(book, NOW + DAY)] == [("防汛", 1, True)]
    assert [("cell", CELL) in found.at(NOW + DAY) for found in (before, book)] == [True, False]


def test_the_city_may_put_the_table_in_another_order(hamlet: Town) -> None:
    order = ("place", *(name for name in DEFAULT_ORDER if name != "place"))
    with hamlet.store.write() as session:
        put_order(session, "draft", order, NOW)
        assert put_order(session, "draft", order, NOW) == order
        with pytest.raises(BadInput, match="name each of override"):
            put_order(session, "draft", ["place"], NOW)
    assert hamlet.content().order == order


def test_the_layer_of_assets_is_nobodys_name(hamlet: Town) -> None:
    with pytest.raises(BadInput, match="layer 'asset': the name is taken"):
        AreaFile(hamlet.path(".geojson"), "asset", "code")
