"""What is exported comes back as it was."""

from pathlib import Path

import pytest
import shapely

from data.city import sample_city
from data.writing import write_city
from gis.errors import NotFound
from gis.storage.engine import Store
from grids.export import export_layer, export_table, exported_version
from grids.import_areas import AreaFile, import_areas
from grids.import_tables import import_table
from grids.publish import publish, validate
from smalltown import DUTIES, NOW, PEOPLE, ROWS, TABLES, Row, Town, block, found_town


@pytest.mark.parametrize("suffix", [".geojson", ".gpkg", ".parquet", ".fgb", ".shp"])
@pytest.mark.parametrize("layer", ["city", "cell", "zone"])
def test_a_layer_comes_back_without_a_difference(filled: Town, tmp_path: Path, suffix: str, layer: str) -> None:
    path = tmp_path / f"{layer}{suffix}"
    with filled.store.read() as session:
        assert export_layer(session, layer, path, exported_version(session, NOW, draft="draft")) == len(ROWS[layer])
    report = filled.load(path, layer, commit=False)
    assert (report.changes.unchanged, report.changes.changed, report.changes.added) == (len(ROWS[layer]), 0, 0)


@pytest.mark.parametrize("suffix", [".gpkg", ".parquet", ".fgb", ".geojson"])
def test_parts_holes_and_single_parts_side_by_side_come_back(hamlet: Town, tmp_path: Path, suffix: str) -> None:
    ring = shapely.Polygon(block(5, 0, 8, 3).exterior, [block(6, 1, 7, 2).exterior])
    rows = [
        Row("1", "", None, block(0, 0, 1, 1)),
        Row("2", "", None, shapely.union(block(1, 0, 2, 1), block(3, 0, 4, 1))),
        Row("3", "", None, ring),
        Row("4", "", None, shapely.multipolygons([block(6, 1, 7, 2)])),
    ]
    hamlet.put("cell", rows, parent=None)
    path = tmp_path / f"cell{suffix}"
    with hamlet.store.read() as session:
        export_layer(session, "cell", path, exported_version(session, NOW, draft="draft"))
    assert hamlet.load(path, "cell", parent=None, commit=False).changes.unchanged == 4


@pytest.mark.parametrize("suffix", [".csv", ".xlsx", ".parquet"])
@pytest.mark.parametrize("kind", TABLES)
def test_a_table_comes_back_without_a_difference(filled: Town, tmp_path: Path, kind: str, suffix: str) -> None:
    path = tmp_path / f"{kind}{suffix}"
    with filled.store.read() as session:
        assert export_table(session, kind, path, NOW, draft="draft") == len(TABLES[kind])
    report = import_table(filled.store, kind, path, NOW)
    assert (report.changes.unchanged, report.findings.errors) == (len(TABLES[kind]), 0)


def test_exported_people_have_no_phones(filled: Town, tmp_path: Path) -> None:
    with filled.store.read() as session:
        export_table(session, "people", tmp_path / "people.csv", NOW)
    text = (tmp_path / "people.csv").read_text("utf-8-sig")
    assert "王芳" in text
    assert "phone" not in text
    assert not any(person["phone"] in text for person in PEOPLE)


def test_what_is_not_there_cannot_be_exported(filled: Town, tmp_path: Path) -> None:
    with filled.store.read() as session:
        with pytest.raises(NotFound, match="nothing is published yet: export a draft with --draft"):
            exported_version(session, NOW)
        with pytest.raises(NotFound, match="there is no layer 'moon'; there are: city"):
            export_layer(session, "moon", tmp_path / "x.geojson", exported_version(session, NOW, draft="draft"))
        with pytest.raises(NotFound, match="there is no version 7"):
            exported_version(session, NOW, version=7)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Town:
    folder = tmp_path_factory.mktemp("filled")
    town = found_town(f"sqlite:///{folder}/town.db", folder).fill()
    assert len(town.content().duties) == len(DUTIES)
    return town


LAYERS = {
    "city": "city",
    "districts": "district",
    "streets": "street",
    "communities": "community",
    "grids": "grid",
    "cells": "cell",
    "zones": "zone",
}


def test_the_sample_city_goes_through_the_front_doors_without_a_finding(town: Town) -> None:
    files = write_city(sample_city(cells=300, reports=10), town.folder / "city")
    for name, layer in LAYERS.items():
        parent = None if layer in ("city", "zone") else "parent"
        source = AreaFile(files[name], layer, "code", parent, "name", overlapping=layer == "zone")
        assert import_areas(town.store, source, NOW, commit=True).findings.shown == []
    for name, layer, width in (("estates", "estate", None), ("segments", "segment", "half_width")):
        source = AreaFile(files[name], layer, "code", name="name", half_width=width)
        assert import_areas(town.store, source, NOW, commit=True).findings.shown == []
    for kind in ("parties", "people", "matters", "relations", "duties"):
        report = import_table(town.store, kind, files[kind], NOW, commit=True)
        assert report.findings.counts == {}
    assert validate(town.store, "draft", NOW)[2] == []
    assert publish(town.store, town.folder, "draft", NOW).areas > 300
    assert isinstance(town.store, Store)
