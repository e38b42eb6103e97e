"""The draft's mutable index says what the release's index would say, and what one edit does to its neighbours."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gis.errors import BadCoordinate, BadInput, BadShape, NotFound
from gis.lines import LineIndex, lines_of
from gis.locate import PointIndex
from gis.measure import area_m2
from gis.rings import rings_of
from grids.content import Layer
from grids.draft_index import DraftIndex
from grids.drafts import draft_named
from grids.edits import AreaEdit, areas_at, put_area, remove_area
from smalltown import CELL, ROWS, Town, at, block

NEXT = "370102001001002"
CELLS = Layer("cell")
ROADS = Layer("road", kind="segment", partition=False, geometry="line")


def box_index(*boxes: tuple[float, float, float, float]) -> DraftIndex:
    index = DraftIndex()
    for number, box in enumerate(boxes):
        index.put(CELLS, f"{number:03d}", block(*box))
    return index


corner = st.integers(0, 8)
boxes = st.tuples(corner, corner, st.integers(1, 4), st.integers(1, 4)).map(
    lambda b: (b[0], b[1], b[0] + b[2], b[1] + b[3])
)
spot = st.one_of(st.integers(-1, 12).map(float), st.floats(-1, 12))


@settings(max_examples=80, deadline=None)
@given(drawn=st.lists(boxes, min_size=1, max_size=8), asked=st.lists(st.tuples(spot, spot), min_size=1, max_size=10))
def test_it_covers_exactly_what_the_point_index_covers(drawn: list, asked: list) -> None:
    index = box_index(*drawn)
    exact = PointIndex(rings_of(np.array([*(block(*box) for box in drawn), None], object)[:-1]))
    for x, y in asked:
        lon, lat = at(x, y)
        covering = [("cell", f"{area:03d}") for area in exact.locate(lon, lat).covering]
        assert index.covering(lon, lat) == covering


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["put", "drop"]), st.integers(0, 5), boxes), max_size=25), spot, spot)
def test_putting_and_removing_in_any_order_leaves_what_was_put_last(steps: list, x: float, y: float) -> None:
    index, plain = DraftIndex(), dict[str, object]()
    for what, number, box in steps:
        code = str(number)
        if what == "put":
            index.put(CELLS, code, block(*box))
            plain[code] = block(*box)
        elif code in plain:
            index.remove("cell", code)
            del plain[code]
    lon, lat = at(x, y)
    expected = sorted(code for code, shape in plain.items() if shapely.intersects_xy(shape, lon, lat))
    assert index.covering(lon, lat) == [("cell", code) for code in expected]
    assert index.count("cell") == len(plain)


walks = st.lists(st.tuples(corner, corner), min_size=2, max_size=4, unique=True)
half_widths = st.one_of(st.sampled_from([5.0, 44.4, 111.0]), st.floats(0.01, 300))
roads = st.lists(st.tuples(walks, half_widths), min_size=1, max_size=8)


@settings(max_examples=80, deadline=None)
@given(roads, st.lists(st.tuples(spot, spot), min_size=1, max_size=10), st.integers(0, 7))
def test_of_road_segments_it_gives_the_one_that_the_line_index_gives(drawn: list, asked: list, gone: int) -> None:
    index, shapes = DraftIndex(), [shapely.LineString([at(*place) for place in walk]) for walk, _ in drawn]
    for number, (shape, (_, half_width)) in enumerate(zip(shapes, drawn, strict=True)):
        index.put(ROADS, f"{number:03d}", shape, half_width)
    kept = [number for number in range(len(drawn)) if number != gone]
    if gone < len(drawn):
        index.remove("road", f"{gone:03d}")
    lines = np.array([*(shapes[number] for number in kept), None], object)[:-1]
    exact = LineIndex(lines_of(lines, np.array([drawn[number][1] for number in kept])))
    for x, y in asked:
        lon, lat = at(x, y)
        covering = [("road", f"{kept[row]:03d}") for row in exact.locate(lon, lat).covering]
        assert index.covering(lon, lat) == covering


def test_a_line_needs_a_half_width_and_shares_no_ground() -> None:
    index = box_index((0, 0, 1, 1))
    line = shapely.LineString([at(0, 0.5), at(1, 0.5)])
    with pytest.raises(BadShape, match="layer road, area r: half_width_m is missing"):
        index.put(ROADS, "r", line)
    index.put(ROADS, "r", line, 5.0)
    assert index.overlapping(block(0, 0, 1, 1)) == [("cell", "000")]
    assert index.conflicts("road", "x", line) == []
    assert [code for code, _ in index.near("road", "x", line)] == ["r"]
    assert index.near("road", "r", line) == []


def test_touching_neighbours_are_no_conflict_and_overlaps_come_largest_first() -> None:
    index = box_index((0, 0, 1, 1), (2, 0, 3, 1), (0, 1, 3, 2))
    assert index.conflicts("cell", "new", block(1, 0, 2, 1)) == []
    found = index.conflicts("cell", "new", block(0.9, 0, 2.5, 1))
    assert [overlap.other for overlap in found] == ["001", "000"]
    assert found[0].area_m2 == pytest.approx(area_m2(block(2, 0, 2.5, 1)), rel=1e-6)
    assert index.conflicts("cell", "000", block(0, 0, 1, 1)) == []
    assert index.overlapping(block(0.5, 0.5, 0.6, 1.5)) == [("cell", "000"), ("cell", "002")]


def test_what_is_no_polygon_or_not_there_is_refused() -> None:
    index = box_index((0, 0, 1, 1))
    with pytest.raises(BadShape, match="layer cell, area x: the geometry is a Point"):
        index.put(CELLS, "x", shapely.Point(117, 36))
    with pytest.raises(NotFound, match="layer cell has no area 'x'"):
        index.remove("cell", "x")
    with pytest.raises(NotFound):
        index.remove("moon", "x")
    with pytest.raises(BadCoordinate):
        index.covering(36, 117)


def test_the_areas_of_a_draft_at_a_point_are_known_before_publishing(town: Town) -> None:
    for layer in town.rows:
        town.put(layer)
    with town.store.read() as session:
        found = areas_at(session, draft_named(session), *at(0.5, 0.5))
        assert [layer for layer, _ in found] == ["city", "district", "street", "community", "grid", "cell"]
        assert found[-1] == ("cell", CELL)
        assert len(areas_at(session, draft_named(session), *at(2, 2))) == 1 + 1 + 2 + 4 + 4 + 4


def test_putting_one_area_stores_it_and_tells_what_its_neighbours_say(town: Town) -> None:
    for layer in town.rows:
        town.put(layer)
    with town.store.write() as session:
        draft = draft_named(session)
        found = put_area(session, draft, AreaEdit("cell", CELL, block(0, 0, 1.1, 0.9)))
    assert [(f.kind, f.codes) for f in found] == [
        ("overlap", (CELL, NEXT)),
        ("outside_parent", (CELL,)),
        ("gap", (CELL,)),
    ]
    table = town.content().areas["cell"]
    row = table.codes.index(CELL)
    assert table.shapes[row].equals(block(0, 0, 1.1, 0.9))
    assert (table.names[row], table.parents[row]) == ("芙蓉街社区1号", "370102001001G1")
    gate = {f.kind for f in town.findings()}
    assert {"overlap", "outside_parent", "uncovered"} <= gate


def test_an_area_put_back_as_it_was_changes_nothing(town: Town) -> None:
    for layer in town.rows:
        town.put(layer)
    before = town.content().areas["cell"]
    with town.store.write() as session:
        assert put_area(session, draft_named(session), AreaEdit("cell", CELL, block(0, 0, 1, 1))) == []
    after = town.content().areas["cell"]
    assert (before.codes, before.names) == (after.codes, after.names)
    assert shapely.equals_identical(before.shapes, after.shapes).all()


def test_one_index_follows_a_row_of_edits(hamlet: Town) -> None:
    hamlet.put("cell", parent=None)
    with hamlet.store.write() as session:
        draft, index = draft_named(session), DraftIndex()
        for row in ROWS["cell"]:
            index.put(CELLS, row.code, row.shape)
        [gap] = remove_area(session, draft, "cell", CELL, index)
        assert (gap.kind, gap.area_m2) == ("gap", pytest.approx(9920, rel=0.01))
        assert index.covering(*at(0.5, 0.5)) == []
        assert put_area(session, draft, AreaEdit("cell", "NEW", block(0, 0, 1, 1), "新格"), index) == []
        assert index.covering(*at(0.5, 0.5)) == [("cell", "NEW")]
        with pytest.raises(NotFound, match=f"layer cell has no area '{CELL}' in draft 'draft'"):
            remove_area(session, draft, "cell", CELL, index)
    assert "NEW" in hamlet.content().areas["cell"].codes


@pytest.mark.parametrize(
    ("edit", "error", "words"),
    [
        (AreaEdit("moon", "1", block(0, 0, 1, 1)), NotFound, "there is no layer 'moon' in draft 'draft'"),
        (AreaEdit("cell", " ", block(0, 0, 1, 1)), BadInput, "a code has 1 to 200 characters"),
        (AreaEdit("cell", "1", shapely.Polygon()), BadShape, "the geometry is empty"),
        (AreaEdit("cell", "1", shapely.Point(117, 36)), BadShape, "the geometry is a Point"),
        (AreaEdit("cell", "1", shapely.Polygon([at(0, 0), at(1, 1), at(1, 0), at(0, 1)])), BadShape, "may not cross"),
        (AreaEdit("cell", "1", block(0, 0, 1, 1), parent="370100"), BadInput, "has no layer above it"),
    ],
)
def test_an_edit_that_makes_no_sense_stores_nothing(hamlet: Town, edit: AreaEdit, error: type, words: str) -> None:
    hamlet.put("cell", parent=None)
    with hamlet.store.write() as session, pytest.raises(error, match=words):
        put_area(session, draft_named(session), edit)
    assert len(hamlet.content().areas["cell"]) == 32


def test_an_unknown_parent_is_refused(hamlet: Town) -> None:
    for layer in hamlet.rows:
        hamlet.put(layer)
    with hamlet.store.write() as session, pytest.raises(NotFound, match="layer grid has no such area in the draft"):
        put_area(session, draft_named(session), AreaEdit("cell", CELL, block(0, 0, 1, 1), parent="nobody"))
