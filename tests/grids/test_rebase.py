"""Rebase, three ways and row by row, against dictionaries."""

from collections.abc import Iterator
from datetime import datetime
from time import perf_counter

import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from draftdesk import BASE, KEYS, LAYERS, Desk, Rows, changed, desk_on, held_ids, minute, put, standing, values
from gis.errors import BadInput, Conflict, NotFound
from grids.drafts import Edit, discard, draft_named, start_draft, start_of
from grids.models import AreaRow, VersionRow
from grids.reads import editions
from grids.rebase import rebase
from smalltown import NOW

# The model: what a rebase is, said of dictionaries.


def expected(base: Rows, ours: Rows, theirs: Rows, take: str | None) -> tuple[Rows, set[str]]:
    """The merged rows, and the names of the rows in conflict. Without ``take`` only the latter mean something."""
    sides = {"draft": ours, "published": theirs}
    merged: Rows = {}
    clashes: set[tuple[str, ...]] = set()
    for key in base.keys() | ours.keys() | theirs.keys():
        mine, other, old = ours.get(key), theirs.get(key), base.get(key)
        if mine not in (other, old) and other != old:
            clashes.add(key)
            kept = sides[take].get(key) if take else mine or other
        else:
            kept = other if mine == old else mine
        if kept is not None:
            merged[key] = kept
    for layer in {key[1] for key in merged if key[0] == "area" and ("layer", key[1]) not in merged}:
        key = ("layer", layer)
        if key not in clashes:
            clashes.add(key)
            kept = sides[take].get(key) if take else "?"
            merged |= {key: kept} if kept is not None else {}
    return standing(merged), {":".join(key) for key in clashes}


def full(base: Rows) -> Rows:
    """With its layers, as most versions have them."""
    return {("layer", layer): "0" for layer in LAYERS} | base


some_rows = st.dictionaries(st.sampled_from(KEYS), st.sampled_from("01"), max_size=12).map(full)
changes = st.dictionaries(st.sampled_from(KEYS + KEYS[:2] * 4), st.sampled_from([None, None, *"01"]), max_size=8)


def check_against_the_model(desk: Desk, told_rows: tuple[Rows, Rows, Rows]) -> None:
    base, ours, theirs = told_rows
    number = desk.version(base)
    desk.draft("mine", ours, number)
    desk.draft("theirs", theirs, number)
    newest = desk.publish("theirs")
    before = desk.ids("mine")
    _, names = expected(base, ours, theirs, None)
    report = desk.rebase("mine", dry_run=True)
    assert {merge.name for merge in report.open} == names
    assert not report.done
    if names:
        with pytest.raises(Conflict, match="nothing was changed"):
            desk.rebase("mine")
    assert desk.ids("mine") == before
    for take in ("draft", "published"):
        wanted, _ = expected(base, ours, theirs, take)
        report = desk.rebase("mine", take=take)
        assert (report.done, report.open, report.onto) == (True, [], newest)
        assert desk.rows("mine") == wanted
        with desk.store.read() as session:
            assert start_of(session, draft_named(session, "mine")).base == newest
        assert desk.undo("mine").startswith(f"rebase onto version {newest}: ")
        assert desk.ids("mine") == before
        with desk.store.read() as session:
            start = start_of(session, draft_named(session, "mine"))
        assert (start.base, start.seen) == (number, number)
    with desk.store.write() as session:
        discard(session, "mine")


three = st.tuples(some_rows, changes, changes).map(lambda t: (t[0], changed(t[0], t[1]), changed(t[0], t[2])))
quiet = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


@settings(max_examples=25, deadline=None, suppress_health_check=quiet)
@given(three)
def test_rebase_is_the_three_way_merge_of_dictionaries(table: Desk, told_rows: tuple[Rows, Rows, Rows]) -> None:
    check_against_the_model(table, told_rows)


@pytest.mark.postgis
@settings(max_examples=10, deadline=None, suppress_health_check=quiet)
@given(told_rows=three)
def test_and_on_postgis(postgis_desk: Desk, told_rows: tuple[Rows, Rows, Rows]) -> None:
    check_against_the_model(postgis_desk, told_rows)


@pytest.fixture
def postgis_desk(postgis_database: str) -> Iterator[Desk]:
    with desk_on(postgis_database) as made:
        yield made


def two_drafts(desk: Desk, ours: dict[tuple[str, ...], str | None], theirs: dict[tuple[str, ...], str | None]) -> None:
    """Version 1 is ``BASE``, the draft ``mine`` starts from it, and version 2 is published meanwhile."""
    desk.version(BASE)
    desk.draft("mine", changed(BASE, ours))
    desk.version(changed(BASE, theirs))


def test_what_each_side_changed_alone_is_kept(desk: Desk) -> None:
    two_drafts(
        desk, {("area", "cell", "1"): "1", ("party", "2"): "1"}, {("area", "cell", "2"): "2", ("party", "1"): None}
    )
    report = desk.rebase("mine")
    assert (report.base, report.onto, report.conflicts) == (1, 2, [])
    assert (dict(report.taken), dict(report.kept)) == ({"area": 1, "party": 1}, {"area": 1, "party": 1})
    assert desk.rows("mine") == {
        ("layer", "cell"): "0",
        ("area", "cell", "1"): "1",
        ("area", "cell", "2"): "2",
        ("party", "2"): "1",
    }


def test_a_conflict_says_what_each_side_did_and_is_decided_row_by_row(desk: Desk) -> None:
    mine = {("area", "cell", "1"): "1", ("area", "cell", "2"): None, ("party", "2"): "1"}
    two_drafts(desk, mine, {("area", "cell", "1"): "2", ("area", "cell", "2"): "1", ("party", "2"): "3"})
    before = desk.ids("mine")
    with pytest.raises(Conflict, match="3 rows changed in draft 'mine' and in version 2 differently") as refused:
        desk.rebase("mine")
    told = {merge.name: merge.as_dict() for merge in refused.value.facts["report"].open}
    one, two, party = told["area:cell:1"], told["area:cell:2"], told["party:2"]
    assert (one["draft"], one["published"]) == ("changed name to '1', outline", "changed name to '2', outline")
    assert (one["kind"], one["layer"], one["code"], one["differ"]) == ("area", "cell", "1", ["name", "outline"])
    assert (two["draft"], two["published"]) == ("removed", "changed name to '1', outline")
    assert (party["draft"], party["published"], party["layer"], party["differ"]) == ("added", "added", None, ["name"])
    with pytest.raises(Conflict, match=r"2 rows changed .* first: area:cell:2"):
        desk.rebase("mine", rows={"area:cell:1": "draft"})
    assert desk.ids("mine") == before
    report = desk.rebase("mine", take="published", rows={"area:cell:1": "draft"})
    assert report.done
    assert desk.rows("mine") == BASE | {("area", "cell", "1"): "1", ("area", "cell", "2"): "1", ("party", "2"): "3"}


def test_a_wish_for_a_row_nobody_changed_or_a_side_there_is_not_is_refused(table: Desk) -> None:
    two_drafts(table, {("party", "1"): "1"}, {("party", "1"): "2"})
    with pytest.raises(BadInput, match="row party:9: neither the draft nor the version changed it"):
        table.rebase("mine", rows={"party:9": "draft"})
    with pytest.raises(BadInput, match="party:1=theirs: say draft or published"):
        table.rebase("mine", rows={"party:1": "theirs"})
    with pytest.raises(BadInput, match="--take=mine"):
        table.rebase("mine", take="mine")


def test_an_area_put_into_a_layer_that_was_removed_meanwhile_is_not_lost_without_a_word(desk: Desk) -> None:
    gone = {("layer", "cell"): None, ("area", "cell", "1"): None, ("area", "cell", "2"): None}
    two_drafts(desk, {("area", "cell", "3"): "1"}, gone)
    with pytest.raises(Conflict) as refused:
        desk.rebase("mine")
    [merge] = refused.value.facts["report"].open
    told = merge.as_dict()
    assert (merge.name, told["draft"], told["published"]) == (
        "layer:cell",
        "holds areas changed or added: 1",
        "removed",
    )
    assert desk.rebase("mine", take="draft").done
    assert desk.rows("mine") == {("layer", "cell"): "0", ("area", "cell", "3"): "1", ("party", "1"): "0"}
    desk.undo("mine")
    assert desk.rebase("mine", take="published").done
    assert desk.rows("mine") == {("party", "1"): "0"}


def test_a_draft_from_before_the_first_version_is_rebased_too(desk: Desk) -> None:
    desk.draft("mine", BASE | {("party", "2"): "1"})
    desk.version(BASE | {("party", "1"): "2"})
    with pytest.raises(Conflict, match="party:1"):
        desk.rebase("mine")
    assert desk.rebase("mine", take="published").base is None
    assert desk.rows("mine") == BASE | {("party", "1"): "2", ("party", "2"): "1"}
    with desk.store.read() as session:
        assert start_of(session, draft_named(session, "mine")).base == 1


def test_what_both_changed_alike_is_shared_from_then_on(desk: Desk) -> None:
    two_drafts(
        desk, {("party", "1"): "1", ("area", "cell", "2"): None}, {("party", "1"): "1", ("area", "cell", "2"): None}
    )
    report = desk.rebase("mine")
    assert (dict(report.taken), dict(report.kept), report.conflicts) == ({}, {}, [])
    with desk.store.read() as session:
        mine = held_ids(session, draft_named(session, "mine").id)
        published = session.scalars(select(VersionRow.id).where(VersionRow.number == 2)).one()
        assert mine == held_ids(session, published)


def test_a_draft_about_another_time_is_not_dragged_into_the_present(desk: Desk) -> None:
    desk.version(BASE)
    desk.version(changed(BASE, {("area", "cell", "1"): "1"}))
    desk.draft("old", BASE | {("party", "1"): "3"}, 1)
    desk.version(changed(BASE, {("area", "cell", "1"): "2"}))
    with pytest.raises(Conflict, match=r"starts from version 1, which was not in force then: .* --onto 1 for the same"):
        desk.rebase("old")
    desk.rebase("old", onto=1)
    assert desk.rows("old") == BASE | {("party", "1"): "3"}
    with desk.store.read() as session:
        start = start_of(session, draft_named(session, "old"))
        assert (start.base, start.seen, start.seen_at) == (1, 3, minute(3))
    with pytest.raises(NotFound, match="there is no version 9"):
        desk.rebase("old", onto=9)


def test_a_plan_for_later_leaves_the_draft_where_it_is_until_it_takes_over(table: Desk) -> None:
    table.version(BASE)
    table.draft("mine", BASE | {("party", "1"): "1"})
    later = minute(60 * 24)
    table.version(changed(BASE, {("area", "cell", "1"): "2"}), later)
    assert table.rebase("mine").onto == 1
    with table.store.write() as session:
        report = rebase(session, "mine", later)
    assert (report.onto, dict(report.taken)) == (2, {"area": 1})


def test_a_hundred_thousand_areas_are_rebased_in_seconds_without_their_outlines(
    table: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = 100_000
    rows = [values("area", ("cell", f"{n:06d}"), "0") for n in range(count)]
    with table.store.write() as session:
        draft = start_draft(session, "big", NOW)
        put(session, draft, {("layer", "cell"): "0"})
        edit = Edit(session, draft, AreaRow)
        edit.add(rows)
        edit.finish()
    table.publish("big")
    for name, touched in (("mine", range(100)), ("theirs", range(100, 50_100))):
        with table.store.write() as session:
            edit = Edit(session, start_draft(session, name, table_time(session)), AreaRow)
            edit.add([values("area", ("cell", f"{n:06d}"), "1") for n in touched])
            edit.finish(merge=True)
    table.publish("theirs")
    monkeypatch.setattr(shapely, "from_wkb", lambda *_: pytest.fail("an outline was read"))
    begun = perf_counter()
    report = table.rebase("mine")
    took = perf_counter() - begun
    assert (dict(report.taken), dict(report.kept)) == ({"area": 50_000}, {"area": 100})
    assert took < 30, took


def table_time(session: Session) -> datetime:
    return minute(len(editions(session)))
