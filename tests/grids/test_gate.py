"""The publish gate: every kind of finding, with its place."""

from dataclasses import replace
from time import perf_counter
from typing import Any

import numpy as np
import pytest
import shapely

from gis.findings import Finding
from grids.content import Areas, Content, Duty, Layer, Party
from grids.gate import findings_of
from grids.layers import change_layer
from grids.names import ERRORS, WARNINGS
from smalltown import CELL, DUTIES, MATTERS, NOW, PARTIES, PEOPLE, ROWS, Row, Town, block, duty


def other(layer: str, *replaced: Row, without: tuple[str, ...] = ()) -> list[Row]:
    """The town's rows with some replaced, by code, and some left out."""
    new = {row.code: row for row in replaced}
    kept = [new.pop(row.code, row) for row in ROWS[layer] if row.code not in without]
    return [*kept, *new.values()]


def cell(code: str, *corners: float) -> Row:
    old = next(row for row in ROWS["cell"] if row.code == code)
    return Row(code, old.name, old.parent, block(*corners))


def found(town: Town, kind: str) -> list[Finding]:
    everything = town.findings()
    assert {f.kind for f in everything} <= {*ERRORS, *WARNINGS}
    return [f for f in everything if f.kind == kind]


def test_a_sound_town_has_no_findings_on_either_store(town: Town) -> None:
    assert town.fill().findings() == []


def test_an_overlap_names_both_areas_its_size_and_its_place(hamlet: Town) -> None:
    hamlet.rows["cell"] = other("cell", cell(CELL, 0, 0, 1.1, 1))
    [overlap] = found(hamlet.fill(), "overlap")
    assert overlap.codes == (CELL, "370102001001002")
    assert overlap.area_m2 == pytest.approx(992, rel=0.01)
    assert overlap.as_dict()["lon"] == pytest.approx(117.02105, abs=1e-5)
    [beyond] = found(hamlet, "outside_parent")
    assert (beyond.severity, beyond.codes) == ("error", (CELL,))


def test_a_gap_names_those_around_it(hamlet: Town) -> None:
    hamlet.rows["cell"] = other("cell", without=("370102001002004",))
    [gap] = found(hamlet.fill(), "gap")
    assert gap.area_m2 == pytest.approx(9920, rel=0.01)
    assert "370102001002003" in gap.codes
    assert [f.kind for f in hamlet.findings()] == ["gap"]


def test_what_is_missing_at_the_edge_is_uncovered_ground_of_the_parent(hamlet: Town) -> None:
    hamlet.rows["cell"] = other("cell", without=(CELL,))
    hamlet.fill(duties=[row for row in DUTIES if row["code"] != "D06"])
    [bare] = hamlet.findings()
    assert (bare.kind, bare.codes) == ("uncovered", ("370102001001G1",))


def test_below_ten_square_metres_it_is_a_sliver_that_tells_what_it_was(hamlet: Town) -> None:
    hamlet.rows["cell"] = other("cell", cell("370102001001001", 0, 0, 1.0005, 1))
    slivers = found(hamlet.fill(), "sliver")
    assert {f.value for f in slivers} == {"overlap", "outside_parent"}
    assert {f.severity for f in slivers} == {"warning"}


def test_broken_rings_are_errors_and_keep_out_of_the_topology(hamlet: Town) -> None:
    bow = Row(CELL, "", "370102001001G1", block(0, 0, 1, 1))
    crossed = [(117.02, 36.66), (117.021, 36.661), (117.021, 36.66), (117.02, 36.661)]
    hamlet.rows["cell"] = other("cell", Row(bow.code, bow.name, bow.parent, type(bow.shape)(crossed)))
    [broken] = found(hamlet.fill(), "invalid")
    assert (broken.severity, broken.codes) == ("error", (CELL,))
    assert "rings may not cross" in broken.message
    assert {f.kind for f in hamlet.findings()} == {"invalid", "uncovered"}


def test_codes_off_the_scheme(hamlet: Town) -> None:
    hamlet.fill()
    with hamlet.store.write() as session:
        change_layer(session, "draft", "cell", NOW, scheme="6+3+3+3")
        change_layer(session, "draft", "grid", NOW, scheme="6+3+3+2")
    assert {f.layer for f in found(hamlet, "code")} == {"grid"}
    assert len(found(hamlet, "code")) == 16


def test_a_parent_that_went_away_is_a_hierarchy_error(hamlet: Town) -> None:
    hamlet.fill()
    hamlet.put("community", other("community", without=("370103002002",)))
    told = found(hamlet, "hierarchy")
    assert {f.value for f in told} == {"370103002002"}
    assert {f.layer for f in told} == {"grid"}


@pytest.mark.parametrize(
    ("change", "field", "value"),
    [
        ({"parties": [row for row in PARTIES if row["code"] != "DMH"]}, "party", "DMH"),
        ({"people": [row for row in PEOPLE if row["code"] != "P1"]}, "person", "P1"),
    ],
)
def test_duties_of_those_who_are_gone_dangle(hamlet: Town, change: dict[str, list], field: str, value: str) -> None:
    hamlet.fill()
    for kind, rows in change.items():
        hamlet.table(kind, rows)
    [told] = found(hamlet, "dangling_duty")
    assert (told.field, told.value, told.severity) == (field, value, "error")


def test_duties_of_retired_areas_dangle(hamlet: Town) -> None:
    hamlet.fill()
    hamlet.put("zone", [Row("Z9", "新景区", None, block(5, 1, 6, 2))])
    [told] = found(hamlet, "dangling_duty")
    assert (told.codes, told.field, told.value) == (("D10",), "area", "Z1")
    assert "no such area in layer zone any more" in told.message


def test_two_leads_of_one_rank_for_one_place_and_matter_are_tied(hamlet: Town) -> None:
    hamlet.fill(duties=[*DUTIES, duty("D20", "GDG", "cell", CELL)])
    [tied] = found(hamlet, "tied_leads")
    assert tied.codes == ("D06", "D20")
    assert tied.geometry.equals(block(0, 0, 1, 1))
    for more in ({"priority": 1}, {"role": "support"}, {"matter": "E"}):
        hamlet.table("duties", [*DUTIES, duty("D20", "GDG", "cell", CELL, **more)])
        assert found(hamlet, "tied_leads") == []


ZONES = [Row("Z1", "", None, block(5.5, 0.5, 7.5, 1.5)), Row("Z2", "", None, block(7, 0.5, 7.8, 1.5))]
ESTATES = [Row("E1", "", None, block(7, 0.5, 7.8, 1.5)), Row("E2", "", None, block(7.8, 0.5, 8, 1.5))]


@pytest.mark.parametrize(
    ("layer", "rows", "more"),
    [
        ("zone", ZONES, {}),
        ("zone", ZONES, {"matter": "E"}),
        ("zone", [ZONES[0], Row("Z2", "", None, ZONES[0].shape)], {}),
        ("estate", ESTATES, {}),
    ],
)
def test_leads_of_one_rank_that_share_ground_are_tied(
    hamlet: Town, layer: str, rows: list[Row], more: dict[str, Any]
) -> None:
    place = {"zone": "Z2", "estate": "E1"}[layer]
    hamlet.fill()
    hamlet.put(layer, rows, **({} if layer == "zone" else {"parent": None}))
    extra = [duty("D20", "GDG", layer, place, **more), duty("D21", "DMH", "zone", "Z1", **more)]
    hamlet.table("duties", [*DUTIES[:-1], *extra])
    [tied] = found(hamlet, "tied_leads")
    assert (tied.severity, set(tied.codes)) == ("error", {"D20", "D21"})
    shared = ZONES[0].shape.intersection({row.code: row.shape for row in rows}[place])
    assert tied.geometry.equals(shared)
    assert tied.area_m2 == pytest.approx(shared.area / block(0, 0, 1, 1).area * 9920, rel=0.01)


@pytest.mark.parametrize(
    ("rows", "more"),
    [
        (ZONES, {"priority": 1}),
        (ZONES, {"role": "support"}),
        (ZONES, {"matter": "E"}),
        (ZONES, {"party_code": "DMH"}),
        ([ZONES[0], Row("Z2", "", None, block(7.5, 0.5, 8, 1.5))], {}),
    ],
)
def test_zones_told_apart_or_side_by_side_are_not_tied(hamlet: Town, rows: list[Row], more: dict[str, Any]) -> None:
    hamlet.rows["zone"] = rows
    hamlet.fill(duties=[*DUTIES, duty("D20", "GDG", "zone", "Z2") | more])
    assert [f for f in hamlet.findings() if f.kind in ("tied_leads", "sliver")] == []


def test_a_sliver_of_two_zones_can_be_accepted(hamlet: Town) -> None:
    hamlet.rows["zone"] = [ZONES[0], Row("Z2", "", None, block(7.4995, 0.5, 8, 1.5))]
    hamlet.fill(duties=[*DUTIES, duty("D20", "GDG", "zone", "Z2")])
    [sliver] = hamlet.findings()
    assert (sliver.kind, sliver.severity, sliver.value, sliver.codes) == (
        "sliver",
        "warning",
        "tied_leads",
        ("D10", "D20"),
    )


def test_areas_of_one_partition_are_never_tied_by_the_ground_they_share(hamlet: Town) -> None:
    hamlet.rows["cell"] = other("cell", cell(CELL, 0, 0, 1.1, 1))
    hamlet.fill(duties=[*DUTIES, duty("D20", "GDG", "cell", "370102001001002")])
    assert found(hamlet, "tied_leads") == []


@pytest.mark.long
def test_a_hundred_thousand_duties_are_compared_by_the_tree() -> None:
    side = 224
    corner = np.mgrid[0:side, 0:side].reshape(2, -1).T * 0.001 + (117.0, 36.0)
    shapes = shapely.box(*corner.T, *(corner + 0.001).T)
    codes = tuple(f"{index:06d}" for index in range(len(shapes)))
    tables = {
        code: Areas(Layer(code, rank=rank, is_cell=rank == 60), codes, codes, (None,) * len(codes), shapes)
        for code, rank in (("a", 60), ("b", 60))
    }
    duties = [Duty(f"{layer}{code}", f"P{int(code) % 7}", layer, code) for layer in tables for code in codes]
    duties[-1] = replace(duties[-1], party="Q")
    parties = {party: Party(party, party) for party in {duty.party for duty in duties}}
    start = perf_counter()
    told = [f for f in findings_of(Content(tables, parties, {}, tuple(duties))) if f.kind == "tied_leads"]
    assert [f.codes for f in told] == [(f"a{codes[-1]}", f"b{codes[-1]}")]
    assert perf_counter() - start < 60


def test_cells_without_anybody_above_them_are_unowned(hamlet: Town) -> None:
    hamlet.fill(duties=[row for row in DUTIES if row["code"] != "D01"])
    told = found(hamlet, "unowned")
    assert {f.codes[0][:6] for f in told} == {"370103"}
    assert len(told) == 16
    assert {f.severity for f in told} == {"warning"}


def test_a_zone_that_covers_a_cell_whole_owns_it(hamlet: Town) -> None:
    hamlet.rows["zone"] = [Row("Z1", "大明湖景区", None, block(4, 0, 6, 1))]
    hamlet.fill(duties=[row for row in DUTIES if row["code"] != "D01"])
    assert len(found(hamlet, "unowned")) == 14


def test_hierarchy_circles_of_parties_are_found_at_the_gate(hamlet: Town) -> None:
    hamlet.fill()
    hamlet.table("matters", [row for row in MATTERS if row["code"] != "E01"][:4], merge=False)
    hamlet.table("parties", [{"code": "SZX", "name": "市网格中心"}])
    assert {f.field for f in found(hamlet, "dangling_duty")} == {"party"}


def test_findings_can_be_told_as_plain_data(hamlet: Town) -> None:
    hamlet.rows["cell"] = other("cell", cell(CELL, 0, 0, 1.1, 1))
    told = [f.as_dict() for f in hamlet.fill().findings()]
    assert all({"kind", "severity", "message", "layer", "lon", "lat"} <= set(row) for row in told)
