"""What a layer is, and which one holds the cells."""

import numpy as np
import pytest

from gis.errors import BadInput, NotFound
from grids.content import Areas, Content, Layer, cycle_in
from grids.drafts import draft_named
from grids.layers import change_layer, put_layer, remove_layer
from smalltown import NOW, Town, block


def change(town: Town, code: str, **changes: object) -> Layer:
    with town.store.write() as session:
        return change_layer(session, "draft", code, NOW, **changes)


def layers(town: Town) -> dict[str, Layer]:
    return {layer.code: layer for layer in town.content().layers}


def test_the_kind_sets_the_rank_unless_a_rank_is_given(town: Town) -> None:
    town.put("city")
    assert change(town, "city", kind="street").rank == 30
    assert change(town, "city", kind="street", rank=7).rank == 7
    assert layers(town)["city"].kind == "street"


def test_a_circle_of_layers_is_refused_and_nothing_changes(town: Town) -> None:
    town.put("city")
    town.put("district")
    with pytest.raises(BadInput, match="circle: city -> district -> city"):
        change(town, "city", parent="district")
    with pytest.raises(BadInput, match="circle: city -> city"):
        change(town, "city", parent="city")
    assert layers(town)["city"].parent is None


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"kind": "planet"}, "layer kind 'planet': choose one of city, district"),
        ({"parent": "planet"}, "parent layer 'planet' is not in the draft; there are: city"),
        ({"scheme": "6+("}, "scheme '6\\+\\(': neither digits like 6\\+3\\+3\\+3 nor a regular expression"),
        ({"is_cell": True, "partition": False}, "the cells must be a partition"),
    ],
)
def test_changes_that_make_no_sense_say_why(hamlet: Town, changes: dict[str, object], words: str) -> None:
    hamlet.put("city")
    with pytest.raises(BadInput, match=words):
        change(hamlet, "city", **changes)


def test_only_one_layer_is_marked_as_the_cells_and_it_stays_a_partition(hamlet: Town) -> None:
    hamlet.put("city")
    hamlet.put("district")
    change(hamlet, "district", is_cell=True)
    change(hamlet, "city", is_cell=True)
    assert [code for code, layer in layers(hamlet).items() if layer.is_cell] == ["city"]
    with pytest.raises(BadInput, match="must be a partition"):
        change(hamlet, "city", partition=False)


def test_removing_a_layer_takes_its_areas_and_the_gate_misses_it(town: Town) -> None:
    town.put("city")
    town.put("district")
    with town.store.write() as session:
        remove_layer(session, "draft", "city", NOW)
    assert list(town.content().areas) == ["district"]
    assert {f.kind for f in town.findings() if f.severity == "error"} == {"hierarchy"}
    with (
        town.store.write() as session,
        pytest.raises(NotFound, match="no layer 'city' in draft 'draft'; there are: d"),
    ):
        remove_layer(session, "draft", "city", NOW)
    with pytest.raises(NotFound, match="there are: district"):
        change(town, "moon", name="月")


def test_a_layer_may_be_declared_before_its_areas_come(hamlet: Town) -> None:
    hamlet.put("city")
    with hamlet.store.write() as session:
        put_layer(session, draft_named(session), Layer("block", "街区", "cell", parent="city", rank=60))
    assert hamlet.content().layers[-1].title == "街区"
    assert hamlet.content().cell_layer.code == "city"


def table(layer: Layer, count: int) -> Areas:
    shapes = np.array([*(block(k, 0, k + 1, 1) for k in range(count)), None], object)[:-1]
    return Areas(layer, tuple(f"{k:03d}" for k in range(count)), ("",) * count, (None,) * count, shapes)


@pytest.mark.parametrize(
    ("given", "cells"),
    [
        ([], None),
        ([("city", 10, True, False, 1), ("cell", 60, True, False, 4)], "cell"),
        ([("city", 10, True, True, 1), ("cell", 60, True, False, 4)], "city"),
        ([("city", 10, True, False, 1), ("cell", 60, True, False, 0)], "city"),
        ([("city", 10, True, False, 1), ("zone", 70, False, False, 4)], "city"),
        ([("cell", 60, True, False, 4), ("estate", 70, True, False, 9)], "cell"),
        ([("estate", 70, True, False, 9)], "estate"),
        ([("a", 45, True, False, 3), ("b", 45, True, False, 5)], "b"),
        ([("a", 45, True, False, 5), ("b", 45, True, False, 5)], "a"),
        ([("zone", 70, False, False, 5)], None),
    ],
)
def test_the_cells_are_the_marked_layer_else_the_finest_partition(given: list, cells: str | None) -> None:
    made = [table(Layer(code, "", "other", part, None, rank, cell), n) for code, rank, part, cell, n in given]
    found = Content({areas.layer.code: areas for areas in made}).cell_layer
    assert (found.code if found else None) == cells


def test_a_circle_is_named_by_its_members_only() -> None:
    assert cycle_in({"a": "b", "b": "c", "c": "b"}) == ("b", "c", "b")
    assert cycle_in({"a": "b", "b": None, "c": "a"}) is None
