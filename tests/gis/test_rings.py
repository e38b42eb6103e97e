"""Borders as plain arrays: nothing moves, nothing is lost."""

import numpy as np
import pytest
import shapely
from shapely import MultiPolygon, Polygon, box

from gis.rings import Borders, Rings, rings_of
from gis.shapes import Shapes

ISLANDS = MultiPolygon(
    [box(4.90, 52.36, 4.91, 52.37), box(4.93, 52.36, 4.94, 52.37) - box(4.933, 52.363, 4.936, 52.366)]
)


def test_every_vertex_comes_back_in_its_place(crooked_town: Shapes) -> None:
    shapes = np.array([*crooked_town, ISLANDS, box(4.95, 52.36, 4.96, 52.37)], object)
    back = rings_of(shapes).shapes()
    assert [shape.geom_type for shape in back] == ["MultiPolygon"] * len(shapes)
    for given, got in zip(shapes, back, strict=True):
        assert shapely.equals_identical(shapely.get_parts(given), shapely.get_parts(got)).all()


def test_every_ring_is_closed_and_the_offsets_fit(crooked_town: Shapes) -> None:
    rings = rings_of(crooked_town)
    assert np.array_equal(rings.coords[rings.rings[:-1]], rings.coords[rings.rings[1:] - 1])
    assert (rings.areas[-1], rings.parts[-1], rings.rings[-1]) == (
        len(rings.parts) - 1,
        len(rings.rings) - 1,
        len(rings.coords),
    )
    assert [offsets.dtype for offsets in (rings.rings, rings.parts, rings.areas)] == [np.int64] * 3


@pytest.mark.parametrize("nothing", [[], [Polygon()], [Polygon(), None]])
def test_areas_without_ground_keep_their_place(nothing: list[Polygon | None]) -> None:
    rings = rings_of(np.array(nothing, object))
    assert len(rings.shapes()) == len(nothing)
    assert shapely.is_empty(rings.shapes()).all()
    assert np.isnan(Borders(rings).distance_m(np.array([4.9]), np.array([52.4]), 250.0)).all()


def test_an_empty_area_between_others_does_not_shift_them() -> None:
    rings = rings_of(np.array([box(1, 1, 2, 2), Polygon(), box(3, 3, 4, 4)], object))
    assert shapely.is_empty(rings.shapes()).tolist() == [False, True, False]
    assert rings.shapes()[2].bounds == (3.0, 3.0, 4.0, 4.0)


def test_heights_are_dropped() -> None:
    rings = rings_of(np.array([shapely.force_3d(box(1, 1, 2, 2), 7.0)], object))
    assert rings.coords.shape == (5, 2)


def test_the_arrays_may_be_read_only_as_a_mapped_file_is(crooked_town: Shapes) -> None:
    made = rings_of(crooked_town)
    arrays = [array.copy() for array in (made.coords, made.rings, made.parts, made.areas)]
    for array in arrays:
        array.flags.writeable = False
    rings = Rings(*arrays)
    assert shapely.equals_identical(rings.shapes(), made.shapes()).all()
    assert np.isfinite(Borders(rings).distance_m(arrays[0][:5, 0], arrays[0][:5, 1], 250.0)).all()
