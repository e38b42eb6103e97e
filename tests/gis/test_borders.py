"""Distances to the nearest border, against geodesics to every edge."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import Polygon, box

from crooked import partition
from gis.locate import BORDER_REACH_M, PointIndex
from gis.measure import WGS84, distance_m
from gis.rings import Borders, rings_of
from gis.shapes import Shapes

DAM_SQUARE = box(4.8920, 52.3725, 4.8940, 52.3735)


def nearest_edge_m(shapes: Shapes, lon: float, lat: float) -> float:
    """The shortest geodesic from the point to any edge, each edge cut ever finer around its best place."""
    best = np.inf
    for ring in shapely.get_rings(shapely.get_parts(shapes)):
        xy = shapely.get_coordinates(ring)
        low, high = np.zeros(len(xy) - 1), np.ones(len(xy) - 1)
        for _ in range(5):
            along = low[:, None] + np.linspace(0, 1, 21) * (high - low)[:, None]
            x = xy[:-1, 0, None] + along * np.diff(xy[:, 0])[:, None]
            y = xy[:-1, 1, None] + along * np.diff(xy[:, 1])[:, None]
            metres = distance_m(lon, lat, x, y)
            at = metres.argmin(axis=1)
            rows = np.arange(len(at))
            low, high = along[rows, np.maximum(at - 1, 0)], along[rows, np.minimum(at + 1, 20)]
        best = min(best, float(metres.min()))
    return best


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([0.0, -30.0, -52.0, 7.0]), st.integers(3, 6))
def test_distances_are_geodesics_to_a_centimetre_and_nan_beyond_reach(seed: int, north: float, side: int) -> None:
    town = shapely.transform(partition(seed, side, 4, size=0.006), lambda xy: xy + np.array((0.0, north)))
    rng = np.random.default_rng(seed)
    west, south, east, far = shapely.total_bounds(town)
    points = rng.uniform((west - 0.004, south - 0.004), (east + 0.004, far + 0.004), (40, 2))
    found = PointIndex(rings_of(town)).border_distance_m(points[:, 0], points[:, 1])
    for (lon, lat), metres in zip(points.tolist(), found.tolist(), strict=True):
        truth = nearest_edge_m(town, lon, lat)
        if abs(truth - BORDER_REACH_M) > 0.01:
            assert np.isnan(metres) == (truth > BORDER_REACH_M)
        if not np.isnan(metres):
            assert metres == pytest.approx(truth, abs=0.01)


@pytest.mark.parametrize("metres", [0.0, 0.3, 24.99, 25.0, 25.01, 249.9])
def test_the_two_stages_of_the_search_meet_without_a_seam(metres: float) -> None:
    index = PointIndex(rings_of(np.array([DAM_SQUARE], object)))
    lat = WGS84.fwd(4.893, 52.3735, 0.0, metres)[1]
    assert index.border_distance_m(4.893, lat)[0] == pytest.approx(metres, abs=0.01)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([1, 25, 31, 32, 33, 63, 64, 65, 200]))
def test_long_rings_in_many_runs_lose_no_edge(seed: int, corners: int) -> None:
    rng = np.random.default_rng(seed)
    angles = np.sort(rng.uniform(0, 2 * np.pi, corners + 2))
    ring = np.column_stack([4.9 + 1e-3 * np.cos(angles), 52.37 + 1e-3 * np.sin(angles)])
    shapes = np.array([Polygon(ring)], object)
    points = rng.uniform((4.898, 52.368), (4.902, 52.372), (50, 2))
    scaled = shapely.transform(shapes[0].exterior, lambda xy: xy * (111_000 * np.cos(np.radians(52.37)), 111_000))
    rough = shapely.distance(scaled, shapely.points(points * (111_000 * np.cos(np.radians(52.37)), 111_000)))
    found = Borders(rings_of(shapes)).distance_m(points[:, 0], points[:, 1], 1000.0)
    assert found == pytest.approx(rough, rel=0.02, abs=0.1)


def test_a_vertex_and_an_edge_of_the_border_are_at_no_distance(crooked_town: Shapes) -> None:
    vertices = shapely.get_coordinates(crooked_town)
    distances = PointIndex(rings_of(crooked_town)).border_distance_m(vertices[:, 0], vertices[:, 1])
    assert (distances == 0.0).all()


def test_no_points_have_no_distances(crooked_town: Shapes) -> None:
    assert len(PointIndex(rings_of(crooked_town)).border_distance_m([], [])) == 0


def test_near_the_pole_nothing_fails() -> None:
    index = PointIndex(rings_of(np.array([box(0, 89, 10, 90)], object)))
    with np.errstate(all="raise"):
        assert index.border_distance_m([5.0, 5.0], [90.0, 89.9999]).shape == (2,)
    assert index.nearest(90.0, 89.5) is not None
