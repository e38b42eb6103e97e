"""Covers of many areas: the growth holds what sticks out of a cell, and no point is told wrong."""

import h3.api.basic_int as h3
import numpy as np
import pytest
import shapely
from shapely import LineString, MultiLineString, Point, Polygon, box

from gis.h3cells import Cells, Cover, cells_at, outlines, parents
from gis.h3cover import _GROWTH, _LAST_GROWTH, MOST_BORDER, RESOLUTIONS, _grown, ancestors, covers, line_covers
from gis.lines import LineIndex, lines_of
from gis.shapes import Shapes

XINGHAI_SQUARE = (121.5880, 38.8790)  # Dalian, where two faces of the icosahedron meet
GREENWICH = (0.0005, 51.4778)
PLACES = (XINGHAI_SQUARE, GREENWICH, (31.6765, 58.5), (-70.0, -54.0))


def random_cells(resolution: int, count: int) -> list[int]:
    """Cells all over the world below 80 degrees, and those around the pentagons and along the icosahedron's edges."""
    rng = np.random.default_rng(resolution)
    lat = np.degrees(np.arcsin(rng.uniform(-0.98, 0.98, 30 * count)))
    lon = rng.uniform(-170, 170, 30 * count)
    cells = list(dict.fromkeys(cells_at(lon, lat, resolution).tolist()))
    bent = [cell for cell in cells if len(h3.get_icosahedron_faces(cell)) > 1][:count]
    five = [near for cell in h3.get_pentagons(resolution) for near in h3.grid_disk(cell, 1)]
    usable = [cell for cell in five if abs(h3.cell_to_latlng(cell)[0]) < 80 and abs(h3.cell_to_latlng(cell)[1]) < 170]
    return [*cells[:count], *bent, *usable]


@pytest.mark.parametrize("resolution", RESOLUTIONS[1:-1])
def test_a_grown_outline_holds_all_that_lies_below_its_cell(resolution: int) -> None:
    """Four generations reach the limit to 1 %: each further one sticks out a seventh of the one before last."""
    cells = np.array(random_cells(resolution, 25), np.int64)
    grown = _grown(cells, _GROWTH / 1.01)
    depth = min(4, 12 - resolution)
    for cell, outline in zip(cells.tolist(), grown, strict=True):
        below = np.array(h3.cell_to_children(cell, resolution + depth), np.int64)
        assert shapely.covers(outline, outlines(below)).all(), hex(cell)


def test_the_finest_outline_is_grown_by_more_than_its_edges_bow() -> None:
    """Points of the true cell, found by walking out from its middle, stay inside the grown straight-edged one."""
    rng = np.random.default_rng(2)
    for cell in random_cells(12, 10)[:30]:
        inner, outer = outlines(np.array([cell]))[0], _grown(np.array([cell], np.int64), _LAST_GROWTH)[0]
        rim = shapely.get_coordinates(shapely.segmentize(inner.exterior, 2e-6))
        beside = rim + rng.normal(0, 1e-7, rim.shape)
        mine = beside[cells_at(beside[:, 0], beside[:, 1]) == cell]
        assert len(mine) > 10
        assert shapely.contains_xy(outer, mine[:, 0], mine[:, 1]).all()
        assert shapely.hausdorff_distance(inner, outer) > 1e-7


def check(shape: Polygon, found: Cover, points: np.ndarray) -> None:
    """A point in a whole cell is in the area; one in no cell is not; none is in both."""
    above = ancestors(cells_at(points[:, 0], points[:, 1]))
    whole, border = (np.isin(above, cells).sum(axis=1) for cells in (found.whole, found.border))
    inside = shapely.intersects_xy(shape, points[:, 0], points[:, 1])
    assert (whole + border <= 1).all()
    assert inside[whole == 1].all()
    assert not inside[(whole == 0) & (border == 0)].any()


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("size", [2e-5, 0.0015, 0.02, 0.3])
@pytest.mark.parametrize("most", [20, MOST_BORDER])
def test_a_cover_tells_inside_from_outside(place: tuple[float, float], size: float, most: int) -> None:
    rng = np.random.default_rng(int(size * 1e6) + most)
    angles = np.sort(rng.uniform(0, 2 * np.pi, 12))
    star = np.column_stack([np.cos(angles), np.sin(angles)]) * rng.uniform(0.2, 1.0, (12, 1)) * size + place
    holed = Polygon(star).buffer(0) - Point(place).buffer(size / 8)
    shapes: Shapes = np.array([holed, box(*(np.array(place) - size), *(np.array(place) + size / 7))], object)
    for shape, found in zip(shapes, covers(shapes, most), strict=True):
        rim = shapely.get_coordinates(shapely.segmentize(shapely.boundary(shape), size / 300))
        beside = rim[rng.integers(0, len(rim), 2000)] + rng.normal(0, 1e-7, (2000, 2))
        ordinary = rng.uniform(np.array(place) - size * 1.1, np.array(place) + size * 1.1, (3000, 2))
        check(shape, found, np.concatenate([rim, beside, ordinary]))
        assert len(found.border) <= max(most * 1.5, 40)
        assert found.resolution == (12 if most == MOST_BORDER and size <= 0.0015 else found.resolution)


def test_points_on_the_bowed_edges_of_large_cells_are_told_right() -> None:
    """Each area is a large cell drawn with straight edges; coarse cells lie along its rim."""
    shapes = outlines(np.array([int(cells_at(*place, 7)[0]) for place in PLACES], np.int64))
    for shape, found in zip(shapes, covers(shapes), strict=True):
        rim = shapely.get_coordinates(shapely.segmentize(shape.exterior, 2e-5))
        rng = np.random.default_rng(0)
        check(shape, found, np.concatenate([rim + rng.normal(0, scale, rim.shape) for scale in (1e-9, 1e-7, 1e-5)]))


def test_whole_cells_are_compact_and_a_cover_does_not_depend_on_its_neighbours(crooked_town: Shapes) -> None:
    together = covers(crooked_town)
    for shape, found in zip(crooked_town[:3], together[:3], strict=True):
        (alone,) = covers(np.array([shape, None], object)[:-1])
        assert (alone.whole.tolist(), alone.border.tolist()) == (found.whole.tolist(), found.border.tolist())
        finest = h3.uncompact_cells(found.whole.tolist(), 12)
        assert sorted(h3.compact_cells(finest)) == found.whole.tolist()
        assert np.isin(resolutions(found.whole), RESOLUTIONS).all()


def resolutions(cells: Cells) -> Cells:
    return np.array([h3.get_resolution(cell) for cell in cells.tolist()], np.int64)


@pytest.mark.parametrize("shape", [box(-60, -60, 60, 60), box(10, 85, 10.1, 85.1), box(179.5, 10, 180, 10.1)])
def test_ground_that_cannot_be_drawn_in_degrees_is_border_everywhere(shape: Polygon) -> None:
    (found,) = covers(np.array([shape], object))
    assert (found.resolution, len(found.whole), len(found.border)) == (0, 0, 122)
    check(shape, found, shapely.get_coordinates(shape))


def test_a_wide_country_is_covered_from_its_middle() -> None:
    shape = box(116.0, 36.0, 121.0, 39.0)
    (found,) = covers(np.array([shape], object))
    assert found.resolution >= 4
    assert len(found.whole) > 10
    check(shape, found, np.random.default_rng(3).uniform((115, 35), (122, 40), (20_000, 2)))


@pytest.mark.parametrize("place", PLACES)
def test_whatever_belongs_to_a_segment_lies_in_its_cover(place: tuple[float, float]) -> None:
    rng = np.random.default_rng(4)
    x, y = place
    lines: Shapes = np.array(
        [
            LineString([(x, y), (x + 0.05, y + 0.001), (x + 0.06, y + 0.05)]),
            MultiLineString([[(x, y), (x, y + 0.002)], [(x + 0.001, y), (x + 0.001, y + 0.002)]]),
            LineString([(x - 0.0001, y), (x, y + 0.0001)]),
        ],
        object,
    )
    widths = [8.0, 30.0, 500.0]
    for row, found in enumerate(line_covers(lines, widths)):
        index = LineIndex(lines_of(lines[row : row + 1], widths[row : row + 1]))
        rim = shapely.get_coordinates(shapely.segmentize(lines[row], 1e-4))
        step = rng.normal(0, widths[row] / 80_000, (60, *rim.shape))
        points = (rim + step).reshape(-1, 2)
        reached = index.locate(points[:, 0], points[:, 1]).area >= 0
        held = np.isin(ancestors(cells_at(points[:, 0], points[:, 1])), found.border).any(axis=1)
        assert 0.1 < reached.mean() < 0.95
        assert held[reached].all()
        assert len(found.whole) == 0


def test_ancestors_are_h3s_parents() -> None:
    cells = cells_at(*np.array(PLACES).T)
    for column, resolution in enumerate(RESOLUTIONS):
        assert ancestors(cells)[:, column].tolist() == parents(cells, resolution).tolist()


def test_nothing_has_no_covers() -> None:
    nothing: Shapes = np.array([], object)
    assert covers(nothing) == line_covers(nothing, []) == []
