"""Whose job, exactly: one story for each line of the precedence table, on both stores, through the front doors."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import shapely

from commands import Wangge
from gis.errors import Refused
from grids.answer import Answer
from grids.drafts import discard, open_draft
from grids.precedence import DEFAULT_ORDER, RULES
from grids.publish import validate
from smalltown import CELL, DUTIES, NOW, PARTIES, PEOPLE, Row, Town, at, block, duty, found_town

ZONE = ZoneInfo("Asia/Shanghai")
ESTATE = "XQ01"
ROADS = ("LD01", "LD02")
OFFICES = [
    {"relation": "office", "layer": "street", "area_code": "370102001", "party_code": "QCL"},
    {"relation": "office", "layer": "street", "area_code": "370102002", "party_code": "BTQ"},
    {"relation": "enforcement", "layer": "district", "area_code": "370102", "party_code": "LXC"},
]
MORE_PARTIES = [
    *PARTIES,
    {"code": "BTQ", "name": "趵突泉街道办", "kind": "office"},
    {"code": "SZJ", "name": "市政工程处", "kind": "department"},
    {"code": "GLJ", "name": "公路局", "kind": "department"},
    {"code": "YJJ", "name": "应急管理局", "kind": "department"},
]
MORE_DUTIES = [
    *DUTIES,
    duty("D20", "QCW", "estate", ESTATE),
    duty("D21", "SZJ", "segment", ROADS[0]),
    duty("D22", "GLJ", "segment", ROADS[1]),
    duty("D23", "office_of:street", "city", "370100", matter="E01"),
    duty("D24", "asset_owner", "city", "370100", matter="C02"),
    duty("D25", "enforcement_of:district", "city", "370100", matter="E02"),
]


def thing(code: str, name: str, matter: str, place: tuple[float, float], **more: str) -> dict[str, Any]:
    """A row of the asset table."""
    lon, lat = at(*place)
    return {"code": code, "name": name, "matter": matter, "lon": lon, "lat": lat} | more


THINGS = [
    thing("JG0001", "燃气井盖1号", "C0101", (0.52, 0.52), owner="GDG"),
    thing("JG0002", "路灯2号", "C0201", (6.2, 3.2), owner="SZJ"),
    thing("JG0003", "路灯3号", "C0201", (6.3, 3.3)),
]
MORE_MATTERS = [
    {"code": "C02", "name": "道路设施"},
    {"code": "C0201", "name": "路灯"},
    {"code": "E02", "name": "广告"},
]


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgis", marks=pytest.mark.postgis)])
def city(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """The small town with an estate, two crossing roads, assets and relations; published; only to be asked."""
    folder = tmp_path_factory.mktemp("ownership")
    if request.param == "sqlite":
        made = _built(f"sqlite:///{folder}/wangge.db", folder)
    else:
        made = _built(request.getfixturevalue("postgis_cluster").create(), folder)
    made.publish(accept=["hole"])
    yield made
    made.store.close()


@pytest.fixture
def growing(store_url: str, tmp_path: Path) -> Iterator[Town]:
    """The same town, for what is written; its draft is open."""
    made = _built(store_url, tmp_path)
    yield made
    made.store.close()


def _built(url: str, folder: Path, duties: list[dict[str, Any]] | None = None) -> Town:
    made = found_town(url, folder)
    for layer in made.rows:
        made.put(layer)
    made.put("estate", [Row(ESTATE, "芙蓉小区", None, block(0.2, 0.2, 0.8, 0.8))], parent=None)
    roads = [
        Row(ROADS[0], "泉城路段", None, shapely.LineString([at(1.1, 3.0), at(7.9, 3.0)])),
        Row(ROADS[1], "南北路段", None, shapely.LineString([at(3.0, 2.1), at(3.0, 3.9)])),
    ]
    made.put("segment", roads, parent=None, half_width=8.0)
    made.table("parties", MORE_PARTIES)
    made.table("people")
    made.table("matters")
    made.table("matters", MORE_MATTERS, merge=True)
    made.table("relations", OFFICES)
    made.table("assets", THINGS)
    made.table("duties", duties or MORE_DUTIES)
    return made


def party(answer: Answer) -> str | None:
    return answer.owner.party.code if answer.owner else None


def why(answer: Answer, loser: str) -> str | None:
    """The line of the table that decided against this duty."""
    assert answer.explain
    return next((s["rule"] for s in answer.explain["steps"] if s["step"] == "loser" and s["duty"] == loser), None)


def test_every_line_of_the_table_has_its_story() -> None:
    assert tuple(RULES) == DEFAULT_ORDER == ("override", "asset", "matter", "place", "prefix", "priority")


# ---- override: a dated ruling, a plan that is on -------------------------------------------------------------------


def test_a_ruling_beats_the_table_while_it_holds(growing: Town) -> None:
    growing.publish(accept=["hole"])
    ruling = duty("R1", "DMH", "cell", CELL, matter="C0101", document="裁定〔2026〕7号")
    times = {"from": "2026-12-01T00:00:00+08:00", "until": "2027-01-01T00:00:00+08:00"}
    growing.table("overrides", [ruling | times])
    before = growing.ask(0.1, 0.1, "C0101", at=datetime(2026, 11, 30, 23, 59, 59, tzinfo=ZONE))
    first = growing.ask(0.1, 0.1, "C0101", at=datetime(2026, 12, 1, tzinfo=ZONE))
    last = growing.ask(0.1, 0.1, "C0101", at=datetime(2026, 12, 31, 23, 59, 59, tzinfo=ZONE))
    after = growing.ask(0.1, 0.1, "C0101", at=datetime(2027, 1, 1, tzinfo=ZONE))
    assert [party(a) for a in (before, first, last, after)] == ["RQG", "DMH", "DMH", "RQG"]
    assert (first.owner.duty.source, first.owner.duty.document) == ("ruling", "裁定〔2026〕7号")
    assert why(first, "D07") == "override"
    assert first.overrides == 1
    assert any("裁定R1" in line for line in first.explain["zh"])
    assert any("ruling R1" in line for line in first.explain["en"])
    assert party(growing.ask(0.1, 0.1, "E0101", at=datetime(2026, 12, 2, tzinfo=ZONE))) == "QCL", "another matter"
    assert party(growing.ask(1.5, 0.5, "C0101", at=datetime(2026, 12, 2, tzinfo=ZONE))) == "RQG", "another cell"


def test_a_ruling_beats_even_the_owner_of_the_asset(growing: Town) -> None:
    growing.publish(accept=["hole"])
    growing.table("overrides", [duty("R2", "YJJ", "asset", "JG0001")])
    assert party(growing.ask(0.52, 0.52, "C0101", asset="JG0001")) == "YJJ"
    assert party(growing.ask(6.2, 3.2, "C0201", asset="JG0002")) == "SZJ"


def test_a_plan_is_switched_on_and_off(growing: Town, store_url: str) -> None:
    growing.publish(accept=["hole"])
    growing.table("overrides", [duty("Y1", "YJJ", "district", "370102", document="防汛预案") | {"plan": "防汛"}])
    assert party(growing.ask(0.5, 0.5)) == "QCW", "a plan that is not on does nothing"
    wangge = Wangge(growing.folder, store=store_url)
    wangge.do("plans", "on", "防汛", "--from", "2027-07-01T08:00:00+08:00")
    wangge.do("plans", "off", "防汛", "--at", "2027-07-03T20:00:00+08:00")
    asked = [datetime(2027, 7, 1, 7, 59, 59), datetime(2027, 7, 1, 8), datetime(2027, 7, 3, 19, 59, 59),
             datetime(2027, 7, 3, 20)]  # fmt: skip
    answers = [growing.ask(0.5, 0.5, at=time.replace(tzinfo=ZONE)) for time in asked]
    assert [party(a) for a in answers] == ["QCW", "YJJ", "YJJ", "QCW"]
    assert (answers[1].owner.duty.source, answers[1].owner.duty.plan) == ("plan", "防汛")
    assert [a.overrides for a in answers] == [3, 3, 3, 3], "one number for each change that was recorded"
    assert party(growing.ask(5.5, 3.5, at=asked[1].replace(tzinfo=ZONE))) == "SZX", (
        "the other district has no such plan"
    )


# ---- asset: its owner, only when it is named -----------------------------------------------------------------------


def test_the_assets_owner_answers_when_its_number_is_given(city: Town) -> None:
    named = city.ask(0.52, 0.52, "C0101", asset="JG0001")
    assert (party(named), named.owner.duty.source, named.owner_verdict) == ("GDG", "asset", "certain")
    assert why(named, "D07") == "asset"
    assert (named.asset.code, named.nearby) == ("JG0001", ())
    assert named.assets == 1


def test_without_its_number_nearby_assets_are_suggestions_only(city: Town) -> None:
    answer = city.ask(0.52, 0.52, "C0101")
    assert party(answer) == "RQG"
    assert [(a.code, a.owner.code) for a in answer.nearby] == [("JG0001", "GDG")]
    assert answer.nearby[0].distance_m < 1.0
    assert city.ask(0.52, 0.52, "E0101").nearby == (), "another class"
    assert city.ask(2.5, 0.5, "C0101").nearby == (), "none close by"


def test_an_asset_that_is_not_recorded_is_said(city: Town) -> None:
    answer = city.ask(0.52, 0.52, "C0101", asset="NONE")
    assert party(answer) == "RQG"
    assert any("asset 'NONE' is not recorded" in words for words in answer.warnings)


def test_an_asset_far_from_the_point_that_names_it_is_said(city: Town) -> None:
    answer = city.ask(4.5, 0.5, "C0101", asset="JG0001")
    assert party(answer) == "GDG"
    assert any("m from the point" in words for words in answer.warnings)


# ---- matter, place, prefix, priority -------------------------------------------------------------------------------


def test_the_gas_manhole_inside_the_estate_is_the_gas_companys_and_the_rest_the_managers(city: Town) -> None:
    gas, rest = city.ask(0.5, 0.5, "C0101"), city.ask(0.5, 0.5, "E9")
    assert (party(gas), gas.owner.duty.code) == ("RQG", "D07")
    assert why(gas, "D20") == "matter"
    assert (party(rest), rest.owner.duty.place.layer) == ("QCW", "estate")
    assert [s.party.code for s in gas.supporting] == ["JJD"], "who supports stands beside the lead"
    assert any("交警支队" in line for line in gas.explain["zh"])


def test_the_narrower_place_answers_and_each_wider_one_when_it_is_gone(growing: Town) -> None:
    """segment > estate > cell > responsibility grid > community > street > district > city."""
    places = [
        ("segment", ROADS[0], "SZJ"), ("estate", ESTATE, "DMH"), ("cell", "370102002001003", "QCW"),
        ("grid", "370102002001G1", "FRW"), ("community", "370102002001", "FRJ"), ("street", "370102002", "BTQ"),
        ("district", "370102", "LXC"), ("city", "370100", "SZX"),
    ]  # fmt: skip
    growing.put("estate", [Row(ESTATE, "小区", None, block(0.5, 2.8, 1.6, 3.2))], parent=None)
    duties = [duty(f"P{k}", unit, layer, area) for k, (layer, area, unit) in enumerate(places)]
    for left in range(len(duties)):
        growing.table("duties", duties[left:], now=NOW + timedelta(minutes=left))
        growing.publish(accept=["warnings"], now=NOW + timedelta(minutes=left))
        x = 1.15 if left == 0 else 0.9
        answer = growing.ask(x, 3.05)
        if left == 0:
            assert party(answer) == "SZJ", "on the road, which begins at 1.1"
        else:
            assert answer.owner.duty.place.layer == places[left][0]
            assert party(answer) == places[left][2]
            assert all(why(answer, row["code"]) == "place" for row in duties[left + 1 :])


def test_the_longer_matter_wins_and_then_the_priority(city: Town, growing: Town) -> None:
    answer = city.ask(4.5, 3.5, "C0101")
    assert (party(answer), why(answer, "D08")) == ("RQG", "prefix")
    growing.table("duties", [duty("A", "RQG", "city", "370100"), duty("B", "GDG", "city", "370100", priority=5)])
    growing.publish(accept=["hole"])
    answer = growing.ask(4.5, 3.5)
    assert (party(answer), why(answer, "A")) == ("GDG", "priority")


def test_two_leads_that_nothing_tells_apart_stop_at_the_gate_and_cast_doubt(growing: Town) -> None:
    growing.table("duties", [duty("A", "RQG", "city", "370100"), duty("B", "GDG", "city", "370100")])
    with pytest.raises(Refused, match="tied_leads"):
        growing.publish(accept=["hole"])


def test_a_city_may_put_the_narrower_place_before_the_matter(growing: Town, store_url: str) -> None:
    wangge = Wangge(growing.folder, store=store_url)
    wangge.do("precedence", "override,asset,place,matter,prefix,priority", "--draft", "draft")
    growing.publish(accept=["hole"])
    answer = growing.ask(0.5, 0.5, "C0101")
    assert (party(answer), why(answer, "D07")) == ("QCW", "place")
    assert wangge("precedence", "place,matter", "--draft", "draft").code == 2


# ---- relative parties ----------------------------------------------------------------------------------------------


def test_the_office_of_the_street_is_whoever_that_is_at_the_place(city: Town) -> None:
    one, other = city.ask(2.5, 1.5, "E0101"), city.ask(2.5, 3.5, "E0101")
    assert [(party(a), a.owner.duty.relation) for a in (one, other)] == [
        ("QCL", "office_of:street"),
        ("BTQ", "office_of:street"),
    ]
    assert one.owner.duty.code == other.owner.duty.code == "D23"
    assert any("office_of:street" in line and "趵突泉街道办" in line for line in other.explain["zh"])


def test_a_relation_that_leads_to_nobody_leaves_the_next_to_stand_in_and_says_so(city: Town) -> None:
    answer = city.ask(5.0, 3.5, "E0101")
    assert (party(answer), answer.owner_verdict) == ("SZX", "ambiguous")
    assert [(u.relation, u.duty.code, u.why) for u in answer.unresolved] == [
        ("office_of:street", "D23", "no_such_relation_here")
    ]
    assert any("leads to nobody here" in line for line in answer.explain["en"])
    assert party(city.ask(0.5, 1.5, "E02")) == "LXC"


def test_each_owners_unit_is_the_owner_in_the_record_of_the_asset(city: Town) -> None:
    named, unnamed = city.ask(6.2, 3.2, "C0201", asset="JG0002"), city.ask(6.2, 3.2, "C0201")
    ownerless = city.ask(6.3, 3.3, "C0201", asset="JG0003")
    assert (party(named), named.owner_verdict) == ("SZJ", "certain")
    assert (party(unnamed), unnamed.owner_verdict) == ("SZX", "ambiguous"), "whoever falls back only stands in"
    assert [u.why for u in unnamed.unresolved] == ["no_asset_named"]
    assert [a.code for a in unnamed.nearby] == ["JG0002", "JG0003"], "which one is meant? both are close"
    assert [u.why for u in ownerless.unresolved] == ["no_owner_recorded"]


# ---- road segments -------------------------------------------------------------------------------------------------


def test_at_a_crossing_of_two_roads_of_different_owners_nobody_is_certain(city: Town) -> None:
    answer = city.ask(3.0, 3.0)
    assert answer.owner_verdict == "ambiguous"
    assert {party(answer), *(o.owner.code for o in answer.other_owners if o.owner)} >= {"SZJ", "GLJ"}
    assert party(answer) == "SZJ", "the lowest code answers"
    along = city.ask(5.0, 3.0)
    assert (party(along), along.owner_verdict) == ("SZJ", "certain")
    with city.store.write() as session:
        open_draft(session, "the same again", NOW)
    found = validate(city.store, "the same again", NOW)[2]
    assert not [f for f in found if f.kind == "tied_leads"], "crossings are no tied leads"
    with city.store.write() as session:
        discard(session, "the same again")


@pytest.mark.parametrize(("metres", "unit"), [(1.0, "SZJ"), (5.0, "SZJ"), (7.5, "SZJ"), (8.5, "SZX")])
def test_a_road_reaches_as_far_as_its_half_width(city: Town, metres: float, unit: str) -> None:
    y = 3.0 + metres / 110.97
    assert party(city.ask(5.0, y, None, 0.2)) == unit


# ---- people: leave, deputies, shifts -------------------------------------------------------------------------------


def test_leave_begins_and_ends_at_midnight_and_the_deputy_acts_in_between(growing: Town) -> None:
    people = [dict(p) for p in PEOPLE]
    people[0] |= {"deputy_code": "P2"}
    growing.table("people", people)
    growing.publish(accept=["hole"])
    leave = {"person_code": "P1", "kind": "leave", "from": "2027-02-01T00:00:00+08:00", "until": "2027-02-08"}
    growing.table("roster", [leave])
    asked = [datetime(2027, 1, 31, 23, 59), datetime(2027, 2, 1, 0, 0), datetime(2027, 2, 7, 23, 59),
             datetime(2027, 2, 8, 0, 0)]  # fmt: skip
    people_found = [growing.ask(0.9, 0.9, at=time.replace(tzinfo=ZONE)).owner.person for time in asked]
    assert [p.code for p in people_found] == ["P1", "P2", "P2", "P1"]
    assert [p.why for p in people_found] == ["named", "deputy", "deputy", "named"]
    assert (people_found[1].instead_of, people_found[1].instead_of_name) == ("P1", "王芳")
    assert people_found[1].until == "2027-02-07T16:00:00+00:00"


def test_the_person_on_shift_goes_before_the_lead(growing: Town) -> None:
    growing.publish(accept=["hole"])
    shift = {"person_code": "P5", "kind": "shift", "from": "2027-03-01T20:00:00+08:00",
             "until": "2027-03-02T08:00:00+08:00"}  # fmt: skip
    growing.table("roster", [shift])
    asked = [datetime(2027, 3, 1, 19, 59), datetime(2027, 3, 1, 20), datetime(2027, 3, 2, 8)]
    found = [growing.ask(0.1, 0.1, "C0101", at=time.replace(tzinfo=ZONE)).owner.person for time in asked]
    assert [(p.code, p.why) for p in found] == [("P4", "role"), ("P5", "shift"), ("P4", "role")]


# ---- time: as of then, as known then -------------------------------------------------------------------------------


def test_people_assets_and_rulings_are_answered_as_of_then_and_as_known_then(growing: Town) -> None:
    growing.publish(accept=["hole"])
    later = NOW + timedelta(days=30)
    sold = [dict(row) for row in THINGS]
    sold[0] |= {"owner": "RQG", "from": "2026-12-01T00:00:00+08:00"}
    growing.table("assets", sold, now=later)
    before, since = datetime(2026, 11, 25, tzinfo=UTC), datetime(2026, 12, 5, tzinfo=UTC)
    ask = [
        growing.ask(0.52, 0.52, "C0101", asset="JG0001", at=before),
        growing.ask(0.52, 0.52, "C0101", asset="JG0001", at=since),
        growing.ask(0.52, 0.52, "C0101", asset="JG0001", at=since, known_at=later - timedelta(days=1)),
    ]
    assert [party(a) for a in ask] == ["GDG", "RQG", "GDG"], "the sale was told late: who asked before did not know"
    assert [a.assets for a in ask] == [2, 2, 1]


# ---- doubt near a border ------------------------------------------------------------------------------------------


def test_near_the_border_of_a_zone_a_ruling_on_it_leaves_both_sides_in_doubt(growing: Town) -> None:
    growing.table("duties", [row for row in MORE_DUTIES if row["layer"] != "zone"])
    growing.publish(accept=["hole"])
    growing.table("overrides", [duty("R3", "DMH", "zone", "Z1")])
    edge = 5.5
    inside, outside = growing.ask(edge + 0.004, 1.2), growing.ask(edge - 0.004, 1.2)
    assert (party(inside), inside.owner_verdict) == ("DMH", "ambiguous")
    assert (party(outside), outside.owner_verdict) == ("SZX", "ambiguous")
    assert growing.ask(edge - 0.5, 1.2).owner_verdict == "certain"


def test_near_the_border_of_a_zone_a_relation_to_it_leaves_both_sides_in_doubt(growing: Town) -> None:
    keeper = {"relation": "keeper", "layer": "zone", "area_code": "Z1", "party_code": "DMH"}
    growing.table("relations", [*OFFICES, keeper])
    kept = [row for row in MORE_DUTIES if row["layer"] != "zone"]
    growing.table("duties", [*kept, duty("D30", "keeper_of:zone", "city", "370100", priority=9)])
    growing.publish(accept=["hole"])
    assert party(growing.ask(6.5, 1.2)) == "DMH"
    assert party(growing.ask(4.5, 1.2)) == "SZX", "outside every zone it is not meant"
    assert growing.ask(4.5, 1.2).unresolved == ()
    assert {growing.ask(x, 1.2).owner_verdict for x in (5.496, 5.504)} == {"ambiguous"}


def test_a_cell_beside_in_which_somebody_only_stands_in_casts_its_doubt(growing: Town) -> None:
    """The relation leads to somebody in the first cell, to nobody in the one beside it."""
    relation = {"relation": "keeper", "layer": "cell", "area_code": CELL, "party_code": "SZX"}
    growing.table("relations", [*OFFICES, relation])
    everywhere = duty("D31", "keeper_of:cell", "city", "370100", matter="E01")
    growing.table("duties", [duty("D01", "SZX", "city", "370100"), everywhere])
    growing.publish(accept=["hole"])
    sure, near, there = (growing.ask(x, 0.1, "E0101") for x in (0.5, 0.997, 1.003))
    assert (party(sure), sure.owner_verdict) == ("SZX", "certain")
    assert (party(near), near.owner_verdict) == ("SZX", "ambiguous")
    assert [(c.owner.code, c.unsure) for c in near.candidates if c.owner] == [("SZX", False), ("SZX", True)]
    assert there.owner_verdict == "ambiguous"
    assert any("?" in line for line in near.explain["en"])
