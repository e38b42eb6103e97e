"""Spatial files as cities send them."""

import datetime
import gzip
import json
import zipfile
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import pytest
import shapely

from gis.errors import BadFile, BadInput, BadShape
from gis.files.features import open_features
from gis.files.writers import write_features

STREETS = {"街道": ["外滩街道", "南京东路街道", "半淞园路街道"], "code": ["010", "020", "030"]}
SQUARES = [shapely.box(121.48 + i / 100, 31.22, 121.49 + i / 100, 31.23) for i in range(3)]
FORMATS = ["a.geojson", "a.gpkg", "a.fgb", "a.parquet", "a.shp"]


@pytest.fixture
def write(tmp_path: Path) -> Any:
    """A function that writes the three streets, or other features, under a name."""

    def written(name: str, columns: dict[str, list[Any]] = STREETS, shapes: list[Any] = SQUARES) -> Path:
        write_features(tmp_path / name, columns, shapes)
        return tmp_path / name

    return written


def column(path: Path, name: str, **options: object) -> list[str | None]:
    return [value for batch in open_features(path, **options) for value in batch.columns[name]]


def feature(properties: dict[str, object], geometry: object = None) -> dict[str, object]:
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def geojson(path: Path, *properties: dict[str, object], **more: object) -> Path:
    collection = {"type": "FeatureCollection", **more, "features": [feature(each) for each in properties]}
    path.write_text(json.dumps(collection, ensure_ascii=False), encoding="utf-8")
    return path


def sequence(path: Path, count: int) -> Path:
    lines = [json.dumps(feature({"名": f"第{n}号"}, {"type": "Point", "coordinates": [121, 31]})) for n in range(count)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("name", FORMATS)
def test_chinese_names_and_shapes_come_back_from_every_format(write, name):
    reader = open_features(write(name))
    found = {}
    for batch in reader:
        for place, code in enumerate(batch.columns["code"]):
            found[code] = (batch.columns["街道"][place], batch.geometry[place])
    assert {code: name for code, (name, _) in found.items()} == dict(zip(STREETS["code"], STREETS["街道"], strict=True))
    for code, square in zip(STREETS["code"], SQUARES, strict=True):
        assert found[code][1].normalize().equals_exact(square.normalize(), 1e-12 if name == "a.geojson" else 0)
    assert (reader.total, reader.fields, reader.crs) == (3, ["街道", "code"], "EPSG:4326")


@pytest.mark.parametrize("name", FORMATS)
def test_batches_are_bounded_and_numbered_from_one(write, name):
    path = write(name, {"n": list(range(7))}, [shapely.Point(n, 1) for n in range(7)])
    batches = list(open_features(path, batch_rows=3))
    assert [(batch.first_row, len(batch.columns["n"]), len(batch.geometry)) for batch in batches] == [
        (1, 3, 3),
        (4, 3, 3),
        (7, 1, 1),
    ]


def test_a_reader_can_be_iterated_again_and_left_early(write):
    reader = open_features(write("a.gpkg"), batch_rows=1)
    assert next(iter(reader)).columns["code"] == ["010"]
    assert [batch.columns["code"] for batch in reader] == [["010"], ["020"], ["030"]]


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ([310101, None], ["310101", None]),
        ([310101.0, 7.25], ["310101", "7.25"]),
        ([float("nan"), 1e18], [None, "1e+18"]),
        ([True, None], ["true", None]),
        (["007", ""], ["007", ""]),
        ([datetime.date(2026, 11, 22), None], ["2026-11-22", None]),
        (
            [datetime.datetime(2026, 11, 22), datetime.datetime(2026, 11, 22, 8, 30)],
            ["2026-11-22", "2026-11-22T08:30:00"],
        ),
    ],
)
@pytest.mark.parametrize("name", ["a.parquet", "a.gpkg"])
def test_values_read_as_a_person_sees_them(write, name, values, text):
    found = column(write(name, {"v": values}, SQUARES[:2]), "v")
    assert [value.removesuffix("T00:00:00") if value else value for value in found] == text


def test_geojson_dates_and_nested_values_stay_as_written(tmp_path):
    path = geojson(tmp_path / "a.geojson", {"d": "2026/11/22", "in": {"区": [1]}}, {"d": None, "in": None})
    assert column(path, "d") == ["2026/11/22", None]
    assert json.loads(column(path, "in")[0] or "") == {"区": [1]}


def test_only_the_fields_asked_for_are_read(write):
    reader = open_features(write("a.geojson"), fields=["code"])
    assert [list(batch.columns) for batch in reader] == [["code"]]
    assert reader.fields == ["街道", "code"]


@pytest.mark.parametrize(
    ("asked", "said"), [("Codes", "did you mean 'code'.*街道, code"), ("zzz", "no field 'zzz'; *")]
)
def test_a_field_that_is_not_there_is_named_with_the_closest(write, asked, said):
    with pytest.raises(BadInput, match=said.replace("; *", "")):
        open_features(write("a.fgb"), fields=["code", asked])


@pytest.mark.parametrize("name", ["a.geojson", "a.fgb", "a.gpkg", "a.parquet", "a.shp"])
@pytest.mark.parametrize("kept", [0.01, 0.3, 0.6, 0.95, 0.9999])
def test_a_file_cut_short_is_never_fewer_rows(write, name, kept):
    shapes = [shapely.Point(n / 100, 1).buffer(0.01) for n in range(500)]
    path = write(name, {"v": [f"第{n}号" for n in range(500)]}, shapes)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * kept)])
    with pytest.raises(BadFile):
        list(open_features(path))


@pytest.mark.parametrize("part", [".dbf", ".shx"])
def test_a_shapefile_with_a_part_missing_or_cut_is_refused(write, part):
    path = write("a.shp")
    sidecar = path.with_suffix(part)
    if part == ".dbf":
        sidecar.write_bytes(sidecar.read_bytes()[:-40])
        with pytest.raises(BadFile, match=r"\.dbf states"):
            open_features(path)
    sidecar.unlink()
    with pytest.raises(BadFile, match=rf"the \{part} of a.shp is missing"):
        open_features(path)


@pytest.mark.parametrize("name", ["a.geojson", "a.fgb", "a.gpkg", "a.parquet"])
def test_noise_behind_a_good_beginning_is_a_bad_file(write, name):
    path = write(name)
    path.write_bytes(path.read_bytes()[:20] + bytes(range(256)) * 40)
    with pytest.raises(BadFile):
        list(open_features(path))


@pytest.mark.parametrize("line", [3, 900])
def test_a_broken_line_of_a_sequence_is_named(tmp_path, line):
    path = sequence(tmp_path / "a.geojsonl", 900)
    lines = path.read_text(encoding="utf-8").splitlines()
    lines[line - 1] = lines[line - 1][:30]
    path.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(BadFile, match=f"row {line}:"):
        list(open_features(path))


def test_a_sequence_with_record_separators_and_blank_lines_is_read(tmp_path):
    path = sequence(tmp_path / "a.geojsons", 3)
    text = path.read_text(encoding="utf-8")
    path.write_text("".join(f"\x1e{line}\n" for line in text.splitlines()), encoding="utf-8")
    assert column(path, "名") == ["第0号", "第1号", "第2号"]
    path = path.with_suffix(".ndjson")
    path.write_text(text.replace("\n", "\n\n"), encoding="utf-8")
    assert column(path, "名") == ["第0号", "第1号", "第2号"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_geojson_is_read_in_the_encodings_it_comes_in(tmp_path, encoding):
    path = geojson(tmp_path / "a.geojson", {"name": "黄浦区"})
    path.write_bytes(path.read_text(encoding="utf-8").encode(encoding))
    assert column(path, "name") == ["黄浦区"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('{"name": "黄浦区"}'.encode("utf-16"), "NUL"),
        (b'{"name": "\xff\xff"}', "neither UTF-8 nor GB18030"),
        (b"not json", "damaged"),
        (b"<OGRVRTDataSource><OGRVRTLayer name='a'/></OGRVRTDataSource>", "damaged"),
        (b'{"type": "gdal_streamed_alg", "command_line": "gdal vector read /etc/passwd"}', "damaged"),
    ],
)
def test_what_is_no_geojson_is_a_bad_file(tmp_path, content, said):
    path = tmp_path / "a.geojson"
    path.write_bytes(content)
    with pytest.raises(BadFile, match=said):
        list(open_features(path))
    packed = tmp_path / "a.geojson.gz"
    packed.write_bytes(gzip.compress(content))
    with pytest.raises(BadFile):
        list(open_features(packed))


def test_packed_geojson_is_read_and_nothing_is_left_behind(tmp_path):
    plain = geojson(tmp_path / "a.geojson", {"name": "黄浦区"})
    packed = tmp_path / "b.geojson.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    assert column(packed, "name") == ["黄浦区"]
    assert sorted(tmp_path.iterdir()) == [plain, packed]


@pytest.mark.parametrize(
    ("crs", "declared"),
    [
        ("urn:ogc:def:crs:OGC:1.3:CRS84", "EPSG:4326"),
        ("EPSG:4490", "EPSG:4490"),
        ("urn:ogc:def:crs:EPSG::4547", "EPSG:4547"),
    ],
)
def test_geojson_tells_its_crs(tmp_path, crs, declared):
    named = {"type": "name", "properties": {"name": crs}}
    assert open_features(geojson(tmp_path / "a.geojson", {"a": 1}, crs=named)).crs == declared


@pytest.mark.parametrize("name", ["a.parquet", "a.shp", "a.gpkg"])
@pytest.mark.parametrize("crs", [4490, 4547, None])
def test_other_formats_tell_their_crs_or_none(tmp_path, name, crs):
    frame = geopandas.GeoDataFrame({"a": [1]}, geometry=[shapely.Point(1, 1)], crs=crs)
    frame.to_parquet(tmp_path / name) if name == "a.parquet" else frame.to_file(tmp_path / name)
    assert open_features(tmp_path / name).crs == (f"EPSG:{crs}" if crs else None)


def test_a_crs_without_a_number_is_told_as_wkt(tmp_path):
    crs = "+proj=tmerc +lat_0=31 +lon_0=121.464 +k=1 +x_0=-3457 +y_0=0 +ellps=krass +units=m"
    frame = geopandas.GeoDataFrame({"a": [1]}, geometry=[shapely.Point(1, 1)], crs=crs)
    frame.to_parquet(tmp_path / "a.parquet")
    assert (open_features(tmp_path / "a.parquet").crs or "").startswith("PROJCRS[")


def test_z_and_m_are_dropped_and_missing_shapes_are_none(tmp_path):
    frame = geopandas.GeoDataFrame({"a": [1, 2]}, geometry=[shapely.Point(1, 2, 3), None], crs=4326)
    frame.to_file(tmp_path / "a.gpkg")
    (batch,) = open_features(tmp_path / "a.gpkg")
    assert batch.geometry.tolist() == [shapely.Point(1, 2), None]
    assert not batch.geometry[0].has_z


@pytest.mark.parametrize("encoding", ["UTF-8", "GB18030"])
@pytest.mark.parametrize("cpg", [True, False])
@pytest.mark.parametrize("zipped", [True, False])
def test_a_shapefile_is_read_with_or_without_a_cpg_loose_or_zipped(tmp_path, encoding, cpg, zipped):
    frame = geopandas.GeoDataFrame(
        {"街道": ["外滩街道", "豫园"], "n": [310101.0, None]}, geometry=SQUARES[:2], crs=4326
    )
    folder = tmp_path / "数据"
    folder.mkdir()
    path = folder / "a.shp"
    frame.to_file(path, encoding=encoding)
    if not cpg:
        path.with_suffix(".cpg").unlink()
    if zipped:
        path = tmp_path / "送来!.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for part in folder.iterdir():
                archive.write(part, f"内/{part.name}")
    reader = open_features(path)
    assert (reader.total, reader.crs) == (2, "EPSG:4326")
    assert column(path, "街道") == ["外滩街道", "豫园"]
    assert column(path, "n") == ["310101", None]


def test_a_cpg_that_lies_is_a_bad_file(write):
    path = write("a.shp")
    path.with_suffix(".cpg").write_text("UTF-8")
    with pytest.raises(BadFile, match=r"\.cpg"):
        list(open_features(path))


def test_deleted_records_of_a_shapefile_are_not_missed(write):
    path = write("a.shp")
    dbf = bytearray(path.with_suffix(".dbf").read_bytes())
    dbf[int.from_bytes(dbf[8:10], "little")] = ord("*")
    path.with_suffix(".dbf").write_bytes(dbf)
    assert open_features(path).total == 2
    assert column(path, "code") == ["020", "030"]


def test_a_zip_with_a_damaged_part_or_without_a_shapefile_is_refused(write, tmp_path):
    path = write("a.shp")
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
        for suffix in (".shp", ".shx", ".dbf"):
            archive.write(path.with_suffix(suffix), f"a{suffix}")
    content = bytearray((tmp_path / "b.zip").read_bytes())
    content[200] ^= 0xFF
    (tmp_path / "b.zip").write_bytes(content)
    with pytest.raises(BadFile, match="CRC"):
        open_features(tmp_path / "b.zip")
    with zipfile.ZipFile(tmp_path / "c.zip", "w") as archive:
        archive.writestr("read.me", "x")
    with pytest.raises(BadFile, match=r"no \.shp"):
        open_features(tmp_path / "c.zip")


def test_one_of_several_layers_must_be_named(tmp_path):
    path = tmp_path / "a.gpkg"
    for layer in ("网格", "街道"):
        frame = geopandas.GeoDataFrame({"layer": [layer]}, geometry=SQUARES[:1], crs=4326)
        pyogrio.write_dataframe(frame, path, layer=layer)
    pyogrio.write_dataframe(frame.drop(columns="geometry"), path, layer="表")
    for asked in (None, "小区"):
        with pytest.raises(BadInput, match="网格, 街道"):
            open_features(path, layer=asked)
    assert column(path, "layer", layer="街道") == ["街道"]


def test_a_layer_named_where_there_is_one_must_be_that_one(write):
    with pytest.raises(BadInput, match="no spatial layer 'x'"):
        open_features(write("a.geojson"), layer="x")


@pytest.mark.parametrize("shape", ["Point", "LineString", "Polygon", "MultiPoint", "MultiLineString", "MultiPolygon"])
def test_geoparquet_is_read_in_its_native_encodings(tmp_path, shape):
    square = shapely.box(0, 0, 9, 9) - shapely.box(1, 1, 2, 2)
    shapes = {
        "Point": [shapely.Point(1, 2), shapely.Point(3, 4)],
        "LineString": [shapely.LineString([(0, 0), (1, 1)]), shapely.LineString([(5, 5), (6, 6), (7, 9)])],
        "Polygon": [square, shapely.box(5, 5, 6, 6)],
    }
    singles = shapes[shape.removeprefix("Multi")]
    if shape.startswith("Multi"):
        maker = getattr(shapely, shape)
        singles = (
            [maker(singles), maker(singles[:1])]
            if shape != "MultiPolygon"
            else [maker(singles[1:]), maker(singles[:1])]
        )
    given = [singles[0], None, singles[1], singles[0]]
    frame = geopandas.GeoDataFrame({"n": [1, 2, 3, 4]}, geometry=given, crs=4326)
    frame.to_parquet(tmp_path / "a.parquet", geometry_encoding="geoarrow", write_covering_bbox=True)
    reader = open_features(tmp_path / "a.parquet", batch_rows=3)
    assert reader.fields == ["n"]
    assert [found for batch in reader for found in batch.geometry] == given


def test_parquet_without_geometry_is_told_from_geoparquet(tmp_path):
    pq.write_table(pa.table({"a": [1]}), tmp_path / "a.parquet")
    with pytest.raises(BadFile, match="read it as a table"):
        open_features(tmp_path / "a.parquet")


def test_geoparquet_without_a_crs_is_wgs84(write):
    assert open_features(write("a.parquet")).crs == "EPSG:4326"


def test_a_shape_that_cannot_be_read_is_named_by_its_row(tmp_path):
    ring = {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 1]]]}
    features = [feature({"a": 1}, {"type": "Point", "coordinates": [1, 1]}), feature({"a": 2}, ring)]
    (tmp_path / "a.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    with pytest.raises(BadShape, match="row 2"):
        list(open_features(tmp_path / "a.geojson"))


def test_names_that_occur_twice_are_refused(tmp_path, write):
    table = pq.read_table(write("a.parquet"))
    doubled = table.rename_columns(["code", "code", "geometry"])
    pq.write_table(doubled.replace_schema_metadata(table.schema.metadata), tmp_path / "b.parquet")
    with pytest.raises(BadInput, match="'code' occurs twice"):
        open_features(tmp_path / "b.parquet")


@pytest.mark.real
@pytest.mark.parametrize(
    ("name", "rows", "field", "first"),
    [
        ("tainan/cells.parquet", 12_774, "TOWN_ID", None),
        ("tainan/villages_2017.geojson", 752, "VILLNAME", "大寮里"),
        ("london/output_areas.geojson.gz", 25_053, "code", "E00000001"),
        ("shanghai/districts_gcj02.geojson", 16, "adcode", "310101"),
    ],
)
def test_real_cities_are_read_whole(real_dir, name, rows, field, first):
    reader = open_features(real_dir / name, fields=[field])
    batches = list(reader)
    assert (reader.total, sum(len(batch.geometry) for batch in batches), reader.crs) == (rows, rows, "EPSG:4326")
    assert first is None or batches[0].columns[field][0] == first
    assert all(isinstance(batch.geometry, np.ndarray) for batch in batches)


@pytest.mark.parametrize("name", ["a.gpkg", "a.fgb", "a.parquet", "a.shp", "a.geojson"])
def test_a_layer_without_features_has_no_batches_with_rows(write, name):
    reader = open_features(write(name, {"a": []}, []))
    assert sum(len(batch.geometry) for batch in reader) == 0
