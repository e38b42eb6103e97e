"""A wrong datum is noticed by what lies where; it is told, never mended."""

import numpy as np
import pytest

from gis.coordinates import Floats
from gis.datums import datum, from_wgs84, to_wgs84
from grids.release import Release
from routing.placement import Placement
from smalltown import NOW, Town, at

RNG = np.random.default_rng(1)
NAMES = ("历下区", "市中区")


@pytest.fixture(scope="module")
def release(jinan: Town) -> Release:
    return jinan.shelf().required(NOW).release


@pytest.fixture(scope="module")
def true_points() -> tuple[Floats, Floats]:
    west, south = at(0, 0)
    east, north = at(8, 4)
    return RNG.uniform(west, east, 5000), RNG.uniform(south, north, 5000)


def _told(release: Release, declared: str, x: Floats, y: Floats, **texts: list[str | None]) -> list[str]:
    placement = Placement(release, datum(declared))
    placement.add(*to_wgs84(x, y, datum(declared)), texts)
    return [finding.message for finding in placement.findings()]


def _named(lon: Floats, pattern: str = "{}") -> list[str | None]:
    middle = at(4, 0)[0]
    return [pattern.format(NAMES[int(value > middle)]) for value in lon]


@pytest.mark.parametrize("system", ["wgs84", "gcj02", "bd09", "cgcs2000", "EPSG:4547"])
def test_nothing_is_said_of_points_in_the_datum_they_are_declared_in(
    release: Release, true_points: tuple[Floats, Floats], system: str
) -> None:
    x, y = from_wgs84(*true_points, datum(system))
    assert _told(release, system, x, y, district=_named(true_points[0])) == []


@pytest.mark.parametrize(("truly", "declared"), [("gcj02", "wgs84"), ("wgs84", "gcj02"), ("bd09", "gcj02")])
def test_points_outside_the_city_tell_which_datum_would_fit(
    release: Release, true_points: tuple[Floats, Floats], truly: str, declared: str
) -> None:
    words, *_ = _told(release, declared, *from_wgs84(*true_points, datum(truly)))
    assert f"lie outside the city's areas (read as {declared}); as {truly} it would be 0.0%" in words
    assert words.endswith("is the datum right?")


@pytest.mark.parametrize("pattern", ["{}", "济南市{}某路1号"])
def test_rows_that_name_an_area_tell_it_though_all_lie_in_the_city(
    release: Release, true_points: tuple[Floats, Floats], pattern: str
) -> None:
    lon, lat = true_points
    middle = (np.abs(lon - at(4, 0)[0]) < 0.0008) & (np.abs(lat - at(0, 2)[1]) < 0.0004)
    x, y = from_wgs84(lon[middle], lat[middle], datum("gcj02"))
    assert middle.sum() > 100
    found = _told(release, "wgs84", x, y, address=_named(lon[middle], pattern))
    assert any(
        "'address' names an area of layer district" in words and "as gcj02 it would be 100.0%" in words
        for words in found
    )


def test_swapped_axes_are_named_as_such(release: Release) -> None:
    (words,) = _told(release, "wgs84", np.full(50, 36.661), np.full(50, 89.0))
    assert "100.0% of the points lie outside" in words
    assert "is wgs84 the right datum?" in words


def test_a_few_strays_are_no_news(release: Release, true_points: tuple[Floats, Floats]) -> None:
    x, y = (values.copy() for values in true_points)
    x[:50] += 1.0
    assert _told(release, "wgs84", x, y) == []


def test_no_rows_and_rows_without_points_are_no_news(release: Release) -> None:
    nothing = np.full(10, np.nan)
    placement = Placement(release, datum("wgs84"))
    assert list(placement.findings()) == []
    placement.add(nothing, nothing, {"a": [None] * 10})
    assert list(placement.findings()) == []


def test_of_a_long_file_a_sample_from_all_of_it_is_looked_at(
    release: Release, true_points: tuple[Floats, Floats]
) -> None:
    """Bad points at the very end count as much as any others."""
    placement = Placement(release, datum("wgs84"))
    x, y = true_points
    for batch in range(60):
        placement.add(x + (1.0 if batch >= 30 else 0.0), y, {"row": ["x"] * len(x)})
    (finding,) = placement.findings()
    assert finding.message.startswith(("50.0%", "49.9%", "50.1%"))
