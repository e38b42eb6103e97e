"""The dated books: what holds when, as known when. Against a model that knows only instants, and by single cases."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import Point
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from gis.errors import BadInput, NotFound
from gis.storage.engine import Store
from gis.storage.migrate import migrate
from grids.book_reads import (
    assets_at,
    assets_read,
    departed_people,
    numbers_known,
    overrides_read,
    recorded_at,
    roster_read,
)
from grids.books import Numbers
from grids.dated import BookEdit, record
from grids.dated_models import ActivationRow, AssetRow, PersonRow, ShiftRow, SnapshotRow
from grids.drafts import Changes
from grids.periods import holds
from grids.plans import end_ruling, plan_off, plan_on
from grids.roster import Person

NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)
HOURS = 12
CODES = "XY"


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    opened = Store(store_url)
    migrate(opened)
    yield opened
    opened.close()


def person(code: str = "P1", role: str = "worker", **times: datetime | None) -> dict[str, Any]:
    return {"code": code, "name": "王芳", "party": "QCW", "role": role, "deputy": None, **times}


def put(store: Store, rows: Sequence[dict[str, Any]], now: datetime, merge: bool = False) -> Changes:
    with store.write() as session:
        return record(session, PersonRow, rows, now, merge)


def roles(store: Store, at: datetime, number: int | None = None) -> dict[str, str]:
    """Who is here at the instant as that number says, with their roles."""
    with store.read() as session:
        book = roster_read(session, numbers_known(session).roster if number is None else number)
    return {found.code: found.role for found in book.people if holds(found, at)}


# A history told to a model: for each code what it is in every hour, None for nothing.

Told = tuple[str, str, int | None, int | str | None]
"""Code, value, from (None: now), until (None: no end, "": not told)."""
Line = list[str | None]


@dataclass(frozen=True)
class Step:
    """One import: the hour it happens in, and what it tells."""

    now: int
    told: list[Told]
    merge: bool


@st.composite
def steps(draw: st.DrawFn) -> list[Step]:
    now, made = 0, []
    for _ in range(draw(st.integers(1, 6))):
        now = min(now + draw(st.integers(0, 3)), HOURS - 2)
        told: dict[tuple[str, int], Told] = {}
        for _ in range(draw(st.integers(0, 3))):
            since = draw(st.none() | st.integers(0, HOURS - 2))
            begin = now if since is None else since
            until = draw(st.none() | st.just("") | st.integers(begin + 1, HOURS - 1))
            code = draw(st.sampled_from(CODES))
            told[code, begin] = (code, draw(st.sampled_from("AB")), since, until)
        made.append(Step(now, list(told.values()), draw(st.booleans())))
    return made


def modelled(history: Sequence[Step]) -> list[dict[str, Line]]:
    """What every number says, the empty number 0 first."""
    known: list[dict[str, Line]] = [{code: [None] * HOURS for code in CODES}]
    for step in history:
        state = {code: list(line) for code, line in known[-1].items()}
        for code, value, since, until in sorted(step.told, key=lambda t: step.now if t[2] is None else t[2]):
            begin = step.now if since is None else since
            _tell(state[code], value, begin, until)
        for code in CODES:
            if not step.merge and code not in {told[0] for told in step.told}:
                state[code][step.now :] = [None] * (HOURS - step.now)
        if state != known[-1]:
            known.append(state)
    return known


def _tell(line: Line, value: str, begin: int, until: int | str | None) -> None:
    end = HOURS if until is None else until
    if not isinstance(end, int):
        changes = (hour for hour in range(begin, HOURS) if line[hour] != line[begin])
        end = next(changes, HOURS)
        line[begin:end] = [value] * (end - begin)
        return
    line[begin:] = [value] * (end - begin) + [None] * (HOURS - end)


def written(session: Session, history: Sequence[Step]) -> None:
    for step in history:
        rows = []
        for code, value, since, until in step.told:
            row: dict[str, Any] = {"code": code, "plan": value}
            row |= {} if since is None else {"valid_from": _at(since)}
            row |= {} if until == "" else {"valid_until": _at(until) if isinstance(until, int) else None}
            rows.append(row)
        record(session, ActivationRow, rows, _at(step.now), step.merge)


def _at(hour: int) -> datetime:
    return NOW + hour * HOUR


def test_every_number_says_of_every_instant_what_the_model_says(store: Store) -> None:
    @settings(max_examples=150, deadline=None, database=None)
    @given(steps())
    def check(history: list[Step]) -> None:
        known = modelled(history)
        with Session(store.engine) as session:
            written(session, history)
            assert numbers_known(session).overrides == len(known) - 1
            for number, state in enumerate(known):
                held = overrides_read(session, number).activations
                for hour in range(HOURS):
                    half = _at(hour) + HOUR / 2
                    said = [(a.code, a.plan) for a in held if holds(a, half)]
                    assert dict(said) == {code: line[hour] for code, line in state.items() if line[hour] is not None}
                    assert len(said) == len(dict(said))
            session.rollback()

    check()


def test_nothing_told_anew_is_nothing_written(store: Store) -> None:
    assert put(store, [person()], NOW) == Changes(added=1)
    assert put(store, [person()], NOW + HOUR) == Changes(unchanged=1)
    assert put(store, [person(valid_from=NOW)], NOW + HOUR) == Changes(unchanged=1)
    assert put(store, [person(valid_from=NOW + HOUR, valid_until=None)], NOW + 2 * HOUR) == Changes(unchanged=1)
    with store.read() as session:
        assert session.scalar(select(func.count()).select_from(PersonRow)) == 1
        assert numbers_known(session) == Numbers(roster=1)


def test_a_change_counts_from_now_and_the_past_stays(store: Store) -> None:
    put(store, [person()], NOW)
    assert put(store, [person(role="lead")], NOW + HOUR) == Changes(changed=1)
    assert [roles(store, NOW + h * HOUR) for h in (-1, 0, 1)] == [{}, {"P1": "worker"}, {"P1": "lead"}]
    assert roles(store, NOW + HOUR, number=1) == {"P1": "worker"}
    with store.read() as session:
        rows = session.scalars(select(PersonRow).order_by(PersonRow.id)).all()
    assert [(r.role, r.valid_from, r.valid_until, r.since, r.until) for r in rows] == [
        ("worker", NOW, None, 1, 2),
        ("worker", NOW, NOW + HOUR, 2, None),
        ("lead", NOW + HOUR, None, 2, None),
    ]


def test_a_correction_of_the_past_is_seen_only_by_those_who_know_of_it(store: Store) -> None:
    put(store, [person(valid_from=NOW - 10 * HOUR)], NOW)
    put(store, [person(role="lead", valid_from=NOW - 5 * HOUR)], NOW + HOUR)
    moment = NOW - 4 * HOUR
    assert (roles(store, moment, number=1), roles(store, moment)) == ({"P1": "worker"}, {"P1": "lead"})
    with store.read() as session:
        assert numbers_known(session, NOW + HOUR - timedelta(microseconds=1)).roster == 1
        assert numbers_known(session, NOW + HOUR).roster == 2
        assert numbers_known(session, NOW - HOUR) == Numbers()
        assert recorded_at(session, "roster", 2) == NOW + HOUR


def test_who_starts_before_the_old_row_fills_the_time_up_to_it(store: Store) -> None:
    put(store, [person()], NOW)
    put(store, [person(role="lead", valid_from=NOW - HOUR)], NOW + HOUR, merge=True)
    hours = (-2, -1, 0, 5)
    assert [roles(store, NOW + h * HOUR) for h in hours] == [{}, {"P1": "lead"}, *[{"P1": "worker"}] * 2]
    assert roles(store, NOW, number=1) == {"P1": "worker"}
    put(store, [person(role="lead", valid_from=NOW - HOUR, valid_until=None)], NOW + 2 * HOUR)
    assert [roles(store, NOW + h * HOUR) for h in hours] == [{}, *[{"P1": "lead"}] * 3]


def put_in_parts(store: Store, *parts: dict[str, Any]) -> None:
    with store.write() as session:
        edit = BookEdit(session, "roster", NOW)
        for part in parts:
            edit.put(PersonRow, [part])
        edit.finish()


def test_a_history_told_in_parts_is_the_same_in_any_order(store: Store) -> None:
    early, late = person("P1", valid_from=NOW - 9 * HOUR), person("P1", "lead", valid_from=NOW)
    for parts in ((early, late), (late, early)):
        put_in_parts(store, *parts)
        told = [roles(store, NOW + h * HOUR) for h in (-10, -9, -1, 0, 9)]
        assert told == [{}, *[{"P1": "worker"}] * 2, *[{"P1": "lead"}] * 2]
        put(store, [person("P1", valid_from=NOW - 99 * HOUR, valid_until=NOW - 98 * HOUR)], NOW)


def test_a_part_with_an_end_that_would_wipe_out_a_later_part_is_refused(store: Store) -> None:
    late = person("P1", "lead", valid_from=NOW)
    for until in (NOW, None):
        with pytest.raises(BadInput, match=r"code=P1 from=2026-11-19T23:00:00\+00:00: .* in the order of their from"):
            put_in_parts(store, late, person("P1", valid_from=NOW - 9 * HOUR, valid_until=until))
    put_in_parts(store, person("P1", valid_from=NOW - 9 * HOUR, valid_until=NOW), late)
    assert [roles(store, NOW + h * HOUR) for h in (-1, 0)] == [{"P1": "worker"}, {"P1": "lead"}]


def test_two_changes_in_one_instant_leave_no_empty_row(store: Store) -> None:
    put(store, [person()], NOW)
    put(store, [person(role="lead")], NOW)
    with store.read() as session:
        assert roster_read(session, 2).people == (Person("P1", "王芳", "QCW", "lead", None, NOW, None),)


def test_what_the_file_does_not_name_ends_now_and_ended_history_stays(store: Store) -> None:
    past = person("P0", valid_from=NOW - 9 * HOUR, valid_until=NOW - HOUR)
    later = person("P2", valid_from=NOW + 5 * HOUR)
    put(store, [past, person("P1"), later], NOW)
    assert put(store, [person("P3")], NOW + HOUR, merge=True) == Changes(added=1)
    assert put(store, [person("P3")], NOW + 2 * HOUR) == Changes(removed=2, unchanged=1)
    assert roles(store, NOW - 2 * HOUR) == {"P0": "worker"}
    assert roles(store, NOW + HOUR).keys() == {"P1", "P3"}
    assert roles(store, NOW + 6 * HOUR).keys() == {"P3"}
    with store.read() as session:
        assert departed_people(session, NOW + 2 * HOUR) == {"P0", "P1", "P2"}
    assert put(store, [person("P3")], NOW + 3 * HOUR) == Changes(unchanged=1)


def test_a_planned_end_stays_unless_the_file_speaks_of_the_end(store: Store) -> None:
    put(store, [person(valid_until=NOW + 9 * HOUR)], NOW)
    put(store, [person(role="lead")], NOW + HOUR)
    assert [roles(store, NOW + h * HOUR) for h in (8, 9)] == [{"P1": "lead"}, {}]
    put(store, [person(role="lead", valid_until=None)], NOW + 2 * HOUR)
    assert roles(store, NOW + 9 * HOUR) == {"P1": "lead"}


@pytest.mark.parametrize(
    ("times", "words"),
    [
        ({"valid_from": NOW, "valid_until": NOW}, r"code=P1: until=2026-11-20T08:00:00\+00:00 must come after from="),
        ({"valid_from": NOW, "valid_until": NOW - HOUR}, "must come after from=2026-11-20T08:00:00"),
        ({"valid_until": NOW - HOUR}, "which is now"),
    ],
)
def test_an_end_before_the_start_is_refused(store: Store, times: dict[str, Any], words: str) -> None:
    with pytest.raises(BadInput, match=words):
        put(store, [person(**times)], NOW)
    with store.read() as session:
        assert session.scalars(select(SnapshotRow)).all() == []


def test_one_edit_of_several_tables_uses_one_number(store: Store) -> None:
    with store.write() as session:
        edit = BookEdit(session, "roster", NOW)
        edit.put(PersonRow, [person()])
        edit.put(ShiftRow, [{"code": "s", "party": "QCW", "person": "P1", "valid_until": NOW + HOUR}])
        assert edit.finish() == Changes(added=2)
        book = roster_read(session, 1)
    assert (book.number, [p.code for p in book.people], [s.person for s in book.shifts]) == (1, ["P1"], ["P1"])
    assert book.people[0] == Person("P1", "王芳", "QCW", "worker", None, NOW, None)


def test_an_asset_that_moves_keeps_its_old_place_in_the_past(store: Store) -> None:
    lamp = {"code": "L1", "name": "路灯", "matter": "C01", "owner": "GDG", "geom": Point(117.1234567890123, 36.5)}
    with store.write() as session:
        record(session, AssetRow, [lamp], NOW, merge=False)
        assert record(session, AssetRow, [lamp], NOW + HOUR, merge=False) == Changes(unchanged=1)
        record(session, AssetRow, [lamp | {"geom": Point(117.2, 36.5)}], NOW + HOUR, merge=False)
    with store.read() as session:
        assert [(a.lon, a.valid_from) for a in assets_read(session, 2)] == [
            (117.1234567890123, NOW),
            (117.2, NOW + HOUR),
        ]
        assert [a.valid_until for a in assets_read(session, 1)] == [None]
        assert assets_at(session, NOW, 5, owner="GDG", matter="C") == (1, assets_read(session, 2)[:1])
        assert assets_at(session, NOW, 5, owner="GD") == (0, [])


def test_a_number_that_was_never_made_is_not_found(store: Store) -> None:
    with store.read() as session:
        assert roster_read(session, 0).people == ()
        for read in (roster_read, assets_read, overrides_read):
            with pytest.raises(NotFound, match="there is no snapshot 7"):
                read(session, 7)


def test_plans_and_rulings_that_are_not_there_cannot_be_switched(store: Store) -> None:
    with store.write() as session:
        with pytest.raises(NotFound, match="no such plan '防汛' here; there are: none"):
            plan_on(session, "防汛", NOW, None, None)
        with pytest.raises(NotFound, match="no such plan '防汛'"):
            plan_off(session, "防汛", NOW, None)
        with pytest.raises(NotFound, match="override 'R1': there is none"):
            end_ruling(session, "R1", NOW, None)
