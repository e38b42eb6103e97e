"""The publish gate: every kind of finding, with its place."""

import pytest

from gis.findings import Finding
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
