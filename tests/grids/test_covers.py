"""Covers: built once for each outline, whatever happens on the way, and read to the same answer as the index's."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, select, text
from sqlalchemy.exc import OperationalError

import grids.covers
from commands import Wangge
from covercity import NOW, SEGMENTS, CoverCity, Ground, Told, found_cover_city, hard_points, hold, published_row
from gis.errors import BadCoordinate, NotFound
from gis.h3cells import cell_of
from grids.cover_models import AreaCellRow, ShapeCoverRow, VersionCoverRow
from grids.covers import areas_at, build_covers, trouble_covering
from grids.reads import editions
from grids.timeline import in_force
from smalltown import CELL, FOREVER, Town, at, block

LATER = NOW + timedelta(days=1)


@pytest.fixture
def city(store_url: str) -> Iterator[CoverCity]:
    made = found_cover_city(store_url, 60)
    yield made
    made.store.close()


def told(city: CoverCity, points: np.ndarray) -> Told:
    with city.store.read() as session:
        return {
            (number, found.layer, found.code, found.answers)
            for number, (lon, lat) in enumerate(points.tolist())
            for found in areas_at(session, lon, lat, LATER)
        }


def count(city: CoverCity, row: type) -> int:
    with city.store.read() as session:
        return session.scalar(select(func.count()).select_from(row)) or 0


def test_the_cover_gives_what_the_index_gives_and_so_do_boxes_until_it_is_built(city: CoverCity) -> None:
    points = hard_points(city.grounds, 300)
    truth = city.told_by_index(points)
    assert len({layer for _, layer, _, _ in truth}) == len(city.grounds)
    assert told(city, points) == truth
    assert count(city, VersionCoverRow) == 0
    assert build_covers(city.store, 1) > 60
    assert count(city, VersionCoverRow) == 1
    assert told(city, points) == truth


def test_whole_cells_are_believed_without_asking_the_outline(city: CoverCity, monkeypatch: pytest.MonkeyPatch) -> None:
    build_covers(city.store)
    cells = next(ground.shapes for ground in city.grounds if ground.layer == "cell")
    middle = max(cells, key=shapely.area).representative_point()
    asked: list[object] = []
    real = shapely.intersects_xy
    monkeypatch.setattr(shapely, "intersects_xy", lambda *words: asked.append(words) or real(*words))
    with city.store.read() as session:
        assert len(areas_at(session, middle.x, middle.y, LATER)) >= 6
    assert len(asked) < 6


def test_an_outline_is_covered_once_and_a_wider_segment_again(city: CoverCity) -> None:
    first = build_covers(city.store)
    rows = count(city, AreaCellRow)
    assert count(city, ShapeCoverRow) == first
    assert build_covers(city.store) == 0
    road = next(ground for ground in city.grounds if ground.layer == SEGMENTS)
    narrow = Ground(SEGMENTS, 80, False, ["N"], road.shapes[:1], [road.widths[0] - 1.0])
    wide = Ground(SEGMENTS, 80, False, ["W"], road.shapes[:1], [300.0])
    with city.store.write() as session:
        hold(session, published_row(session, 2, LATER, LATER), narrow)
        hold(session, published_row(session, 3, LATER, LATER), wide)
    assert build_covers(city.store, 2) == 0
    assert count(city, AreaCellRow) == rows
    assert build_covers(city.store) == 1
    lon, lat = shapely.get_coordinates(road.shapes[0])[0]
    with city.store.read() as session:
        assert session.scalars(select(VersionCoverRow.widest_m).order_by(VersionCoverRow.version_id)).all()[1:] == [
            road.widths[0] - 1.0,
            300.0,
        ]
        assert [found.code for found in areas_at(session, lon + 0.0015, lat, LATER)] == ["W"]
        before = areas_at(session, lon, lat, NOW)
    assert SEGMENTS in {found.layer for found in before}


def test_what_is_done_stays_done_when_building_stops(city: CoverCity, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grids.covers, "_BATCH", 40)
    steps: list[tuple[int, int | None]] = []

    def stop(done: int, total: int | None) -> None:
        steps.append((done, total))
        if done >= 80:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build_covers(city.store, tell=stop)
    assert [done for done, _ in steps] == [0, 40, 80]
    assert (count(city, ShapeCoverRow), count(city, VersionCoverRow)) == (80, 0)
    points = hard_points(city.grounds, 40)
    assert told(city, points) == city.told_by_index(points)
    assert build_covers(city.store) == (steps[0][1] or 0) - 80


def test_covers_go_with_their_outlines_and_versions(city: CoverCity) -> None:
    build_covers(city.store)
    with city.store.write() as session:
        session.execute(delete(ShapeCoverRow))
        assert session.scalar(select(func.count()).select_from(AreaCellRow)) == 0


def test_bad_points_and_unknown_versions_are_refused(city: CoverCity) -> None:
    with city.store.read() as session:
        with pytest.raises(BadCoordinate):
            areas_at(session, 181.0, 0.0, NOW)
        assert areas_at(session, 118.0, 31.0, NOW - timedelta(seconds=1)) == []
    with pytest.raises(NotFound, match="no version 7"):
        build_covers(city.store, 7)


def test_the_views_say_what_is_in_force_now(city: CoverCity) -> None:
    build_covers(city.store)
    areas = sum(len(ground.codes) for ground in city.grounds)
    future = datetime.now(UTC) + timedelta(days=400)
    with city.store.write() as session:
        hold(session, published_row(session, 2, future, LATER), city.grounds[0])
    with city.store.read() as session:
        rows = session.execute(text("SELECT layer, code, geometry, version, rank FROM area_in_force")).all()
        cells = session.execute(text("SELECT layer, code, h3, whole FROM cover_in_force")).all()
    assert {(row.layer, row.code) for row in rows} == {(g.layer, code) for g in city.grounds for code in g.codes}
    assert (len(rows), {row.version for row in rows}) == (areas, {1})
    assert {row.layer for row in rows if row.geometry == "line"} == {SEGMENTS}
    assert {(row.layer, row.code) for row in cells} == {(row.layer, row.code) for row in rows}
    past = datetime.now(UTC) - timedelta(milliseconds=5)
    with city.store.write() as session:
        hold(session, published_row(session, 3, past, past), city.grounds[0])
    with city.store.read() as session:
        assert session.execute(text("SELECT DISTINCT version FROM area_in_force")).scalars().all() == [3]


days = st.integers(0, 5)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(days, days), min_size=1, max_size=5), days, st.one_of(st.none(), days))
def test_time_travel_is_the_timelines(hamlet: Town, told: list[tuple[int, int]], at: int, known: int | None) -> None:
    square = Ground("cell", 60, True, ["A"], np.array([block(0, 0, 1, 1)], object))
    when, known_at = NOW + timedelta(days=at), None if known is None else NOW + timedelta(days=known)
    with hamlet.store.write() as session:
        session.execute(text("DELETE FROM version_cover"))
        session.execute(text("DELETE FROM version"))
        for number, (effective, recorded) in enumerate(told, start=1):
            version = published_row(session, number, NOW + timedelta(days=effective), NOW + timedelta(days=recorded))
            hold(session, version, square)
    build_covers(hamlet.store)
    with hamlet.store.read() as session:
        expected = in_force(editions(session), when, known_at)
        found = areas_at(session, *IN_SQUARE, when, known_at)
    assert [(area.version, area.code) for area in found] == ([] if expected is None else [(expected.number, "A")])


IN_SQUARE = at(0.5, 0.5)


def test_the_command_publishes_and_then_covers_where_sql_can_read_it(town: Town, store_url: str) -> None:
    town.fill()
    wangge = Wangge(town.folder, store=store_url)
    wangge.do("publish", "--accept", "warnings", "--json")
    with town.store.read() as session:
        found = areas_at(session, *at(0.5, 0.5), FOREVER)
        assert [area.code for area in found if area.layer == "cell"] == [CELL], "by outlines, while there are no covers"
        covered = session.scalar(select(func.count()).select_from(VersionCoverRow))
    assert covered == (0 if store_url.startswith("sqlite") else 1)
    assert (build_covers(town.store) > 30) == store_url.startswith("sqlite")


def test_a_version_stands_when_its_covers_fail_and_says_so(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_words: object) -> None:
        raise OperationalError("INSERT", {}, OSError("disk is full"))

    town.fill().publish()
    with monkeypatch.context() as broken:
        broken.setattr(grids.covers, "_cover", full)
        assert "disk is full" in trouble_covering(town.store, 1)
    with town.store.read() as session:
        assert [area.code for area in areas_at(session, *at(0.5, 0.5), NOW) if area.layer == "cell"] == [CELL]
    assert trouble_covering(town.store, 1) == ""


def test_the_command_builds_and_exports(hamlet: Town, tmp_path: Path) -> None:
    hamlet.fill().publish()
    hamlet.store.close()
    wangge = Wangge(tmp_path, store=str(hamlet.store.url))
    assert wangge("covers", "--json").json["covered"] > 30
    assert wangge("covers", "--json").json == {"covered": 0, "exported": None}
    path = tmp_path / "cells.parquet"
    said = wangge("covers", "--export", path, "--layer", "cell")
    rows = pq.read_table(path).to_pylist()
    assert (said.code, f"{len(rows):,} cells of cell" in said.out) == (0, True)
    assert {row["code"] for row in rows} == {row.code for row in hamlet.rows["cell"]}
    assert {cell_of(row["h3"]) >> 52 & 15 for row in rows if not row["whole"]} == {12}
    assert wangge("covers", "--version", 9).code == 2
    assert "--layer" in wangge("covers", "--export", path).err
    assert "no layer 'x'" in wangge("covers", "--export", path, "--layer", "x").err
