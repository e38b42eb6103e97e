"""The exact rule: an area covers a point when its closed polygon does, and the lowest covering area answers."""

import threading
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import MultiPolygon, Point, Polygon, box

from crooked import hard_points, partition
from gis.errors import BadCoordinate
from gis.locate import Located, PointIndex
from gis.rings import rings_of
from gis.shapes import Shapes

VONDELPARK = (4.8686, 52.3580)
WEST_HALF, EAST_HALF = box(4.86, 52.35, 4.87, 52.36), box(4.87, 52.35, 4.88, 52.36)
ENCLAVE = box(4.862, 52.352, 4.864, 52.354)
PIERCED = WEST_HALF - ENCLAVE


def index_of(shapes: Sequence[Polygon | MultiPolygon] | Shapes) -> PointIndex:
    return PointIndex(rings_of(np.array(shapes, object)))


def pairs(located: Located) -> set[tuple[int, int]]:
    return set(zip(located.point.tolist(), located.covering.tolist(), strict=True))


def covers_in_fractions(shape: Polygon | MultiPolygon, x: float, y: float) -> bool:
    """The textbook rule in exact arithmetic: on an edge, or an odd number of edges crossed on the way east."""
    px, py, odd = Fraction(x), Fraction(y), False
    for ring in shapely.get_rings(shapely.get_parts(shape)):
        corners = [(Fraction(a), Fraction(b)) for a, b in ring.coords]
        for (ax, ay), (bx, by) in pairwise(corners):
            side = (bx - ax) * (py - ay) - (by - ay) * (px - ax)
            if side == 0 and min(ax, bx) <= px <= max(ax, bx) and min(ay, by) <= py <= max(ay, by):
                return True
            if (ay > py) != (by > py) and (side > 0) == (by > ay):
                odd = not odd
    return odd


def check_against_shapely(shapes: Shapes, points: np.ndarray) -> None:
    located = index_of(shapes).locate(points[:, 0], points[:, 1])
    truth = shapely.covers(shapes[:, None], shapely.points(points))
    assert pairs(located) == {(int(p), int(a)) for a, p in zip(*np.nonzero(truth), strict=True)}
    assert np.array_equal(located.area, np.where(truth.any(axis=0), truth.argmax(axis=0), -1))
    rim = (truth & shapely.intersects(shapely.boundary(shapes)[:, None], shapely.points(points))).any(axis=0)
    assert np.array_equal(located.on_border, rim)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 7), st.integers(2, 6))
def test_partitions_agree_with_shapely_on_the_hardest_points(seed: int, side: int, areas: int) -> None:
    shapes = partition(seed, side, min(areas, side * side))
    check_against_shapely(shapes, hard_points(shapes, seed, 200))


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_overlapping_layers_agree_with_shapely(seed: int) -> None:
    rng = np.random.default_rng(seed)
    middles = rng.uniform(0, 0.01, (12, 2)) + VONDELPARK
    discs = np.array(
        [Point(xy).buffer(r, quad_segs=3) for xy, r in zip(middles, rng.uniform(1e-4, 4e-3, 12), strict=True)]
    )
    check_against_shapely(discs, hard_points(discs, seed, 200))


def test_points_beside_a_slanted_border_agree_with_exact_arithmetic(crooked_town: Shapes) -> None:
    points = hard_points(crooked_town, seed=3, ordinary=0)
    points = points[np.random.default_rng(3).choice(len(points), 250, replace=False)]
    found = pairs(index_of(crooked_town).locate(points[:, 0], points[:, 1]))
    exact = {
        (number, area)
        for number, (x, y) in enumerate(points.tolist())
        for area, shape in enumerate(crooked_town)
        if covers_in_fractions(shape, x, y)
    }
    assert found == exact


def test_in_a_partition_no_point_falls_between_two_areas(crooked_town: Shapes, hard_town_points: np.ndarray) -> None:
    located = index_of(crooked_town).locate(hard_town_points[:, 0], hard_town_points[:, 1])
    town = shapely.coverage_union_all(crooked_town)
    inside = shapely.covers(town, shapely.points(hard_town_points))
    assert np.array_equal(located.area >= 0, inside)
    several = np.bincount(located.point, minlength=len(hard_town_points)) > 1
    assert several.sum() > 100
    assert located.on_border[several].all()


@pytest.mark.parametrize(
    ("point", "area", "on_border", "covering"),
    [
        (VONDELPARK, 0, False, [0]),
        ((4.87, 52.355), 0, True, [0, 1]),
        ((4.875, 52.355), 1, False, [1]),
        ((4.86, 52.35), 0, True, [0]),
        ((4.87, 52.36), 0, True, [0, 1]),
        ((4.863, 52.353), 2, False, [2]),
        ((4.862, 52.353), 0, True, [0, 2]),
        ((4.0, 52.0), -1, False, []),
    ],
    ids=["inside", "shared border", "the other", "corner", "shared corner", "enclave", "enclave's rim", "outside"],
)
def test_the_lowest_covering_area_answers_and_the_others_are_named(
    point: tuple[float, float], area: int, on_border: bool, covering: list[int]
) -> None:
    located = index_of([PIERCED, EAST_HALF, ENCLAVE]).locate(*point)
    assert (located.area.tolist(), located.on_border.tolist()) == ([area], [on_border])
    assert located.covering.tolist() == covering


def test_a_hole_with_nothing_in_it_is_outside_and_its_rim_is_not() -> None:
    index = index_of([PIERCED])
    assert index.locate([4.863, 4.862], [52.353, 52.353]).area.tolist() == [-1, 0]


def test_one_point_many_points_and_no_point() -> None:
    index = index_of([WEST_HALF, EAST_HALF])
    one = index.locate(*VONDELPARK)
    many = index.locate(np.full(70_000, VONDELPARK[0]), np.full(70_000, VONDELPARK[1]))
    assert one.area.tolist() == [0]
    assert set(many.area.tolist()) == {0}
    assert many.point.tolist() == list(range(70_000))
    assert len(index.locate([], []).area) == len(index.locate([], []).point) == 0


def test_an_empty_layer_covers_nothing() -> None:
    for index in (index_of([]), index_of([Polygon()])):
        assert index.locate(*VONDELPARK).area.tolist() == [-1]
        assert np.isnan(index.border_distance_m(*VONDELPARK)).all()
        assert len(index.candidates(*VONDELPARK, 100.0).area) == 0
        assert index.nearest(*VONDELPARK) is None


def test_the_ends_of_the_earth_are_places_like_others() -> None:
    index = index_of([box(179, -10, 180, 10), box(-180, 80, 180, 90)])
    located = index.locate([180.0, -180.0, 0.0, 180.0], [0.0, 0.0, 90.0, 90.0])
    assert located.area.tolist() == [0, -1, 1, 1]
    assert index.border_distance_m(180.0, 0.0).tolist() == [0.0]


@pytest.mark.parametrize("point", [(np.nan, 52.0), (52.3, 4.9e3), (4.9, np.inf)])
def test_what_is_no_coordinate_is_refused(point: tuple[float, float]) -> None:
    index = index_of([WEST_HALF])
    for ask in (index.locate, index.border_distance_m, index.nearest):
        with pytest.raises(BadCoordinate):
            ask(*point)


def test_many_threads_may_ask_a_fresh_index_at_once() -> None:
    """GEOS builds a prepared polygon's locator at the first question; two first questions used to end the process."""
    lakes = [Point(VONDELPARK).buffer(1, quad_segs=8000) for _ in range(12)]
    lon, lat = np.random.default_rng(0).uniform((4, 51.5), (5.5, 53), (40, 2)).T
    expected = index_of(lakes).locate(lon, lat).point.tolist()
    for _ in range(4):
        index, together, answers = index_of(lakes), threading.Barrier(6), []

        def ask(index: PointIndex, together: threading.Barrier, answers: list[list[int]]) -> None:
            together.wait()
            answers.append(index.locate(lon, lat).point.tolist())

        threads = [threading.Thread(target=ask, args=(index, together, answers)) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert answers == [expected] * 6
