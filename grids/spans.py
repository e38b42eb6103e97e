"""What one thing is over time: spans that follow each other, and what becomes of them when more is told. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from grids.periods import END


@dataclass(frozen=True, slots=True)
class Span:
    """The ``values`` it has from ``begin`` until before ``end``."""

    values: tuple[Any, ...]
    begin: datetime
    end: datetime = END


def told_over(old: Sequence[Span], values: tuple[Any, ...], begin: datetime, end: datetime | None) -> list[Span]:
    """The spans after it was told that it has these values from ``begin`` until ``end``, and then is no more.

    ``end`` None: no end was told; it has them as long as what it was at ``begin``; from a moment on at which it was
    nothing, until it is something again, and else for good. What follows then stays. ``old`` is in order and does not
    overlap.
    """
    until, after = end, list[Span]()
    if until is None:
        until = next((span.end if span.begin <= begin else span.begin for span in old if begin < span.end), END)
        after = [span for span in old if span.begin >= until]
    return _joined([*cut(old, begin), Span(values, begin, until), *after])


def cut(old: Iterable[Span], at: datetime) -> list[Span]:
    """The spans of a thing that is no more from that instant on."""
    return [span if span.end <= at else Span(span.values, span.begin, at) for span in old if span.begin < at]


def _joined(spans: Iterable[Span]) -> list[Span]:
    """With neighbours that say the same made one, so that each history has one form."""
    joined: list[Span] = []
    for span in spans:
        if joined and joined[-1].end == span.begin and joined[-1].values == span.values:
            joined[-1] = replace(joined[-1], end=span.end)
        else:
            joined.append(span)
    return joined
