"""Areas from files: all of them or none, and each fault told by row, field, value and rule."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely
from sqlalchemy import func, select

from gis.datums import datum, from_wgs84
from gis.errors import BadFile, BadInput, Refused, UnknownDatum
from gis.findings import Finding
from gis.storage.base import Base
from grids.drafts import draft_named, find_draft
from grids.importing import SHOWN_FINDINGS, Findings
from grids.layers import change_layer
from grids.models import AreaRow
from grids.reads import content_of, held_rows, layers_of
from smalltown import CELL, NOW, ROWS, Row, Town, block

FORMATS = [".geojson", ".gpkg", ".fgb", ".parquet", ".shp"]


def kinds(report: object) -> dict[str, int]:
    return {kind: count for (_, kind), count in report.findings.counts.items()}


def told(report: object, kind: str) -> Finding:
    return next(f for f in report.findings.shown if f.kind == kind)


def raw_parquet(path: Path, codes: list[str], shapes: list[object]) -> Path:
    """GeoParquet as a careless sender writes it."""
    columns = {"geometry": {"encoding": "WKB", "geometry_types": []}}
    geo = json.dumps({"version": "1.1.0", "primary_column": "geometry", "columns": columns})
    outlines = [None if shape is None else shapely.to_wkb(shape) for shape in shapes]
    table = pa.table({"code": codes, "name": codes, "geometry": outlines})
    pq.write_table(table.replace_schema_metadata({"geo": geo}), path)
    return path


@pytest.mark.parametrize("suffix", FORMATS)
def test_every_format_brings_the_same_rows(hamlet: Town, suffix: str) -> None:
    hamlet.put("community", parent=None)
    hamlet.put("grid", suffix=".parquet")
    report = hamlet.put("grid", suffix=suffix)
    assert (report.rows, report.changes.unchanged, report.changes.changed) == (16, 16, 0)
    assert hamlet.content().areas["grid"].names[0] == "芙蓉街社区第1网格"


def test_a_dry_run_leaves_no_trace_at_all(town: Town) -> None:
    report = town.put("city", commit=False)
    assert (report.rows, report.changes.added, report.committed) == (1, 1, False)
    with town.store.read() as session:
        assert find_draft(session) is None
        counts = [session.scalar(select(func.count()).select_from(table)) for table in Base.metadata.sorted_tables]
    assert set(counts) == {0}


def test_a_dry_run_on_an_open_draft_does_not_count_as_an_edit(town: Town) -> None:
    town.put("city")
    with town.store.read() as session:
        before = draft_named(session).edits
    town.put("district", commit=False)
    with town.store.read() as session:
        assert draft_named(session).edits == before
        assert [layer.code for layer in layers_of(session, draft_named(session).id)] == ["city"]


def test_one_bad_row_keeps_the_whole_file_out(town: Town) -> None:
    town.put("city")
    rows = [*ROWS["district"], Row("", "无名区", "370100", block(0, 0, 1, 1))]
    with pytest.raises(Refused, match="1 errors, nothing was imported; first: row 3: code is empty"):
        town.put("district", rows)
    assert list(town.content().areas) == ["city"]


def test_replacing_drops_what_the_file_lacks_and_merging_keeps_it(town: Town) -> None:
    town.put("city")
    town.put("district")
    new = Row("370104", "槐荫区", "370100", block(8, 0, 9, 4))
    assert town.put("district", [new], merge=True).changes.added == 1
    assert town.content().areas["district"].codes == ("370102", "370103", "370104")
    assert town.put("district", [new]).changes.removed == 2
    assert town.content().areas["district"].codes == ("370104",)


def test_unchanged_rows_keep_their_ids(town: Town) -> None:
    town.put("city")
    town.put("district")
    ids = row_ids(town)
    first, second = ROWS["district"]
    report = town.put("district", [first, Row(second.code, "新市中区", second.parent, second.shape)])
    assert (report.changes.unchanged, report.changes.changed) == (1, 1)
    again = row_ids(town)
    assert again["370102"] == ids["370102"]
    assert again["370103"] != ids["370103"]


def row_ids(town: Town) -> dict[str, int]:
    with town.store.read() as session:
        rows = held_rows(session, draft_named(session).id, AreaRow, AreaRow.layer == "district")
        return {row["code"]: row["id"] for row in rows}


def test_the_parent_layer_is_the_narrowest_that_holds_the_parents(hamlet: Town) -> None:
    for layer in ("city", "district", "street"):
        hamlet.put(layer)
    assert [layer.parent for layer in hamlet.content().layers] == [None, "city", "district"]


def test_a_declared_parent_layer_must_hold_the_parents(hamlet: Town) -> None:
    for layer in ("city", "district"):
        hamlet.put(layer)
    report = hamlet.put("street", commit=False, parent_layer="city")
    assert kinds(report) == {"unknown_parent": 2}
    found = told(report, "unknown_parent")
    assert (found.row, found.field, found.value) == (1, "parent", "370102")
    assert "no such area in layer city; import the parents first" in found.message
    with pytest.raises(BadInput, match=r"parent layer 'county' is not in the draft \(there: city, district\)"):
        hamlet.put("street", parent_layer="county")


def test_parents_known_nowhere_are_errors(hamlet: Town) -> None:
    hamlet.put("city")
    report = hamlet.put("district", [Row("1", "区", "999", block(0, 0, 1, 1))], commit=False)
    assert kinds(report) == {"unknown_parent": 1}


BAD_SHAPES = {
    "empty_geometry": [None, shapely.Polygon()],
    "not_polygon": [shapely.Point(117, 36), shapely.LineString([(117, 36), (118, 37)])],
    "bad_coordinate": [
        shapely.Polygon([(117, 36), (float("nan"), 36), (118, 37)]),
        shapely.Polygon([(117, 36), (float("inf"), 36), (118, 37)]),
        shapely.Polygon([(117, 36), (217, 36), (118, 37)]),
        shapely.Polygon([(36, 117), (37, 117), (37, 118)]),
    ],
}


@pytest.mark.parametrize(("kind", "shape"), [(kind, shape) for kind, found in BAD_SHAPES.items() for shape in found])
@pytest.mark.parametrize("crs", ["wgs84", "gcj02"])
def test_a_shape_that_is_no_area_is_one_error_on_its_own_row(hamlet: Town, kind: str, shape: object, crs: str) -> None:
    good = [block(k, 0, k + 1, 1) for k in range(3)]
    path = raw_parquet(hamlet.path(".parquet"), ["a", "b", "c", "d"], [good[0], shape, *good[1:]])
    report = hamlet.load(path, "cell", commit=False, parent=None, crs=crs)
    assert kinds(report) == {kind: 1}
    found = told(report, kind)
    assert (found.row, found.field, found.codes) == (2, "geometry", ("b",))
    assert report.changes.added == 3


def test_exchanged_axes_are_named_as_such(hamlet: Town) -> None:
    swapped = shapely.transform(block(0, 0, 1, 1), lambda xy: xy[:, ::-1])
    report = hamlet.put("cell", [Row("a", "", None, swapped)], commit=False)
    assert "longitude and latitude look swapped" in told(report, "bad_coordinate").message


def test_repeated_codes_name_the_row_that_had_it_first(hamlet: Town) -> None:
    rows = [Row(code, "", None, block(k, 0, k + 1, 1)) for k, code in enumerate(["a", "b", "a "])]
    found = told(hamlet.put("cell", rows, commit=False), "repeated_code")
    assert (found.row, found.value) == (3, "a")
    assert "already used in row 1" in found.message


def test_blanks_around_codes_and_parents_do_not_count(hamlet: Town) -> None:
    hamlet.put("city")
    rows = [Row(" 370102 ", " 历下区", " 370100", block(0, 0, 4, 4)), Row("9", "", "  ", block(4, 0, 8, 4))]
    hamlet.put("district", rows)
    table = hamlet.content().areas["district"]
    assert (table.codes, table.parents) == (("370102", "9"), ("370100", None))


def test_a_code_too_long_to_keep_is_an_error_on_both_stores(town: Town) -> None:
    report = town.put("city", [Row("9" * 201, "", None, block(0, 0, 1, 1))], commit=False)
    assert "201 characters; a code has at most 200" in told(report, "bad_value").message


def test_a_code_off_the_scheme_warns_now_and_stops_publishing(hamlet: Town) -> None:
    hamlet.put("city")
    with hamlet.store.write() as session:
        change_layer(session, "draft", "city", NOW, scheme="6+3")
    report = hamlet.put("city")
    assert report.findings.errors == 0
    assert told(report, "code").value == "370100"
    assert [f.kind for f in hamlet.findings() if f.severity == "error"] == ["code"]


def test_a_self_crossing_ring_is_kept_as_a_warning_until_the_gate(hamlet: Town) -> None:
    bow = shapely.Polygon([(117, 36), (117.01, 36.01), (117.01, 36), (117, 36.01)])
    report = hamlet.put("cell", [Row("a", "", None, bow)])
    assert told(report, "invalid").severity == "warning"
    assert [(f.kind, f.severity) for f in hamlet.findings() if f.kind == "invalid"] == [("invalid", "error")]


def test_a_datum_must_be_declared_known_and_not_contradicted(hamlet: Town) -> None:
    hamlet.put("city")
    path = hamlet.path(".geojson")
    hamlet.put("city", suffix=".shp", commit=False)
    bare = hamlet.folder / f"file{hamlet.files}.shp"
    bare.with_suffix(".prj").unlink()
    with pytest.raises(UnknownDatum, match="declares no coordinate system: say which with --crs"):
        hamlet.load(bare, "city")
    assert hamlet.load(bare, "city", crs="wgs84").changes.unchanged == 1
    with pytest.raises(UnknownDatum, match="datum 'mars' is not known"):
        hamlet.put("city", crs="mars")
    with pytest.raises(BadInput, match=r"--crs EPSG:3857 contradicts the file, which declares EPSG:4326"):
        hamlet.put("city", crs="EPSG:3857")
    with pytest.raises(BadFile, match="no such file"):
        hamlet.load(path, "city")


def test_gcj02_hides_behind_wgs84_and_is_taken_back_when_declared(hamlet: Town) -> None:
    hamlet.put("city")
    shifted = shapely.transform(
        ROWS["district"][0].shape, lambda xy: np.column_stack(from_wgs84(xy[:, 0], xy[:, 1], datum("gcj02")))
    )
    hamlet.put("district", [Row("370102", "历下区", "370100", shifted)], crs="gcj02")
    back = hamlet.content().areas["district"].shapes[0]
    assert shapely.hausdorff_distance(back, ROWS["district"][0].shape) < 1e-7
    hamlet.put("district", [Row("370102", "历下区", "370100", shifted)], crs="wgs84")
    assert "outside_parent" in [f.kind for f in hamlet.findings()]


def test_areas_far_from_the_city_are_a_warning_that_counts_them(hamlet: Town) -> None:
    hamlet.put("city")
    rows = [ROWS["district"][0], Row("b", "", "370100", block(500, 500, 501, 501))]
    found = told(hamlet.put("district", rows), "outside_city")
    assert (found.severity, found.row) == ("warning", 2)
    assert "1 of 2 areas, row 2 first, lie wholly outside" in found.message
    assert "is the datum right?" in found.message
    london = shapely.box(-0.1, 51.4, 0.1, 51.6)
    hamlet.put("estate", [Row("x", "", None, london)], parent=None)


def test_exchanged_axes_that_still_are_places_are_seen_against_the_city(hamlet: Town) -> None:
    london = shapely.box(0.1, 51.4, 0.2, 51.6)
    hamlet.put("city", [Row("c", "London", None, london)])
    swapped = shapely.transform(london, lambda xy: xy[:, ::-1])
    found = told(hamlet.put("district", [Row("d", "", "c", swapped)]), "outside_city")
    assert "look swapped" in found.message


def test_damaged_and_foreign_files_are_refused_before_anything_is_kept(hamlet: Town) -> None:
    hamlet.put("city", suffix=".gpkg", commit=False)
    whole = (hamlet.folder / "file1.gpkg").read_bytes()
    for name, data in {"empty.gpkg": b"", "cut.gpkg": whole[: len(whole) // 2], "text.gpkg": b"code,name"}.items():
        (hamlet.folder / name).write_bytes(data)
        with pytest.raises(BadFile, match=name):
            hamlet.load(hamlet.folder / name, "city")
    with hamlet.store.read() as session:
        assert find_draft(session) is None


def test_gbk_text_arrives_as_chinese(hamlet: Town) -> None:
    hamlet.put("city", commit=False)
    gbk = hamlet.path(".geojson")
    gbk.write_bytes((hamlet.folder / "file1.geojson").read_text("utf-8").encode("gbk"))
    hamlet.load(gbk, "city")
    assert hamlet.content().areas["city"].names == ("济南市",)


def test_an_unknown_field_is_refused_with_those_that_are_there(hamlet: Town) -> None:
    with pytest.raises(BadInput, match=r"no field 'kode'; did you mean 'code'\? Fields there: code, name, parent"):
        hamlet.put("city", code="kode")


def test_what_a_layer_is_does_not_change_by_the_way(hamlet: Town) -> None:
    hamlet.put("city")
    with pytest.raises(BadInput, match="--overlapping: layer 'city' is a partition of kind city already"):
        hamlet.put("city", overlapping=True)
    with pytest.raises(BadInput, match="--kind cell: layer 'city' is"):
        hamlet.put("city", kind="cell")
    with pytest.raises(BadInput, match="layer kind 'continent': choose one of city, district"):
        hamlet.put("asia", ROWS["city"], kind="continent")


def test_a_file_without_features_is_an_error(hamlet: Town) -> None:
    path = hamlet.path(".geojson")
    path.write_text('{"type":"FeatureCollection","features":[]}')
    with pytest.raises((Refused, BadInput)):
        hamlet.load(path, "city")


def test_of_many_findings_a_thousand_are_kept_all_are_counted_and_errors_go_first() -> None:
    found = Findings()
    found.add(Finding("code", "warning", f"w{n}", n) for n in range(1500))
    found.add(Finding("repeated_code", "error", f"e{n}", n) for n in range(3))
    assert len(found.shown) == SHOWN_FINDINGS
    assert [f.message for f in found.shown if f.severity == "error"] == ["e0", "e1", "e2"]
    assert found.counts == {("warning", "code"): 1500, ("error", "repeated_code"): 3}


def test_more_errors_than_are_kept_still_refuse_the_file(hamlet: Town) -> None:
    path = raw_parquet(hamlet.path(".parquet"), ["same"] * 1200, [block(0, 0, 1, 1)] * 1200)
    report = hamlet.load(path, "cell", commit=False, parent=None)
    assert kinds(report) == {"repeated_code": 1199}
    assert len(report.as_dict()["findings"]) == SHOWN_FINDINGS
    with pytest.raises(Refused, match="1199 errors, nothing was imported"):
        hamlet.load(path, "cell", parent=None)


def test_the_same_cell_layer_comes_back_vertex_for_vertex_from_both_stores(town: Town) -> None:
    for layer in town.rows:
        town.put(layer)
    table = town.content().areas["cell"]
    assert table.codes[0] == CELL
    by_code = {row.code: row.shape for row in ROWS["cell"]}
    for code, shape in zip(table.codes, table.shapes, strict=True):
        assert shapely.equals_identical(shape, by_code[code])
    with town.store.read() as session:
        assert content_of(session, draft_named(session).id).cell_layer.code == "cell"
