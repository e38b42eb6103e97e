"""Road segments from a file: centre lines with half-widths, their owners, and each fault told by its row."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import shapely

from gis.errors import BadInput, BadShape, Refused
from gis.files.writers import write_features
from gis.findings import Finding
from gis.measure import length_m
from grids.content import Duty
from grids.diff import diff_content
from grids.draft_index import draft_index
from grids.drafts import draft_named, undo
from grids.edits import AreaEdit, areas_at, put_area, remove_area
from grids.export import export_layer, exported_version
from grids.importing import ImportReport
from grids.layers import change_layer
from grids.repairs import proposals
from smalltown import CELL, DUTIES, NOW, ROWS, Row, Town, at, block, duty

FORMATS = [".geojson", ".gpkg", ".fgb", ".parquet", ".shp"]


def road(*places: tuple[float, float]) -> shapely.LineString:
    return shapely.LineString([at(*place) for place in places])


QUANCHENG = {"code": "R1", "name": "泉城路", "owner": "QCW", "shape": road((0, 1), (2, 1), (4, 1))}
LISHAN = {"code": "R2", "name": "历山路", "owner": "市政公司", "shape": road((2, 0), (2, 4))}
HEIXI = {"code": "R3", "name": "黑西路", "owner": "管道公司", "shape": road((0, 3), (4, 3))}
ROADS = [QUANCHENG, LISHAN, HEIXI]


def put(town: Town, roads: Sequence[dict[str, Any]], suffix: str = ".gpkg", **how: Any) -> ImportReport:
    """Write the roads to a file and import it; ``half_width`` is 10 m unless said."""
    path, commit = town.path(suffix), how.pop("commit", True)
    columns = {name: [found.get(name) for found in roads] for name in roads[0] if name != "shape"}
    write_features(path, columns, np.array([*(found["shape"] for found in roads), None], object)[:-1])
    return town.load(path, "segment", commit, **({"half_width": 10.0, "parent": None} | how))


def told(report: ImportReport, kind: str) -> list[Finding]:
    return [found for found in report.findings.shown if found.kind == kind]


def ground_findings(town: Town) -> list[Finding]:
    """What the gate says of the ground, owners apart."""
    return [found for found in town.findings() if found.kind != "unowned"]


def with_parties(town: Town) -> Town:
    town.put("city")
    town.table("parties")
    return town


def duties(town: Town) -> dict[str, Duty]:
    return {found.code: found for found in town.content().duties}


@pytest.mark.parametrize("suffix", FORMATS)
def test_every_format_brings_the_same_lines(town: Town, suffix: str) -> None:
    put(town, ROADS, ".parquet")
    report = put(town, ROADS, suffix)
    assert (report.what, report.rows, report.changes.unchanged) == ("segments", 3, 3)
    table = town.content().areas["segment"]
    assert (table.layer.kind, table.layer.geometry, table.layer.partition) == ("segment", "line", False)
    assert (table.codes, table.half_widths) == (("R1", "R2", "R3"), (10.0,) * 3)
    assert shapely.equals_identical(table.shapes[0], QUANCHENG["shape"])


def test_half_widths_come_from_a_field_row_by_row(hamlet: Town) -> None:
    put(hamlet, [found | {"width": 4.5 + i} for i, found in enumerate(ROADS)], half_width="width")
    assert hamlet.content().areas["segment"].half_widths == (4.5, 5.5, 6.5)
    report = put(hamlet, [found | {"width": 4.5} for found in ROADS], half_width="width")
    assert (report.changes.unchanged, report.changes.changed) == (1, 2)


@pytest.mark.parametrize("width", ["宽六米", None, "0", "-3", "501", "nan", "inf"])
def test_a_half_width_that_is_none_is_told_by_row_field_and_value(hamlet: Town, width: str | None) -> None:
    rows = [QUANCHENG | {"width": "6"}, LISHAN | {"width": width}]
    (found,) = told(put(hamlet, rows, half_width="width", commit=False), "bad_half_width")
    assert (found.severity, found.row, found.field, found.value, found.codes) == ("error", 2, "width", width, ("R2",))
    assert "code=R2: half_width_m" in found.message
    assert "more than 0 and at most 500" in found.message


def test_one_half_width_for_all_is_checked_once(hamlet: Town) -> None:
    for width in (0.0, -1.0, 500.1, float("nan")):
        with pytest.raises(BadInput, match="more than 0 and at most 500"):
            put(hamlet, ROADS, half_width=width)


def test_polygons_among_lines_and_lines_among_polygons_are_refused_by_row(hamlet: Town) -> None:
    estate = {"code": "E1", "name": "", "owner": None, "shape": block(0, 0, 1, 1)}
    nothing = {"code": "R9", "name": "", "owner": None, "shape": None}
    (found,) = told(put(hamlet, [QUANCHENG, estate], commit=False), "not_line")
    assert (found.row, found.codes) == (2, ("E1",))
    assert "a road segment needs a LineString" in found.message
    assert [f.row for f in told(put(hamlet, [QUANCHENG, nothing], commit=False), "empty_geometry")] == [2]
    rows = [Row("E1", "", None, block(0, 0, 1, 1)), Row("R1", "", None, QUANCHENG["shape"])]
    assert [f.row for f in told(hamlet.put("estate", rows, ".gpkg", parent=None, commit=False), "not_polygon")] == [2]


def test_a_layer_holds_lines_or_polygons_and_never_both(hamlet: Town) -> None:
    put(hamlet, ROADS)
    with pytest.raises(BadInput, match="layer 'segment' holds lines: `wangge import segments` fills it"):
        hamlet.put("segment", [Row("a", "", None, block(0, 0, 1, 1))], parent=None)
    hamlet.put("city")
    with pytest.raises(BadInput, match="layer 'city' holds polygons: `wangge import areas` fills it"):
        hamlet.load(hamlet.folder / "file1.gpkg", "city", half_width=10.0)


def test_segments_drawn_as_polygons_are_areas_of_their_kind(hamlet: Town) -> None:
    strip = [Row("S1", "泉城路段", None, block(0, 0.9, 4, 1.1)), Row("S2", "", None, block(2, 0, 2.2, 4))]
    hamlet.put("segment", strip, parent=None, kind="segment", overlapping=True)
    layer = hamlet.content().areas["segment"].layer
    assert (layer.geometry, layer.partition, layer.kind) == ("polygon", False, "segment")
    assert hamlet.content().areas["segment"].half_widths == ()
    assert hamlet.findings() == []


@pytest.mark.parametrize("kind", ["estate", "zone", "segment"])
def test_estates_zones_and_segments_need_not_tile_the_city(hamlet: Town, kind: str) -> None:
    rows = [Row("1", "", None, block(0, 0, 2, 1)), Row("2", "", None, block(1, 0, 3, 1))]
    hamlet.put("loose", rows, parent=None, kind=kind)
    assert not hamlet.content().areas["loose"].layer.partition
    assert hamlet.findings() == []
    assert not hamlet.put(kind, rows, parent=None).findings.shown
    assert not hamlet.content().areas[kind].layer.partition


def test_an_owner_is_a_code_a_name_or_a_party_that_is_made(town: Town) -> None:
    with_parties(town)
    report = put(town, ROADS, party="owner")
    (made,) = told(report, "parties_made")
    assert (made.severity, made.field) == ("info", "owner")
    assert "1 parties that the draft lacked are made: 市政公司" in made.message
    assert "3 added" in told(report, "duties_made")[0].message
    party = town.content().parties["市政公司"]
    assert (party.name, party.kind, party.parent) == ("市政公司", "unit", None)
    held = duties(town)
    assert {code: held[code].party for code in held} == {
        "segment:R1": "QCW",
        "segment:R2": "市政公司",
        "segment:R3": "GDG",
    }
    one = held["segment:R1"]
    assert (one.layer, one.area, one.matter, one.role, one.priority) == ("segment", "R1", "", "lead", 0)
    assert (one.basis, one.document) == ("", f"file{town.files}.gpkg")


def test_a_name_that_two_parties_have_names_neither(hamlet: Town) -> None:
    parties = [{"code": "A", "name": "管道公司"}, {"code": "B", "name": "管道公司"}]
    hamlet.table("parties", parties)
    put(hamlet, ROADS, party="owner")
    assert duties(hamlet)["segment:R3"].party == "管道公司"


def test_a_relation_as_owner_makes_no_party(hamlet: Town) -> None:
    put(hamlet, [QUANCHENG | {"owner": "office_of:street"}], party="owner")
    assert duties(hamlet)["segment:R1"].party == "office_of:street"
    assert hamlet.content().parties == {}


def test_rows_without_an_owner_are_told_and_get_no_duty(hamlet: Town) -> None:
    report = put(hamlet, [QUANCHENG, LISHAN | {"owner": " "}], party="owner")
    (found,) = told(report, "no_party")
    assert (found.severity, found.row, found.field, found.codes) == ("warning", 2, "owner", ("R2",))
    assert list(duties(hamlet)) == ["segment:R1"]


def test_the_next_import_replaces_its_own_duties_and_no_others(town: Town) -> None:
    with_parties(town)
    put(town, ROADS, party="owner")
    mine = duty("D9", "DMH", "segment", "R1", matter="C")
    town.table("matters")
    town.table("duties", [mine], merge=True)
    put(town, [QUANCHENG | {"owner": "RQG"}, HEIXI | {"owner": None}], party="owner")
    held = duties(town)
    assert {code: found.party for code, found in held.items()} == {"D9": "DMH", "segment:R1": "RQG"}
    put(town, [LISHAN], party="owner", merge=True)
    assert list(duties(town)) == ["D9", "segment:R1", "segment:R2"]


def test_one_undo_takes_back_segments_parties_and_duties(hamlet: Town) -> None:
    with_parties(hamlet)
    before = hamlet.content()
    put(hamlet, ROADS, party="owner")
    with hamlet.store.write() as session:
        undo(session, "draft")
    after = hamlet.content()
    assert (after.duties, after.parties, list(after.areas)) == ((), before.parties, ["city"])


def test_a_dry_run_leaves_neither_parties_nor_duties(hamlet: Town) -> None:
    with_parties(hamlet)
    report = put(hamlet, ROADS, party="owner", commit=False)
    assert told(report, "duties_made")
    assert (len(hamlet.content().duties), "市政公司" in hamlet.content().parties) == (0, False)


def test_codes_that_cannot_be_kept_refuse_the_file(hamlet: Town) -> None:
    with_parties(hamlet)
    put(hamlet, ROADS)
    hamlet.put("zone")
    hamlet.table("duties", [duty("segment:R1", "DMH", "zone", "Z1")])
    with pytest.raises(Refused, match="a duty for another place has this code"):
        put(hamlet, ROADS, party="owner")
    long = [QUANCHENG | {"owner": "长" * 201}, LISHAN | {"code": "9" * 195}]
    found = told(put(hamlet, long, party="owner", commit=False), "bad_value")
    assert [(one.row, one.field) for one in found] == [(1, "owner"), (2, "owner")]


def test_a_parent_is_found_and_kept(hamlet: Town) -> None:
    for layer in ("city", "district", "street"):
        hamlet.put(layer)
    put(hamlet, [QUANCHENG | {"street": "370102001"}], parent="street")
    layer = hamlet.content().areas["segment"].layer
    assert (layer.parent, ground_findings(hamlet)) == ("street", [])
    put(hamlet, [HEIXI | {"street": "370103001"}], parent="street")
    (found,) = ground_findings(hamlet)
    assert (found.kind, found.severity, found.codes) == ("outside_parent", "error", ("R3",))
    assert "lies wholly outside its parent 370103001" in found.message


def test_the_gate_warns_of_a_stretch_in_two_segments(hamlet: Town) -> None:
    again = {"code": "R4", "name": "", "owner": None, "shape": road((4, 1), (2, 1), (2, 0))}
    put(hamlet, [*ROADS, again])
    first, second = hamlet.findings()
    assert (first.kind, first.severity, first.codes, first.area_m2) == ("overlap", "warning", ("R1", "R4"), None)
    assert second.codes == ("R2", "R4")
    metres = length_m(first.geometry)
    assert 178 < metres < 179
    assert f"R1 and R4 both hold {metres:.2f} m of the same centre line" in first.message
    assert {"lon", "lat"} <= set(first.as_dict())


def test_a_line_of_no_length_is_never_stored(hamlet: Town) -> None:
    put(hamlet, ROADS)
    with hamlet.store.write() as session:
        draft = draft_named(session)
        with pytest.raises(BadShape, match="all vertices of the line are one place"):
            put_area(session, draft, AreaEdit("segment", "R9", road((1, 1), (1, 1))))
    assert hamlet.findings() == []


def test_a_line_layer_is_no_partition_and_no_cells(hamlet: Town) -> None:
    put(hamlet, ROADS)
    for change in ({"partition": True}, {"is_cell": True}):
        with hamlet.store.write() as session, pytest.raises(BadInput, match="lines are no partition and no cells"):
            change_layer(session, "draft", "segment", NOW, **change)


def test_a_draft_knows_the_nearest_centre_line(town: Town) -> None:
    put(town, ROADS)
    with town.store.read() as session:
        draft = draft_named(session)
        assert areas_at(session, draft, *at(0.5, 1.05)) == [("segment", "R1")]
        assert areas_at(session, draft, *at(0.5, 1.2)) == [], "22 m off the line"
        assert areas_at(session, draft, *at(2.05, 1.04)) == [("segment", "R1")]
        assert areas_at(session, draft, *at(2.02, 1.05)) == [("segment", "R2")]
        assert areas_at(session, draft, *at(2, 1)) == [("segment", "R1"), ("segment", "R2")], "on the crossing"
        index = draft_index(session, draft.id)
        assert index.count("segment") == 3


def test_one_segment_put_and_removed(town: Town) -> None:
    put(town, ROADS)
    with town.store.write() as session:
        draft = draft_named(session)
        assert put_area(session, draft, AreaEdit("segment", "R5", road((6, 0), (6, 4)), "纬二路")) == []
        assert put_area(session, draft, AreaEdit("segment", "R1", QUANCHENG["shape"], half_width_m=25.0)) == []
        (found,) = put_area(session, draft, AreaEdit("segment", "R6", road((6, 1), (6, 2)), half_width_m=3.0))
        assert (found.kind, found.codes) == ("overlap", ("R6", "R5"))
        assert areas_at(session, draft, *at(0.5, 1.2)) == [("segment", "R1")], "now within its half-width"
        assert remove_area(session, draft, "segment", "R6") == []
    table = town.content().areas["segment"]
    assert dict(zip(table.codes, table.half_widths, strict=True)) == {"R1": 25.0, "R2": 10.0, "R3": 10.0, "R5": 10.0}
    assert table.names == ("泉城路", "历山路", "黑西路", "纬二路")


def test_polygons_have_no_half_width_and_lines_are_no_polygons(hamlet: Town) -> None:
    hamlet.put("city")
    put(hamlet, ROADS)
    with hamlet.store.write() as session:
        draft = draft_named(session)
        with pytest.raises(BadInput, match="road segments have half-widths"):
            put_area(session, draft, AreaEdit("city", "c", block(0, 0, 1, 1), half_width_m=5.0))
        with pytest.raises(BadShape, match="a road segment needs a LineString"):
            put_area(session, draft, AreaEdit("segment", "c", block(0, 0, 1, 1)))
        with pytest.raises(BadShape, match="half_width_m=600"):
            put_area(session, draft, AreaEdit("segment", "c", HEIXI["shape"], half_width_m=600.0))
    assert len(hamlet.content().areas["segment"]) == 3


def test_a_segment_far_from_its_parent_is_told_when_it_is_put(hamlet: Town) -> None:
    for layer in ("city", "district"):
        hamlet.put(layer)
    put(hamlet, [QUANCHENG | {"district": "370102"}], parent="district")
    with hamlet.store.write() as session:
        draft = draft_named(session)
        (found,) = put_area(session, draft, AreaEdit("segment", "R2", road((6, 1), (7, 1)), parent="370102"))
        assert (found.kind, found.severity) == ("outside_parent", "error")
        assert put_area(session, draft, AreaEdit("segment", "R2", road((3, 1.5), (7, 1.5)))) == []


def test_differences_name_the_width_and_the_line_and_give_no_ground(hamlet: Town) -> None:
    put(hamlet, ROADS)
    before = hamlet.content()
    put(hamlet, [QUANCHENG, LISHAN | {"shape": road((2, 0), (2, 3))}, HEIXI], half_width=12.0)
    changes = {change.code: change for change in diff_content(before, hamlet.content())}
    assert {code: change.fields for code, change in changes.items()} == {
        "R1": "half_width_m",
        "R2": "outline, half_width_m",
        "R3": "half_width_m",
    }
    assert all(change.m2 is None for change in changes.values())


def test_no_repair_is_proposed_for_lines(hamlet: Town) -> None:
    put(hamlet, [*ROADS, {"code": "R4", "name": "", "owner": None, "shape": road((0, 1), (2, 1))}])
    assert list(proposals(hamlet.content())) == []


@pytest.mark.parametrize("suffix", FORMATS)
def test_an_exported_line_layer_comes_back_without_a_difference(hamlet: Town, suffix: str) -> None:
    parts = shapely.MultiLineString([road((5, 0), (5, 1)), road((5, 2), (5, 3))])
    rows = [*ROADS, {"code": "R4", "name": "分段路", "owner": None, "shape": parts}]
    put(hamlet, [found | {"width": 4.0 + i} for i, found in enumerate(rows)], half_width="width")
    path = hamlet.path(suffix)
    with hamlet.store.read() as session:
        assert export_layer(session, "segment", path, exported_version(session, NOW, draft="draft")) == 4
    field = "half_width" if suffix == ".shp" else "half_width_m"
    report = hamlet.load(path, "segment", commit=False, parent=None, half_width=field)
    assert (report.changes.unchanged, report.changes.changed, report.changes.added) == (4, 0, 0)


def test_gcj02_lines_are_taken_back(hamlet: Town) -> None:
    hamlet.put("city")
    put(hamlet, ROADS, crs="gcj02")
    shifted = hamlet.content().areas["segment"].shapes[0]
    metres = shapely.hausdorff_distance(shifted, QUANCHENG["shape"]) * 111_000
    assert 300 < metres < 900


def test_the_whole_town_with_roads_passes_the_gate(hamlet: Town) -> None:
    hamlet.fill()
    put(hamlet, ROADS, party="owner")
    assert hamlet.findings() == []
    assert len(hamlet.content().duties) == len(DUTIES) + 3
    assert hamlet.content().cell_layer.code == "cell"
    assert CELL in hamlet.content().areas["cell"].codes
    assert len(ROWS["cell"]) == 32
