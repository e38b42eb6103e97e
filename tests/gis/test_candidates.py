"""Who else may be meant: shares of the disc of doubt, and the nearest area of a point outside."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import Point, box

from crooked import partition
from gis.errors import BadInput
from gis.locate import Candidates, PointIndex
from gis.measure import distance_m, metres_per_degree
from gis.rings import rings_of
from gis.shapes import Shapes

WESTERKERK = (4.8837, 52.3745)
WEST, EAST = box(4.88, 52.37, 4.8837, 52.38), box(4.8837, 52.37, 4.89, 52.38)


def index_of(*shapes: shapely.Geometry) -> PointIndex:
    return PointIndex(rings_of(np.array(shapes, object)))


def shares_of(found: Candidates, point: int = 0) -> dict[int, float]:
    rows = found.point == point
    return dict(zip(found.area[rows].tolist(), found.share[rows].tolist(), strict=True))


def shares_in_the_plane(shapes: Shapes, lon: float, lat: float, radius: float) -> dict[int, float]:
    scale = np.array([float(part) for part in metres_per_degree(lat)])
    flat = shapely.transform(shapes, lambda xy: (xy - (lon, lat)) * scale)
    disc = Point(0, 0).buffer(radius, quad_segs=64)
    shares = shapely.area(shapely.intersection(flat, disc)) / disc.area
    return {area: float(share) for area, share in enumerate(shares) if share > 0.0}


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0, 0.016), st.floats(0, 0.016), st.sampled_from([0.5, 1, 20, 200, 2000]))
def test_shares_are_those_of_the_disc_on_the_ground(seed: int, east: float, north: float, radius: float) -> None:
    town = partition(seed)
    lon, lat = 4.9012 + east, 52.3676 + north
    found = shares_of(PointIndex(rings_of(town)).candidates(lon, lat, radius))
    truth = shares_in_the_plane(town, lon, lat, radius)
    for area in found.keys() | truth.keys():
        assert found.get(area, 0.0) == pytest.approx(truth.get(area, 0.0), abs=0.002)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([0.0, 1e-3, 0.01, 1.0, 50.0, 500.0]))
def test_in_a_partition_the_shares_and_the_outside_sum_to_one(seed: int, radius: float) -> None:
    town = partition(seed)
    around = shapely.box(4.8, 52.3, 5.0, 52.5)
    everywhere = np.array([*town, around - shapely.coverage_union_all(town)], object)
    points = np.random.default_rng(seed).uniform((4.9, 52.366), (4.919, 52.385), (30, 2))
    vertices = shapely.get_coordinates(town)[:30]
    lon, lat = np.concatenate([points, vertices]).T
    found = PointIndex(rings_of(everywhere)).candidates(lon, lat, radius)
    sums = np.bincount(found.point, found.share, minlength=len(lon))
    assert sums == pytest.approx(np.ones(len(lon)), abs=1e-4)


def test_a_point_on_a_border_is_half_and_half_and_the_lower_comes_first() -> None:
    found = index_of(WEST, EAST).candidates(*WESTERKERK, 5.0)
    assert found.area.tolist() == [0, 1]
    assert found.share == pytest.approx([0.5, 0.5], abs=1e-6)


def test_the_larger_share_comes_first_and_points_keep_their_order() -> None:
    found = index_of(WEST, EAST).candidates([4.8838, 4.8836], [52.3745, 52.3745], [15.0, 15.0])
    assert found.point.tolist() == [0, 0, 1, 1]
    assert found.area.tolist() == [1, 0, 0, 1]


def test_in_an_overlapping_layer_shares_may_exceed_one() -> None:
    found = index_of(WEST, WEST).candidates(4.882, 52.375, 10.0)
    assert found.share == pytest.approx([1.0, 1.0])


def test_a_disc_larger_than_everything_has_small_shares_and_no_failure() -> None:
    for radius in (1e5, 1e7, 1e9):
        found = index_of(WEST, EAST).candidates(*WESTERKERK, radius)
        assert set(found.area.tolist()) == {0, 1}
        assert 0 < found.share.sum() < 0.01


def test_a_disc_out_in_the_country_has_no_candidates() -> None:
    assert len(index_of(WEST).candidates(5.5, 52.0, 100.0).area) == 0
    assert len(index_of(WEST).candidates([], [], 100.0).area) == 0


@pytest.mark.parametrize("radius", [np.nan, np.inf, -1.0])
def test_an_accuracy_that_is_no_length_is_refused(radius: float) -> None:
    with pytest.raises(BadInput, match="accuracy"):
        index_of(WEST).candidates(*WESTERKERK, radius)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0, 2 * np.pi), st.floats(0.01, 0.15))
def test_the_nearest_area_is_the_one_with_the_shortest_geodesic(seed: int, angle: float, away: float) -> None:
    town = partition(seed, 4, 5, size=0.01)
    lon, lat = 4.92 + away * 1.6 * np.cos(angle), 52.387 + away * np.sin(angle)
    index = PointIndex(rings_of(town))
    area, metres = index.nearest(lon, lat) or (-1, np.nan)
    fine = shapely.get_coordinates(shapely.segmentize(shapely.boundary(town), 2e-5), return_index=True)
    truth = np.full(len(town), np.inf)
    np.minimum.at(truth, fine[1], distance_m(lon, lat, fine[0][:, 0], fine[0][:, 1]))
    if index.locate(lon, lat).area[0] >= 0:
        assert (area, metres) == (index.locate(lon, lat).area[0], 0.0)
        return
    assert metres == pytest.approx(truth.min(), abs=1.5)
    assert truth[area] == pytest.approx(truth.min(), abs=1.5)


def test_equally_near_areas_are_told_apart_by_their_order() -> None:
    """Both halves meet in the corner that is nearest to this point."""
    index = index_of(WEST, EAST)
    assert (index.nearest(4.8837, 52.39) or (-1, 0))[0] == 0


def test_a_covered_point_is_at_no_distance_also_on_the_border() -> None:
    assert index_of(WEST, EAST).nearest(*WESTERKERK) == (0, 0.0)
    assert index_of(WEST, EAST).nearest(4.885, 52.375) == (1, 0.0)


def test_the_nearest_of_a_point_on_another_continent_is_some_area_at_some_distance() -> None:
    found = index_of(WEST, EAST).nearest(116.39, 39.9)
    assert found is not None
    assert 7_000_000 < found[1] < 9_000_000
