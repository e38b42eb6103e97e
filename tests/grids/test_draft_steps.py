"""Steps of a draft: taken back exactly, one at a time; and the names of drafts."""

import pytest
from sqlalchemy import func, select

from draftdesk import BASE, Desk, changed, minute, put, told
from gis.errors import BadInput, Conflict
from grids.draft_models import DRAFT_CHANGE, DraftStepRow
from grids.draft_steps import begin, steps_of
from grids.drafts import discard, draft_named, rename, start_draft
from grids.layers import remove_layer
from smalltown import NOW


def test_each_transaction_is_a_step_and_undo_goes_back_one_at_a_time(desk: Desk) -> None:
    desk.version(BASE)
    with desk.store.write() as session:
        start_draft(session, "mine", NOW)
    states = [desk.ids("mine")]
    for name, how in (
        (
            "import areas cells.gpkg",
            {("area", "cell", "1"): "1", ("area", "cell", "2"): None, ("area", "cell", "3"): "0"},
        ),
        ("import parties a.csv", {("party", "1"): None, ("party", "2"): "1"}),
    ):
        with desk.store.write() as session:
            draft = draft_named(session, "mine")
            begin(session, draft, name, minute(5))
            put(session, draft, changed(told(session, draft), how))
        states.append(desk.ids("mine"))
    with desk.store.write() as session:
        remove_layer(session, "mine", "cell", minute(6))
    assert desk.log("mine") == [
        "import areas cells.gpkg: area +1 ~1 -1",
        "import parties a.csv: party +1 ~0 -1",
        "layers remove cell: layer +0 ~0 -1, area +0 ~0 -2",
    ]
    with desk.store.read() as session:
        first = steps_of(session, draft_named(session, "mine"))[0]
        assert (first.number, first.made_at, first.made_by) == (1, minute(5), "王芳")
        edits = draft_named(session, "mine").edits
    while states:
        desk.undo("mine")
        assert desk.ids("mine") == states.pop()
        if not desk.log("mine"):
            break
    assert states == []
    with desk.store.read() as session:
        assert draft_named(session, "mine").edits == edits + 3, "a check made before an undo is stale"
    with pytest.raises(Conflict, match="no step to undo"):
        desk.undo("mine")


def test_a_row_that_came_and_went_in_one_step_leaves_no_trace(desk: Desk) -> None:
    desk.version(BASE)
    desk.draft("mine", BASE)
    before = desk.ids("mine")
    with desk.store.write() as session:
        draft = draft_named(session, "mine")
        for value in "1230":
            put(session, draft, BASE | {("party", "1"): value, ("party", "2"): value})
        put(session, draft, BASE | {("party", "1"): "1"})
    assert desk.log("mine") == ["edit: party +0 ~1 -0"]
    desk.undo("mine")
    assert desk.ids("mine") == before


def test_steps_go_with_their_draft(desk: Desk) -> None:
    desk.draft("one", BASE)
    with desk.store.write() as session:
        assert session.scalar(select(func.count()).select_from(DRAFT_CHANGE)) == len(BASE)
        discard(session, "one")
        for what in (DraftStepRow.__table__, DRAFT_CHANGE):
            assert session.scalar(select(func.count()).select_from(what)) == 0


def test_names_of_drafts(table: Desk) -> None:
    table.draft("one", BASE)
    table.draft("two", BASE)
    with table.store.write() as session:
        rename(session, "one", "三")
        assert draft_named(session, "三").name == "三"
    for new, error, words in (
        ("two", Conflict, "already an open draft 'two'"),
        ("12", BadInput, "is no number"),
        (" ", BadInput, "a name has 1 to 200 characters"),
    ):
        with table.store.write() as session, pytest.raises(error, match=words):
            rename(session, "三", new)
