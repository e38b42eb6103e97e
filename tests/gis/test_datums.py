"""Coordinate systems are declared, and what is declared is computed to a centimetre."""

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Transformer

from gis.datums import Datum, datum, from_wgs84, shapes_to_wgs84, to_wgs84
from gis.errors import BadCoordinate, UnknownDatum
from gis.measure import distance_m
from gis.shapes import Shapes

TIANANMEN = (116.404, 39.915)
HANGS_ELSEWHERE = (72.00574049960566, 26.483792216996534)
WEST, SOUTH, EAST, NORTH = 72.004, 0.8293, 137.8347, 55.8271
ALL = ["wgs84", "gcj02", "bd09", "cgcs2000", "EPSG:4490", "EPSG:4326", "EPSG:4547"]
METRES_IN_WUHAN = (500_000.0, 3_385_000.0)  # on 114 E: Wuchang's latitude

box_lon, box_lat = st.floats(WEST, EAST), st.floats(SOUTH, NORTH)
shifted = pytest.mark.parametrize("name", ["gcj02", "bd09"])


@pytest.mark.parametrize(
    ("name", "published"),
    [("gcj02", (116.41024449916938, 39.91640428150164)), ("wgs84", TIANANMEN), ("cgcs2000", TIANANMEN)],
)
def test_tiananmen_lies_where_published_code_puts_it(name: str, published: tuple[float, float]) -> None:
    assert np.allclose(from_wgs84(*TIANANMEN, datum(name)), published, rtol=0, atol=1e-12)


def test_bd09_of_a_gcj02_point_is_the_published_one() -> None:
    lon, lat = to_wgs84(*TIANANMEN, datum("gcj02"))
    assert np.allclose(from_wgs84(lon, lat, datum("bd09")), (116.41036949371029, 39.92133699351021), rtol=0, atol=1e-9)


@shifted
def test_there_and_back_is_less_than_a_centimetre_everywhere_in_the_box(name: str) -> None:
    rng = np.random.default_rng(7)
    lon, lat = rng.uniform(WEST, EAST, 100_000), rng.uniform(SOUTH, NORTH, 100_000)
    lon[:2000], lon[2000:4000] = 105.0 + rng.uniform(-1e-9, 1e-9, 2000), rng.choice([WEST, EAST], 2000)
    lat[4000:6000] = rng.choice([SOUTH, NORTH], 2000)
    back = to_wgs84(*from_wgs84(lon, lat, datum(name)), datum(name))
    assert distance_m(lon, lat, *back).max() < 0.01


@shifted
@given(lon=box_lon, lat=box_lat)
def test_there_and_back_holds_for_any_point(name: str, lon: float, lat: float) -> None:
    back = to_wgs84(*from_wgs84(lon, lat, datum(name)), datum(name))
    assert float(distance_m(lon, lat, *back)) < 0.01


@given(st.lists(st.tuples(box_lon, box_lat), min_size=1, max_size=20))
def test_the_answer_for_a_point_does_not_depend_on_its_batch(points: list[tuple[float, float]]) -> None:
    lon, lat = np.array(points).T
    for name in ("gcj02", "bd09", "EPSG:3395"):
        together = to_wgs84(lon, lat, datum(name))  # to EPSG:3395, the world in metres, these are points near (0, 0)
        alone = [tuple(float(v) for v in to_wgs84(x, y, datum(name))) for x, y in points]
        assert alone == list(zip(*(part.tolist() for part in together), strict=True))


def test_the_point_at_which_two_public_libraries_never_return_is_answered() -> None:
    lon, lat = to_wgs84(*HANGS_ELSEWHERE, datum("gcj02"))
    assert float(distance_m(lon, lat, *HANGS_ELSEWHERE)) < 1000.0


@pytest.mark.parametrize(
    "place",
    [(126.978, 37.566), (105.854, 21.028), (114.158, 22.281)],
    ids=["Seoul", "Hanoi", "Hong Kong"],
)
def test_only_the_declaration_shifts_a_place_in_the_box(place: tuple[float, float]) -> None:
    assert tuple(float(v) for v in to_wgs84(*place, datum("wgs84"))) == place
    assert 100.0 < float(distance_m(*place, *to_wgs84(*place, datum("gcj02")))) < 1500.0


def test_gcj02_leaves_the_rest_of_the_world_alone() -> None:
    assert tuple(float(v) for v in to_wgs84(4.9, 52.37, datum("gcj02"))) == (4.9, 52.37)


@pytest.mark.parametrize(
    "name", ["cgcs2000", "EPSG:4490", "epsg:4490", "EPSG:004490", "EPSG:4326", "WGS-84", " wgs_84 "]
)
def test_cgcs2000_and_wgs84_are_kept_as_they_come(name: str) -> None:
    assert tuple(float(v) for v in to_wgs84(*TIANANMEN, datum(name))) == TIANANMEN
    assert datum(name).is_wgs84


@pytest.mark.parametrize(("code", "meridian"), [(4547, 114.0), (4549, 120.0), (4526, 114.0)])
def test_projected_zones_take_the_easting_first(code: int, meridian: float) -> None:
    """EPSG prints these as northing, easting; 4526 is the zone whose eastings begin with its number, 38."""
    east = 38_500_000.0 if code == 4526 else 500_000.0
    lon, lat = to_wgs84(east, 3_385_000.0, datum(f"EPSG:{code}"))
    assert abs(float(lon) - meridian) < 1e-9
    assert 30.58 < float(lat) < 30.59
    northing, easting = Transformer.from_crs("EPSG:4490", f"EPSG:{code}").transform(float(lat), float(lon))
    assert (easting, northing) == pytest.approx((east, 3_385_000.0), abs=0.001)


@pytest.mark.parametrize(
    "name",
    [
        "EPSG:4479",
        "EPSG:5773",
        "EPSG:999999",
        "EPSG:４５４７",
        "gcj",
        "",
        "EPSG",
        "wgs 84 maybe",
        "+proj=longlat",
        "EPSG:0",
    ],
)
def test_what_gives_no_longitude_and_latitude_is_refused(name: str) -> None:
    with pytest.raises(UnknownDatum, match="datum"):
        datum(name)


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize(("x", "y", "value"), [(np.nan, 30.0, "nan"), (114.0, np.inf, "inf"), (-np.inf, 30.0, "-inf")])
def test_what_is_not_finite_is_refused_by_its_value(name: str, x: float, y: float, value: str) -> None:
    good = METRES_IN_WUHAN if name == "EPSG:4547" else (114.3, 30.5)
    with pytest.raises(BadCoordinate, match=value) as refused:
        to_wgs84([good[0], x], [good[1], y], datum(name))
    assert refused.value.facts["index"] == 1
    with pytest.raises(BadCoordinate, match=value):
        from_wgs84(x, y, datum(name))


@pytest.mark.parametrize(
    ("name", "x", "y"),
    [
        ("EPSG:4547", 1e9, 1e9),
        ("EPSG:4547", 1e7, 1e7),
        ("EPSG:4547", 114.3, 30.5),  # degrees declared as metres
        ("EPSG:4547", 38_500_000.0, 3_385_000.0),  # the easting has its zone number
        ("EPSG:4547", 3_385_000.0, 500_000.0),  # exchanged axes
        ("EPSG:3857", 1e9, 1e9),
        ("EPSG:4214", 190.0, 30.0),
        ("gcj02", 116.4, 91.0),
        ("bd09", 10.0, -90.0),
    ],
)
def test_what_is_no_place_of_that_system_is_refused(name: str, x: float, y: float) -> None:
    with pytest.raises(BadCoordinate):
        to_wgs84(x, y, datum(name))


@pytest.mark.parametrize("name", ALL)
def test_scalars_nothing_lists_and_tables_keep_their_form(name: str) -> None:
    system = datum(name)
    x, y = METRES_IN_WUHAN if name == "EPSG:4547" else (114.3, 30.5)
    for a, b, form in ((x, y, ()), ([], [], (0,)), ([x], [y], (1,)), (np.full((2, 3), x), np.full((2, 3), y), (2, 3))):
        for moved in (to_wgs84(a, b, system), from_wgs84(np.multiply(a, 0) + 114.3, np.multiply(b, 0) + 30.5, system)):
            assert moved[0].shape == moved[1].shape == form
            assert moved[0].dtype == np.float64


@pytest.mark.parametrize("name", ["gcj02", "bd09", "EPSG:4547"])
def test_shared_vertices_stay_shared_also_between_files(crooked_town: Shapes, name: str) -> None:
    system = datum(name)
    in_wuhan = shapely.transform(crooked_town, lambda xy: xy + np.array((110.0, -22.0)))
    given_shapes = shapely.transform(in_wuhan, lambda xy: np.column_stack(from_wgs84(xy[:, 0], xy[:, 1], system)))
    together = shapes_to_wgs84(given_shapes, system)
    apart = [shapes_to_wgs84(np.array([shape], object), system)[0] for shape in given_shapes]
    assert shapely.equals_exact(together, np.array(apart, object), 0.0).all()
    assert shapely.coverage_is_valid(together)
    distinct = [len(np.unique(shapely.get_coordinates(shapes), axis=0)) for shapes in (crooked_town, together)]
    assert distinct[0] == distinct[1]


def test_heights_are_dropped_and_missing_shapes_pass() -> None:
    high = shapely.Polygon([(114, 30, 5), (114.1, 30, 5), (114.1, 30.1, 5)])
    for name in ("wgs84", "gcj02"):
        moved = shapes_to_wgs84(np.array([high, None], object), datum(name))
        assert not shapely.has_z(moved[0])
        assert moved[1] is None


def test_a_datum_prints_as_its_name() -> None:
    assert str(datum("epsg:4547")) == "EPSG:4547"
    assert datum("GCJ-02") == Datum("gcj02")
