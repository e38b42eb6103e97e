"""Points from text: every row has its point, or its reason."""

import numpy as np
import pyarrow as pa
import pytest

from gis.datums import datum, from_wgs84
from gis.files.points import points_of

WGS84 = datum("wgs84")
BUND = (121.4903, 31.2376)

REASONS = [
    ("121.4903", "31.2376", None),
    (" 121.4903 ", "31.2376", None),
    ("1.214903e2", "31.2376", None),
    (None, None, ""),
    ("", "", ""),
    (None, "31.2376", "lon=, lat=31.2376: must be numbers"),
    ("121.4903", None, "lon=121.4903, lat=: must be numbers"),
    ("abc", "31.2376", "lon=abc, lat=31.2376: must be numbers"),
    ("121,4903", "31.2376", "lon=121,4903, lat=31.2376: must be numbers"),
    ("1_21.4903", "31.2376", "must be numbers"),
    ("nan", "31.2376", "coordinates must be finite numbers"),
    ("inf", "31.2376", "coordinates must be finite numbers"),
    ("-Infinity", "31.2376", "coordinates must be finite numbers"),
    ("31.2376", "121.4903", "longitude and latitude look swapped"),
    ("13523000", "3650000", "declare the projected datum"),
    ("181", "31", "lon=181.0: must lie in [-180, 180]"),
]


@pytest.mark.parametrize(("lon", "lat", "reason"), REASONS)
def test_each_row_has_a_point_or_a_reason(lon: str | None, lat: str | None, reason: str | None) -> None:
    x, y, (wrong,) = points_of([lon], [lat], WGS84)
    if reason is None:
        assert wrong is None
        assert (x[0], y[0]) == BUND
    else:
        assert np.isnan(x[0])
        assert np.isnan(y[0])
        assert (wrong == "") if reason == "" else reason in (wrong or "")


def test_a_bad_row_changes_nothing_for_the_others() -> None:
    alone = [points_of([lon], [lat], WGS84) for lon, lat, _ in REASONS]
    x, y, wrong = points_of([lon for lon, _, _ in REASONS], [lat for _, lat, _ in REASONS], WGS84)
    assert wrong == [reason for _, _, (reason,) in alone]
    assert np.array_equal(x, [a[0] for a, _, _ in alone], equal_nan=True)
    assert np.array_equal(y, [b[0] for _, b, _ in alone], equal_nan=True)


@pytest.mark.parametrize(
    "column",
    [
        pa.array([121.4903, None, 181.0]),
        pa.array(["121.4903", "", "181"]),
        pa.array(["121.4903", None, "181"], pa.large_string()),
        pa.array(["121.4903", None, "181"]).dictionary_encode(),
    ],
    ids=lambda column: str(column.type),
)
def test_arrow_columns_read_as_texts_do(column: pa.Array) -> None:
    x, _, wrong = points_of(column, pa.array([31.2376, None, 31.0]), WGS84)
    assert x[0] == BUND[0]
    assert wrong[0] is None
    assert wrong[1] == ""
    assert "must lie in" in (wrong[2] or "")


@pytest.mark.parametrize("system", ["gcj02", "bd09", "cgcs2000", "EPSG:4549", "EPSG:3857"])
def test_points_come_back_to_wgs84_and_bad_ones_are_found_among_many(system: str) -> None:
    declared = datum(system)
    there = from_wgs84(np.full(1000, BUND[0]), np.full(1000, BUND[1]), declared)
    lon, lat = ([repr(float(value)) for value in values] for values in there)
    lon[7], lat[500] = "inf", "1e300"
    x, y, wrong = points_of(lon, lat, declared)
    good = [index for index in range(1000) if index not in (7, 500)]
    assert [index for index, reason in enumerate(wrong) if reason is not None] == [7, 500]
    assert all(wrong[index] for index in (7, 500))
    assert np.abs(x[good] - BUND[0]).max() < 1e-7
    assert np.abs(y[good] - BUND[1]).max() < 1e-7
    assert np.isnan(x[[7, 500]]).all()
