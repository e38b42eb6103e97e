"""Gaps, overlaps, uncovered ground and areas beyond their parent, against brute force."""

from itertools import combinations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry.base import BaseGeometry

from gis.measure import area_m2
from grids.topology import Coverage, outside_faults, partition_faults, uncovered_faults
from smalltown import block


def coverage(*shapes: BaseGeometry) -> Coverage:
    return Coverage(np.array([*shapes, None], object)[:-1])


def faults(*shapes: BaseGeometry) -> list[tuple[str, tuple[int, ...]]]:
    return [(fault.kind, fault.areas) for fault in partition_faults(coverage(*shapes))]


def ring(outer: BaseGeometry, *holes: BaseGeometry) -> BaseGeometry:
    return shapely.Polygon(outer.exterior, [hole.exterior for hole in holes])


UNIT = block(0, 0, 1, 1)

CASES = {
    "two halves": ([block(0, 0, 1, 2), block(1, 0, 2, 2)], []),
    "T-junction: one side is cut in two, the other is not": (
        [block(0, 0, 1, 2), block(1, 0, 2, 1), block(1, 1, 2, 2)],
        [],
    ),
    "islands that touch nobody": ([UNIT, block(5, 5, 6, 6)], []),
    "an enclave in a hole": ([ring(block(0, 0, 3, 3), block(1, 1, 2, 2)), block(1, 1, 2, 2)], []),
    "a hole that nobody fills": ([ring(block(0, 0, 3, 3), block(1, 1, 2, 2))], [("gap", (0,))]),
    "identical twins": ([UNIT, UNIT], [("overlap", (0, 1))]),
    "three of the same": ([UNIT] * 3, [("overlap", (0, 1)), ("overlap", (0, 2)), ("overlap", (1, 2))]),
    "one inside the other": ([block(0, 0, 3, 3), block(1, 1, 2, 2)], [("overlap", (0, 1))]),
    "one inside the other along a shared edge": ([block(0, 0, 3, 3), block(0, 0, 3, 1)], [("overlap", (0, 1))]),
    "a strip left open between four": (
        [block(0, 0, 3, 1), block(0, 2, 3, 3), block(0, 1, 1, 2), block(2, 1, 3, 2)],
        [("gap", (0, 1, 2, 3))],
    ),
    "parts of a multipolygon around another": (
        [shapely.union(block(0, 0, 1, 1), block(2, 0, 3, 1)), block(1, 0, 2, 1)],
        [],
    ),
    "a multipolygon that overlaps with one part": (
        [shapely.union(block(0, 0, 1, 1), block(2, 0, 3, 1)), block(1, 0, 2.5, 1)],
        [("overlap", (0, 1))],
    ),
    "nothing": ([], []),
}


@pytest.mark.parametrize(("shapes", "expected"), CASES.values(), ids=CASES)
def test_known_layers_have_exactly_these_faults(shapes: list[BaseGeometry], expected: list[object]) -> None:
    assert faults(*shapes) == expected
    assert faults(*(shapely.reverse(shape) for shape in shapes)) == expected


def test_a_fault_states_its_area_on_the_ellipsoid_and_its_place() -> None:
    [fault] = partition_faults(coverage(block(0, 0, 1.01, 1), block(1, 0, 2, 1)))
    assert fault.area_m2 == pytest.approx(area_m2(block(1, 0, 1.01, 1)), rel=1e-5)
    assert block(0.999, 0, 1.011, 1).covers(fault.shape)


sides = st.integers(0, 6)
boxes = st.tuples(sides, sides, st.integers(1, 4), st.integers(1, 4))


@settings(max_examples=150, deadline=None)
@given(drawn=st.lists(boxes, min_size=1, max_size=9))
def test_random_dirty_layers_agree_with_brute_force(drawn: list[tuple[int, int, int, int]]) -> None:
    shapes = [block(x, y, x + w, y + h) for x, y, w, h in drawn]
    found = list(partition_faults(coverage(*shapes)))
    pairs = {
        pair: area_m2(part)
        for pair in combinations(range(len(shapes)), 2)
        if (part := shapely.intersection(*(shapes[i] for i in pair))).area > 1e-9
    }
    told = {fault.areas: fault.area_m2 for fault in found if fault.kind == "overlap"}
    assert told == pytest.approx(pairs, rel=1e-5)
    union = shapely.union_all(shapes)
    enclosed = shapely.get_parts(shapely.polygonize(shapely.get_parts(shapely.union_all(shapely.boundary(shapes)))))
    holes = sum(area_m2(face) for face in enclosed if not union.covers(face.representative_point()))
    assert sum(fault.area_m2 for fault in found if fault.kind == "gap") == pytest.approx(holes, rel=1e-5, abs=1e-3)


@settings(max_examples=100, deadline=None)
@given(parents=st.lists(boxes, min_size=1, max_size=3), children=st.lists(boxes, max_size=6))
def test_random_uncovered_ground_agrees_with_brute_force(parents: list, children: list) -> None:
    above = [block(x, y, x + w, y + h) for x, y, w, h in parents]
    below = [block(x, y, x + w, y + h) for x, y, w, h in children]
    gaps = [fault.shape for fault in partition_faults(coverage(*below)) if fault.kind == "gap"]
    found = sum(f.area_m2 for f in uncovered_faults(coverage(*above), coverage(*below), coverage(*gaps).shapes))
    bare = shapely.difference(shapely.union_all(above), shapely.union_all([*below, *gaps]))
    assert found == pytest.approx(area_m2(bare), rel=1e-5, abs=1e-3)


def test_a_child_beyond_its_parent_is_told_with_the_part_that_sticks_out() -> None:
    parents, children = coverage(block(0, 0, 2, 2), block(2, 0, 4, 2)), coverage(block(0, 0, 2.5, 2), block(3, 0, 4, 2))
    [fault] = outside_faults(parents.shapes, children.shapes, np.array([0, 1]))
    assert (fault.kind, fault.areas) == ("outside_parent", (0,))
    assert fault.area_m2 == pytest.approx(area_m2(block(2, 0, 2.5, 2)), rel=1e-5)
    assert list(outside_faults(parents.shapes, children.shapes, np.array([-1, 1]))) == []
