"""Longitude first, degrees, on Earth; and a message that says what is wrong with the rest."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gis.coordinates import Bounds, describe_bad, good_lonlat, lonlat_arrays, look_swapped, within
from gis.errors import BadCoordinate

NANJING: Bounds = (118.36, 31.23, 119.24, 32.62)
XINJIEKOU = (118.7787, 32.0432)

anything = st.floats(allow_nan=True, allow_infinity=True)


@given(anything, anything)
def test_what_is_good_is_taken_and_what_is_not_is_refused_with_its_value(lon: float, lat: float) -> None:
    if good_lonlat(lon, lat):
        x, y = lonlat_arrays(lon, lat)
        assert (x[0], y[0]) == (lon, lat)
    else:
        with pytest.raises(BadCoordinate) as refused:
            lonlat_arrays(lon, lat)
        assert str(lon) in refused.value.detail or str(lat) in refused.value.detail


@pytest.mark.parametrize(("lon", "lat"), [(180, 90), (-180, -90), (0, 0), (180.0, 32.0), XINJIEKOU])
def test_the_edges_of_the_earth_belong_to_it(lon: float, lat: float) -> None:
    assert good_lonlat(lon, lat)


@pytest.mark.parametrize(
    ("lon", "lat", "words"),
    [
        (np.nan, 32.0, "lon=nan, lat=32.0: coordinates must be finite numbers"),
        (118.8, np.inf, "finite"),
        (32.0432, 118.7787, "look swapped"),
        (500000.0, 3545000.0, "declare the projected datum"),
        (118.8, 95.0, r"lat=95.0: must lie in \[-90, 90\]"),
        (181.0, 32.0, r"lon=181.0: must lie in \[-180, 180\]"),
    ],
)
def test_the_message_names_the_value_and_the_likely_cause(lon: float, lat: float, words: str) -> None:
    with pytest.raises(BadCoordinate, match=words):
        lonlat_arrays([lon], [lat])


def test_the_first_bad_pair_is_named_by_its_place() -> None:
    with pytest.raises(BadCoordinate) as refused:
        lonlat_arrays([118.7, 118.8, 400.0, np.nan], [32.0, 32.0, 32.0, 32.0])
    assert refused.value.facts["index"] == 2


@pytest.mark.parametrize(("lon", "lat"), [([1, 2], [1]), ([[1, 2]], [[1, 2]]), ([], 1.0)])
def test_rows_of_unequal_length_are_refused(lon: object, lat: object) -> None:
    with pytest.raises(BadCoordinate, match="differ in number"):
        lonlat_arrays(lon, lat)  # type: ignore[arg-type]


def test_scalars_lists_nothing_and_strided_arrays_become_contiguous_float64() -> None:
    for lon, lat, count in ((118, 32, 1), ([118], [32], 1), ([], [], 0), (np.arange(10)[::2], np.arange(10)[::-2], 5)):
        x, y = lonlat_arrays(lon, lat)
        assert x.dtype == y.dtype == np.float64
        assert x.flags.c_contiguous
        assert len(x) == len(y) == count


def test_the_border_of_a_box_is_inside_it() -> None:
    west, south, east, north = NANJING
    assert within(NANJING, [west, east, west, west - 1e-9], [south, north, north, south]).tolist() == [True] * 3 + [
        False
    ]


def test_an_exchanged_file_is_recognised_and_a_foreign_one_is_not() -> None:
    lon, lat = np.full(10, XINJIEKOU[0]), np.full(10, XINJIEKOU[1])
    assert look_swapped(NANJING, lat, lon)
    assert not look_swapped(NANJING, lon, lat)
    assert not look_swapped(NANJING, lon + 20, lat)
    assert not look_swapped(NANJING, [], [])
    assert not look_swapped(NANJING, [np.nan, np.nan], [np.nan, 1.0])


def test_a_bad_pair_is_described_in_one_sentence() -> None:
    assert describe_bad(200.0, 32.0) == "lon=200.0: must lie in [-180, 180]"
