"""Polygons in and out: what is refused, in which words, and what repair makes of it."""

import json
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely import GeometryCollection, LineString, MultiPolygon, Point, Polygon, box
from shapely.geometry.base import BaseGeometry

from gis.errors import BadShape
from gis.shapes import Shapes, from_geojson, polygonal_part, problems, repaired, shape_hash, to_geojson

JIMING_TEMPLE = box(118.790, 32.059, 118.794, 32.063)
SOLD_PLOT = box(118.791, 32.060, 118.792, 32.061)
BOWTIE = Polygon([(118, 32), (119, 33), (119, 32), (118, 33)])
HOLE_OUTSIDE = Polygon(JIMING_TEMPLE.exterior.coords, [list(box(118.80, 32.06, 118.81, 32.07).exterior.coords)])
DUPLICATE_RING = Polygon(JIMING_TEMPLE.exterior.coords, [list(JIMING_TEMPLE.exterior.coords)])
OVERLAPPING_PARTS = MultiPolygon([JIMING_TEMPLE, box(118.792, 32.061, 118.796, 32.065)])
TWICE_THE_SAME = MultiPolygon([JIMING_TEMPLE, JIMING_TEMPLE])
SWAPPED = Polygon([(32.059, 118.790), (32.063, 118.790), (32.063, 118.794)])
PROJECTED = Polygon([(500000, 3545000), (500100, 3545000), (500100, 3545100)])
INFINITE, NOT_A_NUMBER = (
    shapely.transform(SOLD_PLOT, lambda xy, bad=bad: np.where(xy == 118.791, bad, xy)) for bad in (np.inf, np.nan)
)

SOUND = [
    JIMING_TEMPLE,
    MultiPolygon([JIMING_TEMPLE]),
    JIMING_TEMPLE - SOLD_PLOT,
    MultiPolygon([SOLD_PLOT, box(1, 1, 2, 2)]),
]

UNSOUND: list[tuple[BaseGeometry | None, str, str]] = [
    (None, "empty_geometry", "empty"),
    (Polygon(), "empty_geometry", "empty"),
    (Point(), "empty_geometry", "empty"),
    (Point(118, 32), "not_polygon", "is a Point"),
    (LineString([(118, 32), (119, 32)]), "not_polygon", "is a LineString"),
    (GeometryCollection([JIMING_TEMPLE]), "not_polygon", "is a GeometryCollection"),
    (Point(np.nan, 32), "not_polygon", "is a Point"),
    (NOT_A_NUMBER, "bad_coordinate", "lon=nan"),
    (INFINITE, "bad_coordinate", "lon=inf"),
    (SWAPPED, "bad_coordinate", "look swapped"),
    (PROJECTED, "bad_coordinate", "declare the projected datum"),
    (BOWTIE, "invalid", r"Self-intersection"),
    (HOLE_OUTSIDE, "invalid", "Hole lies outside shell"),
    (DUPLICATE_RING, "invalid", "rings may not cross or overlap"),
    (OVERLAPPING_PARTS, "invalid", "Self-intersection"),
    (TWICE_THE_SAME, "invalid", "Self-intersection"),
]


@pytest.mark.parametrize(("shape", "kind", "words"), UNSOUND)
def test_each_unsound_shape_is_named_by_its_fault(shape: BaseGeometry | None, kind: str, words: str) -> None:
    found = list(problems(np.array([JIMING_TEMPLE, shape, JIMING_TEMPLE], object)))
    assert [(problem.index, problem.kind) for problem in found] == [(1, kind)]
    assert words in found[0].message
    assert found[0].repairable == (kind == "invalid")


def test_sound_shapes_have_no_problem_and_every_unsound_one_has_exactly_one() -> None:
    assert list(problems(np.array(SOUND, object))) == []
    assert list(problems(np.array([], object))) == []
    everything = np.array([shape for shape, _, _ in UNSOUND], object)
    assert [problem.index for problem in problems(everything)] == list(range(len(UNSOUND)))


@pytest.mark.parametrize(
    ("shape", "area"),
    [
        (BOWTIE, 0.5),
        (HOLE_OUTSIDE, JIMING_TEMPLE.area + 1e-4),  # a ring outside the shell is read as an island
        (OVERLAPPING_PARTS, 1.75 * JIMING_TEMPLE.area),
        (TWICE_THE_SAME, JIMING_TEMPLE.area),
        (DUPLICATE_RING, 0.0),  # a hole as large as the shell leaves nothing
    ],
)
def test_repair_keeps_the_ground_that_the_rings_mean(shape: BaseGeometry, area: float) -> None:
    mended = repaired(shape)
    assert mended.area == pytest.approx(area)
    assert mended.is_empty or list(problems(np.array([mended], object))) == []


def test_repair_joins_parts_that_share_an_edge() -> None:
    """GEOS 3.14 leaves two triangles side by side here and calls that valid work."""
    corners = [(1, 0), (1, 1), (2, 0), (1, 0), (1, 1), (0, 0)]
    assert repaired(Polygon(corners)).is_valid


def test_repair_leaves_sound_shapes_and_drops_heights() -> None:
    assert all(shapely.equals(repaired(shape), shape) for shape in SOUND)
    assert not shapely.has_z(repaired(shapely.force_3d(JIMING_TEMPLE, 12.0)))


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=4, max_size=12))
def test_repair_makes_something_sound_or_nothing_of_any_ring(corners: list[tuple[int, int]]) -> None:
    mended = repaired(Polygon(corners))
    assert mended.is_empty or not list(problems(np.array([mended], object)))


@pytest.mark.parametrize(
    ("shape", "kind"),
    [
        (GeometryCollection([JIMING_TEMPLE, Point(118, 32)]), "Polygon"),
        (GeometryCollection([SOLD_PLOT, MultiPolygon([box(1, 1, 2, 2)])]), "MultiPolygon"),
        (GeometryCollection([GeometryCollection([SOLD_PLOT])]), "Polygon"),
        (LineString([(118, 32), (119, 32)]), "Polygon"),
        (Polygon(), "Polygon"),
    ],
)
def test_only_the_polygons_of_a_shape_are_kept(shape: BaseGeometry, kind: str) -> None:
    kept = polygonal_part(shape)
    assert kept.geom_type == kind
    assert kept.area == pytest.approx(shape.area)


REFUSED = {
    "no JSON": "{",
    "no text": "",
    "a list": "[]",
    "a number": "5",
    "null": "null",
    "no geometry": '{"type":"Feature"}',
    "null geometry": '{"type":"Feature","geometry":null}',
    "a feature in a feature": '{"type":"Feature","geometry":{"type":"Feature","geometry":null}}',
    "unknown type": '{"type":"Circle"}',
    "type is no text": '{"type":1}',
    "no coordinates": '{"type":"Polygon"}',
    "null coordinates": '{"type":"Polygon","coordinates":null}',
    "empty coordinates": '{"type":"Polygon","coordinates":[]}',
    "text for a number": '{"type":"Polygon","coordinates":[[["118",32],[119,32],[119,33],["118",32]]]}',
    "a position of one": '{"type":"Polygon","coordinates":[[[118],[119],[119],[118]]]}',
    "a position of five": '{"type":"Polygon","coordinates":[[[1,2,3,4,5],[2,2,3,4,5],[2,3,3,4,5],[1,2,3,4,5]]]}',
    "unclosed": '{"type":"Polygon","coordinates":[[[118,32],[119,32],[119,33],[118,33]]]}',
    "two points": '{"type":"Polygon","coordinates":[[[118,32],[119,32]]]}',
    "three points": '{"type":"Polygon","coordinates":[[[118,32],[119,32],[118,32]]]}',
    "not a number": '{"type":"Polygon","coordinates":[[[118,32],[NaN,32],[119,33],[118,32]]]}',
    "more than a double": '{"type":"Polygon","coordinates":[[[118,32],[1e999,32],[119,33],[118,32]]]}',
    "swapped": '{"type":"Polygon","coordinates":[[[32,118],[33,118],[33,119],[32,118]]]}',
    "a line": '{"type":"LineString","coordinates":[[118,32],[119,32]]}',
    "a collection": '{"type":"FeatureCollection","features":[]}',
    "deep brackets": '{"type":"Polygon","coordinates":' + "[" * 100_000,
    "deep closed brackets": '{"type":"Polygon","coordinates":' + "[" * 500 + "]" * 500 + "}",
    "deep objects": '{"type":"Feature","geometry":' * 50_000,
}


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED)
def test_what_is_no_polygon_in_geojson_is_refused(text: str) -> None:
    with pytest.raises(BadShape) as refused:
        from_geojson(text)
    assert len(refused.value.detail) < 400


def test_a_mapping_that_is_no_json_is_refused() -> None:
    nested: dict[str, Any] = {}
    inner = nested
    for _ in range(20_000):
        inner["geometry"] = inner = {"type": "GeometryCollection"}
    for source in ({"type": "Polygon", "coordinates": {1, 2}}, {"type": "Feature", **nested}):
        with pytest.raises(BadShape):
            from_geojson(source)


@pytest.mark.parametrize("shape", SOUND)
def test_a_sound_shape_goes_through_geojson_unchanged_to_the_bit(shape: BaseGeometry) -> None:
    geojson = to_geojson(shape)
    for source in (geojson, json.dumps(geojson), {"type": "Feature", "properties": {"名": 1}, "geometry": geojson}):
        assert shapely.equals_identical(from_geojson(source), shape)


def test_a_real_border_goes_through_geojson_unchanged_to_the_bit(crooked_town: Shapes) -> None:
    back = np.array([from_geojson(to_geojson(shape)) for shape in crooked_town], object)
    assert shapely.equals_identical(back, crooked_town).all()


def test_heights_in_geojson_are_dropped() -> None:
    shape = from_geojson('{"type":"Polygon","coordinates":[[[118,32,5],[119,32,5],[119,33,5],[118,32,5]]]}')
    assert not shapely.has_z(shape)
    assert to_geojson(shape)["coordinates"][0][0] == [118.0, 32.0]


def test_the_hash_tells_the_exact_shape() -> None:
    moved = shapely.transform(JIMING_TEMPLE, lambda xy: np.nextafter(xy, 180.0))
    one, same, other = (shape_hash(shapely.to_wkb(shape)) for shape in (JIMING_TEMPLE, Polygon(JIMING_TEMPLE), moved))
    assert one == same != other
    assert len(one) == 32
