"""H3 cells: parents are H3's own, and a cover tells inside from outside without asking the polygon."""

import h3.api.basic_int as h3
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import MultiPolygon, Point, Polygon, box

from gis.errors import BadCoordinate, BadInput
from gis.h3cells import (
    STORED_RESOLUTION,
    Cover,
    cell_of,
    cells_at,
    check_cells,
    cover,
    outline,
    outlines,
    parents,
    text_of,
)
from gis.shapes import Shapes

XINGHAI_SQUARE = (121.5880, 38.8790)  # Dalian, where two faces of the icosahedron meet
CELL = 0x8C30C1C62A0B1FF
places = st.tuples(st.floats(-180, 180), st.floats(-90, 90))


@given(st.lists(places, max_size=20), st.integers(0, 15), st.integers(0, 15))
def test_parents_are_those_of_h3(points: list[tuple[float, float]], one: int, other: int) -> None:
    fine, coarse = max(one, other), min(one, other)
    lon, lat = np.array(points).reshape(-1, 2).T
    cells = np.concatenate([cells_at(lon, lat, fine), np.array(h3.get_pentagons(fine)[:2], np.int64)])
    assert parents(cells, coarse).tolist() == [h3.cell_to_parent(cell, coarse) for cell in cells.tolist()]
    assert parents(cells, coarse).dtype == np.int64


@pytest.mark.parametrize("cells", [[5], [0], [-1], [h3.cell_to_parent(cells_at(*XINGHAI_SQUARE)[0], 6)]])
def test_what_has_no_parent_there_is_refused(cells: list[int]) -> None:
    with pytest.raises(BadInput, match="no parent of resolution 7"):
        parents(np.array(cells, np.int64), 7)


@pytest.mark.parametrize("resolution", [-1, 16])
def test_resolutions_that_do_not_exist_are_refused(resolution: int) -> None:
    for ask in (parents, lambda cells, r: cells_at(*XINGHAI_SQUARE, r), lambda cells, r: cover(box(1, 1, 2, 2), r)):
        with pytest.raises(BadInput, match="resolution"):
            ask(cells_at(*XINGHAI_SQUARE), resolution)  # type: ignore[operator]


def test_cells_of_points_are_h3s_and_bad_points_are_refused() -> None:
    assert cells_at(*XINGHAI_SQUARE).tolist() == [h3.latlng_to_cell(*XINGHAI_SQUARE[::-1], STORED_RESOLUTION)]
    assert len(cells_at([], [])) == 0
    with pytest.raises(BadCoordinate):
        cells_at([np.nan], [38.9])


def test_no_cells_have_no_parents() -> None:
    assert parents(np.empty(0, np.int64), 7).tolist() == []


@pytest.mark.parametrize("foreign", [0, -5, 12345, h3.get_pentagons(11)[0], CELL | 7 << 9])
def test_only_real_cells_of_the_stored_resolution_pass(foreign: int) -> None:
    check_cells(cells_at(*XINGHAI_SQUARE))
    with pytest.raises(BadInput, match="1 of the ids"):
        check_cells(np.array([*cells_at(*XINGHAI_SQUARE), foreign], np.int64))


@given(places, st.integers(0, 15))
def test_a_cell_and_its_name_are_one(place: tuple[float, float], resolution: int) -> None:
    cell = int(cells_at(*place, resolution)[0])
    for name in (text_of(cell), text_of(cell).upper(), f"0x{text_of(cell)}", f" 0{text_of(cell)} "):
        assert cell_of(name) == cell


@pytest.mark.parametrize(
    "name", ["", "0", "-1", "xyz", "f" * 30, "7" * 15, "８c", "8c30_c1c62a0b1ff", "8c30c1c62a0b1f"]
)
def test_a_name_of_no_cell_is_refused(name: str) -> None:
    with pytest.raises(BadInput, match="is not an H3 cell"):
        cell_of(name)


def test_an_outline_holds_its_middle_and_stays_whole_at_the_antimeridian() -> None:
    for lon, lat in (XINGHAI_SQUARE, (179.99999, 10.0), (-180.0, -40.0)):
        shape = outline(int(cells_at(lon, lat, 8)[0]))
        assert shape.is_valid
        assert np.ptp(shapely.get_coordinates(shape)[:, 0]) < 1.0
    assert len(outlines(cells_at([1, 2], [3, 4]))) == 2


def check_cover(shape: Polygon | MultiPolygon, resolution: int, points: np.ndarray) -> Cover:
    """The promise: in a whole cell, in the area; in no cell, outside. Whole cells are asked by parents."""
    found = cover(shape, resolution)
    cells = cells_at(points[:, 0], points[:, 1], resolution)
    levels = {h3.get_resolution(cell) for cell in found.whole.tolist()}
    whole = np.isin(np.stack([parents(cells, level) for level in levels] or [cells * 0]), found.whole).any(axis=0)
    border = np.isin(cells, found.border)
    inside = shapely.covers(shape, shapely.points(points))
    assert not (whole & border).any()
    assert inside[whole].all()
    assert not inside[~whole & ~border].any()
    return found


@settings(max_examples=6, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([(9, 0.03), (12, 0.0015)]), st.booleans())
def test_a_cover_tells_inside_from_outside(seed: int, scale: tuple[int, float], holed: bool) -> None:
    resolution, size = scale
    rng = np.random.default_rng(seed)
    angles = np.sort(rng.uniform(0, 2 * np.pi, 12))
    star = np.column_stack([np.cos(angles), np.sin(angles)]) * rng.uniform(0.2, 1.0, (12, 1)) * size + XINGHAI_SQUARE
    shape = Polygon(star).buffer(0)
    if holed:
        shape = shape - Point(XINGHAI_SQUARE).buffer(size / 5)
    ordinary = rng.uniform(np.array(XINGHAI_SQUARE) - size * 1.1, np.array(XINGHAI_SQUARE) + size * 1.1, (8000, 2))
    rim = shapely.get_coordinates(shapely.segmentize(shapely.boundary(shape), size / 300))
    beside = rim[rng.integers(0, len(rim), 2000)] + rng.normal(0, 1e-7, (2000, 2))
    check_cover(shape, resolution, np.concatenate([ordinary, beside]))


def test_points_along_the_bowed_edges_of_cells_are_told_right() -> None:
    """The area is a cell drawn with straight edges: its true edges bow away by millimetres."""
    cell = int(cells_at(*XINGHAI_SQUARE, 9)[0])
    shape = outline(cell)
    rim = shapely.get_coordinates(shapely.segmentize(shape.exterior, 1e-6))
    rng = np.random.default_rng(0)
    check_cover(shape, 9, np.concatenate([rim + rng.normal(0, 5e-8, rim.shape) for _ in range(4)]))


def test_the_covers_of_a_partition_share_no_whole_cell(crooked_town: Shapes) -> None:
    covers = [cover(shape, 11) for shape in crooked_town[:4]]
    whole = np.concatenate([np.fromiter(h3.uncompact_cells(c.whole.tolist(), 11), np.int64) for c in covers])
    assert len(whole) == len(np.unique(whole)) > 100


def test_an_area_smaller_than_a_cell_has_only_border_and_nothing_has_none() -> None:
    small = cover(Point(XINGHAI_SQUARE).buffer(1e-6), 9)
    assert (len(small.whole), len(small.border)) == (0, 1)
    assert len(cover(Polygon(), 9).border) == len(cover(MultiPolygon(), 9).whole) == 0


def test_covers_coarser_than_their_margin_are_refused() -> None:
    with pytest.raises(BadInput, match="8 or finer"):
        cover(box(1, 1, 2, 2), 7)
