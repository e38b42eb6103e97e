"""Counts per hexagon: nothing is lost, and the parent is H3's own."""

import h3.api.numpy_int as h3
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gis.errors import BadInput
from maps.heat import heat_counts

DAMING_LAKE = (36.675, 117.023)
PENTAGONS = [int(cell) for cell in h3.get_pentagons(12)]

places = st.tuples(st.floats(-85, 85), st.floats(-180, 180))


def cells_at(*points: tuple[float, float]) -> np.ndarray:
    return np.array([h3.latlng_to_cell(lat, lng, 12) for lat, lng in points], dtype=np.uint64)


@given(st.lists(places, max_size=30), st.integers(0, 12))
def test_every_report_is_counted_once_in_its_parent(points: list[tuple[float, float]], resolution: int) -> None:
    cells = np.concatenate([cells_at(*points), np.array(PENTAGONS[:2], dtype=np.uint64)])
    heat = heat_counts(cells, resolution)
    expected: dict[int, int] = {}
    for cell in cells:
        parent = int(h3.cell_to_parent(int(cell), resolution))
        expected[parent] = expected.get(parent, 0) + 1
    assert dict(zip(heat.cells.tolist(), heat.counts.tolist(), strict=True)) == expected
    assert heat.total == cells.size
    assert heat.resolution == resolution


def test_signed_and_unsigned_ids_give_the_same() -> None:
    cells = cells_at(DAMING_LAKE, DAMING_LAKE, (36.7, 117.1))
    one, other = heat_counts(cells, 9), heat_counts(cells.astype(np.int64), 9)
    assert one.cells.tolist() == other.cells.tolist()
    assert one.counts.tolist() == other.counts.tolist()
    assert one.cells.dtype == one.counts.dtype == np.int64


def test_no_reports_is_an_empty_heat() -> None:
    heat = heat_counts(np.array([], dtype=np.int64), 8)
    assert heat.total == 0
    assert heat.cells.size == 0


@pytest.mark.parametrize("resolution", [-1, 13, 15])
def test_other_resolutions_are_refused(resolution: int) -> None:
    with pytest.raises(BadInput, match="resolution"):
        heat_counts(cells_at(DAMING_LAKE), resolution)


@pytest.mark.parametrize(
    "foreign",
    [0, -5, 12345, int(h3.latlng_to_cell(*DAMING_LAKE, 11)), int(h3.latlng_to_cell(*DAMING_LAKE, 12)) | 7 << 9],
)
def test_what_is_no_resolution_12_cell_is_refused(foreign: int) -> None:
    with pytest.raises(BadInput, match="1 of the ids"):
        heat_counts(np.array([foreign, h3.latlng_to_cell(*DAMING_LAKE, 12)], dtype=np.int64), 9)


@pytest.mark.parametrize("cells", [np.array([1.5]), np.array([["8c"]]), np.zeros((2, 2), dtype=np.int64)])
def test_other_arrays_are_refused(cells: np.ndarray) -> None:
    with pytest.raises(BadInput, match="cells"):
        heat_counts(cells, 9)
