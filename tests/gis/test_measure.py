"""Metres and square metres, against PROJ's geodesics."""

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Geod
from shapely import GeometryCollection, LineString, MultiPolygon, Point, Polygon, box

from gis.measure import area_m2, bounds_of, distance_m, metres_per_degree, plane_areas_m2

GEOD = Geod(ellps="WGS84")
BLOCK = box(116.39, 39.9, 116.40, 39.91)
YARD = box(116.392, 39.902, 116.394, 39.904)
BLOCK_M2 = abs(GEOD.polygon_area_perimeter(*BLOCK.exterior.xy)[0])
YARD_M2 = abs(GEOD.polygon_area_perimeter(*YARD.exterior.xy)[0])
LINE = LineString([(116, 39), (117, 39), (117, 40)])

lats = st.floats(-85, 85)


@pytest.mark.parametrize("shell", [1, -1])
@pytest.mark.parametrize("hole", [1, -1])
def test_a_hole_is_taken_off_whichever_way_the_rings_run(shell: int, hole: int) -> None:
    shape = Polygon(list(BLOCK.exterior.coords)[::shell], [list(YARD.exterior.coords)[::hole]])
    assert area_m2(shape) == pytest.approx(BLOCK_M2 - YARD_M2)


def test_parts_that_run_in_opposite_ways_add_up() -> None:
    other = box(116.41, 39.9, 116.42, 39.91)
    parts = MultiPolygon([BLOCK, Polygon(list(other.exterior.coords)[::-1])])
    assert area_m2(parts) == pytest.approx(area_m2(BLOCK) + area_m2(other))


@pytest.mark.parametrize(
    ("shape", "expected"),
    [(Polygon(), 0), (Point(116, 39), 0), (LINE, 0), (GeometryCollection([BLOCK, LINE]), BLOCK_M2)],
)
def test_only_polygons_have_an_area(shape: shapely.Geometry, expected: float) -> None:
    assert area_m2(shape) == pytest.approx(expected)


@given(st.floats(-179, 179), lats)
def test_a_degree_is_as_long_as_its_geodesic(lon: float, lat: float) -> None:
    per_lon, per_lat = metres_per_degree(lat)
    step = 1e-4
    assert float(distance_m(lon, lat, lon + step, lat)) == pytest.approx(float(per_lon) * step, rel=1e-6)
    north = float(distance_m(lon, lat - step, lon, lat + step))
    assert north == pytest.approx(float(per_lat) * 2 * step, rel=1e-6)


@given(st.floats(-179, 179), st.floats(-60, 60), st.floats(0, 250), st.floats(0, 360))
def test_the_plane_of_a_point_is_good_to_a_centimetre_over_250_metres(
    lon: float, lat: float, metres: float, azimuth: float
) -> None:
    x, y, _ = GEOD.fwd(lon, lat, azimuth, metres)
    per_lon, per_lat = metres_per_degree(lat)
    assert float(np.hypot((x - lon) * per_lon, (y - lat) * per_lat)) == pytest.approx(metres, abs=0.01)


@given(lats, st.floats(1e-4, 0.03))
def test_plane_areas_are_good_to_a_thousandth_for_shapes_of_a_few_kilometres(lat: float, size: float) -> None:
    flat = min(abs(lat), 70.0)
    shape = box(116, flat, 116 + size, flat + size)
    assert float(plane_areas_m2(flat + size / 2, size * size)) == pytest.approx(area_m2(shape), rel=1e-3)


def test_distances_broadcast_and_cross_the_antimeridian() -> None:
    assert distance_m(116.0, 39.0, [116.0, 117.0], [40.0, 39.0]).shape == (2,)
    assert distance_m([], [], [], []).shape == (0,)
    assert float(distance_m(180.0, 0.0, -180.0, 0.0)) == 0.0
    assert float(distance_m(179.9999, 0.0, -179.9999, 0.0)) == pytest.approx(22.264, abs=0.001)


def test_the_poles_have_no_parallel_and_do_not_fail() -> None:
    per_lon, per_lat = metres_per_degree([90.0, -90.0])
    assert np.all(per_lon < 1e-6)
    assert np.all(per_lat > 111_000)


def test_the_box_around_boxes_and_around_none() -> None:
    assert bounds_of([(1, 2, 3, 4), (0, 3, 2, 9)]) == (0, 2, 3, 9)
    assert bounds_of([(1, 2, 3, 4), (np.nan,) * 4]) == (1, 2, 3, 4)
    assert bounds_of([]) is None
