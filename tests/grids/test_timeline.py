"""In force at t, as known at k: a table of stories, and the definition said the slow way."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grids.timeline import Edition, Start, in_force, meaning, newer, starts_in_force, stretches, takes_over_first


def day(number: int) -> datetime:
    return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=number)


FIRST, SECOND = Edition(1, day(1), day(1)), Edition(2, day(10), day(5))
BACKDATED = Edition(3, day(3), day(20))
SAME_START = Edition(4, day(10), day(21))


@pytest.mark.parametrize(
    ("editions", "at", "known", "number"),
    [
        ([], 5, None, None),
        ([FIRST], 0, None, None),
        ([FIRST], 1, None, 1),
        ([FIRST, SECOND], 9, None, 1),
        ([FIRST, SECOND], 10, None, 2),
        ([FIRST, SECOND], 10, 4, 1),
        ([FIRST, SECOND, BACKDATED], 4, None, 3),
        ([FIRST, SECOND, BACKDATED], 4, 19, 1),
        ([FIRST, SECOND, BACKDATED], 11, None, 2),
        ([SECOND, SAME_START], 11, None, 4),
        ([SECOND, SAME_START], 11, 20, 2),
        ([FIRST], 5, 0, None),
    ],
)
def test_what_is_in_force(editions: list[Edition], at: int, known: int | None, number: int | None) -> None:
    found = in_force(editions, day(at), None if known is None else day(known))
    assert (found.number if found else None) == number


days = st.integers(0, 6)


@given(st.lists(st.tuples(days, days), max_size=8), days, st.one_of(st.none(), days))
def test_it_is_the_latest_effective_then_the_latest_recorded(told: list, at: int, known: int | None) -> None:
    editions = [Edition(n + 1, day(effective), day(recorded)) for n, (effective, recorded) in enumerate(told)]
    best = None
    for edition in editions:
        if edition.effective_at > day(at) or (known is not None and edition.recorded_at > day(known)):
            continue
        key = (edition.effective_at, edition.recorded_at, edition.number)
        if best is None or key > (best.effective_at, best.recorded_at, best.number):
            best = edition
    assert in_force(editions, day(at), None if known is None else day(known)) == best


@given(st.lists(st.tuples(days, days), max_size=8), days)
def test_the_stretches_say_for_every_instant_what_is_in_force(told: list, at: int) -> None:
    editions = [Edition(n + 1, day(effective), day(recorded)) for n, (effective, recorded) in enumerate(told)]
    found = stretches(editions)
    assert sorted(stretch.edition.number for stretch in found) == [edition.number for edition in editions]
    holding = [stretch.edition for stretch in found if stretch.holds(day(at))]
    current = in_force(editions, day(at))
    assert holding == ([current] if current else [])


LATER = Edition(5, day(30), day(22))


@pytest.mark.parametrize(
    ("editions", "number", "now", "words"),
    [
        ([FIRST], 1, 2, f"effective {day(1).isoformat()}, in force now"),
        (
            [FIRST, SECOND, BACKDATED],
            3,
            20,
            f"effective {day(3).isoformat()}, in force until version 2 takes over at {day(10).isoformat()}; "
            "version 2 stays in force now",
        ),
        (
            [FIRST, LATER],
            5,
            22,
            f"effective {day(30).isoformat()}, in force from then; until then version 1 is in force",
        ),
        ([LATER], 5, 22, f"effective {day(30).isoformat()}, in force from then; until then none is in force"),
        ([FIRST, LATER], 1, 22, f"effective {day(1).isoformat()}, in force now until version 5 takes over at "),
        (
            [SECOND, SAME_START],
            4,
            21,
            f"effective {day(10).isoformat()}, in force now; in place of version 2, effective from the same instant",
        ),
        (
            [SECOND, SAME_START],
            2,
            21,
            f"effective {day(10).isoformat()}, never in force: a version recorded later is "
            "effective from the same instant",
        ),
    ],
)
def test_what_publishing_means_is_said_in_plain_words(
    editions: list[Edition], number: int, now: int, words: str
) -> None:
    told = meaning(editions, number, day(now))
    assert told.startswith(words)
    assert words.endswith(" at ") or told == words


@pytest.mark.parametrize(
    ("start", "missed"),
    [
        (Start(1, 1, day(4)), [2, 3]),
        (Start(1, 2, day(4)), [3]),
        (Start(None, 0, day(0)), [1, 2, 3]),
        (Start(1, 3, day(21)), []),
    ],
)
def test_a_draft_is_overtaken_by_what_was_published_since(start: Start, missed: list[int]) -> None:
    assert [edition.number for edition in newer([BACKDATED, SECOND, FIRST], start)] == missed


@pytest.mark.parametrize(
    ("base", "seen_at", "effective", "undone"),
    [
        (1, 6, 9, None),  # published before version 2 takes over
        (1, 6, 11, 2),  # version 2 was still to come when the draft was started from version 1
        (2, 6, 11, None),  # it starts from it
        (1, 12, 13, None),  # version 2 was in force already: going back to version 1 was meant
        (1, 6, 2, None),  # a correction of the past
    ],
)
def test_a_version_that_takes_over_first_is_not_undone_quietly(
    base: int, seen_at: int, effective: int, undone: int | None
) -> None:
    found = takes_over_first([FIRST, SECOND], Start(base, 2, day(seen_at)), day(effective))
    assert (found.number if found else None) == undone


@pytest.mark.parametrize(
    ("start", "usual"),
    [
        (Start(1, 1, day(2)), True),
        (Start(1, 2, day(11)), False),
        (Start(2, 2, day(6)), False),
        (Start(2, 2, day(11)), True),
        (Start(2, 2, day(0)), True),  # nothing in force yet: the newest
        (Start(None, 0, day(0)), True),
    ],
)
def test_whether_a_draft_starts_where_drafts_did_then(start: Start, usual: bool) -> None:
    assert starts_in_force([FIRST, SECOND, BACKDATED], start) == usual
