"""Several who edit and publish at the same time: on PostGIS they wait for each other, as SQLite's writers always do."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

import grids.publish
from gis.errors import Conflict
from gis.storage.engine import Store
from grids.book_reads import numbers_known, roster_read
from grids.content import Layer
from grids.dated import record
from grids.dated_models import PersonRow
from grids.drafts import Edit, discard, draft_for_update, open_draft, open_drafts
from grids.layers import put_layer
from grids.models import PartyRow, VersionRow
from grids.publish import publish, rollback
from grids.reads import content_of, editions, published
from smalltown import NOW, Town

LATER = NOW + timedelta(hours=1)


@pytest.fixture
def second(town: Town) -> Iterator[Store]:
    """The same store, opened by somebody else."""
    store = Store(town.store.url.render_as_string(hide_password=False))
    yield store
    store.close()


def waits(work: Future[object]) -> bool:
    """Whether it is still at it after half a second."""
    try:
        work.exception(timeout=0.5)
    except TimeoutError:
        return True
    return False


def while_held(
    held: Callable[[threading.Event, threading.Event], object], work: Callable[[], object]
) -> Future[object]:
    """Do the work while somebody else is in the middle of theirs; it has to wait for them."""
    inside, go_on = threading.Event(), threading.Event()
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(held, inside, go_on)
        try:
            assert inside.wait(30)
            other = pool.submit(work)
            assert waits(other)
        finally:
            go_on.set()
        first.result(30)
        other.exception(30)
        return other


def test_a_draft_that_an_import_is_changing_is_not_published(town: Town, second: Store) -> None:
    town.put("city")

    def long_import(inside: threading.Event, go_on: threading.Event) -> None:
        with second.write() as session:
            draft = open_draft(session, "draft", NOW)
            put_layer(session, draft, Layer("zone", kind="zone", partition=False, rank=70))
            inside.set()
            assert go_on.wait(30)

    done = while_held(long_import, lambda: town.publish(accept=["warnings"]))
    with pytest.raises(Conflict, match="was edited while it was checked"):
        done.result()
    assert town.publish(accept=["warnings"]).edition.number == 1
    with town.store.read() as session:
        assert set(content_of(session, published(session, 1).id).areas) == {"city", "zone"}


def test_an_import_that_comes_while_a_version_is_sealed_goes_into_the_next_draft(
    town: Town, second: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    town.put("city")
    honest = grids.publish.write_release

    def slow_publish(inside: threading.Event, go_on: threading.Event) -> None:
        def write(*args: object) -> str:
            inside.set()
            assert go_on.wait(30)
            return honest(*args)  # type: ignore[arg-type]

        with monkeypatch.context() as patch:
            patch.setattr(grids.publish, "write_release", write)
            publish(second, town.folder, "draft", NOW, None, ["warnings"])

    assert while_held(slow_publish, lambda: town.table("parties")).exception() is None
    with town.store.read() as session:
        assert [draft["base_version"] for draft in open_drafts(session)] == [1]
        assert content_of(session, published(session, 1).id).parties == {}


def test_two_first_imports_share_one_draft(town: Town, second: Store) -> None:
    def first_import(inside: threading.Event, go_on: threading.Event) -> None:
        with second.write() as session:
            draft = open_draft(session, "draft", NOW)
            inside.set()
            assert go_on.wait(30)
            edit = Edit(session, draft, PartyRow)
            edit.add([{"code": "A", "name": "", "kind": "unit", "parent": None}])
            edit.finish(merge=True)

    assert while_held(first_import, lambda: town.put("city")).exception() is None
    with town.store.read() as session:
        assert [draft["name"] for draft in open_drafts(session)] == ["draft"]
    assert (set(town.content().areas), set(town.content().parties)) == ({"city"}, {"A"})


def test_two_rosters_get_two_numbers(town: Town, second: Store) -> None:
    row = {"code": "P1", "name": "王芳", "party": "SZX", "role": "worker", "deputy": None}

    def first_roster(inside: threading.Event, go_on: threading.Event) -> None:
        with second.write() as session:
            record(session, PersonRow, [row], NOW, merge=True)
            inside.set()
            assert go_on.wait(30)

    def second_roster() -> None:
        with town.store.write() as session:
            record(session, PersonRow, [row | {"code": "P2"}], LATER, merge=True)

    assert while_held(first_roster, second_roster).exception() is None
    with town.store.read() as session:
        roster = roster_read(session, numbers_known(session).roster)
    assert (roster.number, [person.code for person in roster.people]) == (2, ["P1", "P2"])


def test_the_draft_to_be_changed_is_read_afresh(town: Town) -> None:
    town.put("city")
    with town.store.write() as session:
        stale = draft_for_update(session)
        before = stale.edits
        session.execute(text("UPDATE version SET edits = edits + 5"))
        assert draft_for_update(session).edits == before + 5


def test_no_two_open_drafts_have_one_name_but_many_versions_may(town: Town) -> None:
    town.put("city")
    with pytest.raises(IntegrityError), town.store.write() as session:
        session.add(VersionRow(name="draft", status="draft", created_at=NOW, note="", edits=0, accepted={}))
    town.publish(accept=["warnings"])
    town.put("city")
    town.publish(accept=["warnings"], now=LATER)
    with town.store.read() as session:
        assert [edition.name for edition in editions(session)] == ["draft", "draft"]


def test_a_draft_named_like_a_rollback_is_in_nobodys_way(town: Town, tmp_path: Path) -> None:
    for hour in range(2):
        town.put("city")
        town.publish(accept=["warnings"], now=NOW + timedelta(hours=hour))
    name = "rollback to version 1"
    town.table("parties", draft=name)
    assert rollback(town.store, tmp_path, 1, LATER).edition.number == 3
    with town.store.write() as session:
        assert [draft["name"] for draft in open_drafts(session)] == [name]
        discard(session, name)
