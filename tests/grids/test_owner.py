"""Whose job is it here? One story a rule, each with its explanation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gis.errors import BadCoordinate, BadInput
from grids.answer import Answer
from grids.content import Duty
from grids.roster import Person, Roster
from smalltown import CELL, DUTIES, NOW, PEOPLE, Row, Town, at, block, duty


def party(answer: Answer) -> str | None:
    owner = answer.owner
    return owner.party.code if owner else None


@pytest.mark.parametrize(
    ("x", "y", "owner", "why"),
    [
        (0.5, 0.5, "QCW", "the cell's own duty"),
        (0.5, 1.5, "FRW", "the responsibility grid, as the cell has none"),
        (1.5, 1.5, "FRJ", "the community, as the grid has none"),
        (2.5, 0.5, "QCL", "the street, as the community has none"),
        (0.5, 2.5, "LXC", "the district, as the street has none"),
        (4.5, 3.5, "SZX", "the city, as the district has none"),
        (6.5, 1.2, "DMH", "the zone, narrower than any cell"),
    ],
)
def test_the_narrowest_place_with_a_duty_answers(jinan: Town, x: float, y: float, owner: str, why: str) -> None:
    answer = jinan.ask(x, y)
    assert party(answer) == owner, why
    assert (answer.cell_verdict, answer.owner_verdict) == ("certain", "certain")
    assert answer.owner.party.name in " ".join(answer.explain["zh"])
    assert answer.owner.party.name in " ".join(answer.explain["en"])


def test_the_gas_company_gets_the_gas_manhole_inside_the_estate(jinan: Town) -> None:
    answer = jinan.ask(0.5, 0.5, "C0101")
    assert party(answer) == "RQG"
    assert answer.owner.duty.matter == "C0101"
    losers = [step for step in answer.explain["steps"] if step["step"] == "loser"]
    assert [(step["duty"], step["rule"]) for step in losers][:2] == [("D08", "prefix"), ("D06", "matter")]
    assert any("管道公司" in line and "事项更具体者优先" in line for line in answer.explain["zh"])


def test_a_longer_prefix_beats_a_shorter_one_and_a_shorter_one_takes_the_rest(jinan: Town) -> None:
    assert party(jinan.ask(2.5, 2.5, "C0101")) == "RQG"
    assert party(jinan.ask(2.5, 2.5, "C0102")) == "GDG"


def test_supporting_units_stand_beside_the_lead(jinan: Town) -> None:
    answer = jinan.ask(0.5, 0.5, "C0101")
    assert [unit.party.name for unit in answer.supporting] == ["交警支队"]
    assert jinan.ask(0.5, 0.5, "E0101").supporting == ()


def test_without_a_matter_the_all_matters_duty_answers_and_specific_ones_are_listed(jinan: Town) -> None:
    answer = jinan.ask(0.5, 0.5)
    assert party(answer) == "QCW"
    assert [unit.duty.code for unit in answer.matter_duties] == ["D07", "D08"]
    assert answer.matter is None
    assert jinan.ask(0.5, 0.5, "").as_dict() == answer.as_dict()


def test_an_unknown_matter_warns_and_is_still_answered(jinan: Town) -> None:
    answer = jinan.ask(0.5, 0.5, "X9")
    assert party(answer) == "QCW"
    assert answer.warnings == ("matter 'X9' is not in the class table of version 1",)


def test_on_a_border_the_lowest_code_answers_and_the_other_is_named(jinan: Town) -> None:
    answer = jinan.ask(1, 0.5, accuracy=0)
    assert answer.cell.code == CELL
    assert answer.on_border
    assert answer.distance_m == 0.0
    assert [c.code for c in answer.candidates] == [CELL, "370102001001002"]
    assert [c.share for c in answer.candidates] == pytest.approx([0.5, 0.5], abs=0.01)
    assert answer.cell_verdict == "ambiguous"
    assert "该点恰在边界线上，按编码最小者归属。" in answer.explain["zh"]


def test_where_four_cells_meet_all_four_are_candidates(jinan: Town) -> None:
    answer = jinan.ask(2, 2, accuracy=0)
    assert answer.cell.code == "370102001001004"
    assert len(answer.candidates) == 4
    assert sum(c.share for c in answer.candidates) == pytest.approx(1, abs=1e-3)


def test_two_candidate_cells_with_one_owner_are_certain_for_the_owner(jinan: Town) -> None:
    answer = jinan.ask(3, 0.5, accuracy=10)
    assert (answer.cell_verdict, answer.owner_verdict) == ("ambiguous", "certain")
    assert {c.owner.code for c in answer.candidates} == {"QCL"}
    assert answer.owner.share == pytest.approx(1, abs=1e-3)


def test_two_candidate_cells_with_two_owners_are_ambiguous_with_shares(jinan: Town) -> None:
    answer = jinan.ask(0.99, 0.5, accuracy=10)
    assert answer.owner_verdict == "ambiguous"
    shares = {c.owner.code: c.share for c in answer.candidates}
    assert shares["QCW"] > shares["FRJ"] > 0
    assert answer.owner.share == pytest.approx(shares["QCW"], abs=1e-4)
    assert any("泉城物业" in line and "芙蓉街居委会" in line for line in answer.explain["zh"])


@pytest.mark.parametrize(("accuracy", "candidates"), [(0, 1), (1, 1), (10, 1), (50, 3), (300, 20)])
def test_the_less_sure_the_point_the_more_candidates(jinan: Town, accuracy: float, candidates: int) -> None:
    answer = jinan.ask(2.5, 1.5, accuracy=accuracy)
    found = [c.code for c in answer.candidates]
    assert len(found) >= candidates
    assert answer.cell.code in found
    assert sum(c.share for c in answer.candidates) + answer.outside_share == pytest.approx(1, abs=5e-3)
    assert answer.cell_verdict == ("certain" if accuracy < 44 else "ambiguous")


@pytest.mark.parametrize("accuracy", [-1, 5001, float("nan"), float("inf")])
def test_an_accuracy_that_means_nothing_is_refused(jinan: Town, accuracy: float) -> None:
    with pytest.raises(BadInput, match=r"accuracy=.*0 to 5000 metres"):
        jinan.ask(0.5, 0.5, accuracy=accuracy)


def test_a_point_that_is_no_place_is_refused(jinan: Town) -> None:
    resolver = jinan.shelf().required(NOW).resolver
    with pytest.raises(BadCoordinate, match="swapped"):
        next(resolver.answers(36.66, 117.02, [None]))
    with pytest.raises(BadInput, match="1 matters for 2 points"):
        next(resolver.answers([117.02, 117.03], [36.66, 36.66], [None]))


def test_outside_tells_the_nearest_cell_and_how_far(jinan: Town) -> None:
    answer = jinan.ask(-1, 0.5)
    assert (answer.cell_verdict, answer.owner_verdict) == ("outside", "unowned")
    assert answer.nearest.code == CELL
    assert answer.nearest.distance_m == pytest.approx(89.4, abs=0.5)
    assert answer.cell is None
    assert answer.candidates == ()
    assert "没有任何单位对此负责，应交网格管理员。" in answer.explain["zh"]


def test_just_outside_with_an_owner_within_the_doubt_is_ambiguous_not_unowned(jinan: Town) -> None:
    answer = jinan.ask(-0.005, 0.5, accuracy=10)
    assert (answer.cell_verdict, answer.owner_verdict) == ("outside", "ambiguous")
    assert answer.candidates[0].owner.code == "QCW"


def test_a_gap_between_cells_is_still_owned_through_the_community_that_covers_it(hamlet: Town) -> None:
    hamlet.rows["cell"] = [row for row in hamlet.rows["cell"] if row.code != "370102001001002"]
    hamlet.fill().publish(accept=["warnings"])
    answer = hamlet.ask(1.5, 0.5)
    assert (answer.cell_verdict, answer.owner_verdict, party(answer)) == ("outside", "certain", "FRJ")
    assert answer.owner.share == 1.0
    near = hamlet.ask(1.01, 0.5, accuracy=10)
    assert (near.cell_verdict, near.owner_verdict, party(near)) == ("outside", "ambiguous", "FRJ")
    assert near.owner.share == pytest.approx(near.outside_share, abs=1e-3)


def test_nobody_at_all_is_said_aloud(hamlet: Town) -> None:
    hamlet.fill(duties=[row for row in DUTIES if row["code"] != "D01"]).publish(accept=["unowned", "hole"])
    answer = hamlet.ask(4.5, 3.5)
    assert (answer.cell_verdict, answer.owner_verdict, answer.owner) == ("certain", "unowned", None)
    assert "No party answers here: this goes to the grid administrator." in answer.explain["en"]


def test_priority_decides_between_two_zones_and_equal_priority_is_a_tie(hamlet: Town) -> None:
    hamlet.rows["zone"] = [*hamlet.rows["zone"], Row("Z2", "护城河景区", None, block(7, 0.5, 7.8, 1.5))]
    hamlet.rows["zone"] += [Row("Z3", "黑虎泉景区", None, block(5.2, 0.5, 5.5005, 1.5))]
    more = [duty("D11", "JJD", "zone", "Z2", priority=5), duty("D12", "GDG", "zone", "Z3")]
    hamlet.fill(duties=[*DUTIES, *more]).publish(accept=["sliver"])
    winner = hamlet.ask(7.2, 1.2)
    assert (party(winner), winner.owner_verdict) == ("JJD", "certain")
    assert any(step.get("rule") == "priority" for step in winner.explain["steps"])
    tied = hamlet.ask(5.50025, 1.2)
    assert tied.owner_verdict == "ambiguous"
    assert {party(tied), *(unit.party.code for unit in tied.tied)} == {"DMH", "GDG"}
    assert any("需人工确认" in line for line in tied.explain["zh"])


def test_cells_that_name_no_parent_fall_back_by_the_ground_they_stand_on(hamlet: Town) -> None:
    hamlet.rows["cell"] = [
        Row(row.code, row.name, row.parent if row.code != CELL else None, row.shape) for row in hamlet.rows["cell"]
    ]
    hamlet.fill(duties=[row for row in DUTIES if row["code"] != "D06"])
    assert [f.kind for f in hamlet.findings()] == []
    hamlet.publish()
    assert party(hamlet.ask(0.5, 0.5)) == "FRW"
    assert [place.layer for place in hamlet.ask(0.5, 0.5).places] == [
        "cell", "grid", "community", "street", "district", "city",
    ]  # fmt: skip


def test_the_person_is_the_one_named_else_the_lead_else_the_duty_desk_else_nobody(jinan: Town) -> None:
    assert jinan.ask(0.5, 0.5).owner.person.name == "王芳"
    assert jinan.ask(1.5, 1.5).owner.person.name == "张伟"
    assert jinan.ask(0.5, 0.5, "C0101").owner.person.name == "燃气值班室"
    assert jinan.ask(0.5, 1.5).owner.person is None


def test_a_named_person_who_has_left_is_replaced_by_the_partys_lead() -> None:
    people = tuple(Person(p["code"], p["name"], p["party_code"], p["role"]) for p in PEOPLE if p["code"] != "P1")
    post = Roster(1, people).at(NOW).person_for(_duty("QCW", "P1"))
    assert (post.person.name, post.why) == ("李强", "role")
    assert Roster().at(NOW).person_for(_duty("QCW", "P1")) is None


def _duty(unit: str, person: str) -> Duty:
    return Duty("D", unit, "cell", CELL, person=person)


def test_the_answer_has_the_keys_the_page_reads(jinan: Town) -> None:
    told = jinan.ask(0.99, 0.5, "C0101", 10).as_dict()
    assert set(told) == {
        "point", "accuracy_m", "version", "release", "roster", "assets", "overrides", "cell_verdict", "owner_verdict",
        "on_border", "distance_m", "cell", "candidates", "outside_share", "owner", "other_owners", "tied", "supporting",
        "unresolved", "asset", "nearby", "matter_duties", "places", "nearest", "matter", "h3", "crs", "at", "warnings",
        "explain",
    }  # fmt: skip
    assert set(told["owner"]) == {"party", "duty", "person", "share"}
    assert set(told["owner"]["duty"]) >= {"code", "name", "role", "matter", "basis", "document", "place"}
    assert set(told["candidates"][0]) == {"code", "name", "share", "owner", "unsure"}
    assert set(told["explain"]) == {"steps", "zh", "en"}
    assert told["point"] == {"lon": at(0.99, 0.5)[0], "lat": 36.6605}
    assert "explain" not in next(jinan.shelf().required(NOW).resolver.answers(117.02, 36.66, [None])).as_dict()


points = st.tuples(
    st.one_of(st.integers(-1, 9).map(float), st.floats(-1, 9)),
    st.one_of(st.integers(-1, 5).map(float), st.floats(-1, 5)),
    st.sampled_from([None, "C0101", "E0101", "X"]),
    st.sampled_from([0.0, 1.0, 10.0, 60.0, 300.0]),
)


@settings(max_examples=60, deadline=None)
@given(asked=st.lists(points, min_size=1, max_size=12))
def test_the_batch_answers_as_the_single_call_does_and_always_holds_its_own_cell(jinan: Town, asked: list) -> None:
    resolver = jinan.shelf().required(NOW).resolver
    lon, lat = np.array([at(x, y) for x, y, _, _ in asked]).T
    accuracy = [accuracy for *_, accuracy in asked]
    batch = list(resolver.answers(lon, lat, [matter for _, _, matter, _ in asked], accuracy))
    for index, (_, _, matter, doubt) in enumerate(asked):
        assert batch[index] == next(resolver.answers(lon[index], lat[index], [matter], doubt))
        if batch[index].cell:
            assert batch[index].cell.code in [c.code for c in batch[index].candidates]
        total = sum(c.share for c in batch[index].candidates) + batch[index].outside_share
        assert total == pytest.approx(1, abs=0.02)


def test_near_the_border_of_a_zone_the_owner_is_in_doubt_though_the_cell_is_certain(jinan: Town) -> None:
    beside, inside = jinan.ask(5.47, 1.2, None, 10), jinan.ask(5.53, 1.2, None, 10)
    assert (beside.cell_verdict, beside.owner_verdict) == ("certain", "ambiguous")
    assert [(o.place.code, o.owner.code) for o in beside.other_owners if o.owner] == [("Z1", "DMH")]
    assert party(inside) == "DMH"
    assert [(o.place.code, o.owner.code) for o in inside.other_owners if o.owner] == [("Z1", party(beside))]
    assert beside.owner.share == pytest.approx(1 - beside.other_owners[0].share, abs=1e-3)
    assert any("大明湖景区管理处" in line for line in beside.explain["zh"])
    assert jinan.ask(5.47, 1.2, None, 1).owner_verdict == "certain"


def test_a_partition_beside_the_ladder_casts_its_doubt_too(hamlet: Town) -> None:
    """Wards that are no parents of the cells: near their border the owner is in doubt though the cell is not."""
    hamlet.rows["ward"] = [Row("W1", "东坊", None, block(0, 0, 2.3, 4)), Row("W2", "西坊", None, block(2.3, 0, 8, 4))]
    wards = [duty("D90", "JJD", "ward", "W1"), duty("D91", "GDG", "ward", "W2")]
    hamlet.fill(duties=[*DUTIES, *wards]).publish()
    answer = hamlet.ask(2.35, 3.5, None, 10)
    assert (answer.cell_verdict, answer.owner_verdict, party(answer)) == ("certain", "ambiguous", "GDG")
    assert [(o.place.code, o.owner.code) for o in answer.other_owners if o.owner] == [("W1", "JJD")]
    assert hamlet.ask(2.35, 3.5, None, 1).owner_verdict == "certain"


def test_deep_inside_two_overlapping_cells_nobody_pretends_to_be_sure(hamlet: Town) -> None:
    first = hamlet.rows["cell"][0]
    assert first.code == CELL
    hamlet.rows["cell"][0] = Row(first.code, first.name, first.parent, block(0, 0, 1.5, 1))
    hamlet.fill()
    kinds = {finding.kind for finding in hamlet.findings()} - {"outside_parent"}
    assert kinds == {"overlap"}
    hamlet.rows["grid"] = [Row(r.code, r.name, r.parent, r.shape) for r in hamlet.rows["grid"]]
    hamlet.rows["cell"][0] = Row(first.code, first.name, None, block(0, 0, 1.5, 1))
    hamlet.fill().publish(accept=["overlap"])
    answer = hamlet.ask(1.25, 0.5)
    assert answer.cell_verdict == "ambiguous"
    assert len(answer.candidates) == 2
