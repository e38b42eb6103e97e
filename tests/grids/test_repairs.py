"""Repairs are proposed as what each area gains and loses, and applied only when told."""

from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
import shapely

from gis.errors import Conflict
from grids.drafts import DraftState, discard, open_draft
from grids.publish import validate
from grids.repairs import Proposal, apply_repairs, proposals
from smalltown import CELL, NOW, ROWS, Row, Town, at, block

NEXT = "370102001001002"


def cells(*replaced: Row) -> list[Row]:
    new = {row.code: row for row in replaced}
    return [new.get(row.code, row) for row in ROWS["cell"]]


def look(town: Town, kind: str | None = None) -> tuple[DraftState, list[Proposal]]:
    state, content, _ = validate(town.store, "draft", NOW)
    return state, list(proposals(content, kind))


def outlines(town: Town) -> dict[str, bytes]:
    table = town.content().areas["cell"]
    return dict(zip(table.codes, shapely.to_wkb(table.shapes), strict=True))


DIRT = {
    "overlap": Row(CELL, "", "370102001001G1", block(0, 0, 1.1, 1)),
    "sliver": Row(CELL, "", "370102001001G1", block(0, 0, 1.0005, 1)),
    "gap": Row(CELL, "", "370102001001G1", shapely.Polygon([at(0, 0), at(1, 0), at(0.99, 0.5), at(1, 1), at(0, 1)])),
    "invalid": Row(
        CELL,
        "",
        "370102001001G1",
        shapely.Polygon([at(0, 0), at(1, 0), at(1, 1), at(0, 1), at(0.5, 0.5), at(0.4, 0.5), at(0.6, 0.6), at(0, 0.9)]),
    ),
}


@pytest.mark.parametrize("kind", DIRT)
def test_after_applying_the_fault_is_gone_and_other_areas_keep_every_vertex(town: Town, kind: str) -> None:
    for layer in ("city", "district", "street", "community", "grid"):
        town.put(layer)
    town.put("cell", cells(DIRT[kind]))
    assert kind in {f.kind for f in town.findings()}
    before = outlines(town)
    state, found = look(town, kind)
    assert found
    assert {proposal.why for proposal in found} == {kind}
    assert outlines(town) == before
    assert set(found[0].as_dict()) == {"layer", "code", "why", "gains_m2", "loses_m2"}
    apply_repairs(town.store, "draft", state, found, NOW)
    after = outlines(town)
    assert not [f for f in town.findings() if f.kind == kind and f.value != "outside_parent"]
    changed = {proposal.code for proposal in found}
    assert {code for code in after if after[code] != before[code]} == changed
    assert changed <= {CELL, NEXT}


def test_wide_gaps_get_no_proposal(hamlet: Town) -> None:
    hamlet.put("cell", [row for row in ROWS["cell"] if row.code != "370102001002004"], parent=None)
    assert "gap" in {f.kind for f in hamlet.findings()}
    assert look(hamlet)[1] == []


def test_twins_get_no_proposal_that_would_leave_one_empty(hamlet: Town) -> None:
    hamlet.put("cell", [Row("a", "", None, block(0, 0, 1, 1)), Row("b", "", None, block(0, 0, 1, 1))])
    assert all(not proposal.after.is_empty for proposal in look(hamlet)[1])


def test_a_strip_narrower_than_a_gap_is_not_eaten_by_its_neighbours(hamlet: Town) -> None:
    strip = block(1, 0, 1.01, 1)
    left = shapely.union(block(0, 0, 1, 1), block(0, 1, 1.02, 1.2))
    right = shapely.union(block(1.01, 0, 2, 1), block(0.5, -0.2, 2, 0))
    overlap = shapely.union(right, block(1, 1.1, 1.05, 1.3))
    rows = [Row("a", "", None, left), Row("b", "", None, strip), Row("c", "", None, overlap)]
    hamlet.put("cell", rows, parent=None)
    found = {proposal.code: proposal.after for proposal in look(hamlet)[1]}
    for code, shape in found.items():
        if code != "b":
            assert shapely.intersection(shape, strip).area < 1e-12, code


def test_a_draft_edited_since_the_proposals_is_left_alone(town: Town) -> None:
    town.put("cell", cells(DIRT["overlap"]), parent=None)
    state, found = look(town)
    town.put("city")
    with pytest.raises(Conflict, match="edited meanwhile"):
        apply_repairs(town.store, "draft", state, found, NOW)


def test_another_draft_of_the_same_name_with_as_many_edits_is_left_alone(town: Town) -> None:
    town.put("cell", cells(DIRT["overlap"]), parent=None)
    state, found = look(town)
    with town.store.write() as session:
        discard(session, "draft")
        draft = open_draft(session, "draft", NOW + timedelta(hours=1))
        draft.edits = state[-1]
    with pytest.raises(Conflict, match="edited meanwhile"):
        apply_repairs(town.store, "draft", state, found, NOW)


def test_a_sound_draft_has_nothing_to_repair(hamlet: Town) -> None:
    hamlet.fill()
    assert look(hamlet)[1] == []
    assert np.all(shapely.is_valid(hamlet.content().areas["cell"].shapes))


@pytest.mark.long
def test_on_a_real_city_repairs_only_ever_make_less_of_gaps_and_overlaps(hamlet: Town, real_dir: Path) -> None:
    hamlet.load(real_dir / "tainan" / "villages_2017.geojson", "village", code="VILLCODE", name="VILLNAME", parent=None)
    before = ground_at_fault(hamlet)
    assert before["gap"] > 2e6
    assert before["overlap"] > 5e4
    state, found = look(hamlet)
    told = [proposal.as_dict() for proposal in found]
    apply_repairs(hamlet.store, "draft", state, found, NOW)
    after = ground_at_fault(hamlet)
    assert after["gap"] <= before["gap"]
    assert after["overlap"] < 0.2 * before["overlap"]
    assert max(row["loses_m2"] for row in told) <= before["overlap"]
    assert "invalid" not in {finding.kind for finding in hamlet.findings()}


def ground_at_fault(town: Town) -> dict[str, float]:
    found = town.findings()
    return {kind: sum(f.area_m2 or 0.0 for f in found if f.kind == kind) for kind in ("gap", "overlap", "sliver")}
