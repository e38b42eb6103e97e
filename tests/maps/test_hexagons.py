"""Hexagons on a flat map, in one piece."""

import h3.api.numpy_int as h3
import numpy as np
import pytest
from shapely.geometry import Polygon

from maps.hexagons import bounds, hexagons


def drawn(*points: tuple[float, float], resolution: int = 5) -> list[Polygon]:
    cells = np.array([h3.latlng_to_cell(lat, lng, resolution) for lat, lng in points], dtype=np.int64)
    features = hexagons(cells, np.ones(cells.size, dtype=np.int64))
    return [Polygon(feature["geometry"]["coordinates"][0]) for feature in features]


def test_a_hexagon_is_its_h3_boundary_longitude_first() -> None:
    cell = int(h3.latlng_to_cell(36.675, 117.023, 9))
    (feature,) = hexagons(np.array([cell], dtype=np.int64), np.array([3], dtype=np.int64))
    ring = feature["geometry"]["coordinates"][0]
    assert ring[0] == ring[-1]
    assert ring[:-1] == [pytest.approx([lng, lat], abs=1e-6) for lat, lng in h3.cell_to_boundary(cell)]
    assert feature["properties"] == {"n": 3, "cell": h3.int_to_str(cell)}


@pytest.mark.parametrize("lng", [179.99, -179.99])
def test_a_hexagon_across_180_degrees_is_in_one_piece(lng: float) -> None:
    (shape,) = drawn((52.0, lng))
    west, _, east, _ = shape.bounds
    assert east - west < 1
    assert shape.is_valid


def test_a_town_on_both_sides_of_180_degrees_lies_together() -> None:
    shapes = drawn((52.0, 179.6), (52.0, -179.6), (52.2, 179.8), (52.0, -179.2))
    assert max(shape.bounds[2] for shape in shapes) - min(shape.bounds[0] for shape in shapes) < 2


def test_bounds_hold_all_of_it() -> None:
    cells = np.array([h3.latlng_to_cell(36.6, 117.0, 8), h3.latlng_to_cell(36.7, 117.2, 8)], dtype=np.int64)
    (south, west), (north, east) = bounds(hexagons(cells, np.ones(2, dtype=np.int64)))
    assert south < 36.6 < 36.7 < north
    assert west < 117.0 < 117.2 < east
