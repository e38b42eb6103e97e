"""The files of a sample city hold the city."""

import csv
from pathlib import Path

import geopandas
import numpy as np
import openpyxl
import pytest
import shapely

from data.city import SampleCity
from data.writing import write_city

LAYERS = ("city", "districts", "streets", "communities", "grids", "cells", "zones", "estates")


@pytest.fixture(scope="module")
def files(hamlet: SampleCity, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return write_city(hamlet, tmp_path_factory.mktemp("sample") / "new")


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_each_named_file_is_there(files: dict[str, Path]) -> None:
    assert {path.name for path in files.values()} == {
        "city.geojson", "districts.geojson", "streets.gpkg", "communities.parquet", "grids.fgb", "cells.gpkg",
        "zones.geojson", "zones_citygrid.gpkg", "estates.gpkg", "segments.geojson", "roads.geojson", "rivers.geojson",
        "parties.csv", "people.csv", "matters.csv", "duties.xlsx", "relations.csv", "roster.csv", "assets.csv",
        "overrides.csv", "control_points.csv", "addresses.csv", "crossings.csv", "reports.csv", "reports_truth.csv",
    }  # fmt: skip
    assert all(path.stat().st_size for path in files.values())


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_comes_back_with_its_codes_and_the_very_vertices(
    name: str, files: dict[str, Path], hamlet: SampleCity
) -> None:
    layer = getattr(hamlet, name)
    read = geopandas.read_parquet if files[name].suffix == ".parquet" else geopandas.read_file
    frame = read(files[name]).sort_values("code")
    assert frame["code"].tolist() == layer.codes.tolist()
    assert frame["name"].tolist() == layer.names.tolist()
    assert frame["parent"].fillna("").tolist() == layer.parents.tolist()
    back = shapely.normalize(np.array([shapely.MultiPolygon(shapely.get_parts(s).tolist()) for s in frame.geometry]))
    sent = shapely.normalize(np.array([shapely.MultiPolygon(shapely.get_parts(s).tolist()) for s in layer.shapes]))
    assert shapely.equals_exact(back, sent).all()


def test_reports_come_back_with_the_very_points_and_the_truth_apart(files: dict[str, Path], hamlet: SampleCity) -> None:
    rows, truth = table(files["reports"]), table(files["reports_truth"])
    assert list(rows[0]) == ["id", "time", "matter", "lon", "lat", "address", "description", "asset"]
    assert list(truth[0]) == ["id", "true_cell", "true_owner", "decided_by"]
    assert [row["id"] for row in rows] == [row["id"] for row in truth] == hamlet.reports.ids.tolist()
    for row, true, lonlat in zip(rows, truth, hamlet.reports.lonlat, strict=True):
        assert (row["lon"] == "") == (row["address"] != "") == bool(np.isnan(lonlat[0]))
        if row["lon"]:
            cell = hamlet.cells.shapes[hamlet.cells.codes == true["true_cell"]][0]
            assert (float(row["lon"]), float(row["lat"])) == tuple(lonlat.tolist())
            assert shapely.covers(cell, shapely.Point(float(row["lon"]), float(row["lat"])))


def test_tables_have_the_importers_columns(files: dict[str, Path], hamlet: SampleCity) -> None:
    assert list(table(files["parties"])[0]) == ["code", "name", "kind", "parent_code"]
    assert list(table(files["people"])[0]) == [
        "code", "name", "party_code", "role", "phone", "deputy_code", "from",
    ]  # fmt: skip
    assert table(files["people"])[0]["phone"] == "10000000001"
    assert list(table(files["matters"])[0]) == [
        "code", "name", "kind", "parent_code", "time_limit", "file_condition", "close_condition",
    ]  # fmt: skip
    assert {"address", "lon", "lat", "cell"} <= set(table(files["addresses"])[0])
    head, *rows = openpyxl.load_workbook(files["duties"]).worksheets[0].iter_rows(values_only=True)
    assert head == (
        "code", "name", "party_code", "layer", "area_code", "matter", "role", "basis", "document", "person_code",
        "priority",
    )  # fmt: skip
    assert [row[0] for row in rows] == [duty.code for duty in hamlet.duties]


def test_the_books_tables_have_the_importers_columns(files: dict[str, Path], hamlet: SampleCity) -> None:
    heads = {name: list(table(files[name])[0]) for name in ("relations", "roster", "assets", "control_points")}
    assert heads == {
        "relations": ["relation", "layer", "area_code", "party_code"],
        "roster": ["kind", "person_code", "from", "until", "deputy_code"],
        "assets": ["code", "lon", "lat", "matter", "name", "owner", "from"],
        "control_points": ["name", "x", "y", "lon", "lat"],
    }
    orders = table(files["overrides"])
    assert list(orders[0])[:11] == list(hamlet.overrides[0].duty.__slots__)
    assert list(orders[0])[11:] == ["from", "until", "plan"]


def test_segments_come_back_as_lines_with_width_and_unit(files: dict[str, Path], hamlet: SampleCity) -> None:
    frame = geopandas.read_file(files["segments"])
    assert frame["code"].tolist() == hamlet.segments.codes.tolist()
    assert frame["half_width"].tolist() == hamlet.segments.half_widths.tolist()
    assert frame["party"].tolist() == hamlet.segments.parties.tolist()
    assert shapely.equals_exact(frame.geometry.to_numpy(), hamlet.segments.shapes).all()


def test_the_file_in_the_citys_own_plane_declares_no_system(files: dict[str, Path]) -> None:
    frame = geopandas.read_file(files["zones_citygrid"])
    assert frame.crs is None
    assert frame.total_bounds.min() > 1000.0
