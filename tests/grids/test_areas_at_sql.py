"""``areas_at(point)`` on PostGIS: what covers a point, and what answers, are the index's, whichever way it is asked."""

import re
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import h3.api.basic_int as h3
import numpy as np
import psycopg
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import errors
from sqlalchemy import make_url, text

from clusters import Cluster
from covercity import NOW, SEGMENTS, CoverCity, Ground, Told, found_cover_city, hard_points, hold, published_row
from gis.h3cells import cells_at
from gis.measure import distance_m
from grids.covers import build_covers
from grids.reads import editions
from grids.timeline import in_force

pytestmark = pytest.mark.postgis

LATER = NOW + timedelta(days=1)
ASKED = "SELECT version, layer, code, answers FROM areas_at(%s::geometry, at => %s, known_at => %s)"
BY_CELL = "SELECT version, layer, code, answers FROM areas_at(%s::geometry, %s::bigint, at => %s, known_at => %s)"


@pytest.fixture(scope="module")
def city(postgis_cluster: Cluster) -> Iterator[CoverCity]:
    """A city whose covers are built."""
    with postgis_cluster.database() as url:
        made = found_cover_city(url, 300)
        build_covers(made.store)
        yield made
        made.store.close()


@pytest.fixture
def sql(city: CoverCity) -> Iterator[psycopg.Connection[Any]]:
    with connected(city) as connection:
        yield connection


def connected(city: CoverCity) -> psycopg.Connection[Any]:
    address = make_url(str(city.store.url))
    return psycopg.connect(host=str(address.query["host"]), user="postgres", dbname=address.database)


def granted() -> str:
    """The rights that the page on SQL gives a role that only reads."""
    page = (Path(__file__).parents[2] / "docs" / "sql.md").read_text("utf-8")
    (found,) = re.findall(r"## A role that only reads\n\n```sql\n(.*?)```", page, re.DOTALL)
    return str(found)


def ewkt(lon: float, lat: float, srid: int = 4326) -> str:
    return f"SRID={srid};POINT({lon!r} {lat!r})"


def check_points(city: CoverCity, sql: psycopg.Connection[Any], points: np.ndarray) -> None:
    """Both variants of the function, joined with a table of points, say what the indexes say; NULL and coarse cells
    too."""
    sql.execute("CREATE TEMP TABLE event (number int, h3 bigint, geom geometry(Point, 4326)) ON COMMIT DROP")
    cells = cells_at(points[:, 0], points[:, 1]).tolist()
    shapes = shapely.to_wkb(shapely.set_srid(shapely.points(points), 4326), hex=True, include_srid=True)
    with sql.cursor().copy("COPY event FROM STDIN") as copy:
        for row in zip(range(len(points)), cells, shapes, strict=True):
            copy.write_row(row)
    truth = city.told_by_index(points)
    assert len({layer for _, layer, _, _ in truth}) == len(city.grounds)
    assert {answers for _, _, _, answers in truth} == {True, False}
    for call in ("areas_at(e.geom)", "areas_at(e.geom, e.h3)"):
        query = f"SELECT e.number, a.layer, a.code, a.answers FROM event e CROSS JOIN LATERAL {call} a"
        rows = sql.execute(query.encode()).fetchall()
        assert len(rows) == len(set(rows))
        assert without_near_ties(city, points, set(rows) ^ truth) == set(), call


def without_near_ties(city: CoverCity, points: np.ndarray, told: Told) -> Told:
    """The differences that count. Where two lines, or a line and its kerb, are a tie but for some micrometres, the two
    ways of measuring may differ."""
    road = next(ground for ground in city.grounds if ground.layer == SEGMENTS)
    reach = {code: (shape, width) for code, shape, width in zip(road.codes, road.shapes, road.widths, strict=True)}
    kept = {row for row in told if row[1] != SEGMENTS}
    for row in told - kept:
        away, width = metres(reach[row[2]][0], points[row[0]]), reach[row[2]][1]
        others = [metres(shape, points[row[0]]) for code, (shape, _) in reach.items() if code != row[2]]
        margins = [abs(away - width) - 1e-3, *(abs(abs(away - other) - 1e-3) for other in others)]
        kept |= {row} if min(map(abs, margins)) > 1e-4 else set()
    return kept


def metres(shape: Any, point: np.ndarray) -> float:
    """The geodesic to the nearest place, found in a plane."""
    lon, lat = point.tolist()
    scale = np.array([np.cos(np.radians(lat)), 1.0])
    near = (
        shapely.get_coordinates(
            shapely.shortest_line(shapely.transform(shape, lambda xy: (xy - point) * scale), shapely.Point(0, 0))
        )[0]
        / scale
    )
    return float(distance_m(lon, lat, lon + near[0], lat + near[1]))


def test_it_is_what_the_index_says(city: CoverCity, sql: psycopg.Connection[Any]) -> None:
    check_points(city, sql, hard_points(city.grounds, 8_000))


@pytest.mark.long
def test_it_is_what_the_index_says_of_100_000_points(postgis_database: str) -> None:
    city = found_cover_city(postgis_database, 3_000)
    build_covers(city.store)
    with connected(city) as sql:
        check_points(city, sql, hard_points(city.grounds, 100_000))
    city.store.close()


def test_cells_that_cannot_help_are_not_believed(city: CoverCity, sql: psycopg.Connection[Any]) -> None:
    """NULL, coarse cells, and finer ones than 12 give the same."""
    for lon, lat in hard_points(city.grounds, 50).tolist():
        exact = sql.execute(ASKED, (ewkt(lon, lat), LATER, None)).fetchall()
        for cell in (None, h3.latlng_to_cell(lat, lon, 9), h3.latlng_to_cell(lat, lon, 15)):
            if cell is not None and h3.get_resolution(cell) > 12:
                cell = h3.cell_to_children(h3.latlng_to_cell(lat, lon, 12), 15)[0]
            assert set(sql.execute(BY_CELL, (ewkt(lon, lat), cell, LATER, None)).fetchall()) == set(exact)


def test_until_its_covers_are_built_a_version_is_asked_by_its_outlines(
    city: CoverCity, sql: psycopg.Connection[Any]
) -> None:
    points = hard_points(city.grounds, 60)
    cells = cells_at(points[:, 0], points[:, 1]).tolist()
    sql.execute("DELETE FROM area_h3")
    sql.execute("DELETE FROM version_cover")
    found = {
        (number, *row[1:])
        for number, (point, cell) in enumerate(zip(points.tolist(), cells, strict=True))
        for row in sql.execute(BY_CELL, (ewkt(*point), cell, LATER, None)).fetchall()
    }
    assert without_near_ties(city, points, found ^ city.told_by_index(points)) == set()
    sql.rollback()


def test_names_and_distances(city: CoverCity, sql: psycopg.Connection[Any]) -> None:
    road = next(ground for ground in city.grounds if ground.layer == SEGMENTS)
    lon, lat = np.mean(shapely.get_coordinates(road.shapes[0])[:2], axis=0).tolist()
    point = np.array([lon + 3e-5, lat + 2e-5])
    query = "SELECT layer, code, name, distance_m FROM areas_at(%s::geometry)"
    rows = sql.execute(query, (ewkt(*point.tolist()),)).fetchall()
    for layer, code, name, distance in rows:
        assert name == f"名{code}"
        shape = road.shapes[list(road.codes).index(code)] if layer == SEGMENTS else None
        assert (distance is None) if shape is None else distance == pytest.approx(metres(shape, point), abs=1e-4)
    assert SEGMENTS in {row[0] for row in rows}


def test_other_systems_are_transformed_and_unknown_ones_refused(city: CoverCity, sql: psycopg.Connection[Any]) -> None:
    cells = next(ground.shapes for ground in city.grounds if ground.layer == "cell")
    middle = cells[7].representative_point()
    exact = sql.execute(ASKED, (ewkt(middle.x, middle.y), LATER, None)).fetchall()
    given = f"ST_Transform('{ewkt(middle.x, middle.y)}'::geometry, 4549)"
    moved = sql.execute(f"SELECT version, layer, code, answers FROM areas_at({given})".encode()).fetchall()
    assert len(exact) >= 6
    assert set(moved) == set(exact)
    for wrong in ("POINT(118 31)", "SRID=4326;LINESTRING(118 31, 119 32)"):
        with pytest.raises(errors.InternalError_ if wrong.startswith("POINT") else psycopg.Error):
            sql.execute(ASKED, (wrong, LATER, None))
        sql.rollback()
    for nothing in ("SRID=4326;POINT EMPTY", "SRID=4326;POINT(118 91)", None):
        assert sql.execute(ASKED, (nothing, LATER, None)).fetchall() == []


def test_parents_are_h3s(sql: psycopg.Connection[Any]) -> None:
    rng = np.random.default_rng(6)
    cells = [*cells_at(rng.uniform(-180, 180, 40), rng.uniform(-90, 90, 40), 12).tolist(), *h3.get_pentagons(12)]
    query = "SELECT c, r, h3_parent(c, r) FROM unnest(%s::bigint[]) c, generate_series(-1, 13) r"
    rows = sql.execute(query, (cells,)).fetchall()
    for cell, resolution, parent in rows:
        assert parent == (h3.cell_to_parent(cell, resolution) if 0 <= resolution <= 12 else None)
    assert len(rows) == 52 * 15


def test_a_reader_needs_no_search_path_and_no_more_rights_than_told(city: CoverCity) -> None:
    """What docs/sql.md grants is enough, and shows no personal data."""
    with connected(city) as sql:
        sql.execute("CREATE ROLE grid_reader")
        sql.execute(granted().encode())
        sql.execute("SET ROLE grid_reader")
        sql.execute("SET search_path = ''")
        lon, lat = hard_points(city.grounds, 5)[4].tolist()
        point = f"'{ewkt(lon, lat)}'::public.geometry"
        for call in (f"areas_at({point})", f"areas_at({point}, 631358414582241791)"):
            sql.execute(f"SELECT * FROM public.{call}".encode()).fetchall()
        found = sql.execute("SELECT count(*) FROM public.area_in_force JOIN public.cover_in_force USING (layer, code)")
        assert (found.fetchone() or [0])[0] > 1000
        with pytest.raises(errors.InsufficientPrivilege):
            sql.execute("SELECT * FROM public.contact")
        sql.rollback()


days = st.integers(0, 5)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(days, days), min_size=1, max_size=5), days, st.one_of(st.none(), days))
def test_time_travel_is_the_timelines(
    city: CoverCity, told: Sequence[tuple[int, int]], at: int, known: int | None
) -> None:
    """Versions told on top of the city's; the connection is SQLAlchemy's, so that all of it can be undone."""
    place = (10.0005, 50.0005)
    square = Ground("far", 60, True, ["A"], np.array([shapely.box(10.0, 50.0, 10.001, 50.001)], object))
    when, known_at = NOW + timedelta(days=at), None if known is None else NOW + timedelta(days=known)
    with city.store.write() as session:
        for number, (effective, recorded) in enumerate(told, start=2):
            times = (NOW + timedelta(days=effective), NOW + timedelta(days=recorded))
            hold(session, published_row(session, number, *times), square)
        expected = in_force(editions(session), when, known_at)
        asked = {"point": ewkt(*place), "cell": h3.latlng_to_cell(*place[::-1], 12), "at": when, "known": known_at}
        for given in (":point", ":point, CAST(:cell AS bigint)"):
            call = f"areas_at({given.replace(':point', 'CAST(:point AS geometry)')}, at => :at, known_at => :known)"
            rows = session.execute(text(f"SELECT version, code FROM {call}"), asked).all()
            new = expected is not None and expected.number > 1
            assert [tuple(row) for row in rows] == ([(expected.number, "A")] if new and expected else [])
        session.rollback()
