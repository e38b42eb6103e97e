"""Findings as plain data, and errors that say what they are about."""

import math

import pytest
from shapely import Point, Polygon, box

from gis import errors
from gis.errors import BadCoordinate, BadInput, WanggeError
from gis.findings import Finding, errors_in

GAP = Finding(
    "gap", "error", "nobody's ground", layer="cell", codes=("001", "002"), area_m2=0.0, geometry=box(0, 0, 2, 2)
)
FAMILY = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, WanggeError)]


def test_a_finding_keeps_what_it_has_and_leaves_out_what_it_has_not() -> None:
    assert GAP.as_dict() == {
        "kind": "gap",
        "severity": "error",
        "message": "nobody's ground",
        "layer": "cell",
        "codes": ["001", "002"],
        "area_m2": 0.0,
        "lon": 1.0,
        "lat": 1.0,
    }


@pytest.mark.parametrize("geometry", [None, Polygon(), Point()])
def test_a_finding_without_a_place_has_no_coordinates(geometry: Polygon | Point | None) -> None:
    assert "lon" not in Finding("repeated_code", "error", "twice", row=3, geometry=geometry).as_dict()


def test_the_place_of_a_finding_lies_in_its_shape() -> None:
    ring = box(0, 0, 10, 10) - box(1, 1, 9, 9)
    found = Finding("overlap", "warning", "", geometry=ring).as_dict()
    assert ring.covers(Point(found["lon"], found["lat"]))
    assert math.isfinite(found["lon"])


def test_only_errors_stop_the_work() -> None:
    warning = Finding("sliver", "warning", "")
    assert errors_in([warning, GAP, Finding("note", "info", "")]) == [GAP]


@pytest.mark.parametrize("kind", FAMILY)
def test_the_docstring_of_an_error_is_its_message(kind: type[WanggeError]) -> None:
    assert kind().detail == kind.__doc__ == str(kind())
    assert str(kind("lat=95", index=3)) == "lat=95"
    assert kind("lat=95", index=3).facts == {"index": 3}


def test_each_error_has_its_own_kind_and_bad_input_holds_those_of_input() -> None:
    assert len({kind.kind for kind in FAMILY}) == len(FAMILY)
    assert issubclass(BadCoordinate, BadInput)
