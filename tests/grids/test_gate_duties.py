"""The gate's look at duties: what dangles, what ties, and who is left without an owner."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import numpy as np
import pytest
import shapely

from blocks import city
from gis.findings import Finding
from gis.storage.engine import Store
from gis.storage.migrate import migrate
from grids.content import Areas, Content, Duty, Layer
from grids.dated_models import AssetRow, PersonRow, SnapshotRow
from grids.gate import findings_of
from grids.gate_duties import NOTHING, Outside
from grids.gate_reads import outside_of
from grids.overrides import Override
from grids.precedence import DEFAULT_ORDER, Claim, weight
from grids.relations import Relation

NOW = datetime(2026, 11, 20, tzinfo=UTC)
ALL = tuple(
    Duty(f"A{index}", "A", "district", f"district{at}") for index, at in enumerate(("0000", "0001", "0100", "0101"))
)
OFFICES = tuple(Relation("office", "street", f"street{x:02d}{y:02d}", "B") for x in range(4) for y in range(4))
STREETS = ("street0000", "street0001", "street0100", "street0101")


def found(kind: str, *duties: Duty, outside: Outside = NOTHING, **more: Any) -> list[Finding]:
    return [f for f in findings_of(city(duties=(*ALL, *duties), **more), outside) if f.kind == kind]


def test_a_city_in_order_has_no_findings() -> None:
    duty = Duty("D1", "office_of:street", "district", "district0000", "C")
    assert list(findings_of(city(duties=(*ALL, duty), relations=OFFICES))) == []


@pytest.mark.parametrize(
    ("duty", "field", "value", "words"),
    [
        (Duty("D1", "Q", "street", "street0000"), "party", "Q", "no such party"),
        (Duty("D1", "office_of:", "street", "street0000"), "party", "office_of:", "no such party"),
        (Duty("D1", "office_of:ward", "street", "street0000"), "party", "office_of:ward", "no such layer 'ward'"),
        (Duty("D1", "keeper_of:zone", "street", "street0000"), "party", "keeper_of:zone", "has the relation 'keeper'"),
        (Duty("D1", "A", "ward", "W1"), "layer", "ward", "no such layer"),
        (Duty("D1", "A", "street", "S9"), "area", "S9", "no such area in layer street"),
        (Duty("D1", "A", "asset", "M2"), "area", "M2", "no such asset"),
        (Duty("D1", "A", "street", "street0000", person="P1"), "person", "P1", "still holds this duty of party A"),
    ],
)  # fmt: skip
def test_duties_that_point_at_nothing_dangle(duty: Duty, field: str, value: str, words: str) -> None:
    outside = Outside(frozenset({"P1"}), frozenset({"M1"}))
    [told] = found("dangling_duty", duty, outside=outside, relations=OFFICES)
    assert (told.severity, told.codes, told.field, told.value) == ("error", ("D1",), field, value)
    assert words in told.message


def test_an_asset_that_is_there_and_the_owner_of_assets_do_not_dangle() -> None:
    duties = Duty("D1", "A", "asset", "M1"), Duty("D2", "asset_owner", "street", "street0000", "C")
    assert found("dangling_duty", *duties, outside=Outside(assets=frozenset({"M1"}))) == []


@pytest.mark.parametrize(
    ("relation", "field"),
    [
        (Relation("office", "street", "street0000", "Q"), "party"),
        (Relation("office", "street", "S9", "A"), "area"),
        (Relation("office", "ward", "W1", "A"), "layer"),
    ],
)
def test_relations_that_point_at_nothing_dangle(relation: Relation, field: str) -> None:
    [told] = found("dangling_duty", relations=(relation,))
    assert (told.severity, told.codes, told.field) == ("error", (relation.code,), field)


def test_owners_of_assets_that_are_no_parties_are_told_once_each() -> None:
    [told] = found("asset", outside=Outside(owners={"A": 7, "GAS": 1200}))
    assert (told.severity, told.value) == ("warning", "GAS")
    assert "owns 1,200 assets" in told.message


@pytest.mark.parametrize(
    ("duty", "field", "value", "words"),
    [
        (Duty("R1", "Q", "street", "street0000"), "party", "Q", "party 'Q': no such party"),
        (Duty("R1", "office_of:ward", "street", "street0000"), "party", "office_of:ward", "no such layer 'ward'"),
        (Duty("R1", "keeper_of:zone", "street", "street0000"), "party", "keeper_of:zone", "the relation 'keeper'"),
        (Duty("R1", "A", "ward", "W1"), "layer", "ward", "layer 'ward': no such layer"),
        (Duty("R1", "A", "street", "S9"), "area", "S9", "area 'S9': no such area in layer street any more"),
        (Duty("R1", "Q", "street", "S9"), "party", "Q", "no such party, area 'S9': no such area"),
    ],
)  # fmt: skip
def test_overrides_that_name_what_the_version_lacks_are_told_once_each(
    duty: Duty, field: str, value: str, words: str
) -> None:
    sound = Duty("R2", "office_of:street", "street", "street0000"), Duty("R3", "asset_owner", "asset", "M9")
    orders = tuple(Override(one) for one in (*sound, duty, replace(duty, matter="C")))
    [told] = found("dangling_override", outside=Outside(orders=orders), relations=OFFICES)
    assert (told.severity, told.codes, told.field, told.value) == ("warning", ("R1",), field, value)
    assert words in told.message
    assert "or end it: `wangge rulings end R1`" in told.message


@pytest.mark.parametrize(
    ("layer", "area", "missing", "words"),
    [
        ("district", "district0000", ("street0001", "street0101"), "2 of 4 areas of layer street in district"),
        ("cell", "cell0203", ("street0101",), "1 of 1 areas of layer street"),
        ("zone", "Z1", ("street0001", "street0101"), "2 of 4 areas of layer street in zone Z1"),
        ("street", "street0000", (), ""),
    ],
)  # fmt: skip
def test_a_relation_that_some_areas_lack_is_a_hole(layer: str, area: str, missing: tuple[str, ...], words: str) -> None:
    offices = tuple(row for row in OFFICES if row.area not in ("street0001", "street0101"))
    told = found("hole", Duty("D1", "office_of:street", layer, area, priority=9), relations=offices)
    assert [(f.severity, f.codes, f.value) for f in told] == (
        [("warning", missing, "office_of:street")] if missing else []
    )
    for finding in told:
        assert words in finding.message
        assert "have no 'office'" in finding.message
        assert finding.geometry is not None


def matter_holes(*duties: Duty) -> dict[str | None, tuple[str, ...]]:
    told = [f for f in findings_of(city(duties=duties)) if f.kind == "hole"]
    assert {(f.severity, f.field, f.layer) for f in told} <= {("warning", "matter", "cell")}
    return {f.value: f.codes for f in told}


def test_a_matter_that_nobody_answers_where_others_are_answered_for_is_a_hole() -> None:
    holes = matter_holes(Duty("D1", "A", "street", "street0000", "C01"), Duty("D2", "A", "cell", "cell0000", "E01"))
    assert holes == {"E0101": ("cell0001", "cell0100", "cell0101")}
    assert matter_holes(*ALL, Duty("D1", "A", "street", "street0000", "C01")) == {}
    assert matter_holes() == {}


def test_an_owner_of_assets_does_not_fill_a_hole() -> None:
    holes = matter_holes(Duty("D1", "A", "cell", "cell0000", "E"), Duty("D2", "asset_owner", "cell", "cell0000", "C"))
    assert set(holes) == {"C0101", "C0102"}


def test_the_message_of_a_hole_is_short_and_counts() -> None:
    [hole] = [
        f for f in findings_of(city(duties=(Duty("D1", "A", "district", "district0000", "C"),))) if f.kind == "hole"
    ]
    assert "matter E0101 暴露垃圾: nobody answers in 16 of 64 areas of layer cell" in hole.message
    assert "cell0101 and 10 more" in hole.message


def test_a_city_without_any_owner_is_one_finding() -> None:
    [told] = [f for f in findings_of(city()) if f.kind == "unowned"]
    assert "in any of its 64 areas" in told.message
    assert len(told.codes) == 50
    one = [f for f in findings_of(city(duties=ALL[:3])) if f.kind == "unowned"]
    assert {len(f.codes) for f in one} == {1}
    assert len(one) == 16


def test_a_cell_of_which_a_zone_holds_a_part_is_unowned_and_one_it_covers_is_not() -> None:
    told = [f for f in findings_of(city(duties=(Duty("D1", "A", "zone", "Z1"),))) if f.kind == "unowned"]
    assert len(told) == 60
    assert ("cell0200",) in [f.codes for f in told]


def roads_that_cross(*duties: Duty) -> list[Finding]:
    content = city(duties=(*ALL, *duties))
    lines = [[(117, 36.004), (117.008, 36.004)], [(117.004, 36), (117.004, 36.008)]]
    shapes = np.array([shapely.LineString(line) for line in lines], object)
    roads = replace(content.areas["segment"].layer, partition=False)
    table = Areas(roads, ("R1", "R2"), ("", ""), (None, None), shapes, (10.0, 10.0))
    return [
        f for f in findings_of(replace(content, areas={**content.areas, "segment": table})) if f.kind == "tied_leads"
    ]


def test_crossing_segments_tie_nowhere_and_two_leads_of_one_segment_do() -> None:
    assert roads_that_cross(Duty("D1", "A", "segment", "R1"), Duty("D2", "B", "segment", "R2")) == []
    [told] = roads_that_cross(Duty("D1", "A", "segment", "R1"), Duty("D2", "B", "segment", "R1"))
    assert told.codes == ("D1", "D2")


def test_leads_of_one_asset_tie() -> None:
    there = Outside(assets=frozenset({"M1", "M2"}))
    duties = [Duty("D1", "A", "asset", "M1"), Duty("D2", "B", "asset", "M1"), Duty("D3", "B", "asset", "M2")]
    [told] = found("tied_leads", *duties, outside=there)
    assert told.codes == ("D1", "D2")


def test_relative_parties_tie_by_their_text_and_two_relations_are_told_in_words() -> None:
    rows = (*OFFICES, Relation("grid", "street", "street0000", "B"))
    office = Duty("D1", "office_of:street", "street", "street0000")
    assert found("tied_leads", office, replace(office, code="D2"), relations=rows) == []
    [mixed] = found("tied_leads", office, replace(office, code="D2", party="C"), relations=rows)
    assert "depends on the place" not in mixed.message
    [both] = found("tied_leads", office, replace(office, code="D2", party="grid_of:street"), relations=rows)
    assert "(grid_of:street and office_of:street: who that is depends on the place)" in both.message


def test_whether_leads_tie_does_not_depend_on_the_citys_order() -> None:
    """The gate asks for no order because each only reorders the lines: what is equal under one is equal under all."""
    layers = [Layer("zone", rank=70), Layer("cell", rank=60)]
    claims = [
        Claim(Duty("D", "A", layer.code, "x", matter, priority=priority), layer, "A")
        for layer in layers
        for matter in ("", "C", "C01")
        for priority in (0, 1)
    ]
    for order in permutations(DEFAULT_ORDER):
        assert len({weight(claim, order) for claim in claims}) == len(claims)
    duties = Duty("D1", "A", "zone", "Z1"), Duty("D2", "B", "zone", "Z2")
    told = {
        order: [f.codes for f in found("tied_leads", *duties, order=order)] for order in permutations(DEFAULT_ORDER)
    }
    assert set(map(tuple, told.values())) == {(("D1", "D2"),)}


@pytest.fixture
def books(store_url: str) -> Store:
    store = Store(store_url)
    migrate(store)
    day = timedelta(days=1)
    with store.write() as session:
        session.add_all(SnapshotRow(book=book, number=1, recorded_at=NOW - 9 * day) for book in ("roster", "assets"))
        for code, owner, until in (
            ("M1", "GAS", None),
            ("M2", "GAS", NOW),
            ("M3", None, NOW + day),
            ("M4", "GAS", None),
        ):
            spot = shapely.Point(117, 36)
            session.add(AssetRow(code=code, name="", matter="C", owner=owner, geom=spot, valid_until=until, since=1))
        for code, until in (("P1", NOW - day), ("P2", None)):
            session.add(PersonRow(code=code, name="", party="A", role="lead", valid_until=until, since=1))
    return store


def test_what_lies_outside_is_read_from_the_books_of_now(books: Store) -> None:
    duties = tuple(Duty(f"D{number}", "A", "asset", f"M{number}") for number in range(1, 6))
    with books.read() as session:
        told = outside_of(session, city(duties=duties), NOW)
    assert told == Outside(frozenset({"P1"}), frozenset({"M1", "M3", "M4"}), {"GAS": 2})
    with books.read() as session:
        assert outside_of(session, Content(), NOW).assets == frozenset()
    books.close()
