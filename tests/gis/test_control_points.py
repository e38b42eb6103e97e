"""A city's own plane: whatever form it is known in, there and back within a millimetre; from control points, said how
well; and what is wrong with the points is said, never repaired."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Transformer

from gis.control_points import MODELS, ControlPoints, Fit, fit_plane, least_points, misses_m
from gis.coordinates import Floats
from gis.datums import Datum, datum, from_wgs84, own_name, to_wgs84
from gis.errors import BadCoordinate, BadInput, UnknownDatum
from gis.measure import distance_m
from gis.plane_fit import plane_as_dict, plane_from_dict
from gis.projections import own_projection
from gis.shifts import gcj02_to_bd09, to_gcj02

Place = Callable[[Floats, Floats], tuple[Floats, Floats]]

TURN_DEG, SCALE, NOISE_M = 0.7, 1.00002, 0.02
LON = 117.0 + np.array([-0.15, 0.15, 0.16, -0.14, 0.01, 0.05, -0.06, 0.09])
LAT = 36.65 + np.array([-0.10, -0.11, 0.10, 0.11, 0.01, 0.06, -0.05, -0.03])
PROJ = "+proj=tmerc +lat_0=0 +lon_0=117.1 +k=1 +x_0=50000 +y_0=-4000000 +ellps=GRS80 +units=m +no_defs"
PIPELINE = (
    "+proj=pipeline +step +proj=tmerc +lat_0=36 +lon_0=117.1 +ellps=GRS80 "
    "+step +proj=affine +xoff=50000 +yoff=60000 +s11=0.999925 +s12=-0.0122 +s21=0.0122 +s22=0.999925"
)
ESRI = (
    'PROJCS["Jinan_Local",GEOGCS["GCS_China_Geodetic_Coordinate_System_2000",DATUM["D_China_2000",'
    'SPHEROID["CGCS2000",6378137.0,298.257222101]],PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],'
    'PROJECTION["Gauss_Kruger"],PARAMETER["False_Easting",50000.0],PARAMETER["False_Northing",-4000000.0],'
    'PARAMETER["Central_Meridian",117.1],PARAMETER["Scale_Factor",1.0],PARAMETER["Latitude_Of_Origin",0.0],'
    'UNIT["Meter",1.0]]'
)
AREA = (116.8, 36.5, 117.2, 36.8)


def city_grid(meridian: float) -> Place:
    """A plane as cities keep them: CGCS2000, a meridian of their own, a false origin, turned and scaled."""
    mercator = Transformer.from_pipeline(f"+proj=tmerc +lat_0=0 +lon_0={meridian} +k=1 +ellps=GRS80")
    turn = np.radians(TURN_DEG)

    def place(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
        east, north = (np.asarray(part) for part in mercator.transform(lon, lat))
        east, north = SCALE * east, SCALE * (north - 4_060_000.0)
        x = 50_000.0 + np.cos(turn) * east - np.sin(turn) * north
        return x, 60_000.0 + np.sin(turn) * east + np.cos(turn) * north

    return place


def known(meridian: float = 117.1, count: int = 8, noise: np.random.Generator | None = None) -> ControlPoints:
    x, y = city_grid(meridian)(LON[:count], LAT[:count])
    if noise is not None:
        x, y = x + noise.normal(0.0, NOISE_M, count), y + noise.normal(0.0, NOISE_M, count)
    return ControlPoints(x, y, LON[:count], LAT[:count], tuple(range(2, 2 + count)))


def changed(points: ControlPoints, **columns: Floats) -> ControlPoints:
    parts = {name: columns.get(name, getattr(points, name)) for name in ("x", "y", "lon", "lat")}
    return ControlPoints(**parts, rows=points.rows)


def own(fit: Fit) -> Datum:
    return Datum("city:jinan", fit.plane)


def forms() -> list[Datum]:
    esri = Transformer.from_crs(ESRI, ESRI).source_crs
    assert esri is not None
    texts = [
        (PROJ, None),
        (PIPELINE, AREA),
        (ESRI, None),
        (esri.to_wkt("WKT2_2019"), AREA),
        (esri.to_wkt("WKT1_GDAL"), AREA),
    ]
    fits = [fit_plane(known(116.3), model).plane for model in MODELS]
    return [Datum(f"city:f{n}", way) for n, way in enumerate([*(own_projection(*text) for text in texts), *fits])]


FORMS = forms()


@pytest.mark.parametrize("system", FORMS, ids=str)
@given(lon=st.floats(116.85, 117.16), lat=st.floats(36.54, 36.76))
@settings(max_examples=60)
def test_there_and_back_is_less_than_a_millimetre_in_the_city(system: Datum, lon: float, lat: float) -> None:
    x, y = from_wgs84(lon, lat, system)
    assert float(distance_m(lon, lat, *to_wgs84(x, y, system))) < 0.001
    again = from_wgs84(*to_wgs84(x, y, system), system)
    assert np.hypot(again[0] - x, again[1] - y) < 0.001


@pytest.mark.parametrize("system", FORMS, ids=str)
def test_the_answer_for_a_point_does_not_depend_on_its_batch(system: Datum) -> None:
    rng = np.random.default_rng(5)
    x, y = from_wgs84(rng.uniform(116.86, 117.14, 17), rng.uniform(36.55, 36.75, 17), system)
    together = to_wgs84(x, y, system)
    alone = [tuple(float(v) for v in to_wgs84(a, b, system)) for a, b in zip(x, y, strict=True)]
    assert alone == list(zip(*(part.tolist() for part in together), strict=True))


@pytest.mark.parametrize("meridian", [117.0, 117.1, 117.3, 116.5])
def test_a_city_grid_is_recovered_from_six_points_that_are_two_centimetres_off(meridian: float) -> None:
    place = city_grid(meridian)
    for seed in range(25):
        rng = np.random.default_rng(seed)
        points = known(meridian, 6, rng)
        fit = fit_plane(points)
        weights = rng.dirichlet(np.ones(6), 200)
        lon, lat = weights @ points.lon, weights @ points.lat
        off = distance_m(*to_wgs84(*place(lon, lat), own(fit)), lon, lat)
        assert off.max() < 0.05, (seed, off.max())
        assert 0.004 < fit.plane.rms_m < 0.06, "the residual says what the noise was"
        assert fit.plane.rms_m < fit.plane.left_out_rms_m < 0.12


def test_the_residuals_add_up_and_tell_scale_and_turn() -> None:
    points = known(117.1, 8, np.random.default_rng(1))
    fit = fit_plane(points, "similarity", 117.1)
    assert np.allclose(misses_m(own(fit), points), fit.residual_m, atol=1e-4)
    assert fit.plane.rms_m == pytest.approx(np.sqrt((fit.residual_m**2).mean()))
    assert fit.plane.max_m == fit.residual_m.max()
    assert fit.plane.turn_deg == pytest.approx(-TURN_DEG, abs=1e-4)
    assert fit.plane.scale == pytest.approx(1 / SCALE, abs=2e-6)
    for at in range(8):
        others = np.delete(np.arange(8), at)
        less = ControlPoints(*(getattr(points, n)[others] for n in ("x", "y", "lon", "lat")), tuple(others.tolist()))
        alone = misses_m(own(fit_plane(less, "similarity", 117.1)), points)[at]
        assert fit.left_out_m[at] == pytest.approx(alone, abs=2e-4)


def test_a_known_meridian_makes_the_similarity_exact() -> None:
    assert fit_plane(known(115.5), "similarity", 115.5).plane.max_m < 1e-6
    far = fit_plane(known(115.5), "similarity")
    assert far.plane.rms_m > 0.3
    assert any("--model conformal" in words for words in far.notes)
    chosen = fit_plane(known(115.5))
    assert (chosen.plane.model, chosen.plane.rms_m < 0.01) == ("conformal", True)
    assert any("conformal" in words and "is taken" in words for words in chosen.notes)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("mistyped", [False, True])
def test_exchanged_axes_are_said_and_never_used(model: str, mistyped: bool) -> None:
    points = known()
    y = points.y + np.where(np.arange(8) == 4, 77.0, 0.0) if mistyped else points.y
    with pytest.raises(
        BadInput, match=r"with x as the northing and y as the easting to 0.0. m: exchange the columns x"
    ):
        fit_plane(changed(points, x=y, y=points.x), model)


def test_a_mistyped_row_is_named_with_how_far_it_is_off() -> None:
    points = known(117.1, 8, np.random.default_rng(2))
    x = points.x + np.where(np.arange(8) == 5, 153.2, 0.0)
    for model in ("similarity", "affine", "conformal"):
        with pytest.raises(BadInput, match=r"row 7: 15[0-9]\.[0-9] m off while the others fit to 0\.0. m: is it mis"):
            fit_plane(changed(points, x=x), model)
    order = [0, 3, 2, 1, 4, 5, 6, 7]
    with pytest.raises(BadInput, match=r"row [35]: .* row [35]: ") as refused:
        fit_plane(changed(points, x=points.x[order], y=points.y[order]))
    assert sorted(refused.value.facts["rows"]) == [3, 5]


@given(st.integers(0, 10_000))
@settings(max_examples=60)
def test_honest_noise_is_never_called_an_outlier(seed: int) -> None:
    rng = np.random.default_rng(seed)
    for count in (4, 6, 8):
        fit_plane(known(117.0, count, rng))


def test_points_of_a_web_map_are_noticed() -> None:
    points = known(117.0)
    shifted = to_gcj02(points.lon, points.lat)
    for name, (lon, lat) in {"gcj02": shifted, "bd09": gcj02_to_bd09(*shifted)}.items():
        with pytest.raises(BadInput, match=f"read as {name} to 0.0. m: lon and lat must be surveyed"):
            fit_plane(changed(points, lon=lon, lat=lat))


def test_longitude_and_latitude_exchanged_are_noticed() -> None:
    points = known(117.0)
    with pytest.raises(BadInput, match=r"row 2: .*longitude and latitude look swapped"):
        fit_plane(changed(points, lon=points.lat, lat=points.lon))
    west = ControlPoints(points.x, points.y, points.lat, points.lon - 34.0, points.rows)  # as in Xinjiang
    with pytest.raises(BadInput, match="exchange the columns lon and lat"):
        fit_plane(west)


@pytest.mark.parametrize("model", MODELS)
def test_too_few_points_and_points_on_a_line_are_refused(model: str) -> None:
    least = least_points(model)
    with pytest.raises(BadInput, match=f"{least - 1} control points: a {model} needs at least {least}"):
        fit_plane(known(117.1, least - 1), model)
    lon = np.linspace(116.9, 117.1, 9)
    lat = 36.6 + (lon - 117.0) * 0.4
    x, y = city_grid(117.0)(lon, lat)
    with pytest.raises(BadInput, match="on one line"):
        fit_plane(ControlPoints(x, y, lon, lat, tuple(range(9))), model)


def test_what_settles_nothing_is_refused() -> None:
    angle = np.linspace(0.0, 2.0 * np.pi, 10)[:-1]
    lon, lat = 117.0 + 0.1 * np.cos(angle), 36.65 + 0.08 * np.sin(angle)
    x, y = city_grid(117.0)(lon, lat)
    with pytest.raises(BadInput, match="do not settle a quadratic"):
        fit_plane(ControlPoints(x, y, lon, lat, tuple(range(9))), "quadratic")
    lon, lat = np.array([116.9, 117.0, 117.1, 117.0]), np.array([36.6, 36.6, 36.6, 36.7])
    x, y = city_grid(117.0)(lon, lat)
    with pytest.raises(BadInput, match="without row 5 the others do not settle"):
        fit_plane(ControlPoints(x, y, lon, lat, (2, 3, 4, 5)), "affine")


def test_repeated_and_unreadable_points_are_named() -> None:
    points = known()
    x, y = points.x.copy(), points.y.copy()
    x[6], y[6] = x[1], y[1]
    with pytest.raises(BadInput, match="row 8: is the same place as row 3"):
        fit_plane(changed(points, x=x, y=y))
    with pytest.raises(BadInput, match="row 4: x and y must be finite"):
        fit_plane(changed(points, x=np.where(np.arange(8) == 2, np.inf, points.x)))
    with pytest.raises(BadInput, match="model 'spline': choose one of similarity"):
        fit_plane(points, "spline")


def test_points_that_fit_nowhere_are_refused_and_strange_units_told() -> None:
    rng = np.random.default_rng(4)
    points = known(117.1)
    with pytest.raises(BadInput, match=r"the points fit only to [0-9.]+ m, row [0-9]+ worst"):
        fit_plane(changed(points, x=points.x + rng.normal(0.0, 60.0, 8)))
    feet = fit_plane(changed(points, x=points.x / 0.3048, y=points.y / 0.3048))
    assert any("one unit of this plane is 0.30479" in words for words in feet.notes)
    x, y = from_wgs84(117.05, 36.6, own(feet))
    assert float(distance_m(117.05, 36.6, *to_wgs84(x, y, own(feet)))) < 0.001


@pytest.mark.parametrize("system", FORMS, ids=str)
def test_what_lies_far_outside_is_refused_both_ways(system: Datum) -> None:
    x, y = (float(part) for part in from_wgs84(117.0, 36.65, system))
    degrees = [(117.0, 36.65)] if system.facts else []  # in the others these are metres beside a false origin
    for bad in (*degrees, (y + 4_000_000.0, x), (x + 2_000_000.0, y), (float("nan"), y)):
        with pytest.raises(BadCoordinate, match=system.name):
            to_wgs84(*bad, system)
    with pytest.raises(BadCoordinate, match=system.name):
        from_wgs84(2.35, 48.85, system)


def test_a_stored_fit_is_the_same_to_the_bit() -> None:
    for model in MODELS:
        plane = fit_plane(known(116.3, 8, np.random.default_rng(3)), model).plane
        assert plane_from_dict(plane_as_dict(plane)) == plane


def test_a_foreign_ellipsoid_needs_its_shift() -> None:
    gauss = "+proj=tmerc +lon_0=117 +x_0=500000 +ellps=krass +units=m"
    with pytest.raises(BadInput, match=r"add \+towgs84=\.\.\., give the grid file it names, or fit"):
        own_projection(gauss)
    beijing_54 = Datum("city:old", own_projection(f"{gauss} +towgs84=15.8,-154.4,-82.3,0,0,0,0"))
    plain = Datum("city:new", own_projection(gauss.replace("krass", "GRS80")))
    apart = distance_m(*to_wgs84(510_000.0, 4_060_000.0, beijing_54), *to_wgs84(510_000.0, 4_060_000.0, plain))
    assert 20.0 < float(apart) < 300.0


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("nonsense", "cannot read it"),
        ('LOCAL_CS["Jinan city",UNIT["metre",1]]', "does not say where on Earth"),
        ("+proj=geocent +ellps=GRS80", "does not say where on Earth"),
        (PIPELINE, "states no area of use"),
        ("+proj=tmerc +lon_0=117 +ellps=krass +nadgrids=not_here.gsb", "grid file|compute"),
    ],
)
def test_texts_that_are_no_coordinate_system_are_refused(text: str, says: str) -> None:
    with pytest.raises(BadInput, match=says):
        own_projection(text)


@pytest.mark.parametrize("name", ["city:jinan", " City:JINAN ", "ｃｉｔｙ：jinan"])
def test_a_city_datum_is_found_by_its_normal_name(name: str) -> None:
    jinan = own(fit_plane(known()))
    assert datum(name, {"city:jinan": jinan}) is jinan
    assert own_name(name) == "city:jinan"
    with pytest.raises(UnknownDatum, match="there is none"):
        datum(name)
    with pytest.raises(UnknownDatum, match="there are: city:qingdao"):
        datum(name, {"city:qingdao": jinan})


@pytest.mark.parametrize("name", ["city:", "city:a b", "city:-x", f"city:{'x' * 41}", "city:a/b"])
def test_names_that_are_none_are_refused(name: str) -> None:
    with pytest.raises(UnknownDatum, match="1 to 40 letters"):
        datum(name)
