"""Stretches of road drawn twice, and segments far from their parents."""

from itertools import pairwise

import numpy as np
import shapely
from hypothesis import given
from hypothesis import strategies as st

from gis.measure import length_m
from gis.shapes import Shapes
from grids.stretches import far_from_parents, shared_stretches
from smalltown import at, block


def road(*places: tuple[float, float]) -> shapely.LineString:
    return shapely.LineString([at(*place) for place in places])


def roads(*found: object) -> Shapes:
    return np.array([*found, None], object)[:-1]


def pairs(lines: Shapes) -> list[tuple[int, int, float]]:
    return [(found.one, found.other, round(found.metres, 1)) for found in shared_stretches(lines)]


def test_crossings_shared_ends_and_neighbours_are_no_faults() -> None:
    lines = roads(road((0, 0), (4, 0)), road((4, 0), (8, 0)), road((2, -1), (2, 1)), road((0, 0.02), (4, 0.02)))
    assert pairs(lines) == []
    assert pairs(roads()) == []


def test_a_stretch_in_two_segments_is_found_in_either_direction_with_its_metres_and_its_line() -> None:
    lines = roads(road((0, 0), (1, 0), (2, 0), (2, 1)), road((3, 0), (2, 0), (1, 0), (1, -1)))
    (found,) = shared_stretches(lines)
    assert (found.one, found.other) == (0, 1)
    assert shapely.equals(found.shape, road((1, 0), (2, 0)))
    assert abs(found.metres - length_m(road((1, 0), (2, 0)))) < 1e-6
    assert 89 < found.metres < 90


def test_parts_of_multilines_and_one_road_drawn_three_times() -> None:
    twice = shapely.MultiLineString([road((0, 0), (1, 0)), road((5, 0), (6, 0))])
    lines = roads(twice, road((5, 0), (6, 0)), road((6, 0), (5, 0)))
    assert [(one, other) for one, other, _ in pairs(lines)] == [(0, 1), (0, 2), (1, 2)]


@given(st.lists(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=2, max_size=6), max_size=6))
def test_on_a_street_grid_shared_stretches_are_shared_edges(walks: list[list[tuple[int, int]]]) -> None:
    """Roads that step along a grid of streets share exactly the edges that they both hold."""
    lines, edges = [], []
    for walk in walks:
        places = [walk[0]]
        for x, y in walk[1:]:
            while places[-1] != (x, y):
                (px, py) = places[-1]
                places.append((px + np.sign(x - px), py) if px != x else (px, py + np.sign(y - py)))
        if len(places) > 1:
            lines.append(shapely.LineString(places))
            edges.append({frozenset(pair) for pair in pairwise(places)})
    expected = {(i, j) for i in range(len(lines)) for j in range(i + 1, len(lines)) if edges[i] & edges[j]}
    assert {(found.one, found.other) for found in shared_stretches(roads(*lines))} == expected


def far(lines: Shapes, parent_of: list[int], half_width: float = 10.0) -> list[int]:
    parents = roads(block(0, 0, 1, 1), block(1, 0, 2, 1))
    return far_from_parents(parents, lines, np.full(len(lines), half_width), np.array(parent_of, np.int64))


def test_a_segment_is_far_only_when_no_part_of_its_ground_meets_its_parent() -> None:
    inside, crossing, away = road((0.2, 0.2), (0.8, 0.2)), road((0.5, 0.5), (3, 0.5)), road((5, 5), (6, 5))
    assert far(roads(inside, crossing, away), [0, 0, 0]) == [2]
    assert far(roads(inside, crossing), [1, 1]) == [0], "in another area than its parent"
    assert far(roads(inside, away), [-1, -1]) == [1], "without a parent any of them will do"


def test_a_road_beside_the_border_belongs_as_far_as_its_half_width() -> None:
    beside = roads(road((0.2, -0.08), (0.8, -0.08)))
    assert far(beside, [0], half_width=8.0) == [0], "8.9 m south of the border"
    assert far(beside, [0], half_width=10.0) == []
    assert far(beside, [-1], half_width=8.0) == [0]
    assert far(beside, [-1], half_width=10.0) == []


def test_without_parents_nothing_is_far() -> None:
    lines = roads(road((5, 5), (6, 5)))
    assert far_from_parents(roads(), lines, np.array([10.0]), np.array([-1])) == []
