"""Road segments: the nearest centre line within its half-width, against geodesics to every piece of every line."""

import threading
from collections.abc import Callable

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, MultiLineString, Point, Polygon

from gis.coordinates import Floats
from gis.errors import BadCoordinate, BadInput, BadShape
from gis.lines import TIE_M, LineIndex, line_problems, lines_of
from gis.locate import BORDER_REACH_M
from gis.measure import WGS84, distance_m, metres_per_degree
from gis.shapes import Shapes

SPRING_CITY_SQUARE = (117.0156, 36.6612)
LATITUDES = [0.0, 36.66, -52.0, 70.0, -70.0]


def metres_to(line: shapely.Geometry, lon: float, lat: float) -> float:
    """The shortest geodesic from the point to the line, each piece cut ever finer around its best place."""
    parts = [shapely.get_coordinates(part) for part in shapely.get_parts(line)]
    a, b = np.concatenate([xy[:-1] for xy in parts]), np.concatenate([xy[1:] for xy in parts])
    low, high = np.zeros(len(a)), np.ones(len(a))
    for _ in range(7):
        along = low[:, None] + np.linspace(0, 1, 21) * (high - low)[:, None]
        place = a[:, None] + along[:, :, None] * (b - a)[:, None]
        metres = distance_m(lon, lat, place[:, :, 0], place[:, :, 1])
        at, rows = metres.argmin(axis=1), np.arange(len(a))
        low, high = along[rows, np.maximum(at - 1, 0)], along[rows, np.minimum(at + 1, 20)]
    return float(metres.min())


def ground(east_north_m: object, lat: float = SPRING_CITY_SQUARE[1]) -> Floats:
    """Places given in metres from the square, or from its meridian at another latitude."""
    scale = np.array([float(part) for part in metres_per_degree(lat)])
    return np.asarray(east_north_m, np.float64) / scale + (SPRING_CITY_SQUARE[0], lat)


def roads(*lines_m: object, lat: float = SPRING_CITY_SQUARE[1]) -> Shapes:
    return np.array([LineString(ground(line, lat)) for line in lines_m], object)


def network(seed: int, lat: float) -> tuple[Shapes, Floats]:
    """Crooked segments between shared nodes of 400 m x 400 m, many of which cross; some in two parts."""
    rng = np.random.default_rng(seed)
    nodes = rng.uniform(-200, 200, (7, 2))
    made = []
    for _ in range(12):
        start, end = nodes[rng.choice(len(nodes), 2, replace=False)]
        between = start + (end - start) * np.sort(rng.uniform(0, 1, (rng.integers(0, 4), 1)), axis=0)
        line = ground([start, *(between + rng.uniform(-15, 15, between.shape)), end], lat)
        far = ground(rng.uniform(-200, 200, (2, 2)), lat)
        made.append(MultiLineString([line, far]) if rng.random() < 0.2 else LineString(line))
    return np.array(made, object), rng.choice([3.0, 6.0, 20.0, 60.0], len(made))


def index_of(shapes: Shapes, half_widths: object) -> LineIndex:
    return LineIndex(lines_of(shapes, np.broadcast_to(np.asarray(half_widths, np.float64), len(shapes))))


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from(LATITUDES))
def test_the_rule_holds_against_geodesics(seed: int, lat: float) -> None:
    shapes, widths = network(seed, lat)
    rng = np.random.default_rng(seed)
    points = np.concatenate([ground(rng.uniform(-230, 230, (50, 2)), lat), shapely.get_coordinates(shapes)[:30]])
    index = index_of(shapes, widths)
    located, border = index.locate(*points.T), index.border_distance_m(*points.T)
    judged = 0
    for row, (lon, lat_) in enumerate(points.tolist()):
        metres = np.array([metres_to(shape, lon, lat_) for shape in shapes])
        reached = metres <= widths
        lead = np.where(reached, metres - np.min(metres, where=reached, initial=np.inf), np.inf)
        told = located.covering[located.point == row].tolist()
        if (np.abs(metres - widths) < 2 * TIE_M).any() or ((lead > TIE_M / 2) & (lead < 2 * TIE_M)).any():
            continue
        judged += 1
        assert told == np.flatnonzero(lead <= TIE_M / 2).tolist()
        assert located.area[row] == (told[0] if told else -1)
        assert located.on_border[row] == (len(told) > 1)
        if not told:
            gap = float((metres - widths).min())
            assert border[row] == pytest.approx(gap, abs=TIE_M) if gap < BORDER_REACH_M else np.isnan(border[row])
            found = index.nearest(lon, lat_)
            assert found is not None
            assert found[1] == pytest.approx(gap, abs=TIE_M)
            assert metres[found[0]] - widths[found[0]] == pytest.approx(gap, abs=2 * TIE_M)
        else:
            assert index.nearest(lon, lat_) == (told[0], 0.0)
    assert judged > 60


@pytest.mark.parametrize("lat", LATITUDES)
@pytest.mark.parametrize("heading", [0.0, 45.0, 90.0, 200.0, 290.0])
@pytest.mark.parametrize("metres", [0.5, 49.9, 260.0, 499.0, 700.0])
def test_distances_are_geodesics_to_a_millimetre(lat: float, heading: float, metres: float) -> None:
    """Seen by the way to the kerb of a road of the greatest half-width."""
    lon = SPRING_CITY_SQUARE[0]
    east, north, _ = WGS84.fwd(lon, lat, heading, metres)
    slant = np.array([[-3e-3, -1e-3], [0, 0], [2e-4, -2e-3]])
    line = LineString(np.array([east, north]) + slant)
    truth = metres_to(line, lon, lat)
    found = index_of(np.array([line], object), 500.0).border_distance_m(lon, lat)[0]
    if abs(500.0 - truth) < BORDER_REACH_M:
        assert found == pytest.approx(abs(500.0 - truth), abs=TIE_M)
    else:
        assert np.isnan(found)


@pytest.mark.parametrize("lat", LATITUDES)
@pytest.mark.parametrize("half_width", [6.0, 20.0, 200.0])
def test_a_segment_ends_at_its_half_width(lat: float, half_width: float) -> None:
    index = index_of(roads([(-900, 0), (900, 0)], lat=lat), half_width)
    away = np.array([1.0, 5.0, half_width - 0.5, half_width + 0.5, half_width - 2 * TIE_M, half_width + 2 * TIE_M])
    lons, lats, _ = WGS84.fwd(*(np.full(len(away), part) for part in (SPRING_CITY_SQUARE[0], lat)), 0 * away, away)
    located = index.locate(lons, lats)
    assert located.area.tolist() == [0, 0, 0, -1, 0, -1]
    assert not located.on_border.any()
    ways = [half_width - 1, half_width - 5, 0.5, 0.5]
    assert index.border_distance_m(lons, lats)[:4] == pytest.approx(ways, abs=TIE_M)


def test_the_kerb_itself_belongs_to_the_segment_and_is_in_doubt() -> None:
    index = index_of(roads([(-50, 0), (50, 0)]), 6.0)
    lon, lat, _ = WGS84.fwd(*SPRING_CITY_SQUARE, 0.0, 6.0)
    located = index.locate(lon, lat)
    assert (located.area.tolist(), located.on_border.tolist(), located.covering.tolist()) == ([0], [True], [0])
    assert index.border_distance_m(lon, lat)[0] == pytest.approx(0.0, abs=TIE_M)


def test_a_wider_road_answers_where_the_nearer_one_does_not_reach() -> None:
    """A lane of 3 m beside an avenue of 30 m: 5 m from the lane, 15 m from the avenue."""
    index = index_of(roads([(-50, 20), (50, 20)], [(-50, 0), (50, 0)]), [3.0, 30.0])
    east, north = ground([(0, 18), (0, 15), (0, 8), (0, 33), (0, 22.5)]).T
    located = index.locate(east, north)
    assert located.area.tolist() == [0, 1, 1, -1, 0]
    assert located.covering.tolist() == [0, 1, 1, 0], "what merely reaches does not cover"
    assert index.border_distance_m(east, north) == pytest.approx([1.0, 2.0, 9.0, 3.0, 0.5], abs=TIE_M)


def test_at_a_shared_node_all_are_tied_and_the_lowest_answers() -> None:
    """Three segments meet; beyond the bend all places have the node as their nearest place."""
    index = index_of(roads([(80, 0), (0, 0)], [(0, 0), (0, -80)], [(0, 0), (60, -60)]), [6.0, 6.0, 4.0])
    east, north = ground([(0, 0), (-2, 3), (-3.5, 3.5), (3, 0), (0, -3)]).T
    located = index.locate(east, north)
    assert located.area.tolist() == [0, 0, 0, 0, 1]
    assert located.on_border.tolist() == [True, True, True, False, False]
    assert located.point.tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 3, 4]
    assert located.covering.tolist() == [0, 1, 2, 0, 1, 2, 0, 1, 0, 1]
    assert (index.border_distance_m(east, north)[:3] == 0.0).all()
    found = index.candidates(east[:3], north[:3], 0.0)
    assert found.area.tolist() == [0, 1, 2, 0, 1, 2, 0, 1]
    assert found.share == pytest.approx([1 / 3] * 6 + [1 / 2] * 2)


def test_roads_that_cross_without_a_vertex_are_told_apart_by_the_nearer_line() -> None:
    index = index_of(roads([(-50, 0), (50, 0)], [(0, -50), (0, 50)]), 6.0)
    east, north = ground([(0, 0), (4, 4), (5, 1), (1, 5), (-3, -2)]).T
    located = index.locate(east, north)
    assert located.area.tolist() == [0, 0, 0, 1, 0]
    assert located.on_border.tolist() == [True, True, False, False, False]
    assert np.bincount(located.point).tolist() == [2, 2, 1, 1, 1]


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from(LATITUDES))
def test_no_answer_changes_within_the_border_distance(seed: int, lat: float) -> None:
    shapes, widths = network(seed, lat)
    index, rng = index_of(shapes, widths), np.random.default_rng(seed)
    points = ground(rng.uniform(-400, 400, (60, 2)), lat)
    border = index.border_distance_m(*points.T)
    safe = np.where(np.isnan(border), BORDER_REACH_M, border) - 2 * TIE_M
    for row in np.flatnonzero(safe > 0):
        turn, way = rng.uniform(0, 360, 200), safe[row] * np.sqrt(rng.uniform(0, 1, 200))
        lons, lats, _ = WGS84.fwd(np.full(200, points[row, 0]), np.full(200, points[row, 1]), turn, way)
        assert (index.locate(lons, lats).area == index.locate(*points[row]).area[0]).all()


@pytest.mark.parametrize(
    ("others", "point", "told"),
    [
        ([(-90, 16), (90, 16)], (0, 3), 5.0),
        ([(-90, 16), (90, 16)], (0, -3), 8.0),
        ([(-90, 300), (90, 300)], (0, 3), 17.0),
        ([(20, -90), (20, 90)], (0, 0), 10.0),
        ([(90, 0), (190, 0)], (80, 0), 5.0),
    ],
    ids=["parallel: exact", "beyond: a bound", "alone: its kerb", "squarely crossed: 0.7", "end to end: half"],
)
def test_how_tight_the_border_distance_is(
    others: list[tuple[float, float]], point: tuple[float, float], told: float
) -> None:
    index = index_of(roads([(-90, 0), (90, 0)], others), 20.0)
    assert index.border_distance_m(*ground(point))[0] == pytest.approx(told, abs=0.01)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from(LATITUDES), st.sampled_from([2.0, 15.0, 80.0]))
def test_shares_are_those_of_the_disc(seed: int, lat: float, radius: float) -> None:
    shapes, widths = network(seed, lat)
    index, rng = index_of(shapes, widths), np.random.default_rng(seed)
    for lon, lat_ in ground(rng.uniform(-200, 200, (4, 2)), lat):
        found = index.candidates(lon, lat_, radius)
        turn, way = rng.uniform(0, 360, 20_000), radius * np.sqrt(rng.uniform(0, 1, 20_000))
        lons, lats, _ = WGS84.fwd(np.full(20_000, lon), np.full(20_000, lat_), turn, way)
        dense = index.locate(lons, lats)
        weight = 1.0 / np.bincount(dense.point, minlength=20_000)[dense.point]
        truth = np.bincount(dense.covering, weight, minlength=len(index)) / 20_000
        told = np.zeros(len(index))
        told[found.area] = found.share
        assert told == pytest.approx(truth, abs=0.04)
        assert 0.0 <= told.sum() <= 1.0 + 1e-9
        assert (np.diff(found.share) <= 0).all()
        assert set(index.locate(lon, lat_).covering.tolist()) <= set(found.area.tolist())


def test_candidates_keep_the_order_of_points_and_know_small_and_huge_discs() -> None:
    index = index_of(roads([(-50, 0), (50, 0)], [(-50, 10), (50, 10)]), 6.0)
    east, north = ground([(0, 4), (0, 6), (0, -5), (900, 900)]).T
    found = index.candidates(east, north, [3.0, 3.0, 0.5, 5.0])
    assert (found.point.tolist(), found.area.tolist()) == ([0, 0, 1, 1, 2], [0, 1, 1, 0, 0])
    assert found.share[4] == 1.0
    for radius in (1e5, 1e7, 1e9):
        assert index.candidates(*ground((0, 0)), radius).area.tolist() == [0], "the middle is always asked"
    many = index.candidates(np.full(50, east[0]), np.full(50, north[0]), 3.0)
    assert many.point.tolist() == np.repeat(np.arange(50), 2).tolist()
    assert (many.share.reshape(50, 2) == found.share[:2]).all()
    assert len(index.candidates([], [], 3.0).area) == 0


@pytest.mark.parametrize("radius", [np.nan, np.inf, -1.0])
def test_an_accuracy_that_is_no_length_is_refused(radius: float) -> None:
    with pytest.raises(BadInput, match="accuracy"):
        index_of(roads([(0, 0), (9, 9)]), 6.0).candidates(*SPRING_CITY_SQUARE, radius)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from(LATITUDES), st.sampled_from([0.0, 5.0, 100.0]))
def test_near_a_shape_are_the_segments_whose_ground_meets_it(seed: int, lat: float, size: float) -> None:
    shapes, widths = network(seed, lat)
    flat = shapely.transform(shapes, lambda xy: (xy - ground((0, 0), lat)) * [float(s) for s in metres_per_degree(lat)])
    index, rng = index_of(shapes, widths), np.random.default_rng(seed)
    for middle in rng.uniform(-300, 300, (10, 2)):
        corners = middle + rng.uniform(-size, size, (3, 2))
        shape = shapely.Point(ground(middle, lat)) if size == 0 else Polygon(ground(corners, lat))
        gap = shapely.distance(flat, Point(middle) if size == 0 else Polygon(corners)) - widths
        found = np.isin(np.arange(len(index)), index.near(shape))
        clear = np.abs(gap) > 0.02 * widths
        assert (found == (gap <= 0))[clear].all()


def test_the_nearest_from_afar_is_the_nearer_kerb_and_equal_ones_go_by_order() -> None:
    index = index_of(roads([(-900, 0), (900, 0)], [(-900, 700), (900, 700)], [(-900, 0), (900, 0)]), [6.0, 60.0, 6.0])
    assert index.nearest(*ground((0, -1000))) == (0, pytest.approx(994.0, abs=0.1))
    assert index.nearest(*ground((0, 340))) == (1, pytest.approx(300.0, abs=0.1))
    slanted = index_of(roads([(-3000, -3000), (3000, 3000)], [(-2300, 2000), (-2400, 2000)]), 6.0)
    assert slanted.nearest(*ground((-2000, 2000))) == (1, pytest.approx(294.0, abs=0.1)), (
        "not the one whose box is here"
    )
    far = index.nearest(4.9, 52.4)
    assert far is not None
    assert 7_000_000 < far[1] < 9_000_000


def test_a_layer_without_lines_answers_nothing() -> None:
    for shapes in ([], [None], [LineString(), None]):
        index = index_of(np.array([*shapes, None], object)[:-1], np.full(len(shapes), 6.0))
        assert len(index) == len(index.shapes) == len(shapes)
        assert index.locate(*SPRING_CITY_SQUARE).area.tolist() == [-1]
        assert np.isnan(index.border_distance_m(*SPRING_CITY_SQUARE)).all()
        assert len(index.candidates(*SPRING_CITY_SQUARE, 5.0).area) == 0
        assert index.nearest(*SPRING_CITY_SQUARE) is None
        assert len(index.near(Point(SPRING_CITY_SQUARE))) == 0


def test_no_points_have_no_answers_and_many_go_in_slices() -> None:
    index = index_of(roads([(-50, 0), (50, 0)]), 6.0)
    assert len(index.locate([], []).area) == len(index.border_distance_m([], [])) == 0
    north = np.linspace(-40, 40, 5001)
    lons, lats = ground(np.column_stack([0 * north, north])).T
    located = index.locate(lons, lats)
    reached = np.abs(north) <= 6.0
    assert np.array_equal(located.area >= 0, reached)
    assert np.array_equal(located.point, np.flatnonzero(reached))
    assert index.border_distance_m(lons, lats) == pytest.approx(np.abs(np.abs(north) - 6.0), abs=TIE_M)


@pytest.mark.parametrize("point", [(np.nan, 36.0), (36.6, 117.0), (117.0, np.inf)])
def test_what_is_no_coordinate_is_refused(point: tuple[float, float]) -> None:
    index = index_of(roads([(0, 0), (9, 9)]), 6.0)
    asks: list[Callable[..., object]] = [index.locate, index.border_distance_m, index.nearest]
    for ask in asks:
        with pytest.raises(BadCoordinate):
            ask(*point)


def test_near_the_poles_nothing_fails() -> None:
    index = index_of(np.array([LineString([(0, 89.9), (10, 90), (20, -90)])], object), 6.0)
    with np.errstate(all="raise"):
        assert index.locate([5.0, 10.0, 7.0], [90.0, 89.9999, -90.0]).area.shape == (3,)
        assert index.border_distance_m([5.0, 7.0], [90.0, -90.0]).shape == (2,)
    assert index.nearest(90.0, 89.5) is not None


def test_many_threads_may_ask_a_fresh_index_at_once() -> None:
    shapes, widths = network(5, SPRING_CITY_SQUARE[1])
    lons, lats = ground(np.random.default_rng(5).uniform(-200, 200, (3000, 2))).T
    expected = index_of(shapes, widths).locate(lons, lats).covering.tolist()
    for _ in range(4):
        index, together, answers = index_of(shapes, widths), threading.Barrier(6), []

        def ask(index: LineIndex, together: threading.Barrier, answers: list[list[int]]) -> None:
            together.wait()
            answers.append(index.locate(lons, lats).covering.tolist())

        threads = [threading.Thread(target=ask, args=(index, together, answers)) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert answers == [expected] * 6


def test_every_vertex_comes_back_in_its_place() -> None:
    sound = network(1, 36.66)[0]
    shapes = np.array([None, *sound, LineString(), MultiLineString(), LineString([(1, 2, 3), (4, 5, 6)])], object)
    lines = lines_of(shapes, np.full(len(shapes), 6.0))
    back = lines.shapes()
    assert [shape.geom_type for shape in back] == ["MultiLineString"] * len(shapes)
    assert shapely.is_empty(back).tolist() == [True, *[False] * len(sound), True, True, False]
    for given_shape, got in zip(sound, back[1:-3], strict=True):
        assert shapely.equals_identical(shapely.get_parts(given_shape), shapely.get_parts(got)).all()
    assert shapely.get_coordinates(back[-1]).tolist() == [[1, 2], [4, 5]]
    assert (lines.areas[-1], lines.lines[-1]) == (len(lines.lines) - 1, len(lines.coords))
    assert (lines.lines.dtype, lines.areas.dtype) == (np.int64, np.int64)
    assert lines.half_width_m.tolist() == [6.0] * len(shapes)


def test_what_is_no_line_or_no_half_width_makes_no_lines() -> None:
    line = LineString([(117, 36), (117.1, 36)])
    with pytest.raises(BadShape, match="segment 1: the geometry is a Point: a road segment needs"):
        lines_of(np.array([line, Point(117, 36)], object), [6.0, 6.0])
    with pytest.raises(BadInput, match="segment 1: half_width_m=501: give metres"):
        lines_of(np.array([line, line], object), [6.0, 501.0])
    with pytest.raises(BadInput, match="2 lines need as many half-widths"):
        lines_of(np.array([line, line], object), [6.0])


@pytest.mark.parametrize(
    ("shape", "width", "kinds", "words"),
    [
        (LineString([(117, 36), (117.1, 36)]), 500.0, [], ""),
        (MultiLineString([[(117, 36), (117.1, 36)], [(117, 37), (117, 37)]]), 0.1, [], ""),
        (None, 6.0, ["empty_geometry"], "needs a line"),
        (LineString(), 6.0, ["empty_geometry"], "needs a line"),
        (Point(117, 36), 6.0, ["not_line"], "is a Point"),
        (Polygon([(0, 0), (1, 0), (1, 1)]), 6.0, ["not_line"], "is a Polygon"),
        (LineString([(117, 36), (36, 117)]), 6.0, ["bad_coordinate"], "look swapped"),
        (LineString([(117, 36), (np.inf, 36)]), 6.0, ["bad_coordinate"], "finite"),
        (LineString([(117, 36), (117, 36)]), 6.0, ["no_length"], "one place"),
        (LineString([(117, 36), (117.1, 36)]), None, ["bad_half_width"], "half_width_m is missing"),
        (LineString([(117, 36), (117.1, 36)]), 0.0, ["bad_half_width"], "half_width_m=0: give metres, more than 0"),
        (LineString([(117, 36), (117.1, 36)]), np.inf, ["bad_half_width"], "half_width_m=inf"),
        (LineString([(117, 36), (117.1, 36)]), 500.1, ["bad_half_width"], "at most 500"),
        (Point(117, 36), -1.0, ["not_line", "bad_half_width"], "half_width_m=-1"),
    ],
)
def test_what_is_wrong_with_a_segment_is_told(
    shape: shapely.Geometry | None, width: float | None, kinds: list[str], words: str
) -> None:
    sound = LineString([(117, 36), (117.1, 36.1)])
    found = list(line_problems(np.array([sound, shape, sound], object), np.array([6.0, width, 6.0], np.float64)))
    told = [(problem.index, problem.kind, problem.repairable) for problem in found]
    assert told == [(1, kind, False) for kind in kinds]
    assert words in " ".join(problem.message for problem in found)
