"""What is written: whole, exact and harmless, or nothing."""

import math

import geopandas
import openpyxl
import pytest
import shapely

from gis.errors import BadFile, BadInput
from gis.files.features import open_features
from gis.files.writers import write_features, write_table

POINT, LINE, SQUARE = shapely.Point(121, 31), shapely.LineString([(0, 0), (1, 1)]), shapely.box(0, 0, 1, 1)
FORMATS = ["a.geojson", "a.gpkg", "a.fgb", "a.parquet", "a.shp"]


@pytest.mark.parametrize("name", FORMATS)
def test_the_file_is_replaced_as_a_whole_and_nothing_else_is_left(tmp_path, name):
    for code in ("old", "new"):
        write_features(tmp_path / name, {"code": [code]}, [POINT])
    assert [batch.columns["code"] for batch in open_features(tmp_path / name)] == [["new"]]
    sidecars = {"a.shx", "a.dbf", "a.prj", "a.cpg"} if name == "a.shp" else set()
    assert {path.name for path in tmp_path.iterdir()} == {name, *sidecars}


@pytest.mark.parametrize("name", FORMATS)
def test_a_write_that_fails_leaves_the_old_file(tmp_path, name):
    write_features(tmp_path / name, {"code": ["old"]}, [POINT])
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    for columns, shapes in [({"code": ["a", 1]}, [POINT] * 2), ({"code": ["a"]}, [POINT] * 2)]:
        with pytest.raises(BadInput):
            write_features(tmp_path / name, columns, shapes)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize("name", FORMATS)
def test_coordinates_come_back_to_the_last_bit(tmp_path, name):
    shapes = [shapely.Point(121 + math.pi / n, 31 + math.e / n) for n in range(1, 40)]
    write_features(tmp_path / name, {"n": list(range(39))}, shapes)
    (batch,) = open_features(tmp_path / name)
    assert {int(n): (p.x, p.y) for n, p in zip(batch.columns["n"], batch.geometry, strict=True)} == {
        n: (p.x, p.y) for n, p in enumerate(shapes)
    }


@pytest.mark.parametrize("name", FORMATS)
def test_polygons_beside_multipolygons_and_missing_shapes_are_written(tmp_path, name):
    write_features(tmp_path / name, {"n": [0, 1, 2]}, [SQUARE, shapely.MultiPolygon([SQUARE]), None])
    (batch,) = open_features(tmp_path / name)
    assert [None if shape is None else shape.area for shape in batch.geometry] == [1, 1, None]


def test_geopandas_reads_our_geoparquet(tmp_path):
    write_features(tmp_path / "a.parquet", {"街道": ["外滩"]}, [SQUARE])
    frame = geopandas.read_parquet(tmp_path / "a.parquet")
    assert frame.crs == "OGC:CRS84"
    assert frame.loc[0, "街道"] == "外滩"
    assert frame.geometry[0] == SQUARE


def test_a_shapefile_is_gb18030_and_says_so(tmp_path):
    write_features(tmp_path / "a.shp", {"街道": ["外滩街道"]}, [SQUARE])
    assert (tmp_path / "a.cpg").read_text() == "GB18030"
    assert "外滩街道".encode("gb18030") in (tmp_path / "a.dbf").read_bytes()


def test_outer_rings_of_geojson_run_counter_clockwise(tmp_path):
    write_features(tmp_path / "a.geojson", {}, [SQUARE.reverse(), SQUARE])
    (batch,) = open_features(tmp_path / "a.geojson")
    assert [shape.exterior.is_ccw for shape in batch.geometry] == [True, True]


@pytest.mark.parametrize(
    ("name", "columns", "shapes", "said"),
    [
        ("a.kml", {}, [POINT], "choose one of"),
        ("a.gpkg", {"geometry": [1]}, [POINT], "'geometry' is taken"),
        ("a.gpkg", {"a": [1, 2]}, [POINT], "differ in length"),
        ("a.gpkg", {"a": [1, "x"]}, [POINT, POINT], "'a' mixes kinds"),
        ("a.shp", {"网格员姓名一": ["x"]}, [POINT], "over 10 bytes"),
        ("a.shp", {"a": ["好" * 128]}, [POINT], "row 1: the 'a' is over 254 bytes"),
        ("a.shp", {"a": [1, 2]}, [POINT, LINE], "one kind of geometry"),
    ],
)
def test_what_a_format_cannot_hold_is_refused_not_cut(tmp_path, name, columns, shapes, said):
    with pytest.raises(BadInput, match=said):
        write_features(tmp_path / name, columns, shapes)
    assert list(tmp_path.iterdir()) == []


def test_long_texts_that_a_shapefile_can_hold_are_whole(tmp_path):
    write_features(tmp_path / "a.shp", {"a": ["好" * 127]}, [POINT])
    assert next(iter(open_features(tmp_path / "a.shp"))).columns["a"] == ["好" * 127]


def test_a_missing_folder_is_said(tmp_path):
    with pytest.raises(BadFile, match="folder does not exist"):
        write_table(tmp_path / "none" / "a.csv", {"a": [1]})


FORMULAS = ["=1+1", "+SUM(A1)", "-x", "@cmd", "-12.5", "+86", "正常", None, -3]
HARMLESS = ["'=1+1", "'+SUM(A1)", "'-x", "'@cmd", "-12.5", "+86", "正常", None, -3]


def test_csv_is_utf8_for_excel_with_formulas_made_harmless(tmp_path):
    write_table(tmp_path / "a.csv", {"=名": FORMULAS, "f": [310101.0] * 9})
    content = (tmp_path / "a.csv").read_bytes()
    assert content.startswith(b"\xef\xbb\xbf'=")
    cells = [line.split(",") for line in content.decode("utf-8-sig").splitlines()[1:]]
    assert [cell for cell, _ in cells] == ["" if value is None else str(value) for value in HARMLESS]
    assert {number for _, number in cells} == {"310101"}


def test_workbooks_keep_numbers_and_make_formulas_harmless(tmp_path):
    write_table(tmp_path / "a.xlsx", {"=名": FORMULAS})
    page = openpyxl.load_workbook(tmp_path / "a.xlsx").active
    assert [cell.value for (cell,) in page.iter_rows()] == ["'=名", *HARMLESS]
    assert all(cell.data_type != "f" for (cell,) in page.iter_rows())


def test_spatial_files_and_parquet_keep_text_as_it_is(tmp_path):
    write_features(tmp_path / "a.gpkg", {"a": ["=1"]}, [POINT])
    assert next(iter(open_features(tmp_path / "a.gpkg"))).columns["a"] == ["=1"]


@pytest.mark.parametrize(
    ("name", "columns", "said"),
    [
        ("a.ods", {"a": [1]}, "choose one of"),
        ("a.csv", {"a": [1], "b": []}, "differ in length"),
        ("a.xlsx", {"a": ["x", "\x07"]}, "row 3: control characters"),
        ("a.xlsx", {"a": ["x" * 32_768]}, "row 2: a cell holds 32767"),
        ("a.parquet", {"a": [1, "x"]}, "mixes kinds"),
    ],
)
def test_what_a_table_cannot_hold_is_refused(tmp_path, name, columns, said):
    with pytest.raises(BadInput, match=said):
        write_table(tmp_path / name, columns)
    assert list(tmp_path.iterdir()) == []
