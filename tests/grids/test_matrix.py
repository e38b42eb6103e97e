"""The matter x area matrix: the same as asking for every cell and matter one by one."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from time import perf_counter

import pytest
import shapely

from blocks import PARTIES, boxes, city
from gis.errors import BadInput, NotFound
from grids.content import Areas, Content, Duty, Layer, Matter
from grids.matrix import DEPTHS, Matrix, matrix_of
from grids.owner import Resolver
from grids.precedence import DEFAULT_ORDER
from grids.relations import Relation
from grids.release import open_release, write_release
from grids.standing import Standing

THEN = datetime(2026, 11, 20, tzinfo=UTC)


def states(matrix: Matrix) -> dict[tuple[str, str], str | None]:
    return {(entry["matter"], entry["area"]): entry["state"] for entry in matrix.entries()}


def test_each_state_and_whose_it_is() -> None:
    duties = (
        Duty("D1", "A", "district", "district0000"),
        Duty("D2", "B", "street", "street0000", "C0101"),
        Duty("D3", "C", "cell", "cell0200", "E"),
        Duty("D4", "D", "street", "street0300", "E0101"),
        Duty("D5", "E", "street", "street0300", "E0101"),
    )
    matrix = matrix_of(city(duties=duties), "street", "leaves")
    told = states(matrix)
    assert told["C0101", "street0000"] == "specific"
    assert told["C0102", "street0000"] == "fallback"
    assert told["E0101", "street0100"] == "mixed"
    assert told["E0101", "street0300"] == "tied"
    assert told["C0101", "street0300"] == "nobody"
    entry = {(e["matter"], e["area"]): e for e in matrix.entries()}
    assert (entry["C0101", "street0000"]["party"], entry["C0101", "street0000"]["duty"]) == ("B", "D2")
    assert entry["E0101", "street0100"] | {"party": None, "named": 1, "pairs": 4} == entry["E0101", "street0100"]
    assert entry["", "street0000"]["party_name"] == "单位A"
    assert states(matrix_of(city(duties=duties[2:3]), "street", "leaves"))["E0101", "street0100"] == "partly"


def test_majors_and_minors_stand_for_their_leaves() -> None:
    duties = (Duty("D1", "A", "district", "district0000", "C0101"),)
    rows = {depth: matrix_of(city(duties=duties), "district", depth) for depth in DEPTHS}
    assert [matter.code for matter in rows["majors"].matters] == ["", "C", "E"]
    assert [matter.code for matter in rows["minors"].matters] == ["", "C01", "E01"]
    assert [matter.code for matter in rows["leaves"].matters] == ["", "C0101", "C0102", "E0101"]
    assert states(rows["majors"])["C", "district0000"] == "partly"
    assert rows["majors"].pairs.tolist() == [[16] * 4, [32] * 4, [16] * 4]
    assert rows["majors"].nobody[1].tolist() == [16, 32, 32, 32]


def test_a_relation_is_resolved_in_every_cell() -> None:
    offices = (Relation("office", "street", "street0000", "A"), Relation("office", "street", "street0001", "B"))
    duties = (Duty("D1", "office_of:street", "district", "district0000"),)
    found = matrix_of(city(duties=duties, relations=offices), "street", "majors")
    told = {entry["area"]: entry for entry in found.entries() if entry["matter"] == "C"}
    assert [told[f"street{at}"]["party"] for at in ("0000", "0001", "0100")] == ["A", "B", None]
    assert told["street0100"]["state"] == "nobody"
    named = matrix_of(city(duties=duties, relations=offices), "district", "majors").entry(1, 0)
    assert (named["state"], named["party"], named["duty"], named["nobody"]) == ("partly", None, None, 16)


def test_what_stands_beside_the_ladder_answers_in_whole_cells_and_is_an_exception_in_parts() -> None:
    duties = (
        Duty("D1", "A", "district", "district0000"),
        Duty("D2", "B", "zone", "Z1"),
        Duty("D3", "C", "segment", "R1"),
    )
    matrix = matrix_of(city(duties=duties), "cell", "majors")
    told = {entry["area"]: entry for entry in matrix.entries() if entry["matter"] == "C"}
    whole, part, beyond = told["cell0101"], told["cell0201"], told["cell0301"]
    assert (whole["party"], whole["exceptions"]) == ("B", False)
    assert (part["party"], part["exceptions"]) == ("A", True)
    assert (beyond["party"], beyond["exceptions"]) == ("A", False)
    assert [entry["area"] for entry in told.values() if entry["exceptions"] and entry["area"] >= "cell03"] == [
        f"cell06{y:02d}" for y in range(8)
    ]


def test_a_zone_that_ranks_below_the_winner_is_no_exception() -> None:
    duties = (Duty("D1", "A", "district", "district0000", "C"), Duty("D2", "B", "zone", "Z1"))
    matrix = matrix_of(city(duties=duties), "cell", "majors")
    told = {(e["matter"], e["area"]): e["exceptions"] for e in matrix.entries()}
    assert (told["C", "cell0201"], told["E", "cell0201"]) == (False, True)
    first = replace(city(duties=duties), order=("place", *(name for name in DEFAULT_ORDER if name != "place")))
    assert matrix_of(first, "cell", "majors").exceptions[1, 17]


def test_one_who_only_stands_in_for_a_relation_is_an_exception() -> None:
    duties = (Duty("D1", "A", "district", "district0000"), Duty("D2", "asset_owner", "district", "district0000", "C01"))
    matrix = matrix_of(city(duties=duties), "district", "minors")
    told = {entry["matter"]: entry for entry in matrix.entries() if entry["area"] == "district0000"}
    assert (told["C01"]["state"], told["C01"]["party"], told["C01"]["exceptions"]) == ("fallback", "A", True)
    assert told["E01"]["exceptions"] is False


def test_streets_are_the_usual_columns_and_layers_beside_the_ladder_are_none() -> None:
    assert matrix_of(city()).layer.code == "street"
    with pytest.raises(BadInput, match="stands beside"):
        matrix_of(city(), "zone")
    with pytest.raises(NotFound, match="no layer 'ward'"):
        matrix_of(city(), "ward")
    with pytest.raises(BadInput, match="no cells"):
        matrix_of(Content())


def test_areas_without_cells_have_no_state() -> None:
    content = city(duties=(Duty("D1", "A", "street", "street0000"),))
    cells = content.areas["cell"]
    kept = [row for row, parent in enumerate(cells.parents) if parent != "street0000"]
    codes, parents = (tuple(column[row] for row in kept) for column in (cells.codes, cells.parents))
    fewer = Areas(cells.layer, codes, codes, parents, cells.shapes[kept])
    matrix = matrix_of(replace(content, areas={**content.areas, "cell": fewer}), "street", "majors")
    assert states(matrix)["", "street0000"] is None


def random_city(seed: int) -> Content:
    by = Random(seed)
    empty = city()
    order = tuple(by.sample(DEFAULT_ORDER, len(DEFAULT_ORDER))) if by.random() < 0.5 else ()
    offices = [
        Relation(name, layer, area, by.choice("ABC"))
        for name, layer in (("office", "street"), ("keeper", "zone"), ("grid", "cell"))
        for area in empty.areas[layer].codes
        if by.random() < 0.7
    ]
    parties = [*"ABCDEF", "office_of:street", "keeper_of:zone", "grid_of:cell", "asset_owner"]
    duties = []
    for number in range(by.randint(1, 25)):
        layer = by.choice(["district", "street", "cell", "zone", "segment"])
        area, matter = by.choice(empty.areas[layer].codes), by.choice(["", "", "C", "C01", "C0101", "E", "E0101"])
        role, priority = by.choice(["lead"] * 4 + ["support"]), by.choice([0, 0, 0, 1])
        duties.append(Duty(f"D{number:02d}", by.choice(parties), layer, area, matter, role, priority=priority))
    return replace(empty, duties=tuple(duties), relations=tuple(offices), order=order)


@pytest.mark.parametrize("seed", range(60))
def test_every_cell_and_matter_is_as_the_resolver_says(seed: int, tmp_path: Path) -> None:
    content = random_city(seed)
    write_release(tmp_path / "r.wgr", content, 1, THEN, THEN)
    resolver, standing = Resolver(open_release(tmp_path / "r.wgr")), Standing(content)
    cells = content.areas["cell"]
    middles = shapely.get_coordinates(shapely.centroid(cells.shapes)) + 0.0002  # beside the road, off every border
    compared = 0
    for matter in ("", "C0101", "C0102", "E0101"):
        told = standing.answered(standing.scopes(matter))
        excepted = standing.exceptions(standing.scopes(matter), told)
        answers = resolver.answers(*middles.T, [matter or None] * len(cells), 0.0)
        for cell, answer in enumerate(answers):
            if excepted[cell]:
                continue
            compared += 1
            mine = standing.parties[told.party[cell]] if told.party[cell] >= 0 else None
            assert mine == (answer.owner.party.code if answer.owner else None)
            assert bool(told.tied[cell]) == bool(answer.tied)
            if answer.owner:
                assert standing.duties[told.duty[cell]].code == answer.owner.duty.code
                assert bool(told.named[cell]) == bool(answer.owner.duty.matter)
                assert (answer.owner_verdict == "ambiguous") == bool(told.tied[cell] or told.stands_in[cell])
    assert compared > 100


def test_twenty_five_thousand_cells_and_many_matters_take_seconds() -> None:
    side = 160
    cells = boxes(Layer("cell", kind="cell", rank=60, parent="street", is_cell=True), side, 0.001, "street", 10)
    streets = boxes(Layer("street", kind="street", rank=30), side // 10, 0.01)
    majors = [Matter(f"E{n:02d}", f"类{n}") for n in range(12)]
    minors = [Matter(f"{major.code}{n:02d}", f"项{n}", parent=major.code) for major in majors for n in range(10)]
    by = Random(1)
    duties = [Duty(f"S{code}", by.choice("ABCDEF"), "street", code) for code in streets.codes]
    duties += [Duty(f"C{code}", by.choice("ABCDEF"), "cell", code, by.choice(minors).code) for code in cells.codes]
    matters = {matter.code: matter for matter in (*majors, *minors)}
    content = Content({"street": streets, "cell": cells}, PARTIES, matters, tuple(duties))
    start = perf_counter()
    for layer, depth in (("street", "leaves"), ("street", "majors"), ("cell", "leaves")):
        matrix = matrix_of(content, layer, depth)  # type: ignore[arg-type]
        assert matrix.among("nobody", "partly", "tied").sum() == 0
        assert matrix.pairs.sum() == len(cells) * 121
    assert perf_counter() - start < 30
