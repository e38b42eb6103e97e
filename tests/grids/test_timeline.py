"""In force at t, as known at k: a table of stories, and the definition said the slow way."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grids.timeline import Edition, in_force


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
