"""Washington's 1,823 major road segments: points beside the lines, and the nodes where segments meet."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import shapely

from commands import Wangge
from gis.lines import TIE_M, LineIndex, line_problems, lines_of
from gis.measure import WGS84, distance_m
from gis.shapes import Shapes

HALF_WIDTH_M = 6.0
POINTS = 20_000


@pytest.fixture(scope="module")
def roads(real_dir: Path) -> Shapes:
    features = json.loads((real_dir / "dc/major-roads.geojson").read_text("utf-8"))["features"]
    return np.array([shapely.from_geojson(json.dumps(feature["geometry"])) for feature in features], object)


@pytest.fixture(scope="module")
def index(roads: Shapes) -> LineIndex:
    widths = np.full(len(roads), HALF_WIDTH_M)
    assert list(line_problems(roads, widths)) == []
    return LineIndex(lines_of(roads, widths))


def metres_to(line: shapely.Geometry, lon: float, lat: float) -> float:
    """An upper bound by geodesics to places of the line, a few millimetres apart around the nearest."""
    fine = shapely.get_coordinates(shapely.segmentize(line, 1e-6))
    return float(distance_m(lon, lat, fine[:, 0], fine[:, 1]).min())


@pytest.mark.parametrize("away", [1.0, 5.0, HALF_WIDTH_M - 0.5])
def test_a_point_beside_a_segment_is_on_it_or_on_a_nearer_one(roads: Shapes, index: LineIndex, away: float) -> None:
    rng = np.random.default_rng(20261122)
    parts, segment = shapely.get_parts(roads, return_index=True)
    chosen = rng.integers(0, len(parts), POINTS)
    at = rng.uniform(0.1, 0.9, POINTS)
    here, ahead = (
        shapely.get_coordinates(shapely.line_interpolate_point(parts[chosen], place, normalized=True)).T
        for place in (at, at + 1e-3)
    )
    heading = WGS84.inv(*here, *ahead)[0]
    lons, lats, _ = WGS84.fwd(*here, heading + rng.choice([-90.0, 90.0], POINTS), np.full(POINTS, away))
    found, wanted = index.locate(lons, lats).area, segment[chosen]
    assert (found >= 0).all()
    others = np.flatnonzero(found != wanted)
    for row in others.tolist():
        assert metres_to(roads[found[row]], lons[row], lats[row]) <= away + TIE_M
    print(
        f"Washington: {away} m beside: {1 - len(others) / POINTS:.2%} on the segment, the rest provably nearer another"
    )
    assert len(others) < POINTS * 0.05


def test_beyond_the_half_width_of_all_nobody_answers(roads: Shapes, index: LineIndex) -> None:
    rng = np.random.default_rng(7)
    points = shapely.get_coordinates(roads)[rng.integers(0, 16_000, 2000)] + rng.normal(0, 2e-4, (2000, 2))
    located, border = index.locate(*points.T), index.border_distance_m(*points.T)
    outside = np.flatnonzero(located.area < 0)
    assert len(outside) > 500
    tree = shapely.STRtree(roads)
    for row in outside[:200].tolist():
        lon, lat = points[row]
        close = tree.query(shapely.box(lon - 4e-3, lat - 3e-3, lon + 4e-3, lat + 3e-3))
        truth = min(metres_to(roads[road], lon, lat) for road in close)
        assert truth > HALF_WIDTH_M
        assert border[row] == pytest.approx(truth - HALF_WIDTH_M, abs=0.02)


def test_where_segments_meet_they_are_tied_and_the_lowest_answers(roads: Shapes, index: LineIndex) -> None:
    parts, segment = shapely.get_parts(roads, return_index=True)
    ends = np.concatenate([shapely.get_coordinates(shapely.get_point(parts, place)) for place in (0, -1)])
    nodes, node = np.unique(ends, axis=0, return_inverse=True)
    meeting: list[set[int]] = [set() for _ in nodes]
    for place, road in zip(node.tolist(), np.tile(segment, 2).tolist(), strict=True):
        meeting[place].add(road)
    shared = [row for row, roads_here in enumerate(meeting) if len(roads_here) > 1]
    located = index.locate(*nodes[shared].T)
    print(f"Washington: {len(shared):,} nodes are shared by segments")
    assert len(shared) > 1000
    assert located.on_border.all()
    assert (index.border_distance_m(*nodes[shared].T) == 0.0).all()
    covering: list[set[int]] = [set() for _ in shared]
    for point, road in zip(located.point.tolist(), located.covering.tolist(), strict=True):
        covering[point].add(road)
    for place, row in enumerate(shared):
        assert meeting[row] <= covering[place]
        assert located.area[place] == min(covering[place])


@pytest.fixture(scope="module")
def imported(real_dir: Path, new_home: Callable[..., Wangge]) -> Wangge:
    """The block groups as cells, and the roads with their owners, in a draft."""
    wangge = new_home(timezone="America/New_York")
    groups = real_dir / "dc/census-block-groups-2010.geojson"
    wangge.do("import", "areas", groups, "--layer", "cell", "--code", "GEOID", "--commit")
    words = ("--code", "OBJECTID", "--name", "REGISTEREDNAME", "--party", "OWNERSHIP", "--half-width", HALF_WIDTH_M)
    told = wangge.do("import", "segments", real_dir / "dc/major-roads.geojson", *words, "--commit", "--json").json
    assert (told["rows"], told["added"]) == (1823, 1823)
    assert told["counts"] == [
        {"severity": "info", "kind": kind, "count": 1} for kind in ("duties_made", "parties_made")
    ], "the file is clean: each OBJECTID once, each road with an owner"
    return wangge


def test_the_roads_come_in_with_their_owners_and_pass_the_gate(imported: Wangge, roads: Shapes, work: Path) -> None:
    layers = {layer["code"]: layer for layer in imported.do("layers", "--json").json["layers"]}
    assert (layers["segment"]["areas"], layers["segment"]["geometry"]) == (1823, "line")
    found = Counter(finding["kind"] for finding in imported("validate", "--json").json["findings"])
    assert found == {"unowned": 1}, "no stretch is drawn twice; the cells have no owner in this draft"
    imported.do("export", "duties", work / "duties.csv", "--draft", "draft")
    rows = (work / "duties.csv").read_text("utf-8-sig").splitlines()[1:]
    owners = Counter(row.split(",")[1] for row in rows)
    print(f"Washington: {dict(owners)} lead for their segments")
    assert owners == {"DDOT": 1696, "National Park Service": 109, "Architect of The Capitol": 18}
    assert shapely.get_num_geometries(roads).tolist().count(2) == 5, "five roads come in two parts"


def test_the_roads_come_back_from_their_export_without_a_difference(imported: Wangge, work: Path) -> None:
    imported.do("export", "segment", work / "roads.gpkg", "--draft", "draft")
    words = ("--code", "code", "--name", "name", "--half-width", "half_width_m", "--json")
    told = imported.do("import", "segments", work / "roads.gpkg", *words).json
    assert (told["unchanged"], told["changed"], told["removed"]) == (1823, 0, 0)
